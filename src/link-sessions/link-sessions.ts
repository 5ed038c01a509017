// The link_sessions table: browsers that link an account for a user who never signs in here. A service makes a link
// session, a browser begins it, and the service completes what was linked there.

import { createHash, randomBytes, randomUUID } from 'node:crypto'
import type { Selectable } from 'kysely'
import { lockActiveUser } from '../accounts/users.ts'
import type { Act } from '../audit/events.ts'
import type { Database, Transaction } from '../database/database.ts'
import type { LinkSessionStatus, LinkSessionsTable } from '../database/tables.ts'
import { notFound } from '../failure.ts'
import { rescheduleRevocation } from '../integrations/tokens/revocations.ts'
import type { ScmType } from '../platforms/scm-types.ts'
import { DAY_MS, fromNow, now } from '../time.ts'

export type LinkSession = Selectable<LinkSessionsTable>

const LIFETIME_MS = 10 * 60_000
const COMPLETION_MS = 5 * 60_000
/** How long a link session is shown after it was made. */
const KEPT_MS = DAY_MS
/** Per user: when another is made, the oldest ends. */
const MAX_LINK_SESSIONS = 20
/** After this many wrong completion codes nobody can complete it any more. */
const MAX_WRONG_CODES = 5

/** Seconds after which a browser forgets its cookie. */
export const LINKING_SECONDS = (LIFETIME_MS + COMPLETION_MS) / 1000

/** In these it goes on until `expiresAt`; all other statuses are final. */
const UNFINISHED: LinkSessionStatus[] = ['open', 'begun', 'linked']
/** What a link session that is over keeps of the link: nothing. */
const NOTHING_HELD = { held: null, heldToken: null, codeHash: null, revocationId: null }

export function newSecret(): string {
  return randomBytes(32).toString('base64url')
}

/** Of a browser's cookie, or of a completion code. */
export function hashOf(secret: string): string {
  return createHash('sha256').update(secret).digest('base64url')
}

/** The one who made it, as events name them. */
export function makerOf({ actType, actId, actName }: LinkSession): Act {
  return { type: actType, id: actId, name: actName }
}

/** What the link session is to link, and where its browser goes back to. */
export interface NewLinkSession {
  scmType: ScmType | null
  url: string | null
  returnUrl: string
}

export async function createLinkSession(
  transaction: Transaction,
  owner: string,
  maker: Act,
  input: NewLinkSession,
): Promise<LinkSession> {
  await lockActiveUser(transaction, owner)
  await dropOldest(transaction, owner)
  return transaction
    .insertInto('linkSessions')
    .values({
      id: randomUUID(),
      ownerId: owner,
      status: 'open',
      ...input,
      actType: maker.type,
      actId: maker.id,
      actName: maker.name,
      createdAt: now(),
      expiresAt: fromNow(LIFETIME_MS),
    })
    .returningAll()
    .executeTakeFirstOrThrow()
}

/** Leaves room for one more. Accounts have few, so all beyond the limit go at once. */
async function dropOldest(transaction: Transaction, owner: string): Promise<void> {
  const rows = await transaction
    .selectFrom('linkSessions')
    .select(['id', 'revocationId'])
    .where('ownerId', '=', owner)
    .orderBy('createdAt', 'desc')
    .orderBy('id')
    .execute()
  for (const { id, revocationId } of rows.slice(MAX_LINK_SESSIONS - 1)) {
    await transaction.deleteFrom('linkSessions').where('ownerId', '=', owner).where('id', '=', id).execute()
    await revokeHeld(transaction, revocationId)
  }
}

async function revokeHeld(database: Database, revocationId: string | null): Promise<void> {
  if (revocationId !== null) await rescheduleRevocation(database, revocationId, now())
}

/** With its status of this moment. Throws `not_found`. */
export async function getLinkSession(database: Database, owner: string, id: string): Promise<LinkSession> {
  const found = await findLinkSession(database, id.toLowerCase())
  if (found?.ownerId !== owner) throw notFound('link_session')
  return found
}

/** For the pages, whose visitor is nobody yet; with its status of this moment. */
export async function findLinkSession(database: Database, id: string): Promise<LinkSession | undefined> {
  const found = await database.selectFrom('linkSessions').selectAll().where('id', '=', id).executeTakeFirst()
  const isOver = found && UNFINISHED.includes(found.status) && found.expiresAt <= now()
  return isOver ? { ...found, status: 'expired' } : found
}

type Changes = Partial<Pick<LinkSession, 'expiresAt' | 'browserHash' | 'codeHash' | 'error' | 'integrationId'>> &
  Partial<Pick<LinkSession, 'held' | 'heldToken' | 'revocationId'>>

/** One step from the status `from`, in one statement; false when it is not in that status any more, or has expired. */
async function move(
  database: Database,
  { ownerId, id }: LinkSession,
  from: LinkSessionStatus,
  to: LinkSessionStatus,
  changes: Changes = {},
): Promise<boolean> {
  const { numUpdatedRows } = await database
    .updateTable('linkSessions')
    .set({ status: to, ...changes })
    .where('ownerId', '=', ownerId)
    .where('id', '=', id)
    .where('status', '=', from)
    .where('expiresAt', '>', now())
    .executeTakeFirst()
  return numUpdatedRows > 0n
}

/** From now on it belongs to the browser with this cookie; false when it has begun already. */
export function beginLinkSession(database: Database, session: LinkSession, browserHash: string): Promise<boolean> {
  return move(database, session, 'open', 'begun', { browserHash })
}

/** Ends it without a link; false when it is over or linked already. */
export function endLinkSession(
  database: Database,
  session: LinkSession,
  result: 'refused' | 'failed',
  error: string | null,
): Promise<boolean> {
  return move(database, session, 'begun', result, { error })
}

/** What is linked and waits for completion. */
export type HeldColumns = { held: string } & Pick<LinkSession, 'codeHash' | 'heldToken' | 'revocationId'>

/** Returns until when it has to be completed; undefined when it is over. */
export async function holdInLinkSession(
  database: Database,
  session: LinkSession,
  columns: HeldColumns,
): Promise<string | undefined> {
  const expiresAt = fromNow(COMPLETION_MS)
  const isHeld = await move(database, session, 'begun', 'linked', { ...columns, expiresAt })
  if (isHeld) return expiresAt
  // The store's answer to an earlier try may have been lost.
  const present = await findLinkSession(database, session.id)
  const isOurs = present?.status === 'linked' && present.codeHash === columns.codeHash
  return isOurs ? present.expiresAt : undefined
}

export function finishLinkSession(database: Database, session: LinkSession, integrationId: string): Promise<boolean> {
  return move(database, session, 'linked', 'completed', { ...NOTHING_HELD, integrationId })
}

/** Counts a wrong completion code, with the owner locked; the last one ends the session. */
export async function noteWrongCode(transaction: Transaction, session: LinkSession): Promise<void> {
  const { ownerId, id, revocationId } = session
  const wrongCodes = session.wrongCodes + 1
  const isLast = wrongCodes >= MAX_WRONG_CODES
  await transaction
    .updateTable('linkSessions')
    .set({ wrongCodes, ...(isLast && { status: 'failed', error: 'wrong_code', ...NOTHING_HELD }) })
    .where('ownerId', '=', ownerId)
    .where('id', '=', id)
    .where('status', '=', 'linked')
    .execute()
  if (isLast) await revokeHeld(transaction, revocationId)
}

/** Forgets what expired link sessions hold, and old ones altogether. Revocations of theirs begin by themselves. */
export async function pruneLinkSessions(database: Database): Promise<void> {
  await database
    .updateTable('linkSessions')
    .set({ status: 'expired', ...NOTHING_HELD })
    .where('status', 'in', UNFINISHED)
    .where('expiresAt', '<=', now())
    .execute()
  await database.deleteFrom('linkSessions').where('createdAt', '<=', fromNow(-KEPT_MS)).execute()
}
