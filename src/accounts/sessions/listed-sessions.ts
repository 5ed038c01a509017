// Sessions as lists show them, to their person and to administrators. Their ids are made of the hash that is stored, since
// that hash stays here: whoever sees a list must not learn what a copy of the store would be searched for.

import { createHash } from 'node:crypto'
import type { Selectable } from 'kysely'
import { Type } from 'typebox'
import { type Actor, recordEvent } from '../../audit/events.ts'
import type { SessionsTable } from '../../database/account-tables.ts'
import type { Database, Transaction } from '../../database/database.ts'
import { notFound } from '../../failure.ts'
import { NullableString, oneOf, Time, Uuid } from '../../schemas.ts'
import { validSessions } from './sessions.ts'

type SessionRow = Selectable<SessionsTable>

export const SessionSchema = Type.Object(
  {
    id: Uuid,
    created_at: Time,
    last_used_at: Time,
    began_by: oneOf(['password', 'oidc'] as const satisfies SessionRow['beganBy'][], { title: 'BeganBy' }),
    remote_ip: NullableString,
    user_agent: NullableString,
  },
  { title: 'Session' },
)

export function sessionJson({ idHash, createdAt, usedAt, beganBy, remoteIp, userAgent }: SessionRow) {
  return {
    id: shownId(idHash),
    created_at: createdAt,
    last_used_at: usedAt,
    began_by: beganBy,
    remote_ip: remoteIp,
    user_agent: userAgent,
  }
}

/** A UUID of version 8 (RFC 9562 section 5.8). */
function shownId(idHash: string): string {
  const hex = createHash('sha256').update(`shown ${idHash}`).digest('hex')
  return hex.replace(/^(.{8})(.{4}).(.{3}).(.{3})(.{12}).*$/, '$1-$2-8$3-a$4-$5')
}

/** Those in force, the newest first. */
export async function listSessions(database: Database, owner: string): Promise<SessionRow[]> {
  return validSessions(database)
    .selectAll('sessions')
    .where('sessions.userId', '=', owner)
    .orderBy('sessions.createdAt', 'desc')
    .orderBy('sessions.idHash')
    .execute()
}

export async function endListedSession(
  transaction: Transaction,
  actor: Actor,
  owner: string,
  id: string,
): Promise<void> {
  const sessions = await listSessions(transaction, owner)
  const ended = sessions.find(({ idHash }) => shownId(idHash) === id.toLowerCase())
  if (!ended) throw notFound('session')
  await transaction.deleteFrom('sessions').where('userId', '=', owner).where('idHash', '=', ended.idHash).execute()
  await recordEvent(transaction, actor, owner, { type: 'logout', data: { remote_ip: actor.remoteIp } })
}
