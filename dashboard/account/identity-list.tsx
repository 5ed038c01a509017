// The list of the user's identities, each with a button to remove it, and a button to connect one more.

import { Button } from '@mantine/core'
import { useState } from 'react'
import { hostOf } from '../addresses.ts'
import { connectIdentity, type Identity, removeIdentity, type Session } from '../api.ts'
import { asFailure } from '../failure.ts'
import { useChange } from '../queries.ts'
import { Empty } from '../ui/empty.tsx'
import { Failed } from '../ui/failed.tsx'
import { focusOn } from '../ui/focus.ts'
import list from '../ui/list.module.css'
import { Question } from '../ui/question.tsx'
import { Time } from '../ui/time.tsx'
import { announce } from '../ui/toast.tsx'
import classes from './identity-list.module.css'

interface IdentityListProps {
  identities: Identity[]
  /** null: none is set up, so there is nothing to connect. */
  provider: Session['provider']
}

export function IdentityList({ identities, provider }: IdentityListProps) {
  const [asked, setAsked] = useState<Identity | null>(null)
  const connecting = useChange(connectIdentity)
  return (
    <>
      {identities.length === 0 ? (
        <Empty icon="person" title="No identities yet">
          {provider ? (
            <p>Connect {provider.label}, and you can sign in there too.</p>
          ) : (
            <p>This server has no provider where people sign in.</p>
          )}
        </Empty>
      ) : (
        <ul className={list.list}>
          {identities.map((identity) => (
            <li key={identity.id} className={list.row}>
              <div className={list.main}>
                <h3 className={list.name}>{hostOf(identity.issuer)}</h3>
                <p className={list.meta}>
                  <span>{identity.subject}</span>
                  <span>
                    Connected <Time at={identity.created_at} />
                  </span>
                  {identity.last_used_at && (
                    <span>
                      Last used <Time at={identity.last_used_at} />
                    </span>
                  )}
                </p>
              </div>
              <div className={list.actions}>
                <Button
                  variant="default"
                  size="xs"
                  aria-label={`Remove ${identity.subject} at ${hostOf(identity.issuer)}`}
                  onClick={() => setAsked(identity)}
                >
                  Remove
                </Button>
              </div>
            </li>
          ))}
        </ul>
      )}
      {connecting.error && <Failed failure={asFailure(connecting.error)} />}
      {provider && (
        <Button
          className={classes.connect ?? ''}
          variant="default"
          loading={connecting.isPending}
          onClick={() => connecting.mutate(undefined)}
        >
          Connect {provider.label}
        </Button>
      )}
      <RemoveQuestion identity={asked} onClose={() => setAsked(null)} />
    </>
  )
}

function RemoveQuestion({ identity, onClose }: { identity: Identity | null; onClose: () => void }) {
  const removal = useChange((removed: Identity) => removeIdentity(removed.id), { stale: ['identities'], done })

  function done(_nothing: unknown, { subject }: Identity) {
    announce(`${subject} is removed.`)
    onClose()
    focusOn('your-identities')
  }

  return (
    <Question
      opened={identity !== null}
      title="Remove this identity?"
      answer="Remove"
      danger
      change={removal}
      onYes={() => identity && removal.mutate(identity)}
      onClose={onClose}
    >
      <p>
        <strong>{identity?.subject}</strong> can no longer sign in to your account. The account stays as it is.
      </p>
    </Question>
  )
}
