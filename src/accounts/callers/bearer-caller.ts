// Whose request a bearer token makes: the user that it names, and what it lets its sender do.

import type { Act } from '../../audit/events.ts'
import type { Database } from '../../database/database.ts'
import { findTokenOwner } from '../api-tokens.ts'
import type { Bearer } from '../bearer.ts'
import type { Scope } from '../scopes.ts'
import { findDelegate } from '../service-tokens/service-tokens.ts'
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
 * The caller of a valid JWT. The store is asked each time, so that a JWT ends at once with its API token, its service
 * token or its user. Every kind of JWT has its verifier here, chosen by what the JWT says of itself.
 */
export async function findBearerCaller(
  database: Database,
  bearer: Bearer,
  jwt: string,
): Promise<BearerCaller | undefined> {
  const claims = await bearer.verify(jwt)
  if (!claims) return undefined
  if (claims.by === 'api_token') {
    const found = await findTokenOwner(database, claims.tokenId, claims.issuedAt)
    if (!found) return undefined
    const { id, name, scopes, expiresAt } = found.apiToken
    return { user: found.user, grant: { via: 'api_token', scopes, expiresAt, apiToken: { id, name }, act: null } }
  }
  const found = await findDelegate(database, claims.serviceId, claims.userId)
  if (!found || isEnded(found.user, claims.signedAt)) return undefined
  const { id, name, expiresAt } = found.service
  const act: Act = { type: 'service', id, name }
  return { user: found.user, grant: { via: 'service_token', scopes: claims.scopes, expiresAt, apiToken: null, act } }
}

/**
 * Whether a JWT that names the user, signed at this time, has ended with what else the user had when they were
 * deactivated: it must not work again when they are active again.
 */
function isEnded({ deactivatedAt }: User, signedAt: string): boolean {
  return deactivatedAt !== null && signedAt <= deactivatedAt
}
