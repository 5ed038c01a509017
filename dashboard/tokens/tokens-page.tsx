// The API tokens: what is there, and making, renewing and revoking one.

import { Button, TextInput } from '@mantine/core'
import { useState } from 'react'
import { type ApiToken, addToken, type Session } from '../api.ts'
import { Load } from '../loaded.tsx'
import { useChange, useTokens } from '../queries.ts'
import { RowsSkeleton } from '../shell/skeletons.tsx'
import { Failed } from '../ui/failed.tsx'
import { fieldError, formFailure } from '../ui/field.ts'
import { focusOn } from '../ui/focus.ts'
import form from '../ui/form.module.css'
import { Form } from '../ui/form.tsx'
import { Page, Panel, Section } from '../ui/page.tsx'
import { NewToken } from './new-token.tsx'
import { TokenList } from './token-list.tsx'

const YOUR_TOKENS = 'your-tokens'

export function TokensPage({ session }: { session: Session }) {
  const tokens = useTokens()
  const [fresh, setFresh] = useState<ApiToken | null>(null)

  function putAway() {
    setFresh(null)
    focusOn(YOUR_TOKENS)
  }

  function noteRevoked(id: string) {
    if (fresh?.id === id) setFresh(null)
    focusOn(YOUR_TOKENS)
  }

  return (
    <Page title="API tokens" lead="Programs use the API in your name with a token. Give each program its own.">
      {fresh?.token && (
        <NewToken
          key={fresh.token}
          name={fresh.name}
          token={fresh.token}
          publicUrl={session.public_url}
          onClose={putAway}
        />
      )}
      <Section id={YOUR_TOKENS} title="Your tokens">
        <Load of={tokens} skeleton={<RowsSkeleton rows={2} height={76} />}>
          {(found) => <TokenList tokens={found} onRenewed={setFresh} onRevoked={noteRevoked} />}
        </Load>
      </Section>
      <Section title="Make a token">
        <Panel>
          <AddToken onAdded={setFresh} />
        </Panel>
      </Section>
    </Page>
  )
}

function AddToken({ onAdded }: { onAdded: (token: ApiToken) => void }) {
  const [name, setName] = useState('')
  const adding = useChange(addToken, { stale: ['tokens'], done })
  const failure = formFailure(adding.error, ['name'])

  function done(token: ApiToken) {
    setName('')
    onAdded(token)
  }

  return (
    <Form error={adding.error} onSubmit={() => adding.mutate(name)}>
      <TextInput
        label="Name"
        description="What it is for, so that you know later what stops when you revoke it."
        placeholder="Nightly build"
        autoComplete="off"
        value={name}
        onChange={(event) => setName(event.currentTarget.value)}
        error={fieldError(adding.error, 'name', 'The name')}
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
