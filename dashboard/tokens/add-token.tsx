// The form that creates an API token: its name, scopes and expiry.

import { Button, TextInput } from '@mantine/core'
import { useState } from 'react'
import { type ApiToken, addToken, type Scope } from '../api.ts'
import { useChange } from '../queries.ts'
import { Failed } from '../ui/failed.tsx'
import { fieldError, formFailure } from '../ui/field.ts'
import form from '../ui/form.module.css'
import { Form } from '../ui/form.tsx'
import { endOf, type Lifetime, LifetimeChoice } from './lifetime-choice.tsx'
import { ScopeChoice } from './scope-choice.tsx'
import { scopeWords } from './scope-words.ts'

const ALL = Object.keys(scopeWords) as Scope[]

export function AddToken({ onAdded }: { onAdded: (token: ApiToken) => void }) {
  const [name, setName] = useState('')
  const [scopes, setScopes] = useState<string[]>(ALL)
  const [lifetime, setLifetime] = useState<Lifetime>('never')
  const adding = useChange(addToken, { stale: ['tokens'], done })
  const failure = formFailure(adding.error, ['name', 'scopes', 'expires_at'])

  function done(token: ApiToken) {
    setName('')
    onAdded(token)
  }

  function add() {
    adding.mutate({ name, scopes: ALL.filter((scope) => scopes.includes(scope)), expires_at: endOf(lifetime) })
  }

  return (
    <Form error={adding.error} onSubmit={add}>
      <TextInput
        label="Name"
        description="What it is for, so that you know later what stops when you revoke it."
        placeholder="Nightly build"
        autoComplete="off"
        value={name}
        onChange={(event) => setName(event.currentTarget.value)}
        error={fieldError(adding.error, 'name', 'The name')}
      />
      <ScopeChoice words={scopeWords} value={scopes} onChange={setScopes} error={adding.error} />
      <LifetimeChoice value={lifetime} onChange={setLifetime} error={adding.error} />
      {failure && <Failed failure={failure} />}
      <div className={form.start}>
        <Button type="submit" loading={adding.isPending}>
          Make token
        </Button>
      </div>
    </Form>
  )
}
