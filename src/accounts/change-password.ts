// A new password ends the sessions that were begun with the old one.

import type { Actor } from '../audit/events.ts'
import { recordEvent } from '../audit/events.ts'
import type { Database } from '../database/database.ts'
import { hashPassword } from './passwords.ts'
import { endSessions } from './sessions.ts'
import { setPasswordHash } from './users.ts'

/** `exceptSession`: the hash of the session that asks for it, which goes on. */
export async function changePassword(
  database: Database,
  actor: Actor,
  owner: string,
  password: string,
  exceptSession?: string,
): Promise<void> {
  const passwordHash = await hashPassword(password)
  await database.transaction().execute(async (transaction) => {
    await setPasswordHash(transaction, owner, passwordHash)
    await endSessions(transaction, owner, exceptSession)
    const data = { remote_ip: actor.remoteIp }
    await recordEvent(transaction, actor, owner, { type: 'password_reset_success', data })
  })
}
