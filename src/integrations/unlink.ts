// Unlinking: gone here first, and what OAuth obtained is queued for revocation in the same transaction. Pasted tokens stay.

import { removeUser } from '../accounts/users.ts'
import type { Database } from '../database/database.ts'
import { isOAuthScmType } from '../platforms/scm-types.ts'
import type { Services } from '../services.ts'
import type { Integration } from './integrations.ts'
import { deleteIntegration, listIntegrations } from './integrations.ts'
import type { TokenPair } from './revocations.ts'
import { queueRevocation } from './revocations.ts'
import { isUnreadable, openPair } from './token-pair.ts'

export async function unlink(services: Services, integration: Integration): Promise<void> {
  await services.database.transaction().execute(async (transaction) => {
    await queueTokensOf(services, transaction, await deleteIntegration(transaction, integration))
  })
}

/** The user with all that is theirs. How many tokens are to be revoked, which a process that serves does. */
export async function removeUserAndUnlink(services: Services, owner: string): Promise<number> {
  return services.database.transaction().execute(async (transaction) => {
    const integrations = await listIntegrations(transaction, owner)
    for (const integration of integrations) await queueTokensOf(services, transaction, integration)
    await removeUser(transaction, owner)
    return integrations.filter(({ clientId }) => clientId !== null).length
  })
}

/** The tokens of a link that is gone or has others now. Those that no longer open cannot be revoked, and are let go. */
export async function queueTokensOf(services: Services, database: Database, integration: Integration): Promise<void> {
  const { scmType, webRoot, clientId } = integration
  if (!isOAuthScmType(scmType) || clientId === null) return
  const tokens = pairToRevoke(services, integration)
  if (tokens) await queueRevocation(database, services.vault, { scmType, webRoot, clientId, tokens })
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
