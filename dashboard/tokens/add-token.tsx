// The form that creates an API token: its name, scopes and expiry.

import { Button, Checkbox, Select, TextInput } from '@mantine/core'
import { useState } from 'react'
import { type ApiToken, addToken, type Scope } from '../api.ts'
import { useChange } from '../queries.ts'
import { Failed } from '../ui/failed.tsx'
import { fieldError, formFailure } from '../ui/field.ts'
import form from '../ui/form.module.css'
import { Form } from '../ui/form.tsx'
import { scopeWords } from './scope-words.ts'

const ALL = Object.keys(scopeWords) as Scope[]
const DAY_MS = 86_400_000
const LIFETIMES = [
  { value: '30', label: '30 days' },
  { value: '90', label: '90 days' },
  { value: '365', label: 'A year' },
  { value: 'never', label: 'No end' },
]

export function AddToken({ onAdded }: { onAdded: (token: ApiToken) => void }) {
  const [name, setName] = useState('')
  const [scopes, setScopes] = useState<string[]>(ALL)
  const [lifetime, setLifetime] = useState('never')
  const adding = useChange(addToken, { stale: ['tokens'], done })
  const failure = formFailure(adding.error, ['name', 'scopes', 'expires_at'])

  function done(token: ApiToken) {
    setName('')
    onAdded(token)
  }

  function add() {
    const expires_at = lifetime === 'never' ? null : new Date(Date.now() + Number(lifetime) * DAY_MS).toISOString()
    adding.mutate({ name, scopes: ALL.filter((scope) => scopes.includes(scope)), expires_at })
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
      <Checkbox.Group
        label="It may"
        value={scopes}
        onChange={setScopes}
        error={fieldError(adding.error, 'scopes', 'The list')}
      >
        {ALL.map((scope) => (
          <Checkbox key={scope} value={scope} label={scopeWords[scope]} mt="xs" />
        ))}
      </Checkbox.Group>
      <Select
        label="It ends after"
        data={LIFETIMES}
        value={lifetime}
        onChange={(value) => setLifetime(value ?? 'never')}
        allowDeselect={false}
        error={fieldError(adding.error, 'expires_at', 'The end')}
      />
      {failure && <Failed failure={failure} />}
      <div className={form.start}>
        <Button type="submit" loading={adding.isPending}>
          Make token
        </Button>
      </div>
    </Form>
  )
}
