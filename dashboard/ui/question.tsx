// Asks before an action that cannot be undone, and says what happens.

import { Button, Modal } from '@mantine/core'
import type { ReactNode } from 'react'
import { asFailure } from '../failure.ts'
import type { Change } from '../queries.ts'
import { Failed } from './failed.tsx'
import classes from './question.module.css'

interface QuestionProps {
  opened: boolean
  title: string
  /** The text of the button that does it: "Unlink". */
  answer: string
  danger?: boolean
  change: Change
  onYes: () => void
  onClose: () => void
  children: ReactNode
}

export function Question({ opened, title, answer, danger, change, onYes, onClose, children }: QuestionProps) {
  function close() {
    change.reset()
    onClose()
  }

  return (
    // After the action its button may be gone, or another page open; the caller then moves the focus.
    <Modal opened={opened} onClose={close} title={title} returnFocus={!change.isSuccess}>
      <div className={classes.text}>{children}</div>
      {change.error && <Failed failure={asFailure(change.error)} />}
      <div className={classes.actions}>
        <Button variant="default" onClick={close} data-autofocus>
          Cancel
        </Button>
        <Button {...(danger && { color: 'danger' })} loading={change.isPending} onClick={onYes}>
          {answer}
        </Button>
      </div>
    </Modal>
  )
}
