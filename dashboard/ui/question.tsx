// Asks before something is done that cannot be taken back, and says what happens.

import { Button, Modal } from '@mantine/core'
import type { ReactNode } from 'react'
import { asFailure } from '../failure.ts'
import type { Change } from '../queries.ts'
import { Failed } from './failed.tsx'
import classes from './question.module.css'

interface QuestionProps {
  opened: boolean
  title: string
  /** What the button that does it says: "Unlink". */
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
    // What was done takes its button away, or leads elsewhere: whoever did it puts the focus there.
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
