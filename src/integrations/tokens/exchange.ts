// One renewal: the refresh token is spent, the new pair is stored before anybody uses it, and it has to be the same account's.

import { Failure, notFound } from '../../failure.ts'
import { createPlatform } from '../../platforms/create-platform.ts'
import type { OAuthApplication, TokenGrant } from '../../platforms/oauth.ts'
import { refreshGrant } from '../../platforms/oauth.ts'
import { scmTypes } from '../../platforms/scm-types.ts'
import type { Services } from '../../services.ts'
import { keepStoring } from '../background.ts'
import type { Integration } from '../integrations.ts'
import { findIntegration, noteProfile } from '../integrations.ts'
import { markExpired, replacePair } from '../oauth/columns.ts'
import { noteApplicationRefused } from '../refusals.ts'
import { dropRefreshLease, pauseRefresh, type RefreshLease, type RenewalReason } from './lease.ts'
import { findAccess, grantedTo, openAccess } from './pair.ts'
import { queueRevocation } from './revocations.ts'

/** What callers of a link are told that has to be made again. */
export function linkExpired({ config }: Services, { id, scmType, statusReason }: Integration): Failure {
  const { label } = scmTypes[scmType]
  const why = statusReason ?? `${label} no longer renews its token.`
  return new Failure(
    'scm_link_expired',
    `The link has expired: ${why} Link it again at ${config.publicUrl}/users/${scmType}/link?again=${id}`,
  )
}

/** Spends the refresh token. Only its holder of the lease gets here. */
export async function renew(
  services: Services,
  application: OAuthApplication,
  integration: Integration,
  { refreshToken, reason, lease }: { refreshToken: string; reason: RenewalReason; lease: RefreshLease },
): Promise<Integration> {
  const { database, vault, outgoing } = services
  let grant: TokenGrant
  try {
    grant = await refreshGrant(outgoing, application, refreshToken, lease.callEndsAt)
  } catch (error) {
    if (error instanceof Failure && error.code === 'scm_grant_refused') {
      return expire(services, integration, `${scmTypes[integration.scmType].label} no longer renews its token.`, error)
    }
    const code = error instanceof Failure ? { code: error.code } : {}
    services.log('scm_token_not_renewed', { scm_type: integration.scmType, ...code })
    noteApplicationRefused(services, application.scmType, error)
    // Neither refused nor renewed, as far as we know.
    throw await leaveAlone(services, integration, lease, error, reason).catch(() => error)
  }
  services.log('scm_token_renewed', { scm_type: integration.scmType })
  // A platform that refuses every token would have them renewed for ever: after a refusal the new one has to prove itself.
  const unproven = reason === 'refused'
  const store = () =>
    database
      .transaction()
      .execute((transaction) => replacePair(transaction, vault, integration, application, grant, unproven))
  const renewed =
    (await keepStoring(services, store)) ?? (await supersededBy(services, application, integration, grant))
  return sameAccount(services, renewed)
}

/** What failed at the platform is not tried again at once by any process. Answers with what callers are told of it. */
async function leaveAlone(
  { database }: Services,
  integration: Integration,
  lease: RefreshLease,
  error: unknown,
  reason: RenewalReason,
): Promise<unknown> {
  if (!(error instanceof Failure)) {
    await dropRefreshLease(database, integration, lease)
    return error
  }
  const retryAfter = await pauseRefresh(database, integration, lease, error, reason)
  return new Failure(error.code, error.message, { ...error.details, retryAfter })
}

/** Ends the link, unless somebody has stored another pair meanwhile: then that is the one to use. */
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
 * What is stored where the old pair was not any more. That is our own new one when only the store's answer was lost;
 * else the link was unlinked or made again meanwhile, and the pair that we got is nobody's.
 */
async function supersededBy(
  services: Services,
  { scmType, web, clientId }: OAuthApplication,
  integration: Integration,
  grant: TokenGrant,
): Promise<Integration> {
  const { database, vault } = services
  return keepStoring(services, async () => {
    const present = await findIntegration(database, integration.ownerId, integration.id)
    if (present && findAccess(services, present) === grant.accessToken) return present
    const { ownerId, id } = integration
    const revocation = { scmType, webRoot: web, clientId, tokens: grant, ownerId, integrationId: id }
    await queueRevocation(database, vault, revocation)
    if (!present) throw notFound('scm_integration')
    return present
  })
}

/**
 * Asks whose the new token is. A refresh token belongs to one account (no browser takes part that could be signed in
 * elsewhere), so another's token would be the platform's mistake. Hence those who meet the stored pair before it is
 * judged may use it, and when the platform cannot tell just now the next renewal asks again.
 */
async function sameAccount(services: Services, renewed: Integration): Promise<Integration> {
  const platform = createPlatform(services.outgoing, {
    scmType: renewed.scmType,
    web: renewed.webRoot,
    api: renewed.apiRoot,
    token: openAccess(services, renewed),
    link: renewed.id,
    account: renewed.ownerId,
    hasWorked: true,
    ...grantedTo(renewed),
    obtainedAt: renewed.tokenObtainedAt === null ? undefined : Date.parse(renewed.tokenObtainedAt),
    deadline: Date.now() + 10_000,
  })
  const profile = await platform.profile().catch((error: unknown) => {
    if (error instanceof Failure) return null
    throw error
  })
  if (profile === null) return renewed
  if (profile.uid === renewed.uid) {
    await noteProfile(services.database, renewed, profile)
    return renewed
  }
  const reason = `the renewed token belongs to ${profile.username}, another account than the linked one.`
  return expire(services, renewed, reason)
}
