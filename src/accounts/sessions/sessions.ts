// The sessions table: signed-in browsers. The cookie has 256 random bits, and the store only their hash.

import { createHash, randomBytes } from 'node:crypto'
import type { Insertable, Selectable } from 'kysely'
import type { SessionsTable } from '../../database/account-tables.ts'
import { type Database, noteIfPossible, type Transaction } from '../../database/database.ts'
import { Failure } from '../../failure.ts'
import { now } from '../../time.ts'
import { lockActiveUser, type User } from '../users.ts'

/** A valid session and its user. */
export interface Session {
  idHash: string
  user: User
  /** When the password was last given, in epoch milliseconds. */
  confirmedAt: number
  /** Our pages send it with every write; other pages cannot know it. */
  csrfToken: string
}

const LIFETIME_MS = 12 * 3_600_000
const IDLE_MS = 3_600_000
/** A session's last use is stored at this interval, so that not every request causes a write. */
const NOTED_MS = 60_000

/** How long a password given again counts. */
const CONFIRMED_MS = 5 * 60_000
/** Per user: when another session begins, the oldest ends. */
const MAX_SESSIONS = 50

/** Seconds after which a browser forgets the cookie. */
export const SESSION_SECONDS = LIFETIME_MS / 1000

/** The value of a new cookie; there is no session for it yet. */
export function newSessionId(): string {
  return randomBytes(32).toString('base64url')
}

/** The CSRF token for a cookie's value, also before anybody has signed in with it. */
export function csrfTokenOf(id: string): string {
  return hashOf(`csrf ${id}`)
}

/** Stands for a browser's cookie in the store, signed in or not. */
export function hashOf(id: string): string {
  return createHash('sha256').update(id).digest('base64url')
}

function before(ms: number): string {
  return new Date(Date.now() - ms).toISOString()
}

/** How and where a session begins. */
export type SessionOrigin = Pick<Selectable<SessionsTable>, 'beganBy' | 'remoteIp' | 'userAgent'>

/**
 * Starts a session and returns the value of its cookie. `more`: what only some sessions have. Throws `unauthorized` when
 * the user was deactivated meanwhile: the session would be there when they are active again.
 */
export async function startSession(
  transaction: Transaction,
  owner: string,
  origin: SessionOrigin,
  more: (idHash: string) => Partial<Insertable<SessionsTable>> = () => ({}),
): Promise<string> {
  await lockActiveUser(transaction, owner)
  await transaction
    .deleteFrom('sessions')
    .where((row) => row.or([row('createdAt', '<=', before(LIFETIME_MS)), row('usedAt', '<=', before(IDLE_MS))]))
    .execute()
  await endOldest(transaction, owner, MAX_SESSIONS - 1)
  const id = newSessionId()
  const idHash = hashOf(id)
  const time = now()
  await transaction
    .insertInto('sessions')
    .values({ idHash, userId: owner, createdAt: time, usedAt: time, ...origin, ...more(idHash) })
    .execute()
  return id
}

/** Ends all of a user's sessions but the newest. */
async function endOldest(database: Database, owner: string, keep: number): Promise<void> {
  await database
    .deleteFrom('sessions')
    .where('userId', '=', owner)
    .where('idHash', 'not in', (query) =>
      query
        .selectFrom('sessions as newest')
        .select('newest.idHash')
        .where('newest.userId', '=', owner)
        .orderBy('newest.createdAt', 'desc')
        .orderBy('newest.idHash')
        .limit(keep),
    )
    .execute()
}

/** Notes that the password was given again in this session. */
export async function confirmSession(database: Database, { idHash }: Session): Promise<void> {
  await database.updateTable('sessions').set({ confirmedAt: now() }).where('idHash', '=', idHash).execute()
}

/** Throws `password_required` when a session has not given the password lately. Bearer tokens have scopes instead. */
export function confirmed({ session }: { session: Session | null }): void {
  if (session === null || session.confirmedAt > Date.now() - CONFIRMED_MS) return
  throw new Failure('password_required', 'Give your password again to do this.')
}

/** Sessions in force, with their users. */
export function validSessions(database: Database) {
  return database
    .selectFrom('sessions')
    .innerJoin('users', 'users.id', 'sessions.userId')
    .where('sessions.createdAt', '>', before(LIFETIME_MS))
    .where('sessions.usedAt', '>', before(IDLE_MS))
    .where('users.active', '=', 1)
}

/** The session of a cookie's value, whose use is noted; undefined when there is no valid one. */
export async function findSession(database: Database, id: string): Promise<Session | undefined> {
  const idHash = hashOf(id)
  const found = await validSessions(database)
    .selectAll('users')
    .select(['sessions.usedAt', 'sessions.confirmedAt', 'sessions.createdAt as startedAt'])
    .where('sessions.idHash', '=', idHash)
    .executeTakeFirst()
  if (!found) return undefined
  const { usedAt, confirmedAt, startedAt, ...user } = found
  if (usedAt < before(NOTED_MS)) {
    await noteIfPossible(database.updateTable('sessions').set({ usedAt: now() }).where('idHash', '=', idHash).execute())
  }
  return { idHash, user, confirmedAt: Date.parse(confirmedAt ?? startedAt), csrfToken: csrfTokenOf(id) }
}

/** Returns whether the session existed. */
export async function endSession(database: Database, id: string): Promise<boolean> {
  const { numDeletedRows } = await database.deleteFrom('sessions').where('idHash', '=', hashOf(id)).executeTakeFirst()
  return numDeletedRows > 0n
}

/** Ends all of a user's sessions; returns how many there were. */
export async function endSessions(database: Database, owner: string): Promise<number> {
  const { numDeletedRows } = await database.deleteFrom('sessions').where('userId', '=', owner).executeTakeFirst()
  return Number(numDeletedRows)
}
