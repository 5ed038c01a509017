// How an account ends: deactivated, which can be undone, or removed.

import { Button } from '@mantine/core'
import { useState } from 'react'
import list from '../../ui/list.module.css'
import { Section } from '../../ui/page.tsx'
import type { Account } from '../api.ts'
import { DeactivateQuestion, ReactivateQuestion, RemoveQuestion } from './questions.tsx'
import classes from './user.module.css'

interface LeavingSectionProps {
  user: Account
  isSelf: boolean
  onDeactivated: () => void
  onReactivated: () => void
}

export function LeavingSection({ user, isSelf, onDeactivated, onReactivated }: LeavingSectionProps) {
  const [asked, setAsked] = useState<'deactivate' | 'reactivate' | 'remove' | null>(null)
  const close = () => setAsked(null)

  return (
    <Section title="Leaving" {...(isSelf && { lead: 'This is your own account: you are signed out then.' })}>
      <ul className={list.list}>
        <li className={list.row}>
          <div className={list.main}>
            <h3 className={list.name}>{user.active ? 'Deactivate' : 'Reactivate'}</h3>
            <p className={classes.text}>
              {user.active
                ? 'Ends sessions, API tokens and links for good, and keeps the account and its trail.'
                : 'They can sign in again. What has ended does not come back.'}
            </p>
          </div>
          <div className={list.actions}>
            {user.active ? (
              <Button variant="default" c="var(--bad)" onClick={() => setAsked('deactivate')}>
                Deactivate
              </Button>
            ) : (
              <Button variant="default" onClick={() => setAsked('reactivate')}>
                Reactivate
              </Button>
            )}
          </div>
        </li>
        <li className={list.row}>
          <div className={list.main}>
            <h3 className={list.name}>Remove</h3>
            <p className={classes.text}>Deletes the account with all that it has. Only the trail stays.</p>
          </div>
          <div className={list.actions}>
            <Button variant="default" c="var(--bad)" onClick={() => setAsked('remove')}>
              Remove
            </Button>
          </div>
        </li>
      </ul>
      <DeactivateQuestion user={user} opened={asked === 'deactivate'} onClose={close} onDone={onDeactivated} />
      <ReactivateQuestion user={user} opened={asked === 'reactivate'} onClose={close} onDone={onReactivated} />
      <RemoveQuestion user={user} opened={asked === 'remove'} onClose={close} />
    </Section>
  )
}
