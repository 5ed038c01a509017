// The users table: people who have an account here.

import { randomUUID } from 'node:crypto'
import type { RawBuilder, Selectable } from 'kysely'
import { sql } from 'kysely'
import type { Actor } from '../audit/events.ts'
import { recordEvent } from '../audit/events.ts'
import type { Role, UsersTable } from '../database/account-tables.ts'
import type { Database, Transaction } from '../database/database.ts'
import { locksRows } from '../database/database.ts'
import { createStatement } from '../database/statement.ts'
import { Failure, invalid, notFound } from '../failure.ts'
import { UNPRINTABLE } from '../text.ts'
import { now } from '../time.ts'

export type User = Selectable<UsersTable>

/** What people tell of themselves; each null when they do not. */
export type UserProfile = Pick<User, 'fullName' | 'avatarUrl'>

export interface NewUser extends Partial<UserProfile> {
  email: string | null
  username: string
  passwordHash: string | null
  role: Role
}

/** RFC 5321 section 4.5.3.1. */
export const MAX_EMAIL_LENGTH = 254
export const MAX_USERNAME_LENGTH = 48
export const MAX_FULL_NAME_LENGTH = 100
export const MAX_AVATAR_URL_LENGTH = 2048
export const USERNAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,47}$/

/** Why this cannot be an e-mail address; undefined when it can. */
export function emailProblem(email: string): string | undefined {
  if (email.length > MAX_EMAIL_LENGTH) return `is too long (at most ${MAX_EMAIL_LENGTH} characters)`
  return /^[^\s@"<>\p{C}]{1,64}@[^\s@"<>\p{C}]+$/u.test(email) ? undefined : 'is not an e-mail address'
}

/** Why this cannot be a user name; undefined when it can. */
export function usernameProblem(username: string): string | undefined {
  return USERNAME.test(username)
    ? undefined
    : 'must be 1 to 48 letters, digits, dots, dashes and underscores, and start with a letter or digit'
}

/** Why this cannot be a person's name; undefined when it can. */
export function fullNameProblem(name: string): string | undefined {
  if (name.trim() === '') return 'must not be empty'
  if ([...name].length > MAX_FULL_NAME_LENGTH) return `is too long (at most ${MAX_FULL_NAME_LENGTH} characters)`
  return UNPRINTABLE.test(name) ? 'must be one line, without control characters' : undefined
}

/** Why this cannot be the address of a picture; undefined when it can. It is not looked whether one is there. */
export function avatarUrlProblem(address: string): string | undefined {
  if (address.length > MAX_AVATAR_URL_LENGTH) return `is too long (at most ${MAX_AVATAR_URL_LENGTH} characters)`
  const url = URL.parse(address)
  if (url?.protocol !== 'https:' || /[\s\\]/.test(address)) return 'is not an https address'
  return url.username || url.password ? 'must not have a user name or a password in it' : undefined
}

/**
 * The first user is an administrator, whatever `role` says, and others are members without it. Throws `invalid` when the
 * e-mail or user name is malformed or already taken.
 */
export async function addUser(
  transaction: Transaction,
  actor: Actor,
  { email, username, passwordHash, role = 'member' }: { email: string; role?: Role } & Omit<NewUser, 'email' | 'role'>,
): Promise<User> {
  const problems = { email: emailProblem(email), username: usernameProblem(username) }
  const errors: Record<string, string[]> = {}
  for (const [field, problem] of Object.entries(problems)) if (problem) errors[field] = [problem]
  if (Object.keys(errors).length > 0) throw invalid(errors)

  const isFirst = !(await hasUsers(transaction))
  const user = await insertUser(transaction, actor, { email, username, passwordHash, role: isFirst ? 'admin' : role })
  if (!user) throw invalid(await takenFields(transaction, { email, username }))
  return user
}

/** undefined when there is already a user; when several processes try at once, one succeeds. */
export async function addFirstUser(
  transaction: Transaction,
  actor: Actor,
  user: Omit<NewUser, 'role'>,
): Promise<User | undefined> {
  return (await hasUsers(transaction)) ? undefined : insertUser(transaction, actor, { ...user, role: 'admin' })
}

/** While it is false, nobody else can add a user before the transaction ends: one alone is the first. */
async function hasUsers(transaction: Transaction): Promise<boolean> {
  const any = transaction.selectFrom('users').select('id').limit(1)
  if (await any.executeTakeFirst()) return true
  if (!locksRows(transaction)) return false
  await sql`lock table users in share row exclusive mode`.execute(transaction)
  return (await any.executeTakeFirst()) !== undefined
}

/** undefined when the e-mail or user name is taken. */
export async function insertUser(transaction: Transaction, actor: Actor, user: NewUser): Promise<User | undefined> {
  const added = await transaction
    .insertInto('users')
    .values({ id: `us-${randomUUID()}`, ...user, createdAt: now(), updatedAt: now() })
    .onConflict((conflict) => conflict.doNothing())
    .returningAll()
    .executeTakeFirst()
  if (added) {
    const data = { email: added.email, username: added.username }
    await recordEvent(transaction, actor, added.id, { type: 'new_user', data })
  }
  return added
}

export interface UserChanges {
  email?: string | null | undefined
  username?: string | undefined
  fullName?: string | null | undefined
  avatarUrl?: string | null | undefined
}

/** Throws `invalid` when another user has the e-mail or user name. */
export async function updateUser(database: Database, actor: Actor, before: User, changes: UserChanges): Promise<User> {
  try {
    return await database.transaction().execute((transaction) => editUser(transaction, actor, before, changes))
  } catch (error) {
    // PostgreSQL ends a transaction at its first error, so the reason is asked outside of it.
    if (!(error instanceof Failure) || error.code !== 'conflict') throw error
    throw invalid(await takenFields(database, changes, before.id))
  }
}

/** Throws `conflict` when another user has the e-mail or user name: `takenFields` then says which. */
export async function editUser(
  transaction: Transaction,
  actor: Actor,
  before: User,
  changes: UserChanges,
): Promise<User> {
  const user = await transaction
    .updateTable('users')
    .set({ ...changes, updatedAt: now() })
    .where('id', '=', before.id)
    .returningAll()
    .executeTakeFirst()
  if (!user) throw notFound('user')
  const { email, username, fullName, avatarUrl } = user
  if (email !== before.email || username !== before.username) {
    const data = { email, username, old_email: before.email, old_username: before.username }
    await recordEvent(transaction, actor, user.id, { type: 'edit_user', data })
  }
  if (fullName !== before.fullName || avatarUrl !== before.avatarUrl) {
    // The address's query is left out: it may give access to the picture.
    const data = { fullname: fullName, avatar_url: avatarUrl?.split('?')[0] ?? null }
    await recordEvent(transaction, actor, user.id, { type: 'edit_profile', data })
  }
  return user
}

/** As in the unique indexes: unlike JavaScript, both engines may leave letters beyond ASCII unchanged. */
function lower(value: unknown): RawBuilder<string> {
  return sql<string>`lower(${value})`
}

export async function isEmailTaken(database: Pick<Database, 'selectFrom'>, email: string): Promise<boolean> {
  return (await takenFields(database, { email })).email !== undefined
}

/** What is wrong with the fields that another user than `exceptId` has. */
export async function takenFields(
  database: Pick<Database, 'selectFrom'>,
  wanted: UserChanges,
  exceptId = '',
): Promise<Record<string, string[]>> {
  const errors: Record<string, string[]> = {}
  for (const field of ['email', 'username'] as const) {
    const value = wanted[field]
    if (value === undefined || value === null) continue
    const other = await database
      .selectFrom('users')
      .select('id')
      .where(lower(sql.ref(field)), '=', lower(value))
      .where('id', '!=', exceptId)
      .executeTakeFirst()
    if (other) errors[field] = ['is taken']
  }
  return errors
}

/** By e-mail or user name, in any case of letters. */
export async function findUserByLogin(database: Database, login: string): Promise<User | undefined> {
  return database
    .selectFrom('users')
    .selectAll()
    .where((where) => where.or(['email', 'username'].map((field) => where(lower(sql.ref(field)), '=', lower(login)))))
    .executeTakeFirst()
}

const byId = createStatement<{ id: string }, User>((database, value) =>
  database.selectFrom('users').selectAll().where('id', '=', value('id')),
)

export async function findUser(database: Database, id: string): Promise<User | undefined> {
  const [user] = await byId(database, { id: id.toLowerCase() })
  return user
}

/** Oldest first. */
export async function listUsers(database: Database): Promise<User[]> {
  return database.selectFrom('users').selectAll().orderBy('createdAt').orderBy('id').execute()
}

/** Until the transaction ends, nobody else can add anything that belongs to the user. */
export async function lockUser(transaction: Transaction, id: string): Promise<void> {
  const query = transaction.selectFrom('users').select('id').where('id', '=', id)
  await (locksRows(transaction) ? query.forUpdate() : query).execute()
}

/**
 * As `lockUser`, for whatever adds something that a user has: nothing that was begun before may come to a user who was
 * deactivated meanwhile. Throws `unauthorized`.
 */
export async function lockActiveUser(transaction: Transaction, id: string): Promise<void> {
  await lockUser(transaction, id)
  const user = await transaction.selectFrom('users').select('active').where('id', '=', id).executeTakeFirst()
  // Who was removed is noticed by the foreign keys.
  if (user?.active === 0) throw new Failure('unauthorized', 'This account was deactivated.')
}

/**
 * Until the transaction ends, nobody can change the password. Throws `unauthorized` if it changed since `user` was
 * read.
 */
export async function lockPassword(transaction: Transaction, { id, passwordHash }: User): Promise<void> {
  const query = transaction.selectFrom('users').select('passwordHash').where('id', '=', id)
  const present = await (locksRows(transaction) ? query.forNoKeyUpdate() : query).executeTakeFirst()
  if (present?.passwordHash !== passwordHash) {
    throw new Failure('unauthorized', 'The password was changed at this moment. Sign in with the new one.')
  }
}

/** Removes the user with their tokens, keys and integrations. Their events stay. */
export async function removeUser(transaction: Transaction, actor: Actor, id: string): Promise<void> {
  const removed = await transaction
    .deleteFrom('users')
    .where('id', '=', id)
    .returning(['email', 'username'])
    .executeTakeFirst()
  if (removed) await recordEvent(transaction, actor, id, { type: 'delete_user', data: removed })
}

export async function setPasswordHash(database: Database, id: string, passwordHash: string): Promise<User | undefined> {
  return database
    .updateTable('users')
    .set({ passwordHash, updatedAt: now() })
    .where('id', '=', id)
    .returningAll()
    .executeTakeFirst()
}

export async function countUsers(database: Database): Promise<number> {
  const { users } = await database
    .selectFrom('users')
    .select(({ fn }) => fn.countAll<string | number>().as('users'))
    .executeTakeFirstOrThrow()
  return Number(users)
}
