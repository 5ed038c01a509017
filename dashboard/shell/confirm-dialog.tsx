// Asks for the password again when the server requires it for an action, which then goes on.

import { Modal } from '@mantine/core'
import { useEffect, useState } from 'react'
import { confirmPassword, whenPasswordIsNeeded } from '../api.ts'
import { useChange } from '../queries.ts'
import { DialogForm } from '../ui/dialog-form.tsx'
import { fieldError, formFailure } from '../ui/field.ts'
import { SecretInput } from '../ui/secret-input.tsx'

type Answer = (isGiven: boolean) => void

export function ConfirmDialog({ username }: { username: string }) {
  const [answer, setAnswer] = useState<Answer | null>(null)

  useEffect(() => {
    whenPasswordIsNeeded(() => new Promise<boolean>((resolve) => setAnswer(() => resolve)))
  }, [])

  function end(isGiven: boolean) {
    answer?.(isGiven)
    setAnswer(null)
  }

  return (
    // Shown above the dialog from which the action came.
    <Modal opened={answer !== null} onClose={() => end(false)} title="Confirm that it is you" zIndex={300}>
      <ConfirmForm username={username} onEnd={end} />
    </Modal>
  )
}

function ConfirmForm({ username, onEnd }: { username: string; onEnd: Answer }) {
  const [current, setCurrent] = useState('')
  const change = useChange(confirmPassword, { done: () => onEnd(true) })

  return (
    <DialogForm
      change={change}
      failure={formFailure(change.error, ['current'])}
      answer="Confirm"
      onSubmit={() => change.mutate(current)}
      onClose={() => onEnd(false)}
    >
      <input type="text" name="username" autoComplete="username" value={username} readOnly hidden />
      <SecretInput
        label="Password"
        description="You signed in more than five minutes ago."
        autoComplete="current-password"
        data-autofocus
        value={current}
        onChange={(event) => setCurrent(event.currentTarget.value)}
        error={fieldError(change.error, 'current', 'This password')}
      />
    </DialogForm>
  )
}
