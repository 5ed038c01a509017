// When and by whom a link's token is refreshed: callers in one process share a refresh, and only one process does it.

import { setTimeout as delay } from 'node:timers/promises'
import { Failure, notFound, stopping } from '../../failure.ts'
import type { OAuthApplication } from '../../platforms/oauth.ts'
import { isOAuthScmType, scmTypes } from '../../platforms/scm-types.ts'
import { linkPage } from '../hints.ts'
import type { Integration } from '../integrations.ts'
import { findIntegration } from '../integrations.ts'
import type { Services } from '../services.ts'
import { exchangeRefreshToken, expire, linkExpired } from './exchange.ts'
import {
  dropRefreshLease,
  isInTime,
  pauseOf,
  type RefreshPause,
  type RefreshReason,
  takeRefreshLease,
} from './lease.ts'
import { isUnreadable, openRefresh } from './pair.ts'

/** How long to wait for another process to refresh it. */
const WAIT_MS = 30_000
/** How often to check whether the process with the lease is ready. */
const POLL_MS = 100

/**
 * The link with a newer token than the given one. Simultaneous callers share one refresh, which goes on when a caller
 * leaves at its `deadline`. Throws `scm_link_expired` when the platform will never refresh it.
 */
export async function ensureFresh(
  services: Services,
  integration: Integration,
  reason: RefreshReason,
  deadline: number,
): Promise<Integration> {
  const { background, refreshes } = services
  const key = `${integration.id}/${integration.tokenVersion}`
  let refresh = refreshes.get(key)
  if (!refresh) {
    // It may end after every caller has left.
    refresh = background.waitUntil(refreshOrWait(services, integration, reason).finally(() => refreshes.delete(key)))
    refreshes.set(key, refresh)
  }
  return withDeadline(refresh, deadline, integration)
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

async function refreshOrWait(
  services: Services,
  integration: Integration,
  reason: RefreshReason,
): Promise<Integration> {
  const { database } = services
  const application = applicationOf(services, integration)
  const refreshToken = await openRefreshToken(services, integration)
  const giveUpAt = Date.now() + WAIT_MS
  let known = integration
  for (;;) {
    if (services.background.isStopping()) throw stopping()
    const lease = await takeRefreshLease(database, known)
    if (lease && isInTime(lease))
      return exchangeRefreshToken(services, application, known, { refreshToken, reason, lease })
    if (lease) await dropRefreshLease(database, known, lease)
    const present = await findIntegration(database, integration.ownerId, integration.id)
    if (!present) throw notFound('scm_integration')
    if (present.status === 'expired') throw linkExpired(services, present)
    if (present.tokenVersion !== integration.tokenVersion) return present
    const pause = pauseOf(present)
    if (pause) throw stillPaused(present, pause)
    if (Date.now() > giveUpAt) {
      throw new Failure('scm_unavailable', 'The token is being renewed elsewhere. Try again in a moment.', {
        retryAfter: 5,
      })
    }
    known = present
    await delay(POLL_MS * (0.5 + Math.random()))
  }
}

/** The refresh token; when it cannot be decrypted the link ends. */
async function openRefreshToken(services: Services, integration: Integration): Promise<string> {
  try {
    const refreshToken = openRefresh(services, integration)
    if (refreshToken !== null) return refreshToken
  } catch (error) {
    if (!isUnreadable(error)) throw error
    await expire(services, integration, 'its stored refresh token cannot be read any more.', error)
  }
  throw linkExpired(services, integration)
}

/** The platform's last failure, without asking it again. */
export function stillPaused({ scmType }: Integration, { seconds, code }: RefreshPause): Failure {
  const { label } = scmTypes[scmType]
  const details = { retryAfter: seconds }
  if (code === 'scm_rate_limited') {
    return new Failure('scm_rate_limited', `${label} asks to wait before it gives tokens.`, details)
  }
  if (code === 'scm_application_refused') {
    const name = scmType.toUpperCase()
    const message = `${label} did not take this server's OAuth application a moment ago. Its operator has to check ${name}_URL, ${name}_CLIENT_ID, ${name}_CLIENT_SECRET and the callback address registered there.`
    return new Failure('scm_application_refused', message, details)
  }
  return new Failure('scm_unavailable', `${label} could not renew the token a moment ago. Try again later.`, details)
}

/**
 * Throws unless it is the application that the tokens were issued to: its secret may be sent only to its own platform.
 */
function applicationOf(
  { oauth, publicUrl }: Services,
  { id, scmType, webUrl, clientId }: Integration,
): OAuthApplication {
  const application = isOAuthScmType(scmType) ? oauth[scmType].application : null
  if (application?.webUrl === webUrl && application.clientId === clientId) return application
  const name = scmType.toUpperCase()
  throw new Failure(
    'scm_application_refused',
    `This link was made with another OAuth application than the one that is set up now (${name}_URL, ${name}_CLIENT_ID). Link it again at ${linkPage(publicUrl, { scmType })}`,
    { hint: { action: 'link_again', url: linkPage(publicUrl, { scmType, id }) } },
  )
}
