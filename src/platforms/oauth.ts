// The authorization code flow with PKCE (RFC 6749, RFC 7636): the authorize URL, and the exchange of codes and refresh
// tokens.

import { createHash, randomBytes } from 'node:crypto'
import type { Config } from '../config.ts'
import { membersOf } from './answers.ts'
import type {} from './oauth-failures.ts'
import { badAnswer, oauthFailure, recognises, withSettings } from './oauth-failures.ts'
import type { OAuthScmType } from './scm-types.ts'
import type { RawAnswer } from './transport/guard.ts'
import { send } from './transport/send.ts'
import type { Transport } from './transport/transport.ts'

/** Our application at a platform, as the operator has registered it there. */
export interface OAuthApplication {
  scmType: OAuthScmType
  endpoints: OAuthEndpoints
  /** Web and REST root of the platform. */
  webUrl: string
  apiUrl: string
  clientId: string
  clientSecret: string
  redirectUri: string
  scopes: string[]
}

/** What a platform gives for a code or a refresh token. */
export interface TokenGrant extends TokenPair {
  /** null: it does not expire. */
  expiresAt: string | null
  /** null when the answer does not say. */
  scopes: string[] | null
}

/** The tokens of one grant. */
export interface TokenPair {
  accessToken: string
  refreshToken: string | null
}

/** A vendor's OAuth endpoints, and how they deviate from RFC 6749. */
export interface OAuthEndpoints {
  /** Below the web root, as all paths here. */
  authorizePath: string
  /** Besides the parameters that every vendor takes. */
  authorizeParameters: Record<string, string>
  tokenPath: string
  /** Besides the code itself. */
  codeParameters: Record<string, string>
  /** Besides the refresh token itself. */
  refreshParameters(application: OAuthApplication): Record<string, string>
  /** What `iss` of a callback may be (RFC 9207), for a platform at `webUrl`. */
  issuers(webUrl: string): string[]
  /** Lifetime in seconds of a token that comes with a refresh token but without `expires_in`. */
  usualLifetime: number
  /** Whether the vendor wrote this 4xx of an OAuth endpoint, although it does not have OAuth's form. */
  recognises(answer: RawAnswer): boolean
  /** The scopes that a grant lacks of `asked` or of those our calls need; empty when `granted` is unknown. */
  missingScopes(granted: string[] | null, asked: string[]): string[]
  /**
   * Revokes the tokens that OAuth obtained. A token that is already gone counts as revoked. Throws when it must be
   * tried again later; if the tokens were refreshed on the way, `keep` gets the new pair, which the next try needs.
   */
  revoke(
    transport: Transport,
    application: OAuthApplication,
    tokens: TokenPair,
    keep: (renewed: TokenPair) => Promise<void>,
  ): Promise<void>
}

/** Whether a callback's `iss` is the platform's own. A missing one is accepted, because some servers send none. */
export function isIssuer({ endpoints, webUrl }: OAuthApplication, iss: unknown): boolean {
  return iss === undefined || endpoints.issuers(webUrl).some((issuer) => issuer === iss)
}

/** The route that the platform sends the browser back to. */
export function callbackPath(scmType: OAuthScmType): string {
  return `/users/${scmType}/callback`
}

/** What the operator registers at the platform. */
export function callbackUrl(config: Pick<Config, 'publicUrl'>, scmType: OAuthScmType): string {
  return config.publicUrl + callbackPath(scmType)
}

/** 256 random bits: a state, or a PKCE verifier (RFC 7636 section 4.1). */
export function randomSecret(): string {
  return randomBytes(32).toString('base64url')
}

/** Where the browser is sent. */
export function authorizeUrl(application: OAuthApplication, secrets: { state: string; verifier: string }): string {
  const { authorizePath, authorizeParameters } = application.endpoints
  const query = new URLSearchParams({
    client_id: application.clientId,
    redirect_uri: application.redirectUri,
    scope: application.scopes.join(' '),
    state: secrets.state,
    code_challenge: hashOf(secrets.verifier),
    code_challenge_method: 'S256',
    ...authorizeParameters,
  })
  return `${application.webUrl}${authorizePath}?${query}`
}

/**
 * Throws `scm_grant_refused` for an invalid code, `scm_application_refused`, or the failure of the platform or network.
 */
export function exchangeCode(
  transport: Transport,
  application: OAuthApplication,
  { code, verifier }: { code: string; verifier: string },
  deadline?: number,
): Promise<TokenGrant> {
  const parameters = {
    ...application.endpoints.codeParameters,
    code,
    redirect_uri: application.redirectUri,
    code_verifier: verifier,
  }
  return askToken(transport, application, parameters, deadline)
}

/**
 * Throws `scm_grant_refused` only when the refresh token is dead for good. It is used up even if the answer is lost.
 */
export async function refreshGrant(
  transport: Transport,
  application: OAuthApplication,
  refreshToken: string,
  deadline?: number,
): Promise<TokenGrant> {
  const parameters = {
    grant_type: 'refresh_token',
    refresh_token: refreshToken,
    ...application.endpoints.refreshParameters(application),
  }
  const grant = await askToken(transport, application, parameters, deadline)
  // RFC 6749 section 6: when the answer has no new one, the old one stays valid.
  return { ...grant, refreshToken: grant.refreshToken ?? refreshToken }
}

/** The scopes that a grant lacks of those asked for or needed by our calls. */
export function missingScopes(application: OAuthApplication, granted: string[] | null): string[] {
  return application.endpoints.missingScopes(granted, application.scopes)
}

function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('base64url')
}

async function askToken(
  transport: Transport,
  application: OAuthApplication,
  parameters: Record<string, string>,
  deadline: number | undefined,
): Promise<TokenGrant> {
  const { tokenPath, usualLifetime } = application.endpoints
  const began = Date.now()
  const answer = await send(transport, {
    method: 'POST',
    url: `${application.webUrl}${tokenPath}`,
    headers: { accept: 'application/json' }, // otherwise GitHub answers form-encoded
    // Doorkeeper rejects two kinds of client authentication at once, so it is sent in the body only.
    form: { client_id: application.clientId, client_secret: application.clientSecret, ...parameters },
    recognises: (rejected) => recognises(application, rejected),
    // For the circuit breaker the refresh token stands for its account: each link has one of its own.
    ...(parameters.refresh_token !== undefined && { account: hashOf(parameters.refresh_token) }),
    ...(deadline !== undefined && { deadline }),
  }).catch((failure: unknown) => {
    throw withSettings(application, failure)
  })
  // GitHub sends errors with status 200, so the body decides.
  const body = membersOf(answer.body)
  if (answer.status >= 400 || body.error !== undefined) throw oauthFailure(application, answer)
  const accessToken = tokenIn(body.access_token)
  if (accessToken === null) {
    throw badAnswer(application, 'gave no token where it should have')
  }
  const refreshToken = tokenIn(body.refresh_token)
  const lifetime = secondsIn(body.expires_in) ?? (refreshToken === null ? null : usualLifetime)
  return {
    accessToken,
    refreshToken,
    expiresAt: lifetime === null ? null : new Date(began + lifetime * 1000).toISOString(),
    scopes: scopesIn(body.scope),
  }
}

/**
 * Whether the value may be a code or token. Their form is the platform's own; we only require that it fits into a
 * header.
 */
export function isOpaque(value: unknown): value is string {
  return typeof value === 'string' && /^[\x21-\x7e]{1,4096}$/.test(value)
}

function tokenIn(value: unknown): string | null {
  return isOpaque(value) ? value : null
}

/** Platforms have about fifty. */
const MAX_SCOPES = 100

/** null when the answer does not say. RFC 6749 separates scopes by spaces, GitHub by commas. */
function scopesIn(value: unknown): string[] | null {
  if (typeof value !== 'string') return null
  return value
    .split(/[\s,]+/)
    .filter((scope) => /^[a-z][a-z0-9_:.-]{0,60}$/i.test(scope))
    .slice(0, MAX_SCOPES)
}

const MAX_LIFETIME_SECONDS = 10 * 365 * 86_400

/** Some servers send the number as text. */
function secondsIn(value: unknown): number | null {
  const seconds = typeof value === 'string' && /^\d+$/.test(value) ? Number(value) : value
  return typeof seconds === 'number' && seconds > 0 && seconds <= MAX_LIFETIME_SECONDS ? seconds : null
}
