// A person's sessions as they see them: in which browsers they are signed in.

import { createHash } from 'node:crypto'
import type { Selectable } from 'kysely'
import type { Actor } from '../../audit/events.ts'
import { recordEvent } from '../../audit/events.ts'
import type { SessionsTable } from '../../database/account-tables.ts'
import type { Database } from '../../database/database.ts'
import { notFound } from '../../failure.ts'
import { listSessions } from './sessions.ts'

export type ShownSession = Pick<
  Selectable<SessionsTable>,
  'idHash' | 'createdAt' | 'usedAt' | 'beganBy' | 'remoteIp' | 'userAgent'
>

/** Made from the hash of the cookie's value, in the form of a UUID, so that it needs no column. */
export function sessionIdOf({ idHash }: Pick<ShownSession, 'idHash'>): string {
  const hex = createHash('sha256').update(`id ${idHash}`).digest('hex')
  return [hex.slice(0, 8), hex.slice(8, 12), `8${hex.slice(13, 16)}`, `8${hex.slice(17, 20)}`, hex.slice(20, 32)].join(
    '-',
  )
}

/** Throws `not_found`. */
export async function endOwnSession(database: Database, actor: Actor, owner: string, id: string): Promise<void> {
  const session = (await listSessions(database, owner)).find((each) => sessionIdOf(each) === id.toLowerCase())
  if (!session) throw notFound('session')
  await database.transaction().execute(async (transaction) => {
    const { numDeletedRows } = await transaction
      .deleteFrom('sessions')
      .where('userId', '=', owner)
      .where('idHash', '=', session.idHash)
      .executeTakeFirst()
    if (numDeletedRows === 0n) throw notFound('session')
    await recordEvent(transaction, actor, owner, { type: 'logout', data: { remote_ip: actor.remoteIp } })
  })
}
