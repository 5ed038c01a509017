// Ends sessions here when the OpenID provider says so.

import { createHash } from 'node:crypto'
import { type Actor, recordEvent } from '../../../audit/events.ts'
import type { Database } from '../../../database/database.ts'
import { now } from '../../../time.ts'
import { endProviderSessions } from '../../sessions/provider-sessions.ts'
import { type LogoutToken, MAX_LOGOUT_TOKEN_SECONDS } from './logout-token.ts'

/** A little longer than a token is valid, since clocks differ. */
const REMEMBERED_MS = (MAX_LOGOUT_TOKEN_SECONDS + 120) * 1_000

/** False when the token was used before: then nothing ends. */
export async function endByProvider(database: Database, actor: Actor, token: LogoutToken): Promise<boolean> {
  const tokenHash = createHash('sha256')
    .update(JSON.stringify([token.issuer, token.jti]))
    .digest('base64url')
  return database.transaction().execute(async (transaction) => {
    await transaction.deleteFrom('oidcLogoutTokens').where('expiresAt', '<=', now()).execute()
    const isNew = await transaction
      .insertInto('oidcLogoutTokens')
      .values({ tokenHash, expiresAt: new Date(Date.now() + REMEMBERED_MS).toISOString() })
      .onConflict((conflict) => conflict.doNothing())
      .returning('tokenHash')
      .executeTakeFirst()
    if (!isNew) return false
    for (const owner of await endProviderSessions(transaction, token)) {
      await recordEvent(transaction, actor, owner, { type: 'logout', data: { remote_ip: actor.remoteIp } })
    }
    return true
  })
}
