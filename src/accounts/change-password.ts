// A new password ends the sessions that were begun with the old one.

import type { Database } from '../database/database.ts'
import { hashPassword } from './passwords.ts'
import { endSessions } from './sessions.ts'
import { setPasswordHash } from './users.ts'

/** `exceptSession`: the hash of the session that asks for it, which goes on. */
export async function changePassword(
  database: Database,
  owner: string,
  password: string,
  exceptSession?: string,
): Promise<void> {
  const passwordHash = await hashPassword(password)
  await database.transaction().execute(async (transaction) => {
    await setPasswordHash(transaction, owner, passwordHash)
    await endSessions(transaction, owner, exceptSession)
  })
}
