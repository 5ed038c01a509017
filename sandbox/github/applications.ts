// What a GitHub OAuth app may do with its tokens: check one, revoke one, revoke all of a user.

import { createHash } from 'node:crypto'
import { basicCredentials, json, nothing, objectFrom, type Reply } from '../http.ts'
import { findClient, revokeFamily, revokePair } from '../oauth/grants.ts'
import { findToken, isExpired, type Token, userById } from '../state.ts'
import { type GithubRequest, githubError, notFound } from './access.ts'
import { type Schemas, simpleUser } from './bodies.ts'

export function checkToken(request: GithubRequest): Reply {
  const token = appToken(request)
  return 'status' in token ? token : json(200, authorization(request, token))
}

export function deleteToken(request: GithubRequest): Reply {
  const token = appToken(request)
  if ('status' in token) return token
  revokePair(request.world, token.value)
  return nothing(204)
}

/** Deletes every token of the user for this app. */
export function deleteGrant(request: GithubRequest): Reply {
  const token = appToken(request)
  if ('status' in token) return token
  for (const other of request.world.tokens) {
    const sameApp = other.oauth !== null && other.oauth.clientId === token.oauth?.clientId
    if (sameApp && other.userId === token.userId) revokeFamily(request.world, other.oauth?.family ?? '')
  }
  return nothing(204)
}

/** The valid token in the body, if it belongs to this app; else the error. */
function appToken({ world, call, params, docs }: GithubRequest): Token | Reply {
  const basic = basicCredentials(call)
  if (basic === undefined || basic.user !== params.client_id) return notFound(docs)
  if (findClient(world, basic.user, basic.password) === undefined) return notFound(docs)
  const value = objectFrom(call.body).access_token
  if (typeof value !== 'string') return githubError(422, 'Validation Failed', docs)
  const token = findToken(world, value)
  if (token?.oauth?.clientId !== basic.user || token.revoked || isExpired(world, token)) return notFound(docs)
  return token
}

function authorization({ site, world }: GithubRequest, token: Token): Schemas['authorization'] {
  const user = userById(world, token.userId)
  return {
    id: 1,
    url: `${site.apiUrl}/authorizations/1`,
    scopes: token.scopes,
    token: token.value,
    token_last_eight: token.value.slice(-8),
    hashed_token: createHash('sha256').update(token.value).digest('hex'),
    app: { client_id: token.oauth?.clientId ?? '', name: 'Forgelink', url: site.url },
    note: null,
    note_url: null,
    updated_at: token.createdAt,
    created_at: token.createdAt,
    fingerprint: null,
    expires_at: token.expiresAt,
    user: user === undefined ? null : simpleUser(site, user),
  }
}
