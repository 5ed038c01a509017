// Sets the password that somebody chooses at a link, which is used up with it; what they had before ends.

import { storePassword } from '../accounts/change-password.ts'
import type { SessionOrigin } from '../accounts/sessions/sessions.ts'
import { endSession } from '../accounts/sessions/sessions.ts'
import type { Actor } from '../audit/events.ts'
import { recordEvent } from '../audit/events.ts'
import { notFound } from '../failure.ts'
import { type Found, makerOf, redeemInvitation } from './invitations.ts'
import type { Services } from './services.ts'

/** The browser in which it is done. */
export interface Visitor {
  origin: SessionOrigin
  /** The value of the session cookie that it has already. */
  before: string
  requestId: string
}

/** Returns the values of the cookies of a new session. Throws `not_found` when the link cannot be used any more. */
export async function setPassword(
  { database, passwords, vault }: Pick<Services, 'database' | 'passwords' | 'vault'>,
  { invitation, user }: Found,
  secret: string,
  password: string,
  { origin, before, requestId }: Visitor,
): Promise<{ session: string; device: string } | null> {
  const maker = makerOf(invitation)
  const actor: Actor = { via: 'invitation', apiToken: null, act: maker, remoteIp: origin.remoteIp, requestId }
  const passwordHash = await passwords.hash(password, user.id)
  return database.transaction().execute(async (transaction) => {
    if (!(await redeemInvitation(transaction, secret, user.id))) throw notFound('invitation')
    const wanted = { stays: origin, endsTokens: true }
    const cookies = await storePassword({ vault }, transaction, actor, user.id, passwordHash, wanted)
    await endSession(transaction, before)
    await recordEvent(transaction, actor, user.id, { type: 'login_success', data: { remote_ip: origin.remoteIp } })
    return cookies
  })
}
