// A page's frame: its title in the tab, its heading (which gets the focus when the page opens), and its sections.

import { type ReactNode, useEffect, useId, useRef } from 'react'
import classes from './page.module.css'

interface PageProps {
  title: string
  lead: ReactNode
  /** Above the heading: the way back to where the page belongs. */
  above?: ReactNode
  children: ReactNode
}

/** The first page of a visit keeps the focus where the browser puts it. */
let firstPage = true

export function Page({ title, lead, above, children }: PageProps) {
  const heading = useRef<HTMLHeadingElement>(null)
  useEffect(() => {
    if (!firstPage) heading.current?.focus({ preventScroll: true })
    firstPage = false
  }, [])
  return (
    <div className={classes.page}>
      <title>{`${title} · Forgelink`}</title>
      <header className={classes.header}>
        {above}
        <h1 ref={heading} tabIndex={-1}>
          {title}
        </h1>
        <p>{lead}</p>
      </header>
      {children}
    </div>
  )
}

interface SectionProps {
  /** The id of the heading, for `focusOn`. */
  id?: string
  title: string
  lead?: ReactNode
  children: ReactNode
}

export function Section({ id, title, lead, children }: SectionProps) {
  const ownId = useId()
  const headingId = id ?? ownId
  return (
    <section className={classes.section} aria-labelledby={headingId}>
      <div className={classes.sectionHead}>
        <h2 id={headingId} tabIndex={-1}>
          {title}
        </h2>
        {lead && <p>{lead}</p>}
      </div>
      {children}
    </section>
  )
}

export function Panel({ children }: { children: ReactNode }) {
  return <div className={classes.panel}>{children}</div>
}
