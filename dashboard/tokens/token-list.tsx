// The list of API tokens, each with buttons to renew and revoke it.

import { Button } from '@mantine/core'
import { useState } from 'react'
import { type ApiToken, removeToken, renewToken } from '../api.ts'
import { useChange } from '../queries.ts'
import { Empty } from '../ui/empty.tsx'
import list from '../ui/list.module.css'
import { Question } from '../ui/question.tsx'
import { Time } from '../ui/time.tsx'
import { announce } from '../ui/toast.tsx'
import { scopeWords } from './scope-words.ts'

interface TokenListProps {
  tokens: ApiToken[]
  onRenewed: (token: ApiToken) => void
  onRevoked: (id: string) => void
}

export function TokenList({ tokens, onRenewed, onRevoked }: TokenListProps) {
  const [asked, setAsked] = useState<{ what: 'renew' | 'revoke'; token: ApiToken } | null>(null)
  const close = () => setAsked(null)
  if (tokens.length === 0) {
    return (
      <Empty icon="ticket" title="No tokens yet">
        <p>Make one below and exchange it for a bearer token of one hour.</p>
      </Empty>
    )
  }
  return (
    <>
      <ul className={list.list}>
        {tokens.map((token) => (
          <li key={token.id} className={list.row}>
            <div className={list.main}>
              <h3 className={list.name}>{token.name}</h3>
              <p className={list.meta}>
                <span>
                  Made <Time at={token.created_at} />
                </span>
                {token.issued_at !== token.created_at && (
                  <span>
                    Renewed <Time at={token.issued_at} />
                  </span>
                )}
                <span>{token.last_used_at ? <LastUsed at={token.last_used_at} /> : 'Never used'}</span>
                {token.expires_at && <End at={token.expires_at} />}
                {token.scopes.length < Object.keys(scopeWords).length && <span>May {token.scopes.join(', ')}</span>}
              </p>
            </div>
            <div className={list.actions}>
              <Button
                variant="default"
                size="xs"
                aria-label={`Renew ${token.name}`}
                onClick={() => setAsked({ what: 'renew', token })}
              >
                Renew
              </Button>
              <Button
                variant="default"
                size="xs"
                aria-label={`Revoke ${token.name}`}
                onClick={() => setAsked({ what: 'revoke', token })}
              >
                Revoke
              </Button>
            </div>
          </li>
        ))}
      </ul>
      <RenewQuestion token={asked?.what === 'renew' ? asked.token : null} onClose={close} onRenewed={onRenewed} />
      <RevokeQuestion token={asked?.what === 'revoke' ? asked.token : null} onClose={close} onRevoked={onRevoked} />
    </>
  )
}

function End({ at }: { at: string }) {
  return (
    <span>
      {Date.parse(at) > Date.now() ? 'Ends' : 'Ended'} <Time at={at} />
    </span>
  )
}

function LastUsed({ at }: { at: string }) {
  return (
    <>
      Last used <Time at={at} />
    </>
  )
}

interface QuestionProps {
  token: ApiToken | null
  onClose: () => void
}

function RenewQuestion({ token, onClose, onRenewed }: QuestionProps & Pick<TokenListProps, 'onRenewed'>) {
  const renewal = useChange(renewToken, { stale: ['tokens'], done })

  function done(renewed: ApiToken) {
    onClose()
    onRenewed(renewed)
  }

  return (
    <Question
      opened={token !== null}
      title="Renew this token?"
      answer="Renew"
      change={renewal}
      onYes={() => token && renewal.mutate(token.id)}
      onClose={onClose}
    >
      <p>
        <strong>{token?.name}</strong> gets a new value. The old one stops working, so whatever uses it needs the new
        one.
      </p>
    </Question>
  )
}

function RevokeQuestion({ token, onClose, onRevoked }: QuestionProps & Pick<TokenListProps, 'onRevoked'>) {
  const removal = useChange((revoked: ApiToken) => removeToken(revoked.id), { stale: ['tokens'], done })

  function done(_nothing: unknown, { id, name }: ApiToken) {
    announce(`${name} is revoked.`)
    onClose()
    onRevoked(id)
  }

  return (
    <Question
      opened={token !== null}
      title="Revoke this token?"
      answer="Revoke"
      danger
      change={removal}
      onYes={() => token && removal.mutate(token)}
      onClose={onClose}
    >
      <p>
        Whatever uses <strong>{token?.name}</strong> is refused within a minute. This cannot be taken back.
      </p>
    </Question>
  )
}
