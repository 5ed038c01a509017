// GitHub's REST API: turns a call into an answer, with its rules for versions, tokens, limits and ETags.

import { createHash } from 'node:crypto'
import { type Call, header, matchRoute, type Reply } from '../http.ts'
import type { Site } from '../site.ts'
import type { Token, World } from '../state.ts'
import { type GithubRequest, githubError, hasPermissions, identify, notFound, type Viewer } from './access.ts'
import { type Bucket, limitExceeded, limitHeaders, limitOf, spend } from './limits.ts'
import type { GithubRoute } from './route.ts'
import { githubRoutes } from './routes.ts'

export function answerGithubApi(site: Site, world: World, call: Call): Reply {
  const reply = answer(site, world, call)
  const common: Record<string, string> = {
    'x-github-media-type': 'github.v3; format=json',
    'x-github-request-id': '5A4D:B0C5:1A2B3C:4D5E6F:68000000',
    'x-github-api-version-selected': versionSelected(call),
    server: 'github.com',
    vary: 'Accept, Authorization, Cookie, X-GitHub-OTP',
    'cache-control': 'private, max-age=60, s-maxage=60',
    'x-content-type-options': 'nosniff',
    ...(site.dotCom ? {} : { 'x-github-enterprise-version': site.version }),
  }
  return { ...reply, headers: { ...common, ...reply.headers } }
}

/** Without a requested version the oldest is used, and the answer names it. */
function versionSelected(call: Call): string {
  return header(call, 'x-github-api-version') ?? '2022-11-28'
}

function answer(site: Site, world: World, call: Call): Reply {
  if (header(call, 'user-agent') === undefined) return withoutUserAgent()
  if (!versionsOf(site).includes(versionSelected(call))) return versionUnknown(site, call)
  const found = matchRoute(githubRoutes, call.method, call.path.slice('/api/v3/'.length))
  if (found === undefined) return notFound()
  const { route, params } = found
  const request = { site, world, call, params, docs: route.docs, viewer: { token: null, user: null } }
  if (route.clientCredentials === true) return route.handler(request)
  const viewer = identify(world, call)
  if (viewer === undefined) return withLimit(world, { token: null, user: null }, 'core', () => badCredentials())
  if (world.settings.privateMode && viewer.token === null)
    return githubError(401, 'Must authenticate to access this API.')
  if (viewer.user?.blocked) return githubError(403, 'Sorry. Your account was suspended.')
  if (route.free === true) return free(world, route, { ...request, viewer })
  return withLimit(world, viewer, route.bucket ?? 'core', () => allowed(route, { ...request, viewer }))
}

/** Enterprise Servers know the newer one from 3.22 on. */
function versionsOf({ dotCom, version }: Site): string[] {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  const isNew = dotCom || major > 3 || (major === 3 && minor >= 22)
  return isNew ? ['2026-03-10', '2022-11-28'] : ['2022-11-28']
}

/** The wording: https://github.com/expipiplus1/update-nix-fetchgit/issues/79 */
function versionUnknown(site: Site, call: Call): Reply {
  const [newest, ...older] = versionsOf(site)
  const known = [`"${newest}" (most recent)`, ...older.map((version) => `"${version}"`)].join(', ')
  const reply = githubError(
    400,
    `The version you specified in the "X-GitHub-API-Version" request header, "${versionSelected(call)}", is not a supported version. The following versions are currently supported: ${known}.`,
  )
  return { ...reply, headers: { ...reply.headers, 'x-github-api-version-selected': newest ?? '' } }
}

/** The answer has the headers of the limit, but does not count towards it. */
function free(world: World, route: GithubRoute, request: GithubRequest): Reply {
  const reply = allowed(route, request)
  return { ...reply, headers: { ...reply.headers, ...limitHeaders(limitOf(world, request.viewer, 'core')) } }
}

function withoutUserAgent(): Reply {
  const body =
    '\r\nRequest forbidden by administrative rules. Please make sure your request has a User-Agent header (https://docs.github.com/en/rest/overview/resources-in-the-rest-api#user-agent-required). Check https://developer.github.com for other possible causes.\r\n'
  return { status: 403, headers: { 'content-type': 'text/html' }, body }
}

function badCredentials(): Reply {
  return githubError(401, 'Bad credentials')
}

/** Counts the call, unless the caller already had the answer (304). */
function withLimit(world: World, viewer: Viewer, bucket: Bucket, answerIt: () => Reply): Reply {
  const before = limitOf(world, viewer, bucket)
  if (before !== undefined && before.remaining === 0) {
    const reply = limitExceeded(viewer)
    return { ...reply, headers: { ...reply.headers, ...limitHeaders(before) } }
  }
  const reply = answerIt()
  if (reply.status !== 304) spend(world, viewer, bucket)
  return { ...reply, headers: { ...reply.headers, ...limitHeaders(limitOf(world, viewer, bucket)) } }
}

function allowed(route: GithubRoute, request: GithubRequest): Reply {
  const rejected = failure(route, request)
  const reply =
    rejected ??
    (isUncached(route) ? uncached(route.handler(request)) : conditional(request.call, route.handler(request)))
  // As in recorded answers: neither a 304 nor a 401 has scope headers.
  if (reply.status === 304 || reply.status === 401) return reply
  return { ...reply, headers: { ...reply.headers, ...scopeHeaders(route, request.viewer) } }
}

/** Searches and the rate limits have no ETag. */
function isUncached(route: GithubRoute): boolean {
  return route.bucket === 'search' || route.free === true
}

function uncached(reply: Reply): Reply {
  return { ...reply, headers: { ...reply.headers, 'cache-control': 'no-cache' } }
}

function failure(route: GithubRoute, request: GithubRequest): Reply | undefined {
  const { token } = request.viewer
  if (route.signedIn !== true) return undefined
  if (token === null) return githubError(401, 'Requires authentication', route.docs)
  if (token.kind === 'installation') return githubError(403, 'Resource not accessible by integration', route.docs)
  if (hasPermissions(token)) {
    if (route.permission === undefined || token.permissions.includes(route.permission)) return undefined
    const by = token.kind === 'app-user' ? 'integration' : 'personal access token'
    return githubError(403, `Resource not accessible by ${by}`, route.docs)
  }
  if (route.missing === undefined || route.accepted.some((scope) => token.scopes.includes(scope))) return undefined
  if (route.missing === 404) return notFound(route.docs)
  return githubError(403, 'You need at least read:org scope or user scope to list your organizations.', route.docs)
}

/**
 * An App's user token gets an empty scope header like an OAuth token's, and no permissions, as in all recorded answers.
 */
function scopeHeaders(route: GithubRoute, { token }: Viewer): Record<string, string> {
  if (token === null) return {}
  const expires = expiryHeader(token)
  if (hasPermissions(token) && token.kind !== 'app-user') {
    return { ...expires, 'x-accepted-github-permissions': route.permission ?? 'allows_permissionless_access=true' }
  }
  const clientId = token.oauth?.clientId ?? (token.kind === 'app-user' ? APP_CLIENT_ID : undefined)
  return {
    'x-oauth-scopes': token.kind === 'app-user' ? '' : token.scopes.join(', '),
    'x-accepted-oauth-scopes': route.accepted.join(', '),
    ...(clientId === undefined ? {} : { 'x-oauth-client-id': clientId }),
    ...expires,
  }
}

const APP_CLIENT_ID = 'Iv1.5a4db0c51a2b3c4d'

/** The expiry of tokens that have one: `2026-11-24 16:00:00 UTC`; for fine-grained tokens with an offset. */
function expiryHeader({ expiresAt, kind }: Token): Record<string, string> {
  if (expiresAt === null || kind === 'oauth') return {}
  const zone = kind === 'fine-grained' ? '+0000' : 'UTC'
  return { 'github-authentication-token-expiration': `${expiresAt.slice(0, 19).replace('T', ' ')} ${zone}` }
}

function conditional(call: Call, reply: Reply): Reply {
  if (reply.status !== 200 || call.method !== 'GET') return reply
  const etag = `W/"${createHash('sha256').update(reply.body).digest('hex')}"`
  const headers = { ...reply.headers, etag }
  const known = (header(call, 'if-none-match') ?? '').split(/,\s*/)
  if (!known.includes(etag) && !known.includes(etag.slice(2))) return { ...reply, headers }
  return { status: 304, headers: { etag }, body: '' }
}
