// A form: sent without loading a page, and after a refusal the first field at fault has the focus.

import { type ReactNode, useEffect, useRef } from 'react'
import classes from './form.module.css'

interface FormProps {
  /** What the last sending was refused with. */
  error: unknown
  onSubmit: () => void
  children: ReactNode
}

export function Form({ error, onSubmit, children }: FormProps) {
  const form = useRef<HTMLFormElement>(null)
  useEffect(() => {
    if (error) form.current?.querySelector<HTMLElement>('[aria-invalid="true"]')?.focus()
  }, [error])
  return (
    <form
      ref={form}
      className={classes.form}
      noValidate
      onSubmit={(event) => {
        event.preventDefault()
        onSubmit()
      }}
    >
      {children}
    </form>
  )
}
