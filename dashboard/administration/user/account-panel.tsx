// Who a user is, with buttons to change that and to help them sign in.

import { Button } from '@mantine/core'
import { useState } from 'react'
import { CopyButton } from '../../ui/copy-button.tsx'
import { Panel } from '../../ui/page.tsx'
import { Time } from '../../ui/time.tsx'
import type { Account, Invitation } from '../api.ts'
import { EditDialog } from './edit-dialog.tsx'
import { InviteQuestion, RoleQuestion } from './questions.tsx'
import classes from './user.module.css'

interface AccountPanelProps {
  user: Account
  onChanged: () => void
  onInvited: (invitation: Invitation) => void
}

export function AccountPanel({ user, onChanged, onInvited }: AccountPanelProps) {
  const [asked, setAsked] = useState<'edit' | 'role' | 'invite' | null>(null)
  const close = () => setAsked(null)

  return (
    <Panel>
      <Facts user={user} />
      <div className={classes.buttons}>
        <Button variant="default" onClick={() => setAsked('edit')}>
          Edit
        </Button>
        <Button variant="default" onClick={() => setAsked('role')}>
          {user.role === 'admin' ? 'Make a member' : 'Make an administrator'}
        </Button>
        {user.active && (
          <Button variant="default" onClick={() => setAsked('invite')}>
            Make a sign-in link
          </Button>
        )}
      </div>
      <EditDialog user={user} opened={asked === 'edit'} onClose={close} />
      <RoleQuestion user={user} opened={asked === 'role'} onClose={close} onDone={onChanged} />
      <InviteQuestion user={user} opened={asked === 'invite'} onClose={close} onDone={onInvited} />
    </Panel>
  )
}

/** Name and e-mail address are at the top of the page. */
function Facts({ user: { id, role, active, created_at } }: { user: Account }) {
  return (
    <dl className={classes.facts}>
      <div>
        <dt>Role</dt>
        <dd>{role === 'admin' ? 'Administrator' : 'Member'}</dd>
      </div>
      <div>
        <dt>State</dt>
        <dd>{active ? 'Active' : 'Deactivated'}</dd>
      </div>
      <div>
        <dt>Here since</dt>
        <dd>
          <Time at={created_at} />
        </dd>
      </div>
      <div className={classes.wide}>
        <dt>ID</dt>
        <dd className={classes.id}>
          <code>{id}</code>
          <CopyButton text={id} label="Copy the ID" />
        </dd>
      </div>
    </dl>
  )
}
