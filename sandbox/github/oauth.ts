// GitHub's OAuth: the authorize page, and the token endpoint, which sends its errors with status 200.

import { type Call, fields, header, json, type Reply } from '../http.ts'
import {
  findClient,
  type Issued,
  issueFor,
  randomHex,
  redeemCode,
  redirectFits,
  refresh,
  revokeFamily,
} from '../oauth/grants.ts'
import { authorizePage, decided } from '../oauth/page.ts'
import { githubPermissions } from '../seed/github.ts'
import type { OAuthRules, Site } from '../site.ts'
import { type Token, userById, type World } from '../state.ts'

export const githubOauth: OAuthRules = {
  authorizePath: '/login/oauth/authorize',
  // https://docs.github.com/en/apps/github-authentication-discovery-endpoints
  issuerPath: '/login/oauth',
  unknownClientStatus: 404,
  redirectUriOptional: true,
  redirectsBelow: true,
  newCode: () => randomHex(10),
  newAccessToken: (_world, clientId) => `${isApp(clientId) ? 'ghu_' : 'gho_'}${randomHex(18)}`,
  newRefreshToken: () => `ghr_${randomHex(38)}`,
  // A GitHub App asks for no scopes: its permissions were chosen when it was created.
  access: (clientId, scopes) =>
    isApp(clientId)
      ? { kind: 'app-user', scopes: [], permissions: githubPermissions }
      : { kind: 'oauth', scopes, permissions: [] },
}

/** GitHub Apps use OAuth too; their tokens have permissions and no scopes. */
function isApp(clientId: string): boolean {
  return clientId.startsWith('Iv')
}

export function answerGithubOauth(site: Site, world: World, call: Call): Reply | undefined {
  const path = call.path
  if (path === githubOauth.authorizePath && call.method === 'GET') {
    return authorizePage(site, world, call.query, scopesAsked(call.query))
  }
  if (path === githubOauth.authorizePath && call.method === 'POST') {
    const form = fields(call)
    return decided(site, world, form, scopesAsked(form))
  }
  if (path === '/login/oauth/access_token' && call.method === 'POST') return tokenReply(world, call)
  return undefined
}

/** An unknown application is a 404: https://github.com/octokit/auth-oauth-user.js/issues/239 */
function tokenReply(world: World, call: Call): Reply {
  const isKnown = findClient(world, fields(call).get('client_id')) !== undefined
  return isKnown ? tokenAnswer(call, exchange(world, call)) : json(404, { error: 'Not Found' }, OWN_HEADERS)
}

const OWN_HEADERS = { server: 'github.com', 'x-github-request-id': '5A4D:B0C5:1A2B3C:4D5E6F:68000001' }

function scopesAsked(params: URLSearchParams): string[] {
  return (params.get('scope') ?? '').split(/[\s,]+/).filter((scope) => scope !== '')
}

type Answer = Record<string, string | number>

/** Form-encoded unless the caller asks for JSON. */
function tokenAnswer(call: Call, answer: Answer): Reply {
  if ((header(call, 'accept') ?? '').includes('json'))
    return json(200, answer, { ...OWN_HEADERS, 'cache-control': 'no-store' })
  const form = new URLSearchParams()
  for (const [name, value] of Object.entries(answer)) form.set(name, String(value))
  const headers = { 'content-type': 'application/x-www-form-urlencoded; charset=utf-8', 'cache-control': 'no-store' }
  return { status: 200, headers: { ...OWN_HEADERS, ...headers }, body: form.toString() }
}

const problems = {
  bad_verification_code: 'The code passed is incorrect or expired.',
  incorrect_client_credentials: 'The client_id and/or client_secret passed are incorrect.',
  redirect_uri_mismatch: 'The redirect_uri MUST match the registered callback URL for this application.',
  unverified_user_email: 'The user must have a verified primary email.',
  bad_refresh_token: 'The refresh token passed is incorrect or expired.',
}

function problem(error: keyof typeof problems): Answer {
  return { error, error_description: problems[error], error_uri: 'https://docs.github.com' }
}

function exchange(world: World, call: Call): Answer {
  const params = fields(call)
  const client = findClient(world, params.get('client_id'), params.get('client_secret') ?? '')
  if (client === undefined) return problem('incorrect_client_credentials')
  if (params.get('grant_type') === 'refresh_token') {
    const renewed = refresh(githubOauth, world, client.id, params.get('refresh_token'))
    return renewed === undefined ? problem('bad_refresh_token') : success(world, renewed)
  }
  if (!redirectFits(githubOauth, world, params)) return problem('redirect_uri_mismatch')
  const grant = redeemCode(world, client.id, params)
  if (grant === undefined) return problem('bad_verification_code')
  const user = userById(world, grant.userId)
  if (user?.emails.some((email) => email.primary && email.verified) !== true) return problem('unverified_user_email')
  const issued = issueFor(githubOauth, world, { ...grant, scopes: folded(grant.scopes) })
  dropOldest(world, issued.token)
  return success(world, issued)
}

/** https://docs.github.com/en/apps/oauth-apps/building-oauth-apps/scopes-for-oauth-apps, "Normalized scopes". */
const covers: Record<string, string[]> = {
  user: ['user:email', 'read:user', 'user:follow'],
  repo: ['public_repo', 'repo:status', 'repo_deployment', 'repo:invite', 'security_events'],
  project: ['read:project'],
  'write:packages': ['read:packages'],
}
for (const subject of ['org', 'public_key', 'repo_hook', 'gpg_key', 'ssh_signing_key']) {
  covers[`write:${subject}`] = [`read:${subject}`]
  covers[`admin:${subject}`] = [`write:${subject}`, `read:${subject}`]
}

/** `user,user:email` is granted as `user`; offline_access is not a scope of the token. */
function folded(scopes: string[]): string[] {
  const narrower = new Set(scopes.flatMap((scope) => covers[scope] ?? []))
  return [...new Set(scopes)].filter((scope) => !narrower.has(scope) && scope !== 'offline_access').sort()
}

function success(world: World, { token, refreshToken }: Issued): Answer {
  const { accessTokenSeconds, refreshTokenSeconds } = world.settings.oauth
  const pair =
    refreshToken === null
      ? {}
      : {
          expires_in: accessTokenSeconds,
          refresh_token: refreshToken.value,
          refresh_token_expires_in: refreshTokenSeconds ?? 15_897_600,
        }
  return { access_token: token.value, ...pair, scope: token.scopes.join(','), token_type: 'bearer' }
}

/** GitHub keeps ten tokens for each user, app and set of scopes; the oldest is deleted. */
function dropOldest(world: World, issued: Token): void {
  const same = world.tokens.filter((token) => {
    const ofSameApp = token.oauth?.clientId === issued.oauth?.clientId && token.userId === issued.userId
    return token.kind === 'oauth' && !token.revoked && ofSameApp && token.scopes.join() === issued.scopes.join()
  })
  const oldest = same.length > 10 ? same[0] : undefined
  if (oldest?.oauth) revokeFamily(world, oldest.oauth.family)
}
