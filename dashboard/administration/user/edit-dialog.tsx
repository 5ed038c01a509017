// The dialog that changes a user's name and e-mail address.

import { Modal } from '@mantine/core'
import { useState } from 'react'
import { useChange } from '../../queries.ts'
import { DialogForm } from '../../ui/dialog-form.tsx'
import { formFailure } from '../../ui/field.ts'
import { announce } from '../../ui/toast.tsx'
import { AccountFields, trimmed } from '../account-fields.tsx'
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
  const [names, setNames] = useState({ username: user.username, email: user.email ?? '' })
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
      onSubmit={() => editing.mutate({ id: user.id, changes: trimmed(names) })}
      onClose={onClose}
    >
      <AccountFields value={names} onChange={setNames} error={editing.error} />
    </DialogForm>
  )
}
