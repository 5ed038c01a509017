// The page of API tokens: lists, creates, renews and revokes them.

import { useState } from 'react'
import type { ApiToken, Session } from '../api.ts'
import { Load } from '../loaded.tsx'
import { useTokens } from '../queries.ts'
import { RowsSkeleton } from '../shell/skeletons.tsx'
import { focusOn } from '../ui/focus.ts'
import { Page, Panel, Section } from '../ui/page.tsx'
import { AddToken } from './add-token.tsx'
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
