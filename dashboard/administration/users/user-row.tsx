// A user in the list, with a link to their page.

import { Badge } from '../../ui/badge.tsx'
import { PageLink } from '../../ui/page-link.tsx'
import { Time } from '../../ui/time.tsx'
import type { Account } from '../api.ts'
import classes from './users.module.css'

export function pageOfUser(id: string): string {
  return `/administration/users/${encodeURIComponent(id)}`
}

/** Where everything that was done to the account is listed. */
export function trailOf(id: string): string {
  return `/administration/activity?user=${encodeURIComponent(id)}`
}

export function UserRow({ user }: { user: Account }) {
  return (
    <li className={classes.row} data-active={user.active}>
      <span className={classes.initial} aria-hidden="true">
        {user.username.slice(0, 1).toUpperCase()}
      </span>
      <div className={classes.who}>
        <h2 className={classes.name}>
          <PageLink to={pageOfUser(user.id)}>{user.username}</PageLink>
          <UserBadges user={user} />
        </h2>
        <p className={classes.email}>{user.email ?? 'No e-mail address'}</p>
      </div>
      <p className={classes.since}>
        Since <Time at={user.created_at} />
      </p>
    </li>
  )
}

/** Only what is not so with most. */
export function UserBadges({ user: { role, active } }: { user: Account }) {
  return (
    <>
      {role === 'admin' && <Badge tone="accent">Administrator</Badge>}
      {!active && <Badge tone="quiet">Deactivated</Badge>}
    </>
  )
}
