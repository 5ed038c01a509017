// Turns an integration into a Platform: the only file that hands out tokens for calls, refreshed when necessary.

import { Failure } from '../failure.ts'
import type { Connection, Platform, Profile } from '../platforms/platform.ts'
import { createPlatform } from '../platforms/vendors.ts'
import { withHint } from './hints.ts'
import type { Integration } from './integrations.ts'
import { findIntegration, getIntegration, noteStatus, workingStatus } from './integrations.ts'
import { isAboutLink, isKnownRejected, isRejection, knownRejection, shownBy } from './link-status.ts'
import type { Services } from './services.ts'
import { linkExpired } from './tokens/exchange.ts'
import { ensureFresh, stillPaused } from './tokens/fresh.ts'
import { pauseOf } from './tokens/lease.ts'
import { grantedTo, openAccess } from './tokens/pair.ts'

/** How long before its expiry a token is refreshed: it must last for the whole call, and clocks differ. */
const REFRESH_AHEAD_MS = 120_000
/**
 * How long a call waits for the refresh of a token that is still valid; then it uses that token, and the refresh goes
 * on.
 */
const LIVING_PATIENCE_MS = 5_000

/** What limits a request's waiting. */
interface Waiter {
  /** Epoch milliseconds. */
  deadline: number
  signal: AbortSignal
}

function connect(services: Services, integration: Integration, waiter: Waiter, onAccepted: () => void): Platform {
  return createPlatform(services.transport, {
    scmType: integration.scmType,
    webUrl: integration.webUrl,
    apiUrl: integration.apiUrl,
    token: openAccess(services, integration),
    link: integration.id,
    account: integration.ownerId,
    hasWorked: true,
    obtainedAt: integration.tokenObtainedAt === null ? undefined : Date.parse(integration.tokenObtainedAt),
    clientId: integration.clientId,
    ...grantedTo(integration),
    ...waiter,
    onAccepted,
  })
}

/**
 * The profile of a token that belongs to no link yet. `hasWorked`, `obtainedAt`: as in `Connection`. Call it within
 * `transport.waiting`.
 */
export async function fetchProfile(
  { transport }: Services,
  link: Pick<Integration, 'scmType' | 'webUrl' | 'apiUrl'> & { accessToken: string } & Pick<Connection, 'granted'>,
  { hasWorked, obtainedAt, ...waiter }: { hasWorked: boolean; obtainedAt?: number } & Partial<Waiter>,
): Promise<Profile> {
  const platform = createPlatform(transport, {
    scmType: link.scmType,
    webUrl: link.webUrl,
    apiUrl: link.apiUrl,
    token: link.accessToken,
    link: `trial/${crypto.randomUUID()}`,
    account: null,
    hasWorked,
    obtainedAt,
    ...(link.granted && { granted: link.granted }),
    deadline: Date.now() + transport.limits.request,
    ...waiter,
  })
  return platform.profile()
}

type Use<T> = (platform: Platform, integration: Integration) => Promise<T>

export interface UseOptions {
  /** Whether the call reads only the account's own data, so that an error is about the whole link. */
  asksForAccount?: boolean
  /** Whether to call even with a token that the platform has rejected before. */
  asksAgain?: boolean
}

/** `withLink`, with the owner's link found by id or scm_type. */
export async function withPlatform<T>(
  services: Services,
  owner: string,
  idOrType: string,
  use: Use<T>,
  options: UseOptions = {},
): Promise<T> {
  return withLink(services, await getIntegration(services.database, owner, idOrType), use, options)
}

/**
 * Runs `use` with the link's platform, and stores what it shows about the link. When the platform rejects the token and
 * it can be refreshed, `use` runs once more; so it must change nothing before its first call.
 */
export async function withLink<T>(
  services: Services,
  found: Integration,
  use: Use<T>,
  options: UseOptions = {},
): Promise<T> {
  const deadline = Date.now() + services.transport.limits.request
  const used = services.transport.waiting(found.ownerId, async (signal) => {
    const waiter = { deadline, signal }
    const integration = await withFreshToken(services, found, deadline)
    if (!options.asksAgain && isKnownRejected(integration)) throw knownRejection(integration)
    try {
      return await runWith(services, integration, use, waiter)
    } catch (error) {
      const newer = isRejection(error) ? await newerToken(services, integration, deadline) : undefined
      if (!newer) return await noteFailedCall(services, integration, error, options)
      return await runWith(services, newer, use, waiter).catch((again: unknown) =>
        noteFailedCall(services, newer, again, options),
      )
    }
  })
  return used.catch((error: unknown) => {
    if (error instanceof Failure && error.code.startsWith('scm_')) services.freshPages.drop(found.id)
    throw withHint(services.publicUrl, found, error)
  })
}

/** Stores what the failure shows about the link, and throws it again. */
async function noteFailedCall(
  { database }: Services,
  integration: Integration,
  error: unknown,
  { asksForAccount = false }: UseOptions,
): Promise<never> {
  if (!(error instanceof Failure) || !isAboutLink(error, asksForAccount)) throw error
  const shown = shownBy(error)
  const isKnown = shown?.status === integration.status && shown.statusReason === integration.statusReason
  if (shown && !isKnown) await noteStatus(database, integration, shown)
  throw error
}

async function runWith<T>(services: Services, integration: Integration, use: Use<T>, waiter: Waiter): Promise<T> {
  let accepted = false
  const platform = connect(services, integration, waiter, () => {
    accepted = true
  })
  const result = await use(platform, integration)
  const status = workingStatus(integration)
  if (accepted && integration.status !== status) {
    await noteStatus(services.database, integration, { status, statusReason: null })
  }
  return result
}

/** The link with a token that is valid for a while, as far as we know. */
async function withFreshToken(services: Services, integration: Integration, deadline: number): Promise<Integration> {
  if (integration.status === 'expired') throw linkExpired(services, integration)
  const pause = pauseOf(integration)
  if (pause?.isTokenRejected) throw stillPaused(integration, pause)
  const { refreshToken, tokenExpiresAt } = integration
  if (refreshToken === null || tokenExpiresAt === null) return integration
  const left = Date.parse(tokenExpiresAt) - Date.now()
  if (left > refreshAhead(integration, tokenExpiresAt)) return integration
  try {
    const patience = left > 0 ? Math.min(deadline, Date.now() + LIVING_PATIENCE_MS) : deadline
    return await ensureFresh(services, integration, 'due', patience)
  } catch (error) {
    const isGone = error instanceof Failure && ['scm_link_expired', 'not_found'].includes(error.code)
    if (left <= 0 || isGone) throw error
    return integration // the refresh failed at the platform, but the token is still valid
  }
}

/**
 * At most half of a token's lifetime, or else a token of two minutes would be refreshed at each call. Links of older
 * versions do not say when they got the token, but not later than the last change of their row.
 */
function refreshAhead({ updatedAt, tokenObtainedAt }: Integration, tokenExpiresAt: string): number {
  const began = [updatedAt, tokenObtainedAt ?? updatedAt].map((time) => Date.parse(time))
  return Math.min(REFRESH_AHEAD_MS, (Date.parse(tokenExpiresAt) - Math.min(...began)) / 2)
}

/** After a rejection: the link with a newer token, refreshed if necessary; undefined when there is none. */
async function newerToken(
  services: Services,
  integration: Integration,
  deadline: number,
): Promise<Integration | undefined> {
  const present = await findIntegration(services.database, integration.ownerId, integration.id)
  if (!present) return undefined
  if (present.status === 'expired') throw linkExpired(services, present)
  if (present.tokenVersion !== integration.tokenVersion) return present
  // A token that was rejected before has already been refreshed for that reason: do not repeat it for ever.
  if (present.refreshToken === null || present.status === 'token_rejected') return undefined
  return ensureFresh(services, present, 'refused', deadline)
}
