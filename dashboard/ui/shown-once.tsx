// Something secret that was just made and is shown this once, with what it is used for.

import { CloseButton } from '@mantine/core'
import { type ReactNode, useEffect, useId } from 'react'
import { CodeLine } from './code-line.tsx'
import { focusOn } from './focus.ts'
import classes from './shown-once.module.css'

interface ShownOnceProps {
  title: string
  lead: ReactNode
  secret: string
  /** "Copy token". */
  label: string
  onClose: () => void
  children?: ReactNode
}

export function ShownOnce({ title, lead, secret, label, onClose, children }: ShownOnceProps) {
  const headingId = useId()
  useEffect(() => focusOn(headingId), [headingId])
  return (
    <section className={classes.fresh} aria-labelledby={headingId}>
      <div className={classes.head}>
        <h2 id={headingId} tabIndex={-1}>
          {title}
        </h2>
        <CloseButton aria-label="I have copied it" onClick={onClose} />
      </div>
      <p>{lead}</p>
      <CodeLine code={secret} label={label} />
      {children}
    </section>
  )
}
