// Unlinking: gone here first, and what OAuth obtained is queued for revocation in the same transaction. Pasted tokens stay.

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

/** Throws `not_found` when it is gone already. */
export async function unlink(services: Services, actor: Actor, integration: Integration): Promise<void> {
  await services.database.transaction().execute(async (transaction) => {
    const deleted = await deleteIntegration(transaction, actor, integration)
    if (!deleted) throw notFound('scm_integration')
    await queueTokensOf(services, transaction, deleted)
  })
}

/** The user with all that is theirs. How many tokens are to be revoked, which a process that serves does. */
export async function removeUserAndUnlink(services: Services, actor: Actor, owner: string): Promise<number> {
  return services.database.transaction().execute(async (transaction) => {
    await lockUser(transaction, owner)
    let queued = 0
    for (const integration of await listIntegrations(transaction, owner)) {
      // As it is when it goes: a renewal may have stored other tokens a moment ago.
      const deleted = await deleteIntegration(transaction, actor, integration)
      if (!deleted) continue
      await queueTokensOf(services, transaction, deleted)
      if (deleted.clientId !== null) queued += 1
    }
    await removeUser(transaction, actor, owner)
    return queued
  })
}

/** The tokens of a link that is gone or has others now. Those that no longer open cannot be revoked, and are let go. */
export async function queueTokensOf(services: Services, database: Database, integration: Integration): Promise<void> {
  const { id, ownerId, scmType, webUrl, clientId } = integration
  if (!isOAuthScmType(scmType) || clientId === null) return
  const tokens = pairToRevoke(services, integration)
  if (!tokens) return
  // Whoever renews the pair just now sends its refresh token: revoking, which may send it too, comes after that.
  const dueAt = spendingEnds(integration) ?? now()
  const revocation = { scmType, webUrl, clientId, tokens, ownerId, integrationId: id, dueAt }
  await queueRevocation(database, services.vault, revocation)
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
