// The page of service tokens: lists, makes and removes them.

import { useState } from 'react'
import type { Session } from '../../api.ts'
import { focusOn } from '../../ui/focus.ts'
import { Page, Panel, Section } from '../../ui/page.tsx'
import type { ServiceToken } from '../api.ts'
import { AddServiceToken } from './add-service-token.tsx'
import { NewServiceToken } from './new-service-token.tsx'
import { ServiceTokenList } from './service-token-list.tsx'

const SERVICES = 'the-services'

export function ServiceTokensPage({ session }: { session: Session }) {
  const [fresh, setFresh] = useState<ServiceToken | null>(null)

  function putAway() {
    setFresh(null)
    focusOn(SERVICES)
  }

  function noteRemoved(id: string) {
    if (fresh?.id === id) setFresh(null)
    focusOn(SERVICES)
  }

  return (
    <Page
      title="Service tokens"
      lead="A platform in front of Forgelink acts for its users with one, and administers or provisions as its scopes say."
    >
      {fresh?.token && (
        <NewServiceToken
          key={fresh.id}
          service={fresh}
          token={fresh.token}
          publicUrl={session.public_url}
          onClose={putAway}
        />
      )}
      <Section id={SERVICES} title="Services">
        <ServiceTokenList onRemoved={noteRemoved} />
      </Section>
      <Section title="Make a service token">
        <Panel>
          <AddServiceToken onAdded={setFresh} />
        </Panel>
      </Section>
    </Page>
  )
}
