// A new password ends every session that began with the old one and makes every device unknown; API tokens end on
// request.

import type { Actor } from '../audit/events.ts'
import { recordEvent } from '../audit/events.ts'
import type { Transaction } from '../database/database.ts'
import { notFound } from '../failure.ts'
import { deleteApiTokens } from './api-tokens.ts'
import type { Services } from './services.ts'
import { forgetDevices, newDeviceCookie, rememberBrowser } from './sessions/known-devices.ts'
import { endSessions, type SessionOrigin, startSession } from './sessions/sessions.ts'
import { setPasswordHash } from './users.ts'

/** `stays`: where a session begins with the new password, whose cookies are returned. */
interface Wanted {
  stays: SessionOrigin | null
  endsTokens: boolean
}

/** The values of the cookies of a session and of its browser. */
interface Cookies {
  session: string
  device: string
}

export async function changePassword(
  { database, passwords, vault }: Pick<Services, 'database' | 'passwords' | 'vault'>,
  actor: Actor,
  owner: string,
  password: string,
  wanted: Wanted,
): Promise<Cookies | null> {
  const passwordHash = await passwords.hash(password, owner)
  return database
    .transaction()
    .execute((transaction) => storePassword({ vault }, transaction, actor, owner, passwordHash, wanted))
}

/** The part that is done or not done as a whole; hashing takes too long for it. Throws `not_found`. */
export async function storePassword(
  { vault }: Pick<Services, 'vault'>,
  transaction: Transaction,
  actor: Actor,
  owner: string,
  passwordHash: string,
  { stays, endsTokens }: Wanted,
): Promise<Cookies | null> {
  const user = await setPasswordHash(transaction, owner, passwordHash)
  if (!user) throw notFound('user')
  await endSessions(transaction, owner)
  await forgetDevices(transaction, owner)
  if (endsTokens) await deleteApiTokens(transaction, actor, owner)
  const data = { remote_ip: actor.remoteIp }
  await recordEvent(transaction, actor, owner, { type: 'password_reset_success', data })
  if (!stays) return null
  const { cookie, device } = newDeviceCookie(vault, user)
  await rememberBrowser(transaction, owner, device)
  return { session: await startSession(transaction, owner, stays), device: cookie }
}
