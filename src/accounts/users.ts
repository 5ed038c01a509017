// The users table: people with an account here.

import { randomUUID } from 'node:crypto'
import type { RawBuilder, Selectable } from 'kysely'
import { sql } from 'kysely'
import type { Database } from '../database/database.ts'
import { locksRows } from '../database/database.ts'
import type { UsersTable } from '../database/tables.ts'
import { Failure, invalid, notFound } from '../failure.ts'
import { now } from '../time.ts'

export type User = Selectable<UsersTable>

export interface NewUser {
  email: string
  username: string
  passwordHash: string | null
}

/** Why this cannot be an e-mail address; undefined when it can. Length: RFC 5321 section 4.5.3.1. */
export function emailProblem(email: string): string | undefined {
  if (email.length > 254) return 'is too long (at most 254 characters)'
  return /^[^\s@"<>\p{C}]{1,64}@[^\s@"<>\p{C}]+$/u.test(email) ? undefined : 'is not an e-mail address'
}

/** Why this cannot be a user name; undefined when it can. */
export function usernameProblem(username: string): string | undefined {
  return /^[A-Za-z0-9][A-Za-z0-9._-]{0,47}$/.test(username)
    ? undefined
    : 'must be 1 to 48 letters, digits, dots, dashes and underscores, and start with a letter or digit'
}

/** Throws `invalid` when the e-mail or user name is malformed or somebody has it already. */
export async function addUser(database: Database, { email, username, passwordHash }: NewUser): Promise<User> {
  const problems = { email: emailProblem(email), username: usernameProblem(username) }
  const errors: Record<string, string[]> = {}
  for (const [field, problem] of Object.entries(problems)) if (problem) errors[field] = [problem]
  if (Object.keys(errors).length > 0) throw invalid(errors)

  const user = await insertUser(database, { email, username, passwordHash })
  if (!user) throw invalid(await takenFields(database, { email, username }))
  return user
}

/** undefined when there is a user already; of several processes that try at once one succeeds. */
export async function addFirstUser(database: Database, user: NewUser): Promise<User | undefined> {
  const another = await database.selectFrom('users').select('id').limit(1).executeTakeFirst()
  return another ? undefined : insertUser(database, user)
}

async function insertUser(database: Database, user: NewUser): Promise<User | undefined> {
  return database
    .insertInto('users')
    .values({ id: `us-${randomUUID()}`, ...user, createdAt: now(), updatedAt: now() })
    .onConflict((conflict) => conflict.doNothing())
    .returningAll()
    .executeTakeFirst()
}

/** Throws `invalid` when somebody else has the e-mail or user name. */
export async function updateUser(
  database: Database,
  id: string,
  changes: { email?: string | undefined; username?: string | undefined },
): Promise<User> {
  try {
    const user = await database
      .updateTable('users')
      .set({ ...changes, updatedAt: now() })
      .where('id', '=', id)
      .returningAll()
      .executeTakeFirst()
    if (!user) throw notFound('user')
    return user
  } catch (error) {
    if (error instanceof Failure && error.code === 'conflict') throw invalid(await takenFields(database, changes, id))
    throw error
  }
}

/** As the unique indexes have it: both engines may leave letters beyond ASCII as they are, unlike JavaScript. */
function lower(value: unknown): RawBuilder<string> {
  return sql<string>`lower(${value})`
}

async function takenFields(
  database: Pick<Database, 'selectFrom'>,
  wanted: { email?: string | undefined; username?: string | undefined },
  exceptId = '',
): Promise<Record<string, string[]>> {
  const errors: Record<string, string[]> = {}
  for (const field of ['email', 'username'] as const) {
    const value = wanted[field]
    if (value === undefined) continue
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

/** Oldest first. */
export async function listUsers(database: Database): Promise<User[]> {
  return database.selectFrom('users').selectAll().orderBy('createdAt').orderBy('id').execute()
}

/** In a transaction: until its end nobody else adds to what is the user's. */
export async function lockUser(database: Database, id: string): Promise<void> {
  const query = database.selectFrom('users').select('id').where('id', '=', id)
  await (locksRows(database) ? query.forUpdate() : query).execute()
}

/** With all that is theirs: tokens, keys, integrations. */
export async function removeUser(database: Database, id: string): Promise<void> {
  await database.deleteFrom('users').where('id', '=', id).execute()
}

export async function setPasswordHash(database: Database, id: string, passwordHash: string): Promise<void> {
  await database.updateTable('users').set({ passwordHash, updatedAt: now() }).where('id', '=', id).execute()
}
