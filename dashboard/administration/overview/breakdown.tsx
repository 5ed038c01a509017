// The links counted by one of their members: a bar for each value, which leads to the list.

import { useId } from 'react'
import { PageLink } from '../../ui/page-link.tsx'
import { countOf } from './figures.tsx'
import classes from './overview.module.css'

interface BreakdownProps {
  title: string
  /** The filter's name in the list of links. */
  filter: string
  counts: Record<string, number>
  rows: { name: string; label: string; tone: string }[]
}

export function Breakdown({ title, filter, counts, rows }: BreakdownProps) {
  const headingId = useId()
  const max = Math.max(1, ...Object.values(counts))
  return (
    <section className={classes.breakdown} aria-labelledby={headingId}>
      <h2 id={headingId}>{title}</h2>
      <ul>
        {rows.map(({ name, label, tone }) => {
          const count = counts[name] ?? 0
          return (
            <li key={name} className={classes.share} data-tone={count === 0 ? 'none' : tone}>
              <PageLink to={`/administration/links?${filter}=${name}`}>{label}</PageLink>
              <span className={classes.number}>{countOf(count)}</span>
              <svg className={classes.bar} viewBox="0 0 100 4" preserveAspectRatio="none" aria-hidden="true">
                <rect className={classes.track} width="100" height="4" />
                <rect width={(100 * count) / max} height="4" fill="currentColor" />
              </svg>
            </li>
          )
        })}
      </ul>
    </section>
  )
}
