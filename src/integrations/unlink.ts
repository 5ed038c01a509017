// Unlinking: gone here first, and what OAuth obtained is queued for revocation in the same transaction. Pasted tokens stay.

import { lockUser, removeUser } from '../accounts/users.ts'
import type { Database } from '../database/database.ts'
import { isOAuthScmType } from '../platforms/scm-types.ts'
import type { Services } from '../services.ts'
import { now } from '../time.ts'
import type { Integration } from './integrations.ts'
import { deleteIntegration, deleteIntegrations } from './integrations.ts'
import { spendingEnds } from './refresh-lease.ts'
import { queueRevocation } from './revocations.ts'
import { openPairIfPossible } from './token-pair.ts'

export async function unlink(services: Services, integration: Integration): Promise<void> {
  await services.database.transaction().execute(async (transaction) => {
    await queueTokensOf(services, transaction, await deleteIntegration(transaction, integration))
  })
}

/** The user with all that is theirs. How many tokens are to be revoked, which a process that serves does. */
export async function removeUserAndUnlink(services: Services, owner: string): Promise<number> {
  return services.database.transaction().execute(async (transaction) => {
    await lockUser(transaction, owner)
    // As they are when they go: a renewal may have stored other tokens a moment ago.
    const integrations = await deleteIntegrations(transaction, owner)
    for (const integration of integrations) await queueTokensOf(services, transaction, integration)
    await removeUser(transaction, owner)
    return integrations.filter(({ clientId }) => clientId !== null).length
  })
}

/** The tokens of a link that is gone or has others now. */
export async function queueTokensOf(services: Services, database: Database, integration: Integration): Promise<void> {
  const { scmType, webRoot, clientId } = integration
  if (!isOAuthScmType(scmType) || clientId === null) return
  const tokens = openPairIfPossible(services, integration)
  if (!tokens) return
  // Whoever renews the pair just now sends its refresh token: revoking, which may send it too, comes after that.
  const dueAt = spendingEnds(integration) ?? now()
  await queueRevocation(database, services.vault, { scmType, webRoot, clientId, tokens, dueAt })
}
