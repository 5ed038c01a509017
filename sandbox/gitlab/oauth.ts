// GitLab's OAuth: authorize, token, revoke and token info, with real status codes.

import { randomBytes } from 'node:crypto'
import { basicCredentials, type Call, fields, header, json, type Reply } from '../http.ts'
import {
  findClient,
  type Issued,
  issueFor,
  randomHex,
  redeemCode,
  redirectFits,
  refresh,
  revokePair,
} from '../oauth/grants.ts'
import { authorizePage, backWith, badRequest, decided } from '../oauth/page.ts'
import type { OAuthRules, Site } from '../site.ts'
import { findToken, isExpired, type World } from '../state.ts'
import { invalidToken } from './access.ts'

export const gitlabOauth: OAuthRules = {
  authorizePath: '/oauth/authorize',
  issuerPath: null,
  unknownClientStatus: 401,
  redirectUriOptional: false,
  redirectsBelow: false,
  newCode: (world) => (world.settings.oauth.iam ? `gliamac-${randomHex(200)}` : randomHex(10)),
  newAccessToken: (world) => (world.settings.oauth.iam ? newIamToken() : randomHex(32)),
  newRefreshToken: (world) => (world.settings.oauth.iam ? `gliamrt-${randomHex(64)}` : randomHex(32)),
  access: (_clientId, scopes) => ({ kind: 'oauth', scopes, permissions: [] }),
}

/** A JWT behind its prefix. */
function newIamToken(): string {
  const part = (bytes: number) => randomBytes(bytes).toString('base64url')
  return `gliamat-${part(60)}.${part(420)}.${part(256)}`
}

export function answerGitlabOauth(site: Site, world: World, call: Call): Reply | undefined {
  const path = call.path.slice(site.basePath.length)
  if (path === gitlabOauth.authorizePath && (call.method === 'GET' || call.method === 'POST')) {
    return authorize(site, world, call)
  }
  if (path === '/oauth/token' && call.method === 'POST') return token(world, call)
  if (path === '/oauth/revoke' && call.method === 'POST') return revoke(world, call)
  if (path === '/oauth/token/info' && call.method === 'GET') return info(world, call)
  return undefined
}

const knownScopes = 'api read_api read_user openid profile email read_repository write_repository'.split(' ')

function authorize(site: Site, world: World, call: Call): Reply {
  const params = call.method === 'GET' ? call.query : fields(call)
  const rejected = badRequest(site, world, params)
  if (rejected !== undefined) return rejected
  if (params.get('response_type') !== 'code') {
    const description = 'The authorization server does not support this response type.'
    return backWith(site, params, { error: 'unsupported_response_type', error_description: description })
  }
  const scopes = (params.get('scope') ?? 'read_api').split(/\s+/).filter((scope) => scope !== '')
  if (!scopes.every((scope) => knownScopes.includes(scope))) {
    const description = 'The requested scope is invalid, unknown, or malformed.'
    return backWith(site, params, { error: 'invalid_scope', error_description: description })
  }
  return call.method === 'GET' ? authorizePage(site, world, params, scopes) : decided(site, world, params, scopes)
}

function clientOf(world: World, call: Call, params: URLSearchParams) {
  const basic = basicCredentials(call)
  const id = basic?.user ?? params.get('client_id')
  return findClient(world, id, basic?.password ?? params.get('client_secret') ?? '')
}

function token(world: World, call: Call): Reply {
  const params = fields(call)
  const client = clientOf(world, call, params)
  if (client === undefined) {
    const description =
      'Client authentication failed due to unknown client, no client authentication included, or unsupported authentication method.'
    return problem(401, 'invalid_client', description)
  }
  const type = params.get('grant_type')
  if (type === 'refresh_token') {
    const renewed = refresh(gitlabOauth, world, client.id, params.get('refresh_token'))
    return renewed === undefined ? invalidGrant() : success(world, renewed)
  }
  if (type !== 'authorization_code') {
    return problem(400, 'unsupported_grant_type', 'The authorization grant type is not supported.')
  }
  if (!redirectFits(gitlabOauth, world, params)) return invalidGrant()
  const grant = redeemCode(world, client.id, params)
  return grant === undefined ? invalidGrant() : success(world, issueFor(gitlabOauth, world, grant))
}

function invalidGrant(): Reply {
  return problem(
    400,
    'invalid_grant',
    'The provided authorization grant is invalid, expired, revoked, does not match the redirection URI used in the authorization request, or was issued to another client.',
  )
}

function problem(status: number, error: string, description: string): Reply {
  const challenge = `Bearer realm="Doorkeeper", error="${error}", error_description="${description}"`
  return json(status, { error, error_description: description }, { 'www-authenticate': challenge })
}

function success(world: World, issued: Issued): Reply {
  const expires = issued.token.expiresAt === null ? {} : { expires_in: world.settings.oauth.accessTokenSeconds }
  const pair = issued.refreshToken === null ? {} : { refresh_token: issued.refreshToken.value }
  const body = {
    access_token: issued.token.value,
    token_type: 'Bearer',
    ...expires,
    ...pair,
    scope: issued.token.scopes.join(' '),
    created_at: Math.floor(world.now() / 1000),
  }
  return json(200, body, { 'cache-control': 'no-store', pragma: 'no-cache' })
}

/** Succeeds for unknown tokens too, but not for another application's. */
function revoke(world: World, call: Call): Reply {
  const params = fields(call)
  const client = clientOf(world, call, params)
  const value = params.get('token') ?? ''
  const found = findToken(world, value)
  const renewal = world.refreshTokens.find((one) => one.value === value)
  const owner = found?.oauth?.clientId ?? renewal?.clientId
  if (client === undefined || (owner !== undefined && owner !== client.id)) {
    const body = { error: 'unauthorized_client', error_description: 'You are not authorized to revoke this token' }
    return json(403, body)
  }
  // Doorkeeper stores a pair as one record. It ignores an expired access token, but not a refresh token.
  const isPassedOver = renewal === undefined && found !== undefined && isExpired(world, found)
  const accessToken = renewal?.accessToken ?? found?.value
  if (accessToken !== undefined && !isPassedOver) revokePair(world, accessToken)
  return json(200, {})
}

function info(world: World, call: Call): Reply {
  const [, value = ''] = (header(call, 'authorization') ?? '').split(' ')
  const found = findToken(world, value)
  if (found?.oauth == null) return invalidToken('The access token is invalid')
  if (found.revoked) return invalidToken('The access token was revoked')
  if (isExpired(world, found)) return invalidToken('The access token expired')
  const left = found.expiresAt === null ? null : Math.floor((Date.parse(found.expiresAt) - world.now()) / 1000)
  return json(200, {
    resource_owner_id: found.userId,
    scope: found.scopes,
    expires_in: left,
    application: { uid: found.oauth.clientId },
    created_at: Math.floor(Date.parse(found.createdAt) / 1000),
  })
}
