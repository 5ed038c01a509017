// The invitations table: links for one use, by which users set a password, the first one or a forgotten one. A user has
// at most one.

import { createHash, randomBytes } from 'node:crypto'
import type { Selectable } from 'kysely'
import type { User } from '../accounts/users.ts'
import { findUser, lockUser } from '../accounts/users.ts'
import type { Act, Actor } from '../audit/events.ts'
import type { Database, Transaction } from '../database/database.ts'
import type { InvitationsTable } from '../database/tables.ts'
import { DAY_MS, fromNow, now } from '../time.ts'

export type Invitation = Selectable<InvitationsTable>

const LIFETIME_MS = DAY_MS
export const INVITATION_HOURS = LIFETIME_MS / 3_600_000

/** A link that is not stored yet. */
export interface NewInvitation {
  /** The last part of its address. */
  secret: string
  expiresAt: string
}

export function newInvitation(): NewInvitation {
  return { secret: randomBytes(32).toString('base64url'), expiresAt: fromNow(LIFETIME_MS) }
}

function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('base64url')
}

/**
 * A link is for the account as whoever made it saw it: a new password, e-mail address or role ends it. Otherwise a link
 * from before would open an account that has become an administrator's, or that somebody has just taken back from a
 * stolen mailbox. Django's links hold the password and the address in the same way:
 * https://github.com/django/django/blob/main/django/contrib/auth/tokens.py
 */
function accountHashOf({ passwordHash, email, role }: User): string {
  return hashOf(JSON.stringify([passwordHash, email, role]))
}

/** Stores the link in place of an earlier one. `user`: as they were when it was decided that they get one. */
export async function storeInvitation(
  transaction: Transaction,
  maker: Act | null,
  user: User,
  { secret, expiresAt }: NewInvitation,
): Promise<void> {
  const values = {
    secretHash: hashOf(secret),
    accountHash: accountHashOf(user),
    actType: maker?.type ?? null,
    actId: maker?.id ?? null,
    actName: maker?.name ?? null,
    createdAt: now(),
    expiresAt,
  }
  await transaction
    .insertInto('invitations')
    .values({ userId: user.id, ...values })
    .onConflict((conflict) => conflict.column('userId').doUpdateSet(values))
    .execute()
}

export interface Found {
  invitation: Invitation
  user: User
}

/** undefined when the secret is wrong, or its link is used, over or ended otherwise: nobody is told which. */
export async function findInvitation(database: Database, secret: string): Promise<Found | undefined> {
  const invitation = await database
    .selectFrom('invitations')
    .selectAll()
    .where('secretHash', '=', hashOf(secret))
    .where('expiresAt', '>', now())
    .executeTakeFirst()
  const user = invitation && (await findUser(database, invitation.userId))
  if (!user?.active || invitation?.accountHash !== accountHashOf(user)) return undefined
  return { invitation, user }
}

/** Uses the link up; returns whether it could still be used. Until the transaction ends, nobody else changes the user. */
export async function redeemInvitation(transaction: Transaction, secret: string, owner: string): Promise<boolean> {
  // First, as whoever deactivates the user does: two that lock in different orders would wait for each other.
  await lockUser(transaction, owner)
  if (!(await findInvitation(transaction, secret))) return false
  await deleteInvitation(transaction, owner)
  return true
}

export async function deleteInvitation(transaction: Transaction, owner: string): Promise<void> {
  await transaction.deleteFrom('invitations').where('userId', '=', owner).execute()
}

/** Removes those whose time is over. */
export async function pruneInvitations(database: Database): Promise<void> {
  await database.deleteFrom('invitations').where('expiresAt', '<=', now()).execute()
}

/** Who made it, as events name them; null: the operator, or the user, an administrator. */
export function makerOf({ actType, actId, actName }: Invitation): Actor['act'] {
  return actType === null ? null : { type: actType, id: actId ?? '', name: actName ?? '' }
}
