// The account page: in which browsers the user is signed in, and with which identities.

import type { Session } from '../api.ts'
import { Load } from '../loaded.tsx'
import { useIdentities, useOwnSessions } from '../queries.ts'
import { RowsSkeleton } from '../shell/skeletons.tsx'
import { Page, Section } from '../ui/page.tsx'
import { IdentityList } from './identity-list.tsx'
import { SessionList } from './session-list.tsx'

export function AccountPage({ session }: { session: Session }) {
  const sessions = useOwnSessions()
  const identities = useIdentities()
  return (
    <Page title="Signing in" lead="Where you are signed in, and how you sign in.">
      <Section id="your-sessions" title="Browsers" lead="End those that you do not know, or no longer use.">
        <Load of={sessions} skeleton={<RowsSkeleton rows={2} height={76} />}>
          {(found) => <SessionList sessions={found} />}
        </Load>
      </Section>
      <Section
        id="your-identities"
        title="Identities"
        lead="Accounts elsewhere that are you. Your e-mail address never connects one by itself."
      >
        <Load of={identities} skeleton={<RowsSkeleton rows={1} height={76} />}>
          {(found) => <IdentityList identities={found} provider={session.provider} />}
        </Load>
      </Section>
    </Page>
  )
}
