// The numbers at the top of the overview, each with a link to what it counts.

import type { ReactNode } from 'react'
import { PageLink } from '../../ui/page-link.tsx'
import type { Overview } from '../api.ts'
import classes from './overview.module.css'

const number = new Intl.NumberFormat('en')

/** null: more than the server counts. */
export function countOf(count: number | null): string {
  return count === null ? '10,000+' : number.format(count)
}

export function Figures({ overview: { users, integrations, refreshes, revocations } }: { overview: Overview }) {
  const unwell = integrations.total - (integrations.by_status.ok ?? 0)
  return (
    <ul className={classes.figures}>
      <Figure label="Users" count={users.total} to="/administration/users">
        <PageLink to="/administration/users?role=admin">
          {countOf(users.administrators)} {users.administrators === 1 ? 'administrator' : 'administrators'}
        </PageLink>
        <PageLink to="/administration/users?active=false">{countOf(users.inactive)} deactivated</PageLink>
      </Figure>
      <Figure label="Links" count={integrations.total} to="/administration/links">
        {wellWords(integrations.total, unwell)}
      </Figure>
      <Figure
        label="Tokens refreshed"
        count={refreshes.succeeded}
        to="/administration/activity?type=refresh_integration"
      >
        <span>in 24 hours</span>
        <PageLink to="/administration/activity?type=expire_integration">{countOf(refreshes.expired)} expired</PageLink>
      </Figure>
      <Figure label="Revocations to come" count={revocations.pending} to="/administration/activity?type=revoke_failure">
        {revocations.pending === 0 ? 'None is waiting' : 'Asked again until done'}
      </Figure>
    </ul>
  )
}

function wellWords(total: number, unwell: number): string {
  if (total === 0) return 'None yet'
  if (unwell === 0) return 'All of them work'
  return `${countOf(unwell)} ${unwell === 1 ? 'does' : 'do'} not work`
}

interface FigureProps {
  label: string
  count: number | null
  to: string
  children: ReactNode
}

function Figure({ label, count, to, children }: FigureProps) {
  return (
    <li className={classes.figure}>
      <h2 className={classes.label}>
        <PageLink to={to}>{label}</PageLink>
      </h2>
      <p className={classes.count}>{countOf(count)}</p>
      <div className={classes.more}>{children}</div>
    </li>
  )
}
