// The dialog that changes a user's name and e-mail address.

import { Modal, TextInput } from '@mantine/core'
import { useState } from 'react'
import { useChange } from '../../queries.ts'
import { DialogForm } from '../../ui/dialog-form.tsx'
import { fieldError, formFailure } from '../../ui/field.ts'
import { announce } from '../../ui/toast.tsx'
import { type Account, changeUser } from '../api.ts'
import { ADMINISTRATION } from '../queries.ts'

interface EditDialogProps {
  user: Account
  opened: boolean
  onClose: () => void
}

export function EditDialog({ user, opened, onClose }: EditDialogProps) {
  return (
    <Modal opened={opened} onClose={onClose} title="Edit user">
      <EditForm user={user} onClose={onClose} />
    </Modal>
  )
}

function EditForm({ user, onClose }: Omit<EditDialogProps, 'opened'>) {
  const [username, setUsername] = useState(user.username)
  const [email, setEmail] = useState(user.email ?? '')
  // The shell shows the name of who is signed in, who may be this user.
  const editing = useChange(changeUser, { stale: [ADMINISTRATION, 'session'], done })

  function done() {
    announce('The account is changed.')
    onClose()
  }

  return (
    <DialogForm
      change={editing}
      failure={formFailure(editing.error, ['username', 'email'])}
      answer="Save"
      onSubmit={() =>
        editing.mutate({ id: user.id, changes: { username: username.trim(), email: email.trim() || null } })
      }
      onClose={onClose}
    >
      <TextInput
        label="User name"
        autoComplete="off"
        autoCapitalize="none"
        spellCheck={false}
        data-autofocus
        value={username}
        onChange={(event) => setUsername(event.currentTarget.value)}
        error={fieldError(editing.error, 'username', 'The user name')}
      />
      <TextInput
        label="E-mail address"
        description="May be left empty. Nobody else may have it."
        type="email"
        autoComplete="off"
        value={email}
        onChange={(event) => setEmail(event.currentTarget.value)}
        error={fieldError(editing.error, 'email', 'The address')}
      />
    </DialogForm>
  )
}
