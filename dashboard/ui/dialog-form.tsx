// The form of a dialog: its fields, its error, and the buttons to send or cancel.

import { Button } from '@mantine/core'
import type { ReactNode } from 'react'
import type { ApiFailure } from '../failure.ts'
import type { Change } from '../queries.ts'
import { Failed } from './failed.tsx'
import form from './form.module.css'
import { Form } from './form.tsx'

interface DialogFormProps {
  change: Change
  /** A failure that belongs to none of the fields; see `formFailure`. */
  failure: ApiFailure | undefined
  /** The text of the button that sends it. */
  answer: string
  onSubmit: () => void
  onClose: () => void
  children: ReactNode
}

export function DialogForm({ change, failure, answer, onSubmit, onClose, children }: DialogFormProps) {
  return (
    <Form error={change.error} onSubmit={onSubmit}>
      {children}
      {failure && <Failed failure={failure} />}
      <div className={form.actions}>
        <Button variant="default" onClick={onClose}>
          Cancel
        </Button>
        <Button type="submit" loading={change.isPending}>
          {answer}
        </Button>
      </div>
    </Form>
  )
}
