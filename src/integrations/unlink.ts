// Unlinking: removes the link and queues its OAuth tokens for revocation in one transaction. Pasted tokens are not
// revoked.

import { keepAdministrator } from '../accounts/roles.ts'
import { lockUser, removeUser } from '../accounts/users.ts'
import type { Actor } from '../audit/events.ts'
import type { Database } from '../database/database.ts'
import { notFound } from '../failure.ts'
import { isOAuthScmType } from '../platforms/scm-types.ts'
import { now } from '../time.ts'
import type { Integration } from './integrations.ts'
import { deleteIntegration, listIntegrations } from './integrations.ts'
import type { Services } from './services.ts'
import { spendingEnds } from './tokens/lease.ts'
import { isUnreadable, openPair } from './tokens/pair.ts'
import type { TokenPair } from './tokens/revocations.ts'
import { queueRevocation } from './tokens/revocations.ts'

/** Throws `not_found` when it is already gone. */
export async function unlink(services: Services, actor: Actor, integration: Integration): Promise<void> {
  await services.database.transaction().execute(async (transaction) => {
    const deleted = await deleteIntegration(transaction, actor, integration)
    if (!deleted) throw notFound('scm_integration')
    await queueTokensOf(services, transaction, deleted)
  })
}

/**
 * Removes the user with everything they own. Returns how many tokens a running server will revoke. Throws
 * `last_administrator`.
 */
export async function removeUserAndUnlink(services: Services, actor: Actor, owner: string): Promise<number> {
  return services.database.transaction().execute(async (transaction) => {
    await keepAdministrator(transaction, owner)
    await lockUser(transaction, owner)
    let queued = 0
    for (const integration of await listIntegrations(transaction, owner)) {
      // The row at the moment of deletion: a refresh may just have stored other tokens.
      const deleted = await deleteIntegration(transaction, actor, integration)
      if (!deleted) continue
      await queueTokensOf(services, transaction, deleted)
      if (deleted.clientId !== null) queued += 1
    }
    await removeUser(transaction, actor, owner)
    return queued
  })
}

/**
 * Queues the tokens that a link had before, and returns the revocation's id. Pasted ones are not revoked, and those that
 * cannot be decrypted cannot be: undefined.
 */
export async function queueTokensOf(
  services: Services,
  database: Database,
  integration: Integration,
): Promise<string | undefined> {
  const { id, ownerId, scmType, webUrl, clientId } = integration
  if (!isOAuthScmType(scmType) || clientId === null) return undefined
  const tokens = pairToRevoke(services, integration)
  if (!tokens) return undefined
  // A running refresh may just be sending the refresh token. Revoking may send it too, so it must come after that.
  const dueAt = spendingEnds(integration) ?? now()
  const revocation = { scmType, webUrl, clientId, tokens, ownerId, integrationId: id, dueAt }
  return queueRevocation(database, services.vault, revocation)
}

function pairToRevoke(services: Services, integration: Integration): TokenPair | undefined {
  try {
    return openPair(services, integration)
  } catch (error) {
    if (!isUnreadable(error)) throw error
    services.log('revocation_given_up', { scm_type: integration.scmType, reason: 'the stored token does not open' })
    return undefined
  }
}
