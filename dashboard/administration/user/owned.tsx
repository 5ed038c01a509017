// What a user has, of each kind: how it is listed, and what is asked and said when one is removed.

import type { ReactNode } from 'react'
import { browserWords } from '../../account/browser-words.ts'
import { hostOf, nameOfLink } from '../../addresses.ts'
import type { ApiToken, Identity } from '../../api.ts'
import list from '../../ui/list.module.css'
import { Time } from '../../ui/time.tsx'
import type { Browser, Link, Owned } from '../api.ts'
import { LinkRow } from '../links/link-row.tsx'

export interface Kind<Item> {
  /** In the API's paths. */
  name: Exclude<keyof Owned, 'events'>
  title: string
  lead: string
  /** Why there may be none. */
  empty: string
  nameOf: (item: Item) => string
  /** `action`: the button that removes it. */
  row: (item: Item, action: ReactNode) => ReactNode
  removal: { answer: string; title: string; text: string; done: string }
}

export const links: Kind<Link> = {
  name: 'integrations',
  title: 'Links',
  lead: 'Accounts at platforms. Their tokens are shown to nobody.',
  empty: 'They have linked no account.',
  nameOf: nameOfLink,
  row: (link, action) => (
    <LinkRow key={link.id} link={link}>
      {action}
    </LinkRow>
  ),
  removal: {
    answer: 'Unlink',
    title: 'Unlink this account?',
    text: 'is unlinked, and what uses it stops. A token obtained by OAuth is revoked at the platform.',
    done: 'is unlinked.',
  },
}

export const tokens: Kind<ApiToken> = {
  name: 'tokens',
  title: 'API tokens',
  lead: 'Their programs use the API with them.',
  empty: 'They have made none, or all of them have ended.',
  nameOf: ({ name }) => name,
  row: (token, action) => (
    <OwnedRow key={token.id} name={token.name} action={action}>
      <span>
        Made <Time at={token.created_at} />
      </span>
      <span>
        {token.last_used_at ? (
          <>
            Last used <Time at={token.last_used_at} />
          </>
        ) : (
          'Never used'
        )}
      </span>
      {token.expires_at && (
        <span>
          Ends <Time at={token.expires_at} />
        </span>
      )}
      <span>May {token.scopes.join(', ')}</span>
    </OwnedRow>
  ),
  removal: {
    answer: 'Revoke',
    title: 'Revoke this token?',
    text: 'is refused within a minute. This cannot be taken back.',
    done: 'is revoked.',
  },
}

export const browsers: Kind<Browser> = {
  name: 'sessions',
  title: 'Browsers',
  lead: 'Where they are signed in.',
  empty: 'They have no session at present.',
  nameOf: ({ user_agent }) => browserWords(user_agent),
  row: (browser, action) => (
    <OwnedRow key={browser.id} name={browserWords(browser.user_agent)} action={action}>
      {browser.remote_ip && <span>From {browser.remote_ip}</span>}
      <span>
        Signed in <Time at={browser.created_at} /> {browser.began_by === 'oidc' ? 'at the provider' : 'with a password'}
      </span>
      <span>
        Last used <Time at={browser.last_used_at} />
      </span>
    </OwnedRow>
  ),
  removal: { answer: 'End', title: 'End this session?', text: 'is signed out.', done: 'is signed out.' },
}

export const identities: Kind<Identity> = {
  name: 'identities',
  title: 'Identities',
  lead: 'Accounts elsewhere that are them.',
  empty: 'They are known at no provider and no platform in front.',
  nameOf: ({ issuer, subject }) => `${subject} at ${hostOf(issuer)}`,
  row: (identity, action) => (
    <OwnedRow key={identity.id} name={hostOf(identity.issuer)} action={action}>
      <span>{identity.subject}</span>
      <span>
        Connected <Time at={identity.created_at} />
      </span>
      {identity.last_used_at && (
        <span>
          Last used <Time at={identity.last_used_at} />
        </span>
      )}
    </OwnedRow>
  ),
  removal: {
    answer: 'Remove',
    title: 'Remove this identity?',
    text: 'can no longer sign in to this account. The account stays as it is.',
    done: 'is removed.',
  },
}

interface OwnedRowProps {
  name: string
  action: ReactNode
  children: ReactNode
}

function OwnedRow({ name, action, children }: OwnedRowProps) {
  return (
    <li className={list.row}>
      <div className={list.main}>
        <h3 className={list.name}>{name}</h3>
        <p className={list.meta}>{children}</p>
      </div>
      {action}
    </li>
  )
}
