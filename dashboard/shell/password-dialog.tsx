// Changes the signed-in user's password.

import { Checkbox, Modal } from '@mantine/core'
import { useState } from 'react'
import { changePassword } from '../api.ts'
import { useChange } from '../queries.ts'
import { DialogForm } from '../ui/dialog-form.tsx'
import { fieldError, formFailure } from '../ui/field.ts'
import { SecretInput } from '../ui/secret-input.tsx'
import { announce } from '../ui/toast.tsx'

interface PasswordDialogProps {
  opened: boolean
  username: string
  onClose: () => void
}

export function PasswordDialog({ opened, username, onClose }: PasswordDialogProps) {
  return (
    <Modal opened={opened} onClose={onClose} title="Change password">
      <PasswordForm username={username} onClose={onClose} />
    </Modal>
  )
}

function PasswordForm({ username, onClose }: { username: string; onClose: () => void }) {
  const [current, setCurrent] = useState('')
  const [wanted, setWanted] = useState('')
  const [endsTokens, setEndsTokens] = useState(true)
  const change = useChange(changePassword, { stale: ['session', 'tokens'], done })

  function done() {
    const ended = endsTokens
      ? 'Other browsers were signed out, and API tokens revoked.'
      : 'Other browsers were signed out.'
    announce(`Your password is changed. ${ended}`)
    onClose()
  }

  return (
    <DialogForm
      change={change}
      failure={formFailure(change.error, ['current', 'new'])}
      answer="Change password"
      onSubmit={() => change.mutate({ current, new: wanted, end_others: endsTokens })}
      onClose={onClose}
    >
      {/* For password managers, which keep a password by its user. */}
      <input type="text" name="username" autoComplete="username" value={username} readOnly hidden />
      <SecretInput
        label="Current password"
        autoComplete="current-password"
        data-autofocus
        value={current}
        onChange={(event) => setCurrent(event.currentTarget.value)}
        error={fieldError(change.error, 'current', 'This password')}
      />
      <SecretInput
        label="New password"
        autoComplete="new-password"
        value={wanted}
        onChange={(event) => setWanted(event.currentTarget.value)}
        error={fieldError(change.error, 'new', 'The new password')}
      />
      <Checkbox
        label="End everything else: revoke all API tokens too"
        description="Programs that use one stop working. Leave it on if somebody else may know your password."
        checked={endsTokens}
        onChange={(event) => setEndsTokens(event.currentTarget.checked)}
      />
    </DialogForm>
  )
}
