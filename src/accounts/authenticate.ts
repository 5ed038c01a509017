// Who is calling: a JWT or a session on every `/v1` call, and Basic credentials where one is asked for.

import type { FastifyRequest } from 'fastify'
import type { NewEvent } from '../audit/event-types.ts'
import { omitFailure, recordFailure } from '../audit/failures.ts'
import type { Config } from '../config.ts'
import type { Database } from '../database/database.ts'
import { Failure } from '../failure.ts'
import type { Attempts } from '../http/attempts.ts'
import { actorOf } from './actor.ts'
import type { ApiToken } from './api-tokens.ts'
import { findTokenOwner, redeemApiToken } from './api-tokens.ts'
import type { Bearer } from './bearer.ts'
import { isPassword } from './passwords.ts'
import { checkCsrf, readSessionCookie } from './session-cookie.ts'
import type { Session } from './sessions.ts'
import { findSession } from './sessions.ts'
import type { User } from './users.ts'
import { findUserByLogin } from './users.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** The caller, on routes that ask for one. */
    user: User
    /** What the caller is signed in with; null for bearer tokens and Basic credentials. */
    session: Session | null
    /** What the caller's bearer token was made from; null for sessions and Basic credentials. */
    apiToken: { id: string; name: string } | null
  }
}

function unauthorized(message: string): Failure {
  return new Failure('unauthorized', message)
}

/** Sets the request's `user`, and `apiToken` by its bearer token, or without one `session` by its cookie. */
export async function authenticate(
  { config, database }: { config: Config; database: Database },
  bearer: Bearer,
  request: FastifyRequest,
): Promise<void> {
  const session = request.headers.authorization === undefined ? await sessionOf(config, database, request) : undefined
  request.session = session ?? null
  if (!session) {
    const { user, apiToken } = await authenticateBearer(database, bearer, request)
    request.user = user
    request.apiToken = apiToken
    return
  }
  checkWrite(config, request, session)
  request.user = session.user
}

/** Sets the request's `user` and `session` by its cookie alone. */
export async function authenticateSession(
  { config, database }: { config: Config; database: Database },
  request: FastifyRequest,
): Promise<void> {
  const session = await sessionOf(config, database, request)
  if (!session) throw unauthorized('You are not signed in, or no longer. Sign in and try again.')
  checkWrite(config, request, session)
  request.session = session
  request.user = session.user
}

/** The session of the request's cookie, if it is in force. */
export async function sessionOf(
  config: Config,
  database: Database,
  request: FastifyRequest,
): Promise<Session | undefined> {
  const id = readSessionCookie(config, request)
  return id === undefined ? undefined : findSession(database, id)
}

function checkWrite(config: Config, request: FastifyRequest, session: Session): void {
  if (request.method === 'GET' || request.method === 'HEAD') return
  checkCsrf(config, request, request.headers['x-csrf-token'], session.csrfToken)
}

/** The user of the request's bearer token. The store is asked each time, so that a revoked token ends at once. */
async function authenticateBearer(
  database: Database,
  bearer: Bearer,
  request: FastifyRequest,
): Promise<{ user: User; apiToken: { id: string; name: string } }> {
  const [, jwt] = /^Bearer +(\S+)$/i.exec(request.headers.authorization ?? '') ?? []
  if (!jwt) {
    throw unauthorized('Send "Authorization: Bearer TOKEN" with a token from POST /v1/tokens/exchange.')
  }
  const claims = await bearer.verify(jwt)
  const found = claims && (await findTokenOwner(database, claims.tokenId, claims.issuedAt))
  if (!found) throw unauthorized('This bearer token is not valid, or no longer. Get one from POST /v1/tokens/exchange.')
  return found
}

/** The API token in Basic credentials with an empty user name. */
export async function authenticateApiToken(
  database: Database,
  attempts: Attempts,
  request: FastifyRequest,
): Promise<ApiToken> {
  const credentials = readBasic(request)
  if (!credentials) throw unauthorized('Send the API token as password of Basic credentials, with an empty user name.')
  const apiToken = await redeemApiToken(database, credentials.password)
  if (!apiToken) {
    await countOmitted(database, async () => attempts.failed(`address ${request.ip}`))
    const event: NewEvent = { type: 'exchange_failure', data: { remote_ip: request.ip } }
    await recordFailure(database, { ...actorOf(request), via: 'api_token' }, null, event)
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
  return credentials && checkPassword(database, attempts, request, credentials)
}

/** Throws `unauthorized`, `rate_limited` after too many wrong ones, or `overloaded`. */
export async function checkPassword(
  database: Database,
  attempts: Attempts,
  request: FastifyRequest,
  { login, password }: { login: string; password: string },
): Promise<User> {
  const user = await findUserByLogin(database, login)
  // Cut, since names are kept in memory: no user's is as long.
  const account = user?.id ?? login.toLowerCase().slice(0, 254)
  const found = await countOmitted(database, () =>
    attempts.guess(request.ip, account, async () => {
      const fits = await isPassword(user?.passwordHash ?? null, password, request.ip)
      return fits ? user : undefined
    }),
  )
  if (found) return found
  // What was typed as a name is not recorded: it may be a password.
  const event: NewEvent = { type: 'login_failure', data: { remote_ip: request.ip } }
  await recordFailure(database, actorOf(request), user?.id ?? null, event)
  throw unauthorized('User name or password is wrong.')
}

/** What there is too much of is not recorded one by one. */
async function countOmitted<T>(database: Database, attempt: () => Promise<T>): Promise<T> {
  try {
    return await attempt()
  } catch (error) {
    if (error instanceof Failure && error.code === 'rate_limited') omitFailure(database)
    throw error
  }
}

/** RFC 7617; a login cannot hold a colon. */
function readBasic(request: FastifyRequest): { login: string; password: string } | undefined {
  const [, base64] = /^Basic +([A-Za-z0-9+/=]+)$/i.exec(request.headers.authorization ?? '') ?? []
  if (!base64) return undefined
  const text = Buffer.from(base64, 'base64').toString('utf8')
  const colon = text.indexOf(':')
  return colon < 0 ? undefined : { login: text.slice(0, colon), password: text.slice(colon + 1) }
}
