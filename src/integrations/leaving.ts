// A user leaves: every session, API token and link ends, what OAuth obtained is revoked, and a report says what became of
// each token. Keys, identities and the trail stay, and the user can be made active again without what went.

import { setTimeout as delay } from 'node:timers/promises'
import { deleteApiTokens } from '../accounts/api-tokens.ts'
import { keepAdministrator, setUserActive } from '../accounts/roles.ts'
import { endSessions } from '../accounts/sessions/sessions.ts'
import { lockUser, type User } from '../accounts/users.ts'
import type { DeactivationReport } from '../audit/event-types.ts'
import { type Actor, recordEvent, SERVER } from '../audit/events.ts'
import type { Transaction } from '../database/database.ts'
import { deleteInvitation } from '../invitations/invitations.ts'
import { tokenPage } from './hints.ts'
import { deleteIntegration, type Integration, listIntegrations } from './integrations.ts'
import type { Services } from './services.ts'
import { hastenRevocations, listRevocations } from './tokens/revocations.ts'
import type { Revoker } from './tokens/revoker.ts'
import { queueTokensOf } from './unlink.ts'

/** How long the answer waits for platforms to revoke, in milliseconds: a request may take 25 s. */
const MAX_REVOKING_MS = 15_000
const LOOK_AGAIN_MS = 50

/** What a deactivated user had. */
export interface Left {
  user: User
  /** Each with the id of its revocation; null: the token is not ours to revoke. */
  links: { integration: Integration; revocation: string | null }[]
  tokens: number
  sessions: number
}

/**
 * The part that is done or not done as a whole. Afterwards call `reportLeft`. Throws `not_found`, or
 * `last_administrator`.
 */
export async function endAccount(
  services: Services,
  transaction: Transaction,
  actor: Actor,
  id: string,
): Promise<Left> {
  await keepAdministrator(transaction, id)
  // From here on nothing is added: whatever is being made now asks for an active user under the same lock.
  await lockUser(transaction, id)
  const user = await setUserActive(transaction, actor, id, false)
  const links: Left['links'] = []
  for (const integration of await listIntegrations(transaction, id)) {
    // The row at the moment of deletion: a refresh may just have stored other tokens.
    const deleted = await deleteIntegration(transaction, actor, integration)
    if (!deleted) continue
    links.push({ integration: deleted, revocation: (await queueTokensOf(services, transaction, deleted)) ?? null })
  }
  // Linking that goes on for the user can no more be completed; what OAuth gave in it is to be revoked anyway, and is now.
  await transaction.deleteFrom('linkSessions').where('ownerId', '=', id).execute()
  await deleteInvitation(transaction, id)
  await hastenRevocations(transaction, id)
  const tokens = await deleteApiTokens(transaction, actor, id)
  return { user, links, tokens, sessions: await endSessions(transaction, id) }
}

/** Waits until each token is revoked, or has failed to be, and records what became of them. */
export function reportLeft(services: Services, revoker: Revoker, left: Left): Promise<DeactivationReport> {
  revoker.wake()
  return services.background.waitUntil(makeReport(services, left))
}

async function makeReport(services: Services, { user, links, tokens, sessions }: Left): Promise<DeactivationReport> {
  const queued = links.flatMap(({ revocation }) => revocation ?? [])
  const pending = await pendingAfterTry(services, queued)
  const integrations = links.map(({ integration, revocation }) => {
    const isPending = revocation !== null && pending.includes(revocation)
    const token = revocation === null ? 'pasted' : isPending ? 'pending' : 'revoked'
    const { scmType, url, username } = integration
    const page = token === 'revoked' ? null : tokenPage(integration)
    return { scm_type: scmType, url, username, token, revoke_url: page } as const
  })
  const report = { integrations, tokens, sessions }
  await services.database
    .transaction()
    .execute((transaction) => recordEvent(transaction, SERVER, user.id, { type: 'deactivation_report', data: report }))
  return report
}

/** Those that are not revoked once all have been tried, or when the time is over. */
async function pendingAfterTry({ database, background }: Services, ids: string[]): Promise<string[]> {
  const endsAt = Date.now() + MAX_REVOKING_MS
  for (;;) {
    const pending = await listRevocations(database, ids)
    const isOver = Date.now() > endsAt || background.isStopping()
    if (isOver || pending.every(({ wasTried }) => wasTried)) return pending.map(({ id }) => id)
    await delay(LOOK_AGAIN_MS)
  }
}

/** Deactivates the user. The report comes later than the user, who is deactivated by then. */
export async function deactivateUser(
  services: Services,
  revoker: Revoker,
  actor: Actor,
  id: string,
): Promise<{ user: User; report: Promise<DeactivationReport> }> {
  const left = await services.database
    .transaction()
    .execute((transaction) => endAccount(services, transaction, actor, id))
  return { user: left.user, report: reportLeft(services, revoker, left) }
}
