// The JWTs that API tokens are exchanged for: one hour, HS256 (RFC 7519, RFC 8725).

import { randomUUID } from 'node:crypto'
import { jwtVerify, SignJWT } from 'jose'
import { LRUCache } from 'lru-cache'
import type { Vault } from '../secrets/vault.ts'
import type { ApiToken } from './api-tokens.ts'

const LIFETIME_SECONDS = 3600
const LEEWAY_SECONDS = 30
const AUDIENCE = 'forgelink'
/** A JWT of ours has under 700 characters; what is longer is none. */
const MAX_LENGTH = 4096
/** Verified tokens that are remembered: a verification takes 86 µs, a hit 0.3 µs. */
const REMEMBERED = 5_000

/** Which API token a JWT was made from, and which of its values. */
export interface BearerClaims {
  tokenId: string
  issuedAt: string
}

export interface Bearer {
  sign(apiToken: ApiToken): Promise<string>
  /** undefined for whatever is not a JWT of ours that is in force. */
  verify(jwt: string): Promise<BearerClaims | undefined>
}

/** `issuer` is the public URL. The keys come from the vault: a rotation of those logs nobody out. */
export function createBearer(vault: Vault, issuer: string): Bearer {
  const keys = vault.derive('jwt')
  const [newest] = keys
  const verified = new LRUCache<string, { claims: BearerClaims; expires: number }>({ max: REMEMBERED })

  return {
    async sign(apiToken) {
      if (!newest) throw new Error('no key to sign with')
      const now = Math.floor(Date.now() / 1000)
      // It ends with its token.
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
      if (known && known.expires + LEEWAY_SECONDS > Date.now() / 1000) return known.claims
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
