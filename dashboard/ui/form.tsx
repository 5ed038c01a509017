// A form: sends without loading a page, and after an error focuses the first wrong field.

import { type ReactNode, useEffect, useRef } from 'react'
import classes from './form.module.css'

interface FormProps {
  /** The error of the last sending. */
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
