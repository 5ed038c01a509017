// Says what is wrong with a link and how to fix it. The platform's answer is kept for a minute, for each link.

import { LRUCache } from 'lru-cache'
import type { Static } from 'typebox'
import { Type } from 'typebox'
import { Failure, type Hint } from '../failure.ts'
import type { Platform, PlatformHealth, Profile } from '../platforms/platform.ts'
import { scmTypes } from '../platforms/scm-types.ts'
import { HintSchema, NullableString, NullableTime, nullable, Time } from '../schemas.ts'
import { DAY_MS, now } from '../time.ts'
import { withPlatform } from './connect.ts'
import { fixPage, tokenHint } from './hints.ts'
import type { Integration } from './integrations.ts'
import { findIntegration, getIntegration, noteProfile, noteStatus } from './integrations.ts'
import { shownBy, statusNow } from './link-status.ts'
import { Status } from './schemas.ts'
import type { Services } from './services.ts'

const Problem = Type.Object(
  {
    code: Type.String(),
    message: Type.String(),
    fix_url: nullable(Type.String({ format: 'uri', description: 'The page where it can be mended.' })),
    hint: Type.Optional(HintSchema),
  },
  { title: 'HealthProblem' },
)

const RateLimit = Type.Object({ limit: Type.Integer(), remaining: Type.Integer(), reset_at: Time })

export const HealthSchema = Type.Object(
  {
    status: Status,
    checked_at: Time,
    problems: Type.Array(Problem),
    platform: Type.Object({ name: Type.String(), version: NullableString }),
    scopes: Type.Object({ granted: nullable(Type.Array(Type.String())), missing: Type.Array(Type.String()) }),
    token_expires_at: NullableTime,
    rate_limit: nullable(RateLimit),
  },
  { title: 'Health' },
)
type Health = Static<typeof HealthSchema>

/** How many days before a token expires its owner is warned. */
const EXPIRY_WARNING_DAYS = 14
const REMEMBERED_MS = 60_000
/** Somebody who presses a button again and again is not to use up the account's calls at the platform. */
const REMEMBERED_ANEW_MS = 10_000

export interface HealthChecks {
  /**
   * A platform that does not answer is reported as a problem of the link; it is not a failure of this call. `maxAge`, in
   * seconds: whoever has just changed something at the platform is not helped by an answer of a minute ago.
   */
  check(owner: string, idOrType: string, maxAge: number): Promise<Health>
}

export function createHealthChecks(services: Services): HealthChecks {
  const memory = new LRUCache<string, Health>({ max: 5_000, ttl: REMEMBERED_MS })

  return {
    async check(owner, idOrType, maxAge) {
      const integration = await getIntegration(services.database, owner, idOrType)
      const known = memory.get(memoryKey(integration))
      const keptMs = Math.max(REMEMBERED_ANEW_MS, maxAge * 1000)
      if (known && Date.now() - Date.parse(known.checked_at) < keptMs) return known
      const health = await askHealth(services, integration)
      // The check itself may have changed the link.
      const present = await findIntegration(services.database, owner, integration.id)
      if (present) memory.set(memoryKey(present), health)
      return health
    },
  }
}

/** Contains the status and the last change: once a call has changed the link, the cached answer is outdated. */
function memoryKey(integration: Integration): string {
  const { id, tokenVersion, updatedAt } = integration
  return `${id}/${tokenVersion}/${updatedAt}/${statusNow(integration)}`
}

async function askHealth(services: Services, integration: Integration): Promise<Health> {
  try {
    const { ownerId, id } = integration
    // A rejected token is tried too: a server restored from a backup may accept it again, and only this check can
    // notice.
    const told = await withPlatform(services, ownerId, id, ask, { asksForAccount: true, asksAgain: true })
    await noteProfile(services.database, told.link, told.profile)
    const incomplete = incompleteness(told)
    if (incomplete !== null) {
      await noteStatus(services.database, told.link, { status: 'forbidden', statusReason: incomplete })
    }
    return healthFrom(services, told, incomplete)
  } catch (error) {
    if (!(error instanceof Failure) || !error.code.startsWith('scm_')) throw error
    return failedHealth(integration, error)
  }
}

/** What the platform said about the account and about itself. `link` has the token that was used. */
interface Told {
  link: Integration
  profile: Profile
  platform: PlatformHealth
}

async function ask(platform: Platform, link: Integration): Promise<Told> {
  const profile = await platform.profile()
  const health = await platform.health()
  // Calls that failed before are tried: an account that may read only its own profile is not healthy.
  const isDoubtful = hadFailed(link) || !health.isTold
  if (isDoubtful && health.unknownCalls.length === 0) await platform.sshKeys()
  return { link, profile, platform: health }
}

/** Whether a call has failed; missing scopes alone do not count. */
function hadFailed({ status, missingScopes }: Integration): boolean {
  return status === 'forbidden' || (status === 'scope_missing' && missingScopes === '')
}

function healthFrom(services: Services, { link, profile, platform }: Told, incomplete: string | null): Health {
  const { name, version, rateLimit } = platform
  const missing = missingScopesOf(link, profile)
  // A token that is refreshed automatically needs no warning.
  const hasRefreshToken = link.refreshToken !== null
  const expiresAt = hasRefreshToken ? link.tokenExpiresAt : profile.tokenExpiresAt
  const hint = tokenHint(services.publicUrl, link)
  return {
    status: incomplete !== null ? 'forbidden' : missing.length > 0 ? 'scope_missing' : 'ok',
    checked_at: now(),
    problems: [
      ...(incomplete === null ? [] : [problem('api_incomplete', incomplete)]),
      ...missing.map((scope) =>
        problem('scope_missing', `The token lacks ${scope}, so that some calls are refused.`, hint),
      ),
      ...(hasRefreshToken ? [] : expiryProblems(expiresAt, hint)),
    ],
    platform: { name, version },
    scopes: { granted: profile.scopes, missing },
    token_expires_at: expiresAt,
    rate_limit: rateLimit && {
      limit: rateLimit.limit,
      remaining: rateLimit.remaining,
      reset_at: rateLimit.resetAt,
    },
  }
}

/** The health as far as it is stored. A platform that is down, or a proxy's answer, does not change that. */
function failedHealth(integration: Integration, failure: Failure): Health {
  return {
    status: shownBy(failure)?.status ?? statusNow(integration),
    checked_at: now(),
    problems: [problem(failure.code, failure.message, failure.details.hint)],
    platform: { name: scmTypes[integration.scmType].label, version: null },
    scopes: {
      granted: integration.scopes?.split(' ').filter(Boolean) ?? null,
      missing: integration.missingScopes.split(' ').filter(Boolean),
    },
    token_expires_at: integration.tokenExpiresAt,
    rate_limit: null,
  }
}

/** The scopes that the token lacks for our calls; for OAuth also those that were asked for but not granted. */
function missingScopesOf({ clientId, missingScopes }: Integration, profile: Profile): string[] {
  const notGranted = clientId === null ? [] : missingScopes.split(' ').filter(Boolean)
  return [...new Set([...profile.missingScopes, ...notGranted])]
}

function problem(code: string, message: string, hint?: Hint): Health['problems'][number] {
  return { code, message, fix_url: fixPage(hint), ...(hint && { hint }) }
}

/**
 * What a server lacks that only resembles the platform, as GitBucket resembles GitHub; else null. Of the API's statuses
 * this is `forbidden`: neither another token nor another scope makes it answer those calls.
 */
function incompleteness({ link, platform }: Told): string | null {
  const { unknownCalls } = platform
  if (unknownCalls.length === 0) return null
  const { host } = new URL(link.webUrl)
  return `${host} does not know ${unknownCalls.join(', ')}: it is no ${scmTypes[link.scmType].label} as we know it, only a server that is like one. What needs these calls does not work with it, whatever the token.`
}

function expiryProblems(expiresAt: string | null, hint: Hint): Health['problems'] {
  if (expiresAt === null) return []
  const days = Math.floor((Date.parse(expiresAt) - Date.now()) / DAY_MS)
  if (days > EXPIRY_WARNING_DAYS) return []
  const message = `The token ends on ${expiresAt.slice(0, 10)}. Make another one and replace it.`
  return [problem('token_expires_soon', message, hint)]
}
