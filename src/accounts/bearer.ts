// The JWTs that API tokens and service tokens are exchanged for: at most one hour, HS256 (RFC 7519, RFC 8725).

import { randomUUID } from 'node:crypto'
import { type JWTPayload, jwtVerify, SignJWT } from 'jose'
import { LRUCache } from 'lru-cache'
import type { Vault } from '../secrets/vault.ts'
import type { ApiToken } from './api-tokens.ts'
import { joinScopes, type Scope, splitScopes } from './scopes.ts'

/** The longest life of a JWT. */
export const LIFETIME_SECONDS = 3600
const LEEWAY_SECONDS = 30
const AUDIENCE = 'forgelink'
/** A JWT of ours has under 700 characters, so a longer text is not one. */
const MAX_LENGTH = 4096
/** How many verified tokens are cached: verifying takes 86 µs, the cache 0.3 µs. */
const REMEMBERED = 5_000

/** What a JWT was made from: an API token and which of its values, or the token of a service that acts for a user. */
export type BearerClaims =
  | { by: 'api_token'; tokenId: string; issuedAt: string }
  | { by: 'service'; serviceId: string; userId: string; scopes: Scope[]; askedAt: string }

/** For whom a service gets a JWT, and how far it goes. */
export interface Delegation {
  service: { id: string; expiresAt: string | null }
  userId: string
  scopes: readonly Scope[]
  /** From before the user was found to be active. */
  askedAt: string
  /** It ends earlier with the service's token. */
  lifetimeSeconds: number
}

export interface Bearer {
  sign(apiToken: ApiToken): Promise<string>
  signDelegation(delegation: Delegation): Promise<string>
  /** undefined for anything that is not a valid JWT of ours. */
  verify(jwt: string): Promise<BearerClaims | undefined>
}

/**
 * `issuer` is the public URL. The keys are derived by the vault; after a key rotation, existing JWTs stay valid. `asked` is
 * told for each JWT whether it was verified before.
 */
export function createBearer(vault: Vault, issuer: string, asked: (isHit: boolean) => void = () => {}): Bearer {
  const keys = vault.derive('jwt')
  const [newest] = keys
  const verified = new LRUCache<string, { claims: BearerClaims; expires: number }>({ max: REMEMBERED })

  return {
    sign({ id, issuedAt, scopes, userId, expiresAt }) {
      return signJwt(userId, { tid: id, tia: issuedAt, scope: scopes }, LIFETIME_SECONDS, expiresAt)
    },
    signDelegation({ service, userId, scopes, askedAt, lifetimeSeconds }) {
      // RFC 8693 section 4.1: `sub` is the user, `act` names who acts for them.
      // `iat` has whole seconds, within which the user may have been deactivated and be active again.
      const claims = { act: { sub: service.id }, scope: joinScopes(scopes), asked_at: askedAt }
      return signJwt(userId, claims, lifetimeSeconds, service.expiresAt)
    },
    async verify(jwt) {
      if (jwt.length > MAX_LENGTH) return undefined
      const known = verified.get(jwt)
      const isKnown = known !== undefined && known.expires + LEEWAY_SECONDS > Date.now() / 1000
      asked(isKnown)
      if (isKnown) return known.claims
      verified.delete(jwt)
      try {
        const { payload } = await jwtVerify(jwt, (header) => keyNamed(header.kid), {
          algorithms: ['HS256'],
          issuer,
          audience: AUDIENCE,
          clockTolerance: LEEWAY_SECONDS,
          requiredClaims: ['exp', 'iat', 'sub', 'jti'],
        })
        const claims = readClaims(payload)
        if (!claims || !payload.exp) return undefined
        verified.set(jwt, { claims, expires: payload.exp })
        return claims
      } catch {
        return undefined
      }
    },
  }

  /** A JWT expires with what it is made from, at `end`. */
  async function signJwt(subject: string, claims: JWTPayload, seconds: number, end: string | null): Promise<string> {
    if (!newest) throw new Error('no key to sign with')
    const now = Math.floor(Date.now() / 1000)
    const latest = end === null ? Number.POSITIVE_INFINITY : Date.parse(end) / 1000
    return new SignJWT(claims)
      .setProtectedHeader({ alg: 'HS256', typ: 'JWT', kid: newest.id })
      .setIssuer(issuer)
      .setAudience(AUDIENCE)
      .setSubject(subject)
      .setJti(randomUUID())
      .setIssuedAt(now)
      .setExpirationTime(Math.floor(Math.min(now + seconds, latest)))
      .sign(newest.key)
  }

  function keyNamed(id: string | undefined): Uint8Array {
    const found = keys.find((key) => key.id === id)
    if (!found) throw new Error('unknown key id')
    return found.key
  }
}

function readClaims({
  tid,
  tia,
  act,
  sub = '',
  scope,
  asked_at: askedAt,
  iat = 0,
}: JWTPayload): BearerClaims | undefined {
  if (typeof tid === 'string' && typeof tia === 'string') return { by: 'api_token', tokenId: tid, issuedAt: tia }
  const serviceId = typeof act === 'object' && act !== null && 'sub' in act ? act.sub : undefined
  if (typeof serviceId !== 'string' || typeof scope !== 'string') return undefined
  // An earlier version wrote none.
  const since = typeof askedAt === 'string' ? askedAt : new Date(iat * 1000).toISOString()
  return { by: 'service', serviceId, userId: sub, scopes: splitScopes(scope), askedAt: since }
}
