// One refresh: uses up the refresh token, stores the new pair before anybody uses it, and checks that it is the same
// account's.

import { Failure, notFound } from '../../failure.ts'
import type { OAuthApplication, TokenGrant } from '../../platforms/oauth.ts'
import { refreshGrant } from '../../platforms/oauth.ts'
import { scmTypes } from '../../platforms/scm-types.ts'
import { createPlatform } from '../../platforms/vendors.ts'
import { linkPage } from '../hints.ts'
import type { Integration } from '../integrations.ts'
import { findIntegration, noteProfile } from '../integrations.ts'
import { noteApplicationDenied } from '../link-errors.ts'
import { markExpired, replacePair } from '../oauth/columns.ts'
import type { Services } from '../services.ts'
import { dropRefreshLease, pauseRefresh, type RefreshLease, type RefreshReason } from './lease.ts'
import { findAccess, grantedTo, openAccess } from './pair.ts'
import { queueRevocation } from './revocations.ts'

/** The failure that callers get when the link must be made again. */
export function linkExpired({ publicUrl }: Services, { id, scmType, statusReason }: Integration): Failure {
  const { label } = scmTypes[scmType]
  const why = statusReason ?? `${label} no longer renews its token.`
  return new Failure(
    'scm_link_expired',
    `The link has expired: ${why} Link it again at ${linkPage(publicUrl, { scmType, id })}`,
  )
}

/** Uses up the refresh token. Call it only while holding the lease. */
export async function exchangeRefreshToken(
  services: Services,
  application: OAuthApplication,
  integration: Integration,
  { refreshToken, reason, lease }: { refreshToken: string; reason: RefreshReason; lease: RefreshLease },
): Promise<Integration> {
  const { database, vault, transport } = services
  let grant: TokenGrant
  try {
    grant = await refreshGrant(transport, application, refreshToken, lease.callEndsAt)
  } catch (error) {
    if (error instanceof Failure && error.code === 'scm_grant_refused') {
      return expire(services, integration, `${scmTypes[integration.scmType].label} no longer renews its token.`, error)
    }
    const code = error instanceof Failure ? { code: error.code } : {}
    services.log('scm_token_not_renewed', { scm_type: integration.scmType, ...code })
    noteApplicationDenied(services, application.scmType, error)
    // As far as we know, the token was neither rejected nor refreshed.
    throw await leaveAlone(services, integration, lease, error, reason).catch(() => error)
  }
  services.log('scm_token_renewed', { scm_type: integration.scmType })
  // If a platform rejected every token, we would refresh for ever: after a rejection the new token has to prove itself.
  const unproven = reason === 'refused'
  const store = () =>
    database
      .transaction()
      .execute((transaction) => replacePair(transaction, vault, integration, application, grant, unproven))
  const updated =
    (await services.background.retryStore(store)) ?? (await supersededBy(services, application, integration, grant))
  return verifyAccount(services, updated)
}

/** After a failure no process asks the platform again at once. Returns the failure that callers get. */
async function leaveAlone(
  { database }: Services,
  integration: Integration,
  lease: RefreshLease,
  error: unknown,
  reason: RefreshReason,
): Promise<unknown> {
  if (!(error instanceof Failure)) {
    await dropRefreshLease(database, integration, lease)
    return error
  }
  const retryAfter = await pauseRefresh(database, integration, lease, error, reason)
  return new Failure(error.code, error.message, { ...error.details, retryAfter })
}

/** Ends the link, unless another pair was stored meanwhile: then returns that one. */
export async function expire(
  services: Services,
  integration: Integration,
  reason: string,
  cause?: Failure,
): Promise<Integration> {
  const { id, ownerId, scmType } = integration
  const isMarked = await services.database
    .transaction()
    .execute((transaction) => markExpired(transaction, integration, reason))
  if (!isMarked) {
    const present = await findIntegration(services.database, ownerId, id)
    if (!present) throw notFound('scm_integration')
    if (present.status !== 'expired') return present
  }
  services.log('scm_link_expired', { scm_type: scmType, integration: id, ...cause?.details.log })
  throw linkExpired(services, { ...integration, statusReason: reason })
}

/**
 * The link when the old pair is not stored any more. If only the store's answer was lost, our new pair is stored; else
 * the link was removed or made again meanwhile, and our new pair is queued for revocation.
 */
async function supersededBy(
  services: Services,
  { scmType, webUrl, clientId }: OAuthApplication,
  integration: Integration,
  grant: TokenGrant,
): Promise<Integration> {
  const { database, vault } = services
  return services.background.retryStore(async () => {
    const present = await findIntegration(database, integration.ownerId, integration.id)
    if (present && findAccess(services, present) === grant.accessToken) return present
    const { ownerId, id } = integration
    const revocation = { scmType, webUrl, clientId, tokens: grant, ownerId, integrationId: id }
    await queueRevocation(database, vault, revocation)
    if (!present) throw notFound('scm_integration')
    return present
  })
}

/** How long the check of a new token may take; without an answer by then, the next refresh checks again. */
const MAX_CHECK_MS = 10_000

/**
 * Checks whose the new token is. A refresh token belongs to one account, and no browser is involved that could be
 * signed in to another, so another account's token would be the platform's mistake. So other callers may use the stored
 * pair before this check ends, and if the platform cannot answer now, the next refresh checks again.
 */
async function verifyAccount(services: Services, updated: Integration): Promise<Integration> {
  const platform = createPlatform(services.transport, {
    scmType: updated.scmType,
    webUrl: updated.webUrl,
    apiUrl: updated.apiUrl,
    token: openAccess(services, updated),
    link: updated.id,
    account: updated.ownerId,
    hasWorked: true,
    ...grantedTo(updated),
    obtainedAt: updated.tokenObtainedAt === null ? undefined : Date.parse(updated.tokenObtainedAt),
    deadline: Date.now() + MAX_CHECK_MS,
  })
  const profile = await platform.profile().catch((error: unknown) => {
    if (error instanceof Failure) return null
    throw error
  })
  if (profile === null) return updated
  if (profile.uid === updated.uid) {
    await noteProfile(services.database, updated, profile)
    return updated
  }
  const reason = `the renewed token belongs to ${profile.username}, another account than the linked one.`
  return expire(services, updated, reason)
}
