// Changes the password of the one who is signed in.

import { Modal } from '@mantine/core'
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
  const change = useChange(changePassword, { stale: ['session'], done })

  function done() {
    announce('Your password is changed. Other browsers were signed out.')
    onClose()
  }

  return (
    <DialogForm
      change={change}
      failure={formFailure(change.error, ['current', 'new'])}
      answer="Change password"
      onSubmit={() => change.mutate({ current, new: wanted })}
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
    </DialogForm>
  )
}
