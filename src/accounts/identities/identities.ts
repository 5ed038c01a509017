// The identities table: who a user is at an issuer. Identities link people; e-mail addresses never do.

import { randomBytes, randomUUID } from 'node:crypto'
import type { Selectable } from 'kysely'
import type { Actor } from '../../audit/events.ts'
import { recordEvent } from '../../audit/events.ts'
import type { IdentitiesTable } from '../../database/account-tables.ts'
import { type Database, noteIfPossible, type Transaction } from '../../database/database.ts'
import { createStatement } from '../../database/statement.ts'
import { Failure, notFound } from '../../failure.ts'
import { now } from '../../time.ts'
import { insertUser, isEmailTaken, MAX_USERNAME_LENGTH, type NewUser, type User } from '../users.ts'

export type Identity = Selectable<IdentitiesTable>

/** Both are compared byte for byte. */
export type IdentityKey = Pick<Identity, 'issuer' | 'subject'>

/** Who is made without a password. All must be well-formed. */
type WantedUser = Omit<NewUser, 'passwordHash' | 'role'>

const MAX_NAMES_TRIED = 10

/** The last use by JWTs is stored at this interval, so that not every request causes a write. */
const NOTED_MS = 60_000

const byIdentity = createStatement<IdentityKey, User & { usedAt: string | null }>((database, value) =>
  database
    .selectFrom('identities')
    .innerJoin('users', 'users.id', 'identities.userId')
    .selectAll('users')
    .select('identities.lastUsedAt as usedAt')
    .where('identities.issuer', '=', value('issuer'))
    .where('identities.subject', '=', value('subject')),
)

/** The user may be inactive: the caller decides what that means. */
export async function findUserByIdentity(
  database: Database,
  { issuer, subject }: IdentityKey,
): Promise<User | undefined> {
  return (await findUse(database, { issuer, subject }))?.user
}

/** The same for a JWT of the issuer, which uses the identity. */
export async function findUserByJwt(database: Database, key: IdentityKey): Promise<User | undefined> {
  const found = await findUse(database, key)
  if (!found) return undefined
  const { user, usedAt } = found
  const isNoted = usedAt !== null && Date.now() - Date.parse(usedAt) < NOTED_MS
  if (user.active && !isNoted) await noteIfPossible(noteIdentityUse(database, key))
  return user
}

async function findUse(
  database: Database,
  { issuer, subject }: IdentityKey,
): Promise<{ user: User; usedAt: string | null } | undefined> {
  const [found] = await byIdentity(database, { issuer, subject })
  if (!found) return undefined
  const { usedAt, ...user } = found
  return { user, usedAt }
}

/** Oldest first. */
export async function listIdentities(database: Database, owner: string): Promise<Identity[]> {
  return database
    .selectFrom('identities')
    .selectAll()
    .where('userId', '=', owner)
    .orderBy('createdAt')
    .orderBy('id')
    .execute()
}

/** Throws `conflict` when somebody, be it the same user, has the identity. */
export async function addIdentity(
  transaction: Transaction,
  actor: Actor,
  owner: string,
  { issuer, subject }: IdentityKey,
): Promise<Identity> {
  const identity = await transaction
    .insertInto('identities')
    .values({ id: randomUUID(), issuer, subject, userId: owner, createdAt: now() })
    .onConflict((conflict) => conflict.doNothing())
    .returningAll()
    .executeTakeFirst()
  if (!identity) throw new Failure('conflict', 'This identity belongs to an account already.')
  await recordEvent(transaction, actor, owner, { type: 'new_identity', data: { issuer, subject } })
  return identity
}

export async function noteIdentityUse(database: Database, { issuer, subject }: IdentityKey): Promise<void> {
  await database
    .updateTable('identities')
    .set({ lastUsedAt: now() })
    .where('issuer', '=', issuer)
    .where('subject', '=', subject)
    .execute()
}

/**
 * For a user who cannot sign in with a password. Throws `conflict` when the identity is the last one at `issuer`, the
 * provider where people sign in. Call it when the user is locked, so that two cannot go at once.
 */
export async function keepWayIn(
  transaction: Transaction,
  owner: string,
  id: string,
  issuer: string | null,
): Promise<void> {
  if (issuer === null) return
  const ways = await transaction
    .selectFrom('identities')
    .select('id')
    .where('userId', '=', owner)
    .where('issuer', '=', issuer)
    .execute()
  if (ways.length > 1 || ways[0]?.id !== id.toLowerCase()) return
  throw new Failure('conflict', 'You could not sign in any more without this identity. Connect another one first.')
}

export async function deleteIdentity(transaction: Transaction, actor: Actor, owner: string, id: string): Promise<void> {
  const deleted = await transaction
    .deleteFrom('identities')
    .where('userId', '=', owner)
    .where('id', '=', id.toLowerCase())
    .returning(['issuer', 'subject'])
    .executeTakeFirst()
  if (!deleted) throw notFound('identity')
  await recordEvent(transaction, actor, owner, { type: 'delete_identity', data: deleted })
}

/**
 * The user of the identity, who is made when there is none: of many calls at once one makes the user, and the others get
 * the same. A user name that is taken is made unique; an e-mail address that is taken throws `email_taken`, and nobody is
 * made or joined. The e-mail address and the user name must be well-formed.
 */
export async function findOrAddUser(
  database: Database,
  actor: Actor,
  identity: IdentityKey,
  wanted: WantedUser,
): Promise<User> {
  const known = await findUserByIdentity(database, identity)
  if (known) return known
  try {
    return await database.transaction().execute((transaction) => addNamedUser(transaction, actor, identity, wanted))
  } catch (error) {
    if (!(error instanceof Failure) || (error.code !== 'conflict' && error.code !== 'email_taken')) throw error
    // Another call has just made the user.
    const made = await findUserByIdentity(database, identity)
    if (made) return made
    throw error
  }
}

/**
 * Adds a user with the identity, or with none; a user name that is taken is made unique. Throws `email_taken`, or
 * `conflict` when somebody has the identity.
 */
export async function addNamedUser(
  transaction: Transaction,
  actor: Actor,
  identity: IdentityKey | null,
  wanted: WantedUser,
): Promise<User> {
  const { username, email } = wanted
  let name = username
  for (let tried = 0; tried < MAX_NAMES_TRIED; tried++) {
    const user = await insertUser(transaction, actor, { ...wanted, username: name, passwordHash: null, role: 'member' })
    if (user) {
      if (identity) await addIdentity(transaction, actor, user.id, identity)
      return user
    }
    if (email !== null && (await isEmailTaken(transaction, email))) {
      throw new Failure('email_taken', 'Another account has this e-mail address. Nobody was made, and nobody joined.')
    }
    name = `${username.slice(0, MAX_USERNAME_LENGTH - 7)}-${randomBytes(3).toString('hex')}`
  }
  throw new Failure('conflict', 'No user name like this one is free.')
}
