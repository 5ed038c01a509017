// The account page: who the user is, in which browsers they are signed in, and with which identities.

import type { Session } from '../api.ts'
import { Load } from '../loaded.tsx'
import { useIdentities, useOwnSessions } from '../queries.ts'
import { RowsSkeleton } from '../shell/skeletons.tsx'
import { Page, Section } from '../ui/page.tsx'
import { IdentityList } from './identity-list.tsx'
import { OwnProfile } from './own-profile.tsx'
import { SessionList } from './session-list.tsx'

export function AccountPage({ session }: { session: Session }) {
  const sessions = useOwnSessions()
  const identities = useIdentities()
  return (
    <Page title="Your account" lead="Who you are, where you are signed in, and how you sign in.">
      <Section title="You">
        <OwnProfile user={session.user} />
      </Section>
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
