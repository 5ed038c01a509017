// Asks before something is done that cannot be taken back, and says what happens.

import { Button, Modal } from '@mantine/core'
import type { ReactNode } from 'react'
import { asFailure } from '../loaded.tsx'
import { Failed } from './failed.tsx'
import classes from './question.module.css'

interface QuestionProps {
  opened: boolean
  title: string
  /** What the button that does it says: "Unlink". */
  answer: string
  danger?: boolean
  busy: boolean
  error: unknown
  onYes: () => void
  onClose: () => void
  children: ReactNode
}

export function Question({ opened, title, answer, danger, busy, error, onYes, onClose, children }: QuestionProps) {
  return (
    <Modal opened={opened} onClose={onClose} title={title} closeButtonProps={{ 'aria-label': 'Close' }}>
      <div className={classes.text}>{children}</div>
      {error !== null && error !== undefined && <Failed failure={asFailure(error)} />}
      <div className={classes.actions}>
        <Button variant="default" onClick={onClose} data-autofocus>
          Cancel
        </Button>
        <Button {...(danger && { color: 'danger' })} loading={busy} onClick={onYes}>
          {answer}
        </Button>
      </div>
    </Modal>
  )
}
