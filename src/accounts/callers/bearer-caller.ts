// Whose request a bearer token makes: the user that it names, and what it lets its sender do.

import type { Act, Actor } from '../../audit/events.ts'
import { findTokenOwner } from '../api-tokens.ts'
import type { Bearer } from '../bearer.ts'
import type { Scope } from '../scopes.ts'
import { findDelegate } from '../service-tokens/service-tokens.ts'
import type { Services } from '../services.ts'
import { findIssuerUser } from '../trusted-issuers/issuer-user.ts'
import type { User } from '../users.ts'

/** What a bearer token lets its sender do for the user, and who that is. */
export interface Grant {
  via: 'api_token' | 'service_token' | 'issuer'
  scopes: readonly Scope[]
  /** When the source of the token ends; null: never. Nothing made with it lasts longer. */
  expiresAt: string | null
  /** The API token from which the bearer token was made; null when there is none. */
  apiToken: { id: string; name: string } | null
  /** Who acts for the user; null: the user. */
  act: Act | null
}

export interface BearerCaller {
  user: User
  grant: Grant
}

/**
 * The caller of a valid JWT. What the store said is used for `CALLER_KEPT_MS` at most, so that a JWT ends with its API token,
 * its service token or its user: at once in the process that ends them, a moment later in others. Every kind of JWT has its verifier here, chosen by what the JWT says of itself. `actor`: as whom a user
 * is made who is not there yet.
 */
export async function findBearerCaller(
  services: Pick<Services, 'database' | 'trustedIssuers'>,
  bearer: Bearer,
  jwt: string,
  actor: Actor,
): Promise<BearerCaller | undefined> {
  const { database, trustedIssuers } = services
  if (trustedIssuers.recognises(jwt)) return findIssuerCaller(services, jwt, actor)
  const claims = await bearer.verify(jwt)
  if (!claims) return undefined
  if (claims.by === 'api_token') {
    const found = await findTokenOwner(database, claims.tokenId, claims.issuedAt)
    if (!found) return undefined
    const { id, name, scopes, expiresAt } = found.apiToken
    return { user: found.user, grant: { via: 'api_token', scopes, expiresAt, apiToken: { id, name }, act: null } }
  }
  const found = await findDelegate(database, claims.serviceId, claims.userId)
  if (!found || isEnded(found.user, claims.askedAt)) return undefined
  const { id, name, expiresAt } = found.service
  const act: Act = { type: 'service', id, name }
  return { user: found.user, grant: { via: 'service_token', scopes: claims.scopes, expiresAt, apiToken: null, act } }
}

/**
 * Whether a JWT that names the user, made at this time, has ended with what else the user had when they were
 * deactivated: it must not work again when they are active again.
 */
function isEnded({ deactivatedAt }: User, madeAt: string): boolean {
  return deactivatedAt !== null && madeAt <= deactivatedAt
}

/** The caller of a trusted issuer's JWT, who may be made here. */
async function findIssuerCaller(
  { database, trustedIssuers }: Pick<Services, 'database' | 'trustedIssuers'>,
  jwt: string,
  actor: Actor,
): Promise<BearerCaller | undefined> {
  const verified = await trustedIssuers.verify(jwt)
  if (!verified) return undefined
  const { issuer, scopes } = verified.rule
  const act: Act = { type: 'issuer', id: issuer, name: issuer.replace(/^https?:\/\//, '').replace(/\/$/, '') }
  const user = await findIssuerUser(database, { ...actor, via: 'issuer', act }, verified)
  const signedAt = new Date(verified.issuedAt * 1000).toISOString()
  if (!user.active || isEnded(user, signedAt)) return undefined
  const expiresAt = new Date(verified.expires * 1000).toISOString()
  return { user, grant: { via: 'issuer', scopes, expiresAt, apiToken: null, act } }
}
