// Changes the password of the one who is signed in.

import { Button, Modal } from '@mantine/core'
import { useState } from 'react'
import { changePassword } from '../api.ts'
import { useChange } from '../queries.ts'
import { Failed } from '../ui/failed.tsx'
import { fieldError, formFailure } from '../ui/field.ts'
import form from '../ui/form.module.css'
import { Form } from '../ui/form.tsx'
import { SecretInput } from '../ui/secret-input.tsx'
import { announce } from '../ui/toast.tsx'

interface PasswordDialogProps {
  opened: boolean
  username: string
  onClose: () => void
}

export function PasswordDialog({ opened, username, onClose }: PasswordDialogProps) {
  return (
    <Modal opened={opened} onClose={onClose} title="Change password" closeButtonProps={{ 'aria-label': 'Close' }}>
      <PasswordForm username={username} onClose={onClose} />
    </Modal>
  )
}

function PasswordForm({ username, onClose }: { username: string; onClose: () => void }) {
  const [current, setCurrent] = useState('')
  const [wanted, setWanted] = useState('')
  const change = useChange(changePassword, ['session'])
  const failure = formFailure(change.error, ['current', 'new'])

  function submit() {
    const onSuccess = () => {
      announce('Your password is changed. Other browsers were signed out.')
      onClose()
    }
    change.mutate({ current, new: wanted }, { onSuccess })
  }

  return (
    <Form error={change.error} onSubmit={submit}>
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
      {failure && <Failed failure={failure} />}
      <div className={form.actions}>
        <Button variant="default" onClick={onClose}>
          Cancel
        </Button>
        <Button type="submit" loading={change.isPending}>
          Change password
        </Button>
      </div>
    </Form>
  )
}
