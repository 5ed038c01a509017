// The authorization code flow with PKCE at GitHub and GitLab: where a browser is sent, code and refresh token for tokens, revocation.

import { createHash, randomBytes } from 'node:crypto'
import type { Config } from '../config.ts'
import { Failure } from '../failure.ts'
import { type Outgoing, type RawAnswer, send } from './api.ts'
import { apiVersionFor } from './github/api-version.ts'
import * as githubScopes from './github/scopes.ts'
import * as gitlabScopes from './gitlab/scopes.ts'
import { clampWait, readRetryAfter } from './outgoing/retry-after.ts'
import { platformAddress } from './platform-url.ts'
import { type OAuthScmType, scmTypes } from './scm-types.ts'
import { membersOf } from './vendor.ts'

/** Ours at a platform, as the operator has registered it there. */
export interface OAuthApplication {
  scmType: OAuthScmType
  /** Web and REST root of the platform. */
  web: string
  api: string
  clientId: string
  clientSecret: string
  redirectUri: string
  scopes: string[]
}

/** What a platform gives for a code or a refresh token. */
export interface TokenGrant {
  accessToken: string
  refreshToken: string | null
  /** null: it does not end. */
  expiresAt: string | null
  /** null when the answer does not tell. */
  scopes: string[] | null
}

interface Vendor {
  authorizePath: string
  /** Beside what both take. */
  authorizeParameters: Record<string, string>
  tokenPath: string
  /** GitHub's form for a code has no `grant_type`, and for a refresh token no `redirect_uri`. */
  codeParameters: Record<string, string>
  refreshParameters: (application: OAuthApplication) => Record<string, string>
  /** What `iss` of a callback may be (RFC 9207), for a platform at `web`. */
  issuers: (web: string) => string[]
  /** Seconds a token lives that comes with a refresh token but without `expires_in`. */
  usualLifetime: number
  missingScopes: (granted: string[] | null, asked: string[]) => string[]
}

const vendors: Record<OAuthScmType, Vendor> = {
  github: {
    authorizePath: '/login/oauth/authorize',
    // select_account: with several accounts in the browser, its person says which is meant.
    authorizeParameters: { allow_signup: 'false', prompt: 'select_account' },
    tokenPath: '/login/oauth/access_token',
    codeParameters: {},
    refreshParameters: () => ({}),
    issuers: githubIssuers,
    usualLifetime: 28_800,
    missingScopes: githubScopes.missingScopes,
  },
  gitlab: {
    authorizePath: '/oauth/authorize',
    authorizeParameters: { response_type: 'code' },
    tokenPath: '/oauth/token',
    codeParameters: { grant_type: 'authorization_code' },
    refreshParameters: ({ redirectUri }) => ({ redirect_uri: redirectUri }),
    // It sends none yet; this is the issuer of https://gitlab.com/.well-known/oauth-authorization-server.
    issuers: (web) => [web],
    usualLifetime: 7_200,
    missingScopes: gitlabScopes.missingScopes,
  },
}

/**
 * github.com names itself https://github.com/login/oauth:
 * https://docs.github.com/en/apps/github-authentication-discovery-endpoints. That page says that what other GitHub servers
 * publish is incorrect, so of those either form is taken.
 */
function githubIssuers(web: string): string[] {
  const issuer = `${web}/login/oauth`
  return web === 'https://github.com' ? [issuer] : [issuer, web]
}

/** Whether a callback's `iss` is the platform's own. Servers that send none are as good. */
export function isIssuer({ scmType, web }: OAuthApplication, iss: unknown): boolean {
  return iss === undefined || vendors[scmType].issuers(web).some((issuer) => issuer === iss)
}

/** null when the operator has not set it up. */
export function oauthApplication(config: Config, scmType: OAuthScmType): OAuthApplication | null {
  const { url, clientId, clientSecret, scopes } = config[scmType]
  if (clientId === null || clientSecret === null) return null
  const { web, api } = platformAddress(scmType, url)
  return { scmType, web, api, clientId, clientSecret, redirectUri: callbackUrl(config, scmType), scopes }
}

/** What the operator registers at the platform. */
export function callbackUrl(config: Config, scmType: OAuthScmType): string {
  return `${config.publicUrl}/users/${scmType}/callback`
}

/** 256 random bits: a state, or a PKCE verifier (RFC 7636 section 4.1). */
export function randomSecret(): string {
  return randomBytes(32).toString('base64url')
}

/** Where the browser is sent. */
export function authorizeUrl(application: OAuthApplication, secrets: { state: string; verifier: string }): string {
  const { authorizePath, authorizeParameters } = vendors[application.scmType]
  const query = new URLSearchParams({
    client_id: application.clientId,
    redirect_uri: application.redirectUri,
    scope: application.scopes.join(' '),
    state: secrets.state,
    code_challenge: createHash('sha256').update(secrets.verifier).digest('base64url'),
    code_challenge_method: 'S256',
    ...authorizeParameters,
  })
  return `${application.web}${authorizePath}?${query}`
}

/** Throws `scm_grant_refused` for a code that is no good, `scm_application_refused`, or what the platform's trouble is. */
export function exchangeCode(
  outgoing: Outgoing,
  application: OAuthApplication,
  { code, verifier }: { code: string; verifier: string },
  deadline?: number,
): Promise<TokenGrant> {
  const parameters = {
    ...vendors[application.scmType].codeParameters,
    code,
    redirect_uri: application.redirectUri,
    code_verifier: verifier,
  }
  return askToken(outgoing, application, parameters, deadline)
}

/** Throws `scm_grant_refused` only when the refresh token will never be taken again; it is spent even if the answer is lost. */
export async function refreshGrant(
  outgoing: Outgoing,
  application: OAuthApplication,
  refreshToken: string,
  deadline?: number,
): Promise<TokenGrant> {
  const parameters = {
    grant_type: 'refresh_token',
    refresh_token: refreshToken,
    ...vendors[application.scmType].refreshParameters(application),
  }
  const grant = await askToken(outgoing, application, parameters, deadline)
  // RFC 6749 section 6: without a new one the old one goes on.
  return { ...grant, refreshToken: grant.refreshToken ?? refreshToken }
}

/** What a grant lacks of the scopes that were asked for or that our calls need. */
export function missingScopes(application: OAuthApplication, granted: string[] | null): string[] {
  return vendors[application.scmType].missingScopes(granted, application.scopes)
}

async function askToken(
  outgoing: Outgoing,
  application: OAuthApplication,
  parameters: Record<string, string>,
  deadline: number | undefined,
): Promise<TokenGrant> {
  const { tokenPath, usualLifetime } = vendors[application.scmType]
  const began = Date.now()
  const answer = await send(outgoing, {
    method: 'POST',
    url: `${application.web}${tokenPath}`,
    headers: { accept: 'application/json' }, // else GitHub answers form-encoded
    form: { client_id: application.clientId, client_secret: application.clientSecret, ...parameters },
    ...(deadline !== undefined && { deadline }),
  })
  // GitHub says its errors with status 200, so the body decides.
  const body = membersOf(answer.body)
  if (answer.status >= 400 || body.error !== undefined) throw refusal(application, answer)
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
    scopes: typeof body.scope === 'string' ? body.scope.split(/[\s,]+/).filter((scope) => scope !== '') : null,
  }
}

/** The code or refresh token is wrong, used up, expired or revoked: asking again gives the same answer. */
const GRANT_ERRORS = ['invalid_grant', 'bad_verification_code', 'bad_refresh_token']

/** Our application is not taken; the operator can mend it, and the link is as good as before then. */
const APPLICATION_ERRORS = [
  'incorrect_client_credentials',
  'invalid_client',
  'unauthorized_client',
  'redirect_uri_mismatch',
  'application_suspended',
  'unsupported_grant_type',
  'invalid_scope',
]

function refusal(application: OAuthApplication, { status, headers, body }: RawAnswer): Failure {
  const { label } = scmTypes[application.scmType]
  const given = membersOf(body).error
  const error = typeof given === 'string' && /^[a-z_]{1,60}$/.test(given) ? given : 'unknown'
  const log = { host: new URL(application.web).hostname, status, oauth_error: error }
  if (GRANT_ERRORS.includes(error)) {
    return new Failure('scm_grant_refused', `${label} refused it (${error}).`, { log })
  }
  if (error === 'unverified_user_email') {
    const message = `${label} links only accounts whose primary e-mail address is verified. Verify it there and try again.`
    return new Failure('scm_grant_refused', message, { log })
  }
  if (APPLICATION_ERRORS.includes(error)) return applicationRefused(application, log)
  if (status === 429 || headers['retry-after'] !== undefined || headers['x-ratelimit-remaining'] === '0') {
    const retryAfter = clampWait(readRetryAfter(headers['retry-after']) ?? undefined, 60)
    return new Failure('scm_rate_limited', `${label} asks to wait before it gives tokens.`, { retryAfter, log })
  }
  return badAnswer(application, `answered with the status ${status} where it should give a token`, log)
}

function applicationRefused({ scmType }: OAuthApplication, log: Record<string, string | number>): Failure {
  const { label } = scmTypes[scmType]
  const name = scmType.toUpperCase()
  return new Failure(
    'scm_application_refused',
    `${label} does not take this server's OAuth application (${log.oauth_error ?? log.status}). Its operator has to check ${name}_CLIENT_ID, ${name}_CLIENT_SECRET and the callback address registered there.`,
    { log },
  )
}

function badAnswer(
  { scmType, web }: OAuthApplication,
  what: string,
  log: Record<string, string | number> = {},
): Failure {
  const host = new URL(web).hostname
  return new Failure('scm_bad_response', `${scmTypes[scmType].label} at ${host} ${what}. Try again later.`, {
    log: { host, ...log },
  })
}

/** What fits into a header. */
function tokenIn(value: unknown): string | null {
  return typeof value === 'string' && /^[\x21-\x7e]{1,4096}$/.test(value) ? value : null
}

const LONGEST_LIFETIME = 10 * 365 * 86_400

function secondsIn(value: unknown): number | null {
  return typeof value === 'number' && value > 0 && value <= LONGEST_LIFETIME ? value : null
}

interface Pair {
  accessToken: string
  refreshToken: string | null
}

/**
 * Ends what OAuth obtained. Throws when it is to be tried again later; a token that is gone already is as good. `keep` is
 * given the pair that the tokens were renewed to on the way: a later try needs that one.
 */
export async function revokeGrant(
  outgoing: Outgoing,
  application: OAuthApplication,
  tokens: Pair,
  keep: (renewed: Pair) => Promise<void>,
): Promise<void> {
  if (application.scmType === 'github') return revokeAtGitHub(outgoing, application, tokens, keep)
  await revokeAtGitLab(outgoing, application, tokens.accessToken)
  // GitLab passes over an access token that has expired, and its refresh token would live on.
  if (tokens.refreshToken !== null) await revokeAtGitLab(outgoing, application, tokens.refreshToken)
}

/** GitHub ends a pair by its access token. One that has run out is none any more: then the pair is renewed to end it. */
async function revokeAtGitHub(
  outgoing: Outgoing,
  application: OAuthApplication,
  { accessToken, refreshToken }: Pair,
  keep: (renewed: Pair) => Promise<void>,
): Promise<void> {
  if (await endTokenAtGitHub(outgoing, application, accessToken)) return
  // GitHub says the same to a wrong client secret. The token endpoint tells: what it refuses there is not the client.
  let renewed: TokenGrant | undefined
  try {
    if (refreshToken === null) await exchangeCode(outgoing, application, { code: 'none', verifier: randomSecret() })
    else renewed = await refreshGrant(outgoing, application, refreshToken)
  } catch (error) {
    const isGone = error instanceof Failure && error.code === 'scm_grant_refused'
    if (!isGone) throw error
  }
  if (!renewed) return
  await keep(renewed)
  await endTokenAtGitHub(outgoing, application, renewed.accessToken)
}

/**
 * Whether the token was there. https://docs.github.com/en/rest/apps/oauth-applications#delete-an-app-token
 */
async function endTokenAtGitHub(outgoing: Outgoing, application: OAuthApplication, token: string): Promise<boolean> {
  const { api, clientId, clientSecret } = application
  const answer = await send(outgoing, {
    method: 'DELETE',
    url: `${api}/applications/${encodeURIComponent(clientId)}/token`,
    headers: {
      authorization: `Basic ${Buffer.from(`${clientId}:${clientSecret}`).toString('base64')}`,
      accept: 'application/vnd.github+json',
      'x-github-api-version': apiVersionFor(application.web, undefined),
    },
    json: { access_token: token },
  })
  // 404: it is no token of ours any more, or we are not who we say; 422: it never was one.
  if (![204, 404, 422].includes(answer.status)) throw refusal(application, answer)
  return answer.status === 204
}

/** https://docs.gitlab.com/api/oauth2/#revoke-a-token: 200 also for tokens that it does not know. */
async function revokeAtGitLab(outgoing: Outgoing, application: OAuthApplication, token: string): Promise<void> {
  const answer = await send(outgoing, {
    method: 'POST',
    url: `${application.web}/oauth/revoke`,
    headers: { accept: 'application/json' },
    form: { client_id: application.clientId, client_secret: application.clientSecret, token },
  })
  if (answer.status !== 200) throw refusal(application, answer)
}
