// A new password ends every session that was begun with the old one.

import type { Actor } from '../audit/events.ts'
import { recordEvent } from '../audit/events.ts'
import type { Database } from '../database/database.ts'
import { hashPassword } from './passwords.ts'
import { endSessions, startSession } from './sessions.ts'
import { setPasswordHash } from './users.ts'

/** `stays`: whoever asks for it stays signed in, by a new session whose cookie's value is answered. */
export async function changePassword(
  database: Database,
  actor: Actor,
  owner: string,
  password: string,
  { stays }: { stays: boolean },
): Promise<string | null> {
  const passwordHash = await hashPassword(password)
  return database.transaction().execute(async (transaction) => {
    await setPasswordHash(transaction, owner, passwordHash)
    await endSessions(transaction, owner)
    const data = { remote_ip: actor.remoteIp }
    await recordEvent(transaction, actor, owner, { type: 'password_reset_success', data })
    return stays ? startSession(transaction, owner) : null
  })
}
