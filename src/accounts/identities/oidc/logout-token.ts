// Logout tokens: with one, an OpenID provider ends sessions here without the person's browser.
// https://openid.net/specs/openid-connect-backchannel-1_0.html

import { type JWTVerifyGetKey, jwtVerify } from 'jose'
import { JOSEError } from 'jose/errors'
import { rejected } from './errors.ts'

/** It is meant for now. Its `jti` has to be remembered for so long. */
export const MAX_LOGOUT_TOKEN_SECONDS = 3_600
const TOLERANCE_SECONDS = 30
/** Without HMAC, where the client's secret would sign, and without `none`. */
const ALGORITHMS = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519']
/**
 * Recommended is the first; Keycloak has sent JWT until version 25, which https://github.com/keycloak/keycloak/issues/28939
 * tells. Tokens of another kind, such as access tokens, have another type.
 */
const TYPES = ['logout+jwt', 'application/logout+jwt', 'jwt', undefined]
/** The provider's keys could not be had, which says nothing about the token. */
const KEYS_MISSING = ['ERR_JWKS_TIMEOUT', 'ERR_JOSE_GENERIC']
const LOGOUT_EVENT = 'http://schemas.openid.net/event/backchannel-logout'

/** Names a session at the provider, a person, or both. */
export interface LogoutToken {
  issuer: string
  jti: string
  sub: string | null
  sid: string | null
}

/** Throws `sign_in_refused` when it is not a valid one of this issuer for this client, or what `keys` throws. */
export async function readLogoutToken(
  token: string,
  { issuer, clientId, keys }: { issuer: string; clientId: string; keys: JWTVerifyGetKey },
): Promise<LogoutToken> {
  const { payload, protectedHeader } = await jwtVerify(token, keys, {
    issuer,
    audience: clientId,
    algorithms: ALGORITHMS,
    clockTolerance: TOLERANCE_SECONDS,
    maxTokenAge: MAX_LOGOUT_TOKEN_SECONDS,
    requiredClaims: ['iat', 'exp', 'jti'],
  }).catch((error: unknown) => {
    throw error instanceof JOSEError && !KEYS_MISSING.includes(error.code) ? notOne(error) : error
  })
  const { jti, sub, sid, events } = payload
  const isTyped = TYPES.includes(protectedHeader.typ?.toLowerCase())
  const event = isObject(events) ? events[LOGOUT_EVENT] : undefined
  // An ID token has a nonce, so that it never counts as a logout token.
  if (!isTyped || !isObject(event) || 'nonce' in payload || !isName(jti)) throw notOne()
  if (!isName(sub) && !isName(sid)) throw notOne()
  if ((sub !== undefined && !isName(sub)) || (sid !== undefined && !isName(sid))) throw notOne()
  return { issuer, jti, sub: sub ?? null, sid: sid ?? null }
}

function notOne(cause?: unknown) {
  return rejected('This is not a valid logout token of the provider for this server.', cause)
}

function isName(value: unknown): value is string {
  return typeof value === 'string' && value !== '' && value.length <= 1_024
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
