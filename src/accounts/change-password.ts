// A new password ends every session that began with the old one and makes every device unknown; API tokens end on
// request.

import type { Actor } from '../audit/events.ts'
import { recordEvent } from '../audit/events.ts'
import { notFound } from '../failure.ts'
import { deleteApiTokens } from './api-tokens.ts'
import type { Services } from './services.ts'
import { forgetDevices, newDeviceCookie, rememberBrowser } from './sessions/known-devices.ts'
import { endSessions, type SessionOrigin, startSession } from './sessions/sessions.ts'
import { setPasswordHash } from './users.ts'

/** `stays`: a caller with a session stays signed in, with the new cookies that are returned. */
export async function changePassword(
  { database, passwords, vault }: Pick<Services, 'database' | 'passwords' | 'vault'>,
  actor: Actor,
  owner: string,
  password: string,
  { stays, endsTokens }: { stays: SessionOrigin | null; endsTokens: boolean },
): Promise<{ session: string; device: string } | null> {
  const passwordHash = await passwords.hash(password, owner)
  return database.transaction().execute(async (transaction) => {
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
  })
}
