// The list of service tokens, each with a button to remove it.

import { Button } from '@mantine/core'
import { useState } from 'react'
import { useChange } from '../../queries.ts'
import { Empty } from '../../ui/empty.tsx'
import list from '../../ui/list.module.css'
import { Question } from '../../ui/question.tsx'
import { Time } from '../../ui/time.tsx'
import { announce } from '../../ui/toast.tsx'
import { removeServiceToken, type ServiceToken } from '../api.ts'
import { useListAddress } from '../list/list-address.ts'
import { Listed } from '../list/listed.tsx'
import { ADMINISTRATION, useList } from '../queries.ts'

export function ServiceTokenList({ onRemoved }: { onRemoved: (id: string) => void }) {
  const address = useListAddress('/administration/service-tokens', [])
  const services = useList<ServiceToken>('service_tokens', address.settled)
  const [asked, setAsked] = useState<ServiceToken | null>(null)
  const removing = useChange((service: ServiceToken) => removeServiceToken(service.id), {
    stale: [ADMINISTRATION],
    done,
  })

  function done(_nothing: unknown, { id, name }: ServiceToken) {
    announce(`${name} is removed.`)
    setAsked(null)
    onRemoved(id)
  }

  return (
    <>
      <Listed
        of={services}
        address={address}
        noun={['service token', 'service tokens']}
        empty={
          <Empty icon="server" title="No service tokens yet">
            <p>Make one below, for a platform whose people have no account here.</p>
          </Empty>
        }
        row={(service) => <ServiceRow key={service.id} service={service} onRemove={() => setAsked(service)} />}
      />
      <Question
        opened={asked !== null}
        title="Remove this service token?"
        answer="Remove"
        danger
        change={removing}
        onYes={() => asked && removing.mutate(asked)}
        onClose={() => setAsked(null)}
      >
        <p>
          Within ten seconds <strong>{asked?.name}</strong> can do nothing more, nor can the JWTs that it got for users.
          This cannot be taken back.
        </p>
      </Question>
    </>
  )
}

function ServiceRow({ service, onRemove }: { service: ServiceToken; onRemove: () => void }) {
  const { name, scopes, issuers, created_at, last_used_at, expires_at } = service
  return (
    <li className={list.row}>
      <div className={list.main}>
        <h3 className={list.name}>{name}</h3>
        <p className={list.code}>{scopes.join(', ')}</p>
        <p className={list.meta}>
          {issuers.length > 0 && <span>Users of {issuers.join(', ')}</span>}
          <span>
            Made <Time at={created_at} />
          </span>
          <span>
            {last_used_at ? (
              <>
                Last used <Time at={last_used_at} />
              </>
            ) : (
              'Never used'
            )}
          </span>
          {expires_at && (
            <span>
              {Date.parse(expires_at) > Date.now() ? 'Ends' : 'Ended'} <Time at={expires_at} />
            </span>
          )}
        </p>
      </div>
      <div className={list.actions}>
        <Button variant="default" size="xs" aria-label={`Remove ${name}`} onClick={onRemove}>
          Remove
        </Button>
      </div>
    </li>
  )
}
