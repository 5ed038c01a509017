// An integration becomes a Platform: the one place that hands out tokens for calls, refreshed when due.

import { Failure } from '../failure.ts'
import { createPlatform } from '../platforms/create-platform.ts'
import type { Platform, Profile } from '../platforms/platform.ts'
import type { Services } from '../services.ts'
import type { Integration } from './integrations.ts'
import { findIntegration, getIntegration, noteStatus } from './integrations.ts'
import { refreshed, stillPaused } from './refresh.ts'
import { pauseOf } from './refresh-lease.ts'
import { linkExpired } from './renewal.ts'
import { isUnreadable, openAccess } from './token-pair.ts'

/** How long a whole request of ours may take, in milliseconds: clients give up at 30 s. */
const REQUEST_LIMIT = 25_000
/** How long before its end a token is renewed: it has to last for the call, and clocks differ. */
const REFRESH_AHEAD = 120_000
/** How long a call waits for the renewal of a token that lives: it goes on, and the call takes the one that it has. */
const LIVING_PATIENCE = 5_000

function connect(services: Services, integration: Integration, deadline: number, onAccepted: () => void): Platform {
  return createPlatform(services.outgoing, {
    scmType: integration.scmType,
    web: integration.webRoot,
    api: integration.apiRoot,
    token: openAccess(services, integration),
    link: integration.id,
    hasWorked: true,
    deadline,
    onAccepted,
  })
}

/** Whose a token is that belongs to no link yet. Call it within `outgoing.waiting`. */
export async function profileOnTrial(
  { outgoing }: Services,
  link: Pick<Integration, 'scmType' | 'webRoot' | 'apiRoot'> & { accessToken: string },
  deadline = Date.now() + REQUEST_LIMIT,
): Promise<Profile> {
  const platform = createPlatform(outgoing, {
    scmType: link.scmType,
    web: link.webRoot,
    api: link.apiRoot,
    token: link.accessToken,
    link: `trial/${crypto.randomUUID()}`,
    hasWorked: false,
    deadline,
  })
  return platform.profile()
}

/**
 * Uses the owner's link, by id or scm_type, and notes whether the platform still takes its token. A token that is
 * refused is renewed once where it can be, and `use` runs again: it must not have changed anything before its first call.
 */
export async function withPlatform<T>(
  services: Services,
  owner: string,
  idOrType: string,
  use: (platform: Platform, integration: Integration) => Promise<T>,
): Promise<T> {
  const found = await getIntegration(services.database, owner, idOrType)
  return services.outgoing.waiting(async () => {
    const deadline = Date.now() + REQUEST_LIMIT
    const integration = await usable(services, found, deadline)
    try {
      return await runWith(services, integration, use, deadline)
    } catch (error) {
      if (!isRejected(error)) throw error
      const newer = await newerToken(services, integration, deadline)
      if (newer) return runWithNewer(services, newer, use, deadline)
      await noteStatus(services.database, integration, false)
      throw error
    }
  })
}

async function runWithNewer<T>(
  services: Services,
  integration: Integration,
  use: (platform: Platform, integration: Integration) => Promise<T>,
  deadline: number,
): Promise<T> {
  try {
    return await runWith(services, integration, use, deadline)
  } catch (error) {
    if (isRejected(error)) await noteStatus(services.database, integration, false)
    throw error
  }
}

async function runWith<T>(
  services: Services,
  integration: Integration,
  use: (platform: Platform, integration: Integration) => Promise<T>,
  deadline: number,
): Promise<T> {
  let accepted = false
  const platform = connect(services, integration, deadline, () => {
    accepted = true
  })
  const result = await use(platform, integration)
  if (accepted) await noteStatus(services.database, integration, true)
  return result
}

/** What no longer opens here is as good as refused there: another token mends it. */
function isRejected(error: unknown): error is Failure {
  return isUnreadable(error) || (error instanceof Failure && error.code === 'scm_token_rejected')
}

/** The link with a token that is good for a while, as far as is known. */
async function usable(services: Services, integration: Integration, deadline: number): Promise<Integration> {
  if (integration.status === 'expired') throw linkExpired(services, integration)
  const pause = pauseOf(integration)
  if (pause?.isTokenRefused) throw stillPaused(integration, pause)
  const { refreshToken, tokenExpiresAt } = integration
  if (refreshToken === null || tokenExpiresAt === null) return integration
  const left = Date.parse(tokenExpiresAt) - Date.now()
  if (left > refreshAhead(integration, tokenExpiresAt)) return integration
  try {
    const patience = left > 0 ? Math.min(deadline, Date.now() + LIVING_PATIENCE) : deadline
    return await refreshed(services, integration, 'due', patience)
  } catch (error) {
    const isGone = error instanceof Failure && ['scm_link_expired', 'not_found'].includes(error.code)
    if (left <= 0 || isGone) throw error
    return integration // the platform has trouble renewing, but the token lives
  }
}

/**
 * Half of a short life is enough, else a token of two minutes would be renewed at each call. A link's row was last
 * changed when it got the token, or later.
 */
function refreshAhead({ updatedAt }: Integration, tokenExpiresAt: string): number {
  return Math.min(REFRESH_AHEAD, (Date.parse(tokenExpiresAt) - Date.parse(updatedAt)) / 2)
}

/** After a refusal: the token that has taken this one's place, if need be by a refresh; undefined when there is none. */
async function newerToken(
  services: Services,
  integration: Integration,
  deadline: number,
): Promise<Integration | undefined> {
  const present = await findIntegration(services.database, integration.ownerId, integration.id)
  if (!present) return undefined
  if (present.status === 'expired') throw linkExpired(services, present)
  if (present.tokenVersion !== integration.tokenVersion) return present
  // A token that was refused before has been renewed for it already: not again and again.
  if (present.refreshToken === null || present.status === 'token_rejected') return undefined
  return refreshed(services, present, 'refused', deadline)
}
