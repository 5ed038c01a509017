// Who is calling: a JWT on every `/v1` call, and Basic credentials where one is asked for.

import type { FastifyRequest } from 'fastify'
import type { Database } from '../database/database.ts'
import { Failure } from '../failure.ts'
import type { Attempts } from '../http/attempts.ts'
import type { ApiToken } from './api-tokens.ts'
import { findTokenOwner, useApiToken } from './api-tokens.ts'
import type { Bearer } from './bearer.ts'
import { isPassword } from './passwords.ts'
import type { User } from './users.ts'
import { findUserByLogin } from './users.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** The caller, on routes that ask for one. */
    user: User
  }
}

function unauthorized(message: string): Failure {
  return new Failure('unauthorized', message)
}

/** The user of the request's bearer token. The store is asked each time, so that a revoked token ends at once. */
export async function authenticateBearer(database: Database, bearer: Bearer, request: FastifyRequest): Promise<User> {
  const [, jwt] = /^Bearer +(\S+)$/i.exec(request.headers.authorization ?? '') ?? []
  if (!jwt) {
    throw unauthorized('Send "Authorization: Bearer TOKEN" with a token from POST /v1/tokens/exchange.')
  }
  const claims = await bearer.verify(jwt)
  const user = claims && (await findTokenOwner(database, claims.tokenId, claims.issuedAt))
  if (!user) throw unauthorized('This bearer token is not valid, or no longer. Get one from POST /v1/tokens/exchange.')
  return user
}

/** The API token in Basic credentials with an empty user name. */
export async function authenticateApiToken(
  database: Database,
  attempts: Attempts,
  request: FastifyRequest,
): Promise<ApiToken> {
  const credentials = readBasic(request)
  if (!credentials) throw unauthorized('Send the API token as password of Basic credentials, with an empty user name.')
  const apiToken = await useApiToken(database, credentials.password)
  if (!apiToken) {
    attempts.failed(`address ${request.ip}`)
    throw unauthorized('This API token is not valid, or no longer.')
  }
  return apiToken
}

/** The user of Basic `login:password`; undefined when the request has no Basic credentials. */
export async function authenticatePassword(
  database: Database,
  attempts: Attempts,
  request: FastifyRequest,
): Promise<User | undefined> {
  const credentials = readBasic(request)
  if (!credentials) return undefined
  const user = await findUserByLogin(database, credentials.login)
  if (user && (await isPassword(user.passwordHash, credentials.password))) return user
  if (!user) await isPassword(null, credentials.password)
  attempts.failed(`address ${request.ip}`, `account ${credentials.login.toLowerCase()}`)
  throw unauthorized('User name or password is wrong.')
}

/** RFC 7617; a login cannot hold a colon. */
function readBasic(request: FastifyRequest): { login: string; password: string } | undefined {
  const [, base64] = /^Basic +([A-Za-z0-9+/=]+)$/i.exec(request.headers.authorization ?? '') ?? []
  if (!base64) return undefined
  const text = Buffer.from(base64, 'base64').toString('utf8')
  const colon = text.indexOf(':')
  return colon < 0 ? undefined : { login: text.slice(0, colon), password: text.slice(colon + 1) }
}
