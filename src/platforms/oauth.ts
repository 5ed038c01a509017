// The authorization code flow with PKCE (RFC 6749, RFC 7636): where a browser is sent, code and refresh token for tokens.

import { createHash, randomBytes } from 'node:crypto'
import type { Config } from '../config.ts'
import { membersOf } from './answers.ts'
import type { OAuthMeaning } from './oauth-failures.ts'
import { badAnswer, oauthFailure, recognises, withSettings } from './oauth-failures.ts'
import type { OAuthScmType } from './scm-types.ts'
import type { RawAnswer } from './transport/guard.ts'
import { send } from './transport/send.ts'
import type { Transport } from './transport/transport.ts'

/** Ours at a platform, as the operator has registered it there. */
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
  /** null: it does not end. */
  expiresAt: string | null
  /** null when the answer does not tell. */
  scopes: string[] | null
}

/** The tokens of one grant. */
export interface TokenPair {
  accessToken: string
  refreshToken: string | null
}

/** Where a vendor has its OAuth, and how that deviates from RFC 6749. */
export interface OAuthEndpoints {
  /** Below the web root, as all paths here. */
  authorizePath: string
  /** Beside what every vendor takes. */
  authorizeParameters: Record<string, string>
  tokenPath: string
  /** Beside the code itself. */
  codeParameters: Record<string, string>
  /** Beside the refresh token itself. */
  refreshParameters(application: OAuthApplication): Record<string, string>
  /** What `iss` of a callback may be (RFC 9207), for a platform at `webUrl`. */
  issuers(webUrl: string): string[]
  /** Seconds a token lives that comes with a refresh token but without `expires_in`. */
  usualLifetime: number
  /** What its own codes in `error` mean, beside those of RFC 6749. */
  errors: Record<string, OAuthMeaning>
  /** Whether it wrote this 4xx of an OAuth endpoint, although the form is not OAuth's. */
  recognises(answer: RawAnswer): boolean
  /** What a grant lacks of `asked` or of what our calls need; nothing where `granted` is not told. */
  missingScopes(granted: string[] | null, asked: string[]): string[]
  /**
   * Ends what OAuth obtained. Throws when it is to be tried again later; a token that is gone already is as good. `keep` is
   * given the pair that the tokens were renewed to on the way: a later try needs that one.
   */
  revoke(
    transport: Transport,
    application: OAuthApplication,
    tokens: TokenPair,
    keep: (renewed: TokenPair) => Promise<void>,
  ): Promise<void>
}

/** Whether a callback's `iss` is the platform's own. Servers that send none are as good. */
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

/** Throws `scm_grant_refused` for a code that is no good, `scm_application_refused`, or what the platform's trouble is. */
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

/** Throws `scm_grant_refused` only when the refresh token will never be taken again; it is spent even if the answer is lost. */
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
  // RFC 6749 section 6: without a new one the old one goes on.
  return { ...grant, refreshToken: grant.refreshToken ?? refreshToken }
}

/** What a grant lacks of the scopes that were asked for or that our calls need. */
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
    headers: { accept: 'application/json' }, // else GitHub answers form-encoded
    // Doorkeeper refuses two kinds of client authentication at once, so it is in the body alone.
    form: { client_id: application.clientId, client_secret: application.clientSecret, ...parameters },
    recognises: (rejected) => recognises(application, rejected),
    // Each link spends a token of its own, which stands for its account here.
    ...(parameters.refresh_token !== undefined && { account: hashOf(parameters.refresh_token) }),
    ...(deadline !== undefined && { deadline }),
  }).catch((failure: unknown) => {
    throw withSettings(application, failure)
  })
  // GitHub says its errors with status 200, so the body decides.
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

/** Whether it is what a platform may give as code or token: nothing else is known of their form. It fits into a header. */
export function isOpaque(value: unknown): value is string {
  return typeof value === 'string' && /^[\x21-\x7e]{1,4096}$/.test(value)
}

function tokenIn(value: unknown): string | null {
  return isOpaque(value) ? value : null
}

/** Platforms have about fifty. */
const MAX_SCOPES = 100

/** null when the answer does not tell. RFC 6749 separates them by spaces, GitHub by commas. */
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
