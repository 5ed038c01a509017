// The dialog that adds a user, who cannot sign in before getting a sign-in link or an identity.

import { Modal, Select } from '@mantine/core'
import { useState } from 'react'
import { useChange } from '../../queries.ts'
import { pushAddress } from '../../router.ts'
import { DialogForm } from '../../ui/dialog-form.tsx'
import { fieldError, formFailure } from '../../ui/field.ts'
import { announce } from '../../ui/toast.tsx'
import { AccountFields, trimmed } from '../account-fields.tsx'
import { type Account, addUser, type Role } from '../api.ts'
import { ADMINISTRATION } from '../queries.ts'
import { pageOfUser } from './user-row.tsx'

const ROLE_CHOICES = [
  { value: 'member', label: 'Member' },
  { value: 'admin', label: 'Administrator' },
]

export function AddUserDialog({ opened, onClose }: { opened: boolean; onClose: () => void }) {
  return (
    <Modal opened={opened} onClose={onClose} title="Add user">
      <AddUserForm onClose={onClose} />
    </Modal>
  )
}

function AddUserForm({ onClose }: { onClose: () => void }) {
  const [names, setNames] = useState({ username: '', email: '' })
  const [role, setRole] = useState<Role>('member')
  const adding = useChange(addUser, { stale: [ADMINISTRATION], done })

  /** On their page is what comes next: a link to sign in with. */
  function done(user: Account) {
    announce(`${user.username} is added.`)
    onClose()
    pushAddress(pageOfUser(user.id))
  }

  return (
    <DialogForm
      change={adding}
      failure={formFailure(adding.error, ['username', 'email', 'role'])}
      answer="Add user"
      onSubmit={() => adding.mutate({ ...trimmed(names), role })}
      onClose={onClose}
    >
      <AccountFields value={names} onChange={setNames} error={adding.error} />
      <Select
        label="Role"
        description="Administrators see and change everybody’s accounts."
        data={ROLE_CHOICES}
        value={role}
        onChange={(value) => setRole(value === 'admin' ? 'admin' : 'member')}
        error={fieldError(adding.error, 'role', 'The role')}
      />
    </DialogForm>
  )
}
