// The JWTs that API tokens are exchanged for: one hour, HS256 (RFC 7519, RFC 8725).

import { randomUUID } from 'node:crypto'
import { jwtVerify, SignJWT } from 'jose'
import { LRUCache } from 'lru-cache'
import type { Vault } from '../secrets/vault.ts'
import type { ApiToken } from './api-tokens.ts'

const LIFETIME_SECONDS = 3600
const LEEWAY_SECONDS = 30
const AUDIENCE = 'forgelink'
/** A JWT of ours has under 700 characters, so a longer text is not one. */
const MAX_LENGTH = 4096
/** How many verified tokens are cached: verifying takes 86 µs, the cache 0.3 µs. */
const REMEMBERED = 5_000

/** The API token from which a JWT was made, and which of the token's values. */
export interface BearerClaims {
  tokenId: string
  issuedAt: string
}

export interface Bearer {
  sign(apiToken: ApiToken): Promise<string>
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
    async sign(apiToken) {
      if (!newest) throw new Error('no key to sign with')
      const now = Math.floor(Date.now() / 1000)
      // A JWT expires with its API token.
      const end = apiToken.expiresAt === null ? Number.POSITIVE_INFINITY : Date.parse(apiToken.expiresAt) / 1000
      const expires = Math.floor(Math.min(now + LIFETIME_SECONDS, end))
      return new SignJWT({ tid: apiToken.id, tia: apiToken.issuedAt, scope: apiToken.scopes })
        .setProtectedHeader({ alg: 'HS256', typ: 'JWT', kid: newest.id })
        .setIssuer(issuer)
        .setAudience(AUDIENCE)
        .setSubject(apiToken.userId)
        .setJti(randomUUID())
        .setIssuedAt(now)
        .setExpirationTime(expires)
        .sign(newest.key)
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
        if (typeof payload.tid !== 'string' || typeof payload.tia !== 'string' || !payload.exp) return undefined
        const claims = { tokenId: payload.tid, issuedAt: payload.tia }
        verified.set(jwt, { claims, expires: payload.exp })
        return claims
      } catch {
        return undefined
      }
    },
  }

  function keyNamed(id: string | undefined): Uint8Array {
    const found = keys.find((key) => key.id === id)
    if (!found) throw new Error('unknown key id')
    return found.key
  }
}
