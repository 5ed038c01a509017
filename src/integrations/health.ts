// What is wrong with a link, and how to mend it: asks the platform, at most once a minute for each link.

import { LRUCache } from 'lru-cache'
import type { Static } from 'typebox'
import { Type } from 'typebox'
import type { FailureCode } from '../failure.ts'
import { Failure } from '../failure.ts'
import { NullableString, Time } from '../http/schemas.ts'
import type { Profile } from '../platforms/platform.ts'
import { scmTypes } from '../platforms/scm-types.ts'
import type { Services } from '../services.ts'
import { now } from '../time.ts'
import { withPlatform } from './connect.ts'
import type { Integration } from './integrations.ts'
import { findIntegration, getIntegration, noteProfile } from './integrations.ts'
import { statusNow } from './wire.ts'

const Problem = Type.Object({
  code: Type.String(),
  message: Type.String(),
  fix_url: Type.Unsafe<string | null>({ type: ['string', 'null'], description: 'The page where it can be mended.' }),
})

const RateLimit = Type.Object({ limit: Type.Integer(), remaining: Type.Integer(), reset_at: Time })

export const HealthOnWire = Type.Object({
  status: Type.String(),
  checked_at: Time,
  problems: Type.Array(Problem),
  platform: Type.Object({ name: Type.String(), version: NullableString }),
  scopes: Type.Object({
    granted: Type.Unsafe<string[] | null>({ type: ['array', 'null'], items: { type: 'string' } }),
    missing: Type.Array(Type.String()),
  }),
  token_expires_at: NullableString,
  rate_limit: Type.Unsafe<Static<typeof RateLimit> | null>({ anyOf: [RateLimit, { type: 'null' }] }),
})
type Health = Static<typeof HealthOnWire>

/** Days before a token's end at which its owner is told. */
const EXPIRY_WARNING_DAYS = 14
const REMEMBERED_MS = 60_000

const memories = new WeakMap<Services, LRUCache<string, Health>>()

/** What was found lately; each set of services remembers for itself. */
function memoryOf(services: Services): LRUCache<string, Health> {
  const known = memories.get(services)
  if (known) return known
  const memory = new LRUCache<string, Health>({ max: 5_000, ttl: REMEMBERED_MS })
  memories.set(services, memory)
  return memory
}

/** A platform that does not answer is a problem of the link, not a failure of this call. */
export async function checkHealth(services: Services, owner: string, idOrType: string): Promise<Health> {
  const integration = await getIntegration(services.database, owner, idOrType)
  const memory = memoryOf(services)
  const known = memory.get(memoryKey(integration))
  if (known) return known
  const health = await askHealth(services, integration)
  // The question itself may have changed it.
  const present = await findIntegration(services.database, owner, integration.id)
  if (present) memory.set(memoryKey(present), health)
  return health
}

/** With the status: what a call has shown since makes the remembered answer untrue. */
function memoryKey(integration: Integration): string {
  return `${integration.id}/${integration.tokenVersion}/${statusNow(integration)}`
}

async function askHealth(services: Services, integration: Integration): Promise<Health> {
  const fixUrl = tokenPage(services, integration)
  const scopes = integration.scopes?.split(' ').filter(Boolean) ?? null
  const stored = {
    checked_at: now(),
    platform: { name: scmTypes[integration.scmType].label, version: null },
    token_expires_at: integration.tokenExpiresAt,
    rate_limit: null,
  }
  try {
    const { current, profile, name, version, rateLimit } = await withPlatform(
      services,
      integration.ownerId,
      integration.id,
      async (platform, current) => ({ current, profile: await platform.profile(), ...(await platform.health()) }),
    )
    // What OAuth granted, and until when, the platform said when it gave the token.
    if (current.clientId === null) await noteProfile(services.database, current, profile)
    const missing = missingScopesOf(current, profile)
    // What is renewed by itself is nothing to warn of.
    const isRenewed = current.refreshToken !== null
    const expiresAt = isRenewed ? current.tokenExpiresAt : profile.tokenExpiresAt
    const problems = [
      ...missing.map((scope) => ({
        code: 'scope_missing',
        message: `The token lacks ${scope}, so that some calls are refused.`,
        fix_url: fixUrl,
      })),
      ...(isRenewed ? [] : expiryProblems(expiresAt, fixUrl)),
    ]
    return {
      ...stored,
      status: missing.length > 0 ? 'scope_missing' : 'ok',
      problems,
      platform: { name, version },
      scopes: { granted: profile.scopes, missing },
      token_expires_at: expiresAt,
      rate_limit: rateLimit && {
        limit: rateLimit.limit,
        remaining: rateLimit.remaining,
        reset_at: rateLimit.resetAt,
      },
    }
  } catch (error) {
    if (!(error instanceof Failure) || !error.code.startsWith('scm_')) throw error
    return {
      ...stored,
      status: failedStatus[error.code] ?? statusNow(integration),
      problems: [{ code: error.code, message: error.message, fix_url: isAboutToken(error) ? fixUrl : null }],
      scopes: { granted: scopes, missing: integration.missingScopes.split(' ').filter(Boolean) },
    }
  }
}

const failedStatus: Partial<Record<FailureCode, Integration['status']>> = {
  scm_token_rejected: 'token_rejected',
  scm_link_expired: 'expired',
  scm_token_unreadable: 'token_rejected',
}

/** What the token lacks for our calls; of OAuth also what was asked for and not granted. */
function missingScopesOf({ clientId, missingScopes }: Integration, profile: Profile): string[] {
  const notGranted = clientId === null ? [] : missingScopes.split(' ').filter(Boolean)
  return [...new Set([...profile.missingScopes, ...notGranted])]
}

/** Another token mends these; a platform that is down or out of reach is not mended at its tokens page. */
function isAboutToken({ code }: Failure): boolean {
  const codes: FailureCode[] = [
    'scm_token_rejected',
    'scm_link_expired',
    'scm_token_unreadable',
    'scm_scope_missing',
    'scm_sso_required',
    'scm_forbidden',
  ]
  return codes.includes(code)
}

function expiryProblems(expiresAt: string | null, fixUrl: string): Health['problems'] {
  if (expiresAt === null) return []
  const days = Math.floor((Date.parse(expiresAt) - Date.now()) / 86_400_000)
  if (days > EXPIRY_WARNING_DAYS) return []
  return [
    {
      code: 'token_expires_soon',
      message: `The token ends on ${expiresAt.slice(0, 10)}. Make another one and replace it.`,
      fix_url: fixUrl,
    },
  ]
}

/** Where the platform makes tokens, or where a link made by OAuth is made again. */
function tokenPage({ config }: Services, { id, scmType, webRoot }: Integration): string {
  const { oauth, vendor } = scmTypes[scmType]
  if (oauth) return `${config.publicUrl}/users/${scmType}/link?again=${id}`
  return vendor === 'github' ? `${webRoot}/settings/tokens` : `${webRoot}/-/user_settings/personal_access_tokens`
}
