// The profile page: the linked accounts with their status, and the ways to link more.

import { useEffect, useState } from 'react'
import { nameOfLink } from '../addresses.ts'
import type { Integration, Session } from '../api.ts'
import { Load } from '../loaded.tsx'
import { useIntegrations } from '../queries.ts'
import { replaceAddress, useAddress } from '../router.ts'
import { RowsSkeleton } from '../shell/skeletons.tsx'
import { usePlatform } from '../told-platforms.ts'
import { Empty } from '../ui/empty.tsx'
import { focusOn } from '../ui/focus.ts'
import { Notice } from '../ui/notice.tsx'
import { Page, Section } from '../ui/page.tsx'
import { IntegrationCard } from './integration-card.tsx'
import { LinkChoices } from './link-choices.tsx'
import classes from './profile.module.css'

const LINKED = 'linked-accounts'
const NEWS = 'just-linked'

export function ProfilePage({ session }: { session: Session }) {
  const integrations = useIntegrations()
  const hosted = session.platforms.filter(({ self_hosted }) => !self_hosted)
  const [linked, setLinked] = useJustLinked()

  function noteUnlinked() {
    setLinked(null)
    focusOn(LINKED)
  }

  function noteLinked(id: string) {
    setLinked(id)
    focusOn(NEWS)
  }

  return (
    <Page
      title="Profile"
      lead={
        <>
          Signed in as {session.user.username}
          {session.user.email === null ? '' : ` (${session.user.email})`}. What you link here, your tools can use
          through one API.
        </>
      }
    >
      <Section id={LINKED} title="Linked accounts">
        <Load of={integrations} skeleton={<RowsSkeleton rows={2} height={190} />}>
          {(list) => <LinkedAccounts list={list} linked={linked} onUnlinked={noteUnlinked} />}
        </Load>
      </Section>
      <Section
        title="Link an account"
        lead={`${hosted.map(({ label }) => label).join(' and ')} ask for your consent; your own servers take a token.`}
      >
        <LinkChoices onLinked={noteLinked} />
      </Section>
    </Page>
  )
}

/**
 * The link just made. OAuth returns with `?linked=ID`, which is removed so that reloading does not show the news again.
 */
function useJustLinked() {
  const address = useAddress()
  const fromAddress = address.searchParams.get('linked')
  const [linked, setLinked] = useState<string | null>(fromAddress)
  useEffect(() => {
    if (fromAddress === null) return
    setLinked(fromAddress)
    replaceAddress('/profile')
  }, [fromAddress])
  return [linked, setLinked] as const
}

interface LinkedAccountsProps {
  list: Integration[]
  linked: string | null
  onUnlinked: () => void
}

function LinkedAccounts({ list, linked, onUnlinked }: LinkedAccountsProps) {
  const fresh = list.find(({ id }) => id === linked)
  return (
    <div>
      <div role="status" id={NEWS} tabIndex={-1} className={classes.news}>
        {fresh && (
          <Notice tone="good">
            <LinkedNews link={fresh} />
          </Notice>
        )}
      </div>
      {list.length === 0 ? (
        <Empty icon="person" title="No account is linked yet">
          <p>Choose a platform below. Its repositories, pull requests and SSH keys are then one call away.</p>
        </Empty>
      ) : (
        <ul className={classes.cards}>
          {list.map((integration) => (
            <li key={integration.id}>
              <IntegrationCard integration={integration} onUnlinked={onUnlinked} />
            </li>
          ))}
        </ul>
      )}
    </div>
  )
}

function LinkedNews({ link }: { link: Integration }) {
  const { words } = usePlatform(link.scm_type)
  return (
    <p>
      <strong>{nameOfLink(link)}</strong> is linked. You can import its SSH keys now, or search its repositories and{' '}
      {words.change_requests}.
    </p>
  )
}
