// The page of one user: who they are, what they have, what was done to the account, and how to end it.

import { useState } from 'react'
import type { Session } from '../../api.ts'
import type { Loaded } from '../../loaded.tsx'
import { PageSkeleton } from '../../shell/skeletons.tsx'
import { Failed } from '../../ui/failed.tsx'
import { focusOn } from '../../ui/focus.ts'
import { Icon } from '../../ui/icons.tsx'
import { Page, Section } from '../../ui/page.tsx'
import { PageLink } from '../../ui/page-link.tsx'
import type { Account, Invitation } from '../api.ts'
import { useUser } from '../queries.ts'
import { trailOf, UserBadges } from '../users/user-row.tsx'
import { USERS } from '../users/users-page.tsx'
import { AccountPanel } from './account-panel.tsx'
import { Invited } from './invited.tsx'
import { LeavingSection } from './leaving-section.tsx'
import { browsers, identities, links, tokens } from './owned.tsx'
import { OwnedSection } from './owned-section.tsx'
import { ReportSection } from './report-section.tsx'
import { TrailSection } from './trail-section.tsx'
import classes from './user.module.css'

interface UserPageProps {
  id: string
  session: Session
}

export function UserPage({ id, session }: UserPageProps) {
  const user = useUser(id)
  if (user.state === 'loading') return <PageSkeleton />
  if (user.state === 'failed') return <NoUser id={id} user={user} />
  return <FoundUser user={user.value} session={session} />
}

function NoUser({ id, user: { failure, retry } }: { id: string; user: Loaded<Account> & { state: 'failed' } }) {
  const isGone = failure.status === 404
  return (
    <Page
      title="User"
      lead={isGone ? 'There is no such account, or no longer.' : 'The account could not be shown.'}
      above={<Back />}
    >
      <Failed failure={failure} {...(!isGone && { retry })}>
        {isGone && (
          <p>
            What was done to it is still <PageLink to={trailOf(id)}>in the trail</PageLink>.
          </p>
        )}
      </Failed>
    </Page>
  )
}

function Back() {
  return (
    <PageLink to={USERS} className={classes.back}>
      <Icon name="back" size={16} />
      Users
    </PageLink>
  )
}

const ACCOUNT = 'the-account'

function FoundUser({ user, session }: { user: Account; session: Session }) {
  const [invitation, setInvitation] = useState<Invitation | null>(null)
  const [isJustDeactivated, setJustDeactivated] = useState(false)
  const backToAccount = () => focusOn(ACCOUNT)

  return (
    <Page
      title={user.username}
      lead={
        <span className={classes.lead}>
          {user.email ?? 'No e-mail address'}
          <UserBadges user={user} />
        </span>
      }
      above={<Back />}
    >
      {!user.active && <ReportSection user={user} isNew={isJustDeactivated} />}
      {invitation && (
        <Invited
          invitation={invitation}
          username={user.username}
          onClose={() => {
            setInvitation(null)
            backToAccount()
          }}
        />
      )}
      <Section id={ACCOUNT} title="Account">
        <AccountPanel user={user} onChanged={backToAccount} onInvited={setInvitation} />
      </Section>
      <OwnedSection user={user} kind={links} />
      <OwnedSection user={user} kind={tokens} />
      <OwnedSection user={user} kind={browsers} />
      <OwnedSection user={user} kind={identities} />
      <LeavingSection
        user={user}
        isSelf={user.id === session.user.id}
        onDeactivated={() => setJustDeactivated(true)}
        onReactivated={() => {
          setJustDeactivated(false)
          backToAccount()
        }}
      />
      <TrailSection user={user} />
    </Page>
  )
}
