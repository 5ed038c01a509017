// Renews a link's token: one refresh at a time over all processes, the new pair stored before anybody uses it.

import { setTimeout as delay } from 'node:timers/promises'
import { Failure, notFound } from '../failure.ts'
import { createPlatform } from '../platforms/create-platform.ts'
import type { OAuthApplication, TokenGrant } from '../platforms/oauth.ts'
import { oauthApplication, refreshGrant } from '../platforms/oauth.ts'
import { isOAuthScmType, scmTypes } from '../platforms/scm-types.ts'
import type { Services } from '../services.ts'
import type { Integration } from './integrations.ts'
import { findIntegration } from './integrations.ts'
import { dropRefreshLease, markExpired, replacePair, takeRefreshLease } from './oauth-columns.ts'
import { queueRevocation } from './revocations.ts'
import { isUnreadable, openAccess, openRefresh } from './token-pair.ts'

/** Longer than a call to a token endpoint may take (20 s), so that two never spend the same refresh token. */
const LEASE_MS = 35_000
/** How long to go on storing a new pair while the store is away: it exists nowhere else. */
const STORE_MS = 15_000
/** How often another process is looked at that has the lease. */
const POLL_MS = 100

/** By link and token version, for each process that serves. Only what is under way. */
const underWay = new WeakMap<Services, Map<string, Promise<Integration>>>()

/**
 * The link with a newer token than the given one's. Callers at the same time share one refresh, which goes on when they
 * give up at `deadline`. Throws `scm_link_expired` when the platform will never renew it.
 */
export async function refreshed(services: Services, integration: Integration, deadline: number): Promise<Integration> {
  const refreshes = underWay.get(services) ?? new Map<string, Promise<Integration>>()
  underWay.set(services, refreshes)
  const key = `${integration.id}/${integration.tokenVersion}`
  let refresh = refreshes.get(key)
  if (!refresh) {
    refresh = refreshOrWait(services, integration).finally(() => refreshes.delete(key))
    refresh.catch(() => undefined) // every caller may have given up already
    refreshes.set(key, refresh)
  }
  return withDeadline(refresh, deadline, integration)
}

/** Refreshes under way have ended: a process that stops must not lose a pair that it has been given. */
export async function refreshesEnded(services: Services): Promise<void> {
  await Promise.allSettled([...(underWay.get(services)?.values() ?? [])])
}

/** What callers of a link are told that has to be made again. */
export function linkExpired({ config }: Services, { id, scmType, statusReason }: Integration): Failure {
  const { label } = scmTypes[scmType]
  const why = statusReason ?? `${label} no longer renews its token.`
  return new Failure(
    'scm_link_expired',
    `The link has expired: ${why} Link it again at ${config.publicUrl}/users/${scmType}/link?again=${id}`,
  )
}

async function withDeadline<T>(work: Promise<T>, deadline: number, { scmType }: Integration): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_resolve, reject) => {
    const message = `${scmTypes[scmType].label} takes long to renew the token. Try again in a moment.`
    const failure = new Failure('scm_unavailable', message, { retryAfter: 5 })
    timer = setTimeout(() => reject(failure), Math.max(0, deadline - Date.now()))
  })
  try {
    return await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
  }
}

async function refreshOrWait(services: Services, integration: Integration): Promise<Integration> {
  const { database } = services
  const application = applicationOf(services, integration)
  const giveUpAt = Date.now() + LEASE_MS
  for (;;) {
    const until = new Date(Date.now() + LEASE_MS).toISOString()
    const taken = await takeRefreshLease(database, integration, until)
    if (taken) return spend(services, application, integration, taken.lease)
    const present = await findIntegration(database, integration.ownerId, integration.id)
    if (!present) throw notFound('scm_integration')
    if (present.status === 'expired') throw linkExpired(services, present)
    if (present.tokenVersion !== integration.tokenVersion) return present
    if (Date.now() > giveUpAt) {
      throw new Failure('scm_unavailable', 'The token is being renewed elsewhere. Try again in a moment.', {
        retryAfter: 5,
      })
    }
    await delay(POLL_MS * (0.5 + Math.random()))
  }
}

/** Throws unless it is the application that the tokens were given to: its secret goes nowhere but to its platform. */
function applicationOf({ config }: Services, { scmType, webRoot, clientId }: Integration): OAuthApplication {
  const application = isOAuthScmType(scmType) ? oauthApplication(config, scmType) : null
  if (application?.web === webRoot && application.clientId === clientId) return application
  const name = scmType.toUpperCase()
  throw new Failure(
    'scm_application_refused',
    `This link was made with another OAuth application than the one that is set up now (${name}_URL, ${name}_CLIENT_ID). Link it again at ${config.publicUrl}/users/${scmType}/link`,
  )
}

/** Spends the refresh token. Only its holder of the lease gets here. */
async function spend(
  services: Services,
  application: OAuthApplication,
  integration: Integration,
  lease: string,
): Promise<Integration> {
  let grant: TokenGrant
  try {
    const refreshToken = openRefresh(services, integration)
    if (refreshToken === null) throw new Failure('scm_grant_refused', 'The platform gave no refresh token.')
    grant = await refreshGrant(services.outgoing, application, refreshToken)
  } catch (error) {
    if (error instanceof Failure && error.code === 'scm_grant_refused') {
      return expire(services, integration, `${scmTypes[integration.scmType].label} no longer renews its token.`, error)
    }
    if (isUnreadable(error)) {
      return expire(services, integration, 'its stored refresh token cannot be read any more.', error)
    }
    services.log('scm_token_not_renewed', {
      scm_type: integration.scmType,
      ...(error instanceof Failure && { code: error.code }),
    })
    // Neither refused nor renewed, as far as we know: the next caller tries again.
    await dropRefreshLease(services.database, integration, lease).catch(() => undefined)
    throw error
  }
  services.log('scm_token_renewed', { scm_type: integration.scmType })
  const renewed = await keepStoring(() =>
    services.database
      .transaction()
      .execute((transaction) => replacePair(transaction, services.vault, integration, application, grant)),
  )
  if (!renewed) return supersededBy(services, application, integration, grant)
  return sameAccount(services, renewed)
}

/** Ends the link, unless somebody has stored another pair meanwhile: then that is the one to use. */
async function expire(
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

/** The link was unlinked or made again while its token was renewed: the pair we got is nobody's. */
async function supersededBy(
  { database, vault }: Services,
  { scmType, web, clientId }: OAuthApplication,
  integration: Integration,
  grant: TokenGrant,
): Promise<Integration> {
  const { ownerId, id } = integration
  const revocation = { scmType, webRoot: web, clientId, tokens: grant, ownerId, integrationId: id }
  await queueRevocation(database, vault, revocation)
  const present = await findIntegration(database, integration.ownerId, integration.id)
  if (!present) throw notFound('scm_integration')
  return present
}

async function keepStoring<T>(store: () => Promise<T>): Promise<T> {
  const until = Date.now() + STORE_MS
  for (;;) {
    try {
      return await store()
    } catch (error) {
      const mayPass = error instanceof Failure && error.code === 'store_unavailable'
      if (!mayPass || Date.now() > until) throw error
      await delay(POLL_MS)
    }
  }
}

/** Asks whose the new token is. That the platform cannot tell just now is no reason to refuse it. */
async function sameAccount(services: Services, renewed: Integration): Promise<Integration> {
  const platform = createPlatform(services.outgoing, {
    scmType: renewed.scmType,
    web: renewed.webRoot,
    api: renewed.apiRoot,
    token: openAccess(services, renewed),
    link: `${renewed.id}/${renewed.tokenVersion}`,
    deadline: Date.now() + 10_000,
  })
  const profile = await platform.profile().catch((error: unknown) => {
    if (error instanceof Failure) return null
    throw error
  })
  if (profile === null || profile.uid === renewed.uid) return renewed
  const reason = `the renewed token belongs to ${profile.username}, another account than the linked one.`
  return expire(services, renewed, reason)
}
