// The form that makes a service token: its name, scopes, issuers and expiry.

import { Button, Textarea, TextInput } from '@mantine/core'
import { useState } from 'react'
import { useChange } from '../../queries.ts'
import { endOf, type Lifetime, LifetimeChoice } from '../../tokens/lifetime-choice.tsx'
import { ScopeChoice } from '../../tokens/scope-choice.tsx'
import { Failed } from '../../ui/failed.tsx'
import { fieldError, formFailure } from '../../ui/field.ts'
import form from '../../ui/form.module.css'
import { Form } from '../../ui/form.tsx'
import { addServiceToken, type ServiceToken } from '../api.ts'
import { ADMINISTRATION } from '../queries.ts'
import { type GivenScope, serviceScopeWords } from './scope-words.ts'

const ALL = Object.keys(serviceScopeWords) as GivenScope[]
/** What a platform in front needs; nothing that administers. */
const USUAL: GivenScope[] = ['users:act', 'users:create', 'read', 'write']

export function AddServiceToken({ onAdded }: { onAdded: (service: ServiceToken) => void }) {
  const [name, setName] = useState('')
  const [scopes, setScopes] = useState<string[]>(USUAL)
  const [issuers, setIssuers] = useState('')
  const [lifetime, setLifetime] = useState<Lifetime>('never')
  const adding = useChange(addServiceToken, { stale: [ADMINISTRATION], done })
  const failure = formFailure(adding.error, ['name', 'scopes', 'issuers', 'expires_at'])

  function done(service: ServiceToken) {
    setName('')
    setIssuers('')
    onAdded(service)
  }

  function add() {
    adding.mutate({
      name,
      scopes: ALL.filter((scope) => scopes.includes(scope)),
      issuers: issuers.split('\n').flatMap((line) => line.trim() || []),
      expires_at: endOf(lifetime),
    })
  }

  return (
    <Form error={adding.error} onSubmit={add}>
      <TextInput
        label="Name"
        description="Which service it is for. Users see it where something was done for them."
        placeholder="Developer portal"
        autoComplete="off"
        value={name}
        onChange={(event) => setName(event.currentTarget.value)}
        error={fieldError(adding.error, 'name', 'The name')}
      />
      <ScopeChoice words={serviceScopeWords} value={scopes} onChange={setScopes} error={adding.error} />
      <Textarea
        label="Issuers"
        description="The addresses by which it names its users, one a line. Compared to the letter."
        placeholder="https://platform.example.com"
        className={form.mono}
        autoCapitalize="none"
        spellCheck={false}
        rows={2}
        value={issuers}
        onChange={(event) => setIssuers(event.currentTarget.value)}
        error={fieldError(adding.error, 'issuers', 'The list')}
      />
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
