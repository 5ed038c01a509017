// The accounts, as administrators find, make and change them.

import { sql } from 'kysely'
import { addIdentity, type Identity, type IdentityKey } from '../accounts/identities/identities.ts'
import { keepAdministrator, setUserActive, setUserRole } from '../accounts/roles.ts'
import { editUser, findUser, insertUser, isEmailTaken, takenFields, type User } from '../accounts/users.ts'
import type { DeactivationReport } from '../audit/event-types.ts'
import type { Actor } from '../audit/events.ts'
import type { Role } from '../database/account-tables.ts'
import type { Database, Transaction } from '../database/database.ts'
import { Failure, notFound } from '../failure.ts'
import { endAccount, type Left, reportLeft } from '../integrations/leaving.ts'
import type { Services } from '../integrations/services.ts'
import type { Revoker } from '../integrations/tokens/revoker.ts'
import { type Found, findPage } from './pages.ts'

export interface UserFilter {
  /** Part of an e-mail address, user name or name, in any case of letters. */
  search?: string
  role?: Role
  active?: 'true' | 'false'
  identity?: IdentityKey
}

/**
 * Oldest first. In the order of an index: `users_created`, or by role and activity `users_role_created`,
 * `users_active_created` or `users_active_role_created`; `identities_key` for an identity. A search reads along the index until the page is full.
 */
export async function listUsers(
  database: Database,
  page: { page: number; perPage: number },
  { search, role, active, identity }: UserFilter,
): Promise<Found<User>> {
  let query = database.selectFrom('users').selectAll()
  if (role !== undefined) query = query.where('role', '=', role)
  if (active !== undefined) query = query.where('active', '=', active === 'true' ? 1 : 0)
  if (identity !== undefined) {
    const { issuer, subject } = identity
    query = query.where('id', 'in', (any) =>
      any.selectFrom('identities').select('userId').where('issuer', '=', issuer).where('subject', '=', subject),
    )
  }
  if (search !== undefined) {
    // What the caller typed is never a wildcard.
    const pattern = sql`lower(${`%${search.replace(/[\\%_]/g, '\\$&')}%`})`
    query = query.where((where) =>
      where.or(
        (['username', 'email', 'fullName'] as const).map(
          (column) => sql<boolean>`lower(${where.ref(column)}) like ${pattern} escape '\\'`,
        ),
      ),
    )
  }
  return findPage(database, query.orderBy('createdAt').orderBy('id'), page)
}

export async function getUser(database: Database, id: string): Promise<User> {
  const user = await findUser(database, id.toLowerCase())
  if (!user) throw notFound('user')
  return user
}

/** By user, oldest first. */
export async function identitiesOf(database: Database, users: User[]): Promise<Map<string, Identity[]>> {
  if (users.length === 0) return new Map()
  const ids = users.map(({ id }) => id)
  const rows = await database
    .selectFrom('identities')
    .selectAll()
    .where('userId', 'in', ids)
    .orderBy('createdAt')
    .orderBy('id')
    .execute()
  const byUser = new Map<string, Identity[]>(ids.map((id) => [id, []]))
  for (const identity of rows) byUser.get(identity.userId)?.push(identity)
  return byUser
}

/** By id; those who were removed are missing. */
export async function usersById(database: Database, ids: (string | null)[]): Promise<Map<string, User>> {
  const known = [...new Set(ids)].filter((id) => id !== null)
  if (known.length === 0) return new Map()
  const users = await database.selectFrom('users').selectAll().where('id', 'in', known).execute()
  return new Map(users.map((user) => [user.id, user]))
}

/** Throws `email_taken`, or `conflict` for a user name or an identity that belongs to somebody. */
export async function addAccount(
  transaction: Transaction,
  actor: Actor,
  { identities, ...user }: { email: string | null; username: string; role: Role; identities: IdentityKey[] },
): Promise<User> {
  const added = await insertUser(transaction, actor, { ...user, passwordHash: null })
  if (!added) {
    const isEmail = user.email !== null && (await isEmailTaken(transaction, user.email))
    throw isEmail ? emailTaken() : usernameTaken()
  }
  for (const identity of identities) await addIdentity(transaction, actor, added.id, identity)
  return added
}

export interface AccountChanges {
  email?: string | null | undefined
  username?: string | undefined
  role?: Role | undefined
  active?: boolean | undefined
}

/**
 * All of the changes or none. `report`: what became of the tokens of a user who was deactivated. Throws `not_found`,
 * `last_administrator`, `email_taken`, or `conflict` for a user name.
 */
export async function changeAccount(
  services: Services,
  revoker: Revoker,
  actor: Actor,
  id: string,
  changes: AccountChanges,
): Promise<{ user: User; report: Promise<DeactivationReport> | null }> {
  const { database } = services
  try {
    const { user, left } = await database
      .transaction()
      .execute((transaction) => applyChanges(services, transaction, actor, id, changes))
    return { user, report: left && reportLeft(services, revoker, left) }
  } catch (error) {
    // PostgreSQL ends a transaction at its first error, so the reason is asked outside of it.
    if (!(error instanceof Failure) || error.code !== 'conflict') throw error
    throw (await takenFields(database, changes, id)).email ? emailTaken() : usernameTaken()
  }
}

async function applyChanges(
  services: Services,
  transaction: Transaction,
  actor: Actor,
  id: string,
  { email, username, role, active }: AccountChanges,
): Promise<{ user: User; left: Left | null }> {
  // Before anything else is locked.
  if (role === 'member' || active === false) await keepAdministrator(transaction, id)
  let user = await getUser(transaction, id)
  if (email !== undefined || username !== undefined)
    user = await editUser(transaction, actor, user, { email, username })
  if (role !== undefined) user = await setUserRole(transaction, actor, id, role)
  if (active === undefined) return { user, left: null }
  if (active) return { user: await setUserActive(transaction, actor, id, true), left: null }
  const left = await endAccount(services, transaction, actor, id)
  return { user: left.user, left }
}

function emailTaken(): Failure {
  return new Failure('email_taken', 'Another account has this e-mail address. Nothing was changed, and nobody joined.')
}

function usernameTaken(): Failure {
  return new Failure('conflict', 'Another account has this user name. Nothing was changed.')
}
