// Who is calling: a JWT or a session on every `/v1` call, and Basic credentials where one is asked for.

import { setTimeout as delay } from 'node:timers/promises'
import type { FastifyRequest } from 'fastify'
import type { NewEvent } from '../audit/event-types.ts'
import type { FailureTrail } from '../audit/failures.ts'
import { networkOf } from '../client-network.ts'
import { type Database, noteIfPossible } from '../database/database.ts'
import { Failure } from '../failure.ts'
import { actorOf } from './actor.ts'
import type { ApiToken, CallersToken } from './api-tokens.ts'
import { findTokenOwner, redeemApiToken } from './api-tokens.ts'
import type { Bearer } from './bearer.ts'
import type { LoginThrottle } from './login-throttle.ts'
import { insufficientScope, scopeFor } from './scopes.ts'
import type { Services } from './services.ts'
import { readDeviceCookie } from './sessions/device-cookie.ts'
import { findKnownDevice, loginName, noteDeviceFailure, rememberAddress } from './sessions/known-devices.ts'
import { checkCsrf, readSessionCookie } from './sessions/session-cookie.ts'
import type { Session } from './sessions/sessions.ts'
import { findSession } from './sessions/sessions.ts'
import type { User } from './users.ts'
import { findUserByLogin } from './users.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** The caller, on routes that ask for one. */
    user: User
    /** What the caller is signed in with; null for bearer tokens and Basic credentials. */
    session: Session | null
    /** What the caller's bearer token was made from; null for sessions and Basic credentials. */
    apiToken: CallersToken | null
  }
}

function unauthorized(message: string): Failure {
  return new Failure('unauthorized', message)
}

/** Sets the request's `user`, and `apiToken` by its bearer token, or without one `session` by its cookie. */
export async function authenticate(
  { database, publicUrl }: { database: Database; publicUrl: string },
  bearer: Bearer,
  request: FastifyRequest,
): Promise<void> {
  const session =
    request.headers.authorization === undefined ? await sessionOf(publicUrl, database, request) : undefined
  request.session = session ?? null
  if (!session) {
    const { user, apiToken } = await authenticateBearer(database, bearer, request)
    request.user = user
    request.apiToken = apiToken
    checkScope(request, apiToken)
    return
  }
  checkWrite(publicUrl, request, session)
  request.user = session.user
}

/** Sets the request's `user` and `session` by its cookie alone. */
export async function authenticateSession(
  { database, publicUrl }: { database: Database; publicUrl: string },
  request: FastifyRequest,
): Promise<void> {
  const session = await sessionOf(publicUrl, database, request)
  if (!session) throw unauthorized('You are not signed in, or no longer. Sign in and try again.')
  checkWrite(publicUrl, request, session)
  request.session = session
  request.user = session.user
}

/** The session of the request's cookie, if it is in force. */
export async function sessionOf(
  publicUrl: string,
  database: Database,
  request: FastifyRequest,
): Promise<Session | undefined> {
  const id = readSessionCookie(publicUrl, request)
  return id === undefined ? undefined : findSession(database, id)
}

/** Throws `insufficient_scope`; where there is no such route, that is what is answered. */
function checkScope({ method, routeOptions, is404 }: FastifyRequest, { scopes }: CallersToken): void {
  const needed = scopeFor(method, routeOptions.url ?? '')
  if (!is404 && !scopes.includes(needed)) throw insufficientScope(needed)
}

function checkWrite(publicUrl: string, request: FastifyRequest, session: Session): void {
  if (request.method === 'GET' || request.method === 'HEAD') return
  checkCsrf(publicUrl, request, request.headers['x-csrf-token'], session.csrfToken)
}

/** The user of the request's bearer token. The store is asked each time, so that a revoked token ends at once. */
async function authenticateBearer(
  database: Database,
  bearer: Bearer,
  request: FastifyRequest,
): Promise<{ user: User; apiToken: CallersToken }> {
  const [, jwt] = /^Bearer +(\S+)$/i.exec(request.headers.authorization ?? '') ?? []
  if (!jwt) {
    throw unauthorized('Send "Authorization: Bearer TOKEN" with a token from POST /v1/tokens/exchange.')
  }
  const claims = await bearer.verify(jwt)
  const found = claims && (await findTokenOwner(database, claims.tokenId, claims.issuedAt))
  if (!found) throw unauthorized('This bearer token is not valid, or no longer. Get one from POST /v1/tokens/exchange.')
  return found
}

/** The API token in Basic credentials with an empty user name. A wrong one writes nothing. */
export async function authenticateApiToken(
  database: Database,
  loginThrottle: LoginThrottle,
  request: FastifyRequest,
): Promise<ApiToken> {
  const credentials = readBasic(request)
  if (!credentials) throw unauthorized('Send the API token as password of Basic credentials, with an empty user name.')
  const apiToken = await redeemApiToken(database, credentials.password)
  if (apiToken) return apiToken
  // In a lane apart from passwords: a right token is never refused for it, and a right password not slowed.
  loginThrottle.failed(`tokens of ${networkOf(request.ip)}`)
  throw unauthorized('This API token is not valid, or no longer.')
}

/** The user of Basic `login:password`; undefined when the request has no Basic credentials. */
export async function authenticatePassword(
  services: PasswordServices,
  loginThrottle: LoginThrottle,
  request: FastifyRequest,
): Promise<User | undefined> {
  const credentials = readBasic(request)
  return credentials && checkPassword(services, loginThrottle, request, credentials)
}

/** What checking a password needs. */
export type PasswordServices = Pick<Services, 'database' | 'vault' | 'passwords' | 'failureTrail' | 'publicUrl'>

/**
 * After a wrong password, known or not, nobody is answered sooner. Meanwhile the failure is recorded if the account is
 * known, which must not be seen from the time the answer takes.
 */
const WRONG_PASSWORD_MS = 50

/** Throws `unauthorized`, `rate_limited` after too many wrong ones, or `overloaded`. */
export async function checkPassword(
  { database, vault, passwords, failureTrail, publicUrl }: PasswordServices,
  loginThrottle: LoginThrottle,
  request: FastifyRequest,
  { login, password }: { login: string; password: string },
): Promise<User> {
  const user = await findUserByLogin(database, login)
  const network = networkOf(request.ip)
  const name = loginName(login)
  const cookie = readDeviceCookie(publicUrl, request)
  const device = await findKnownDevice(database, vault, user, { network, name, cookie })
  const lanes = device ? [`${user?.id} ${device}`] : [`address ${network}`, `account ${name}`]
  let isChecked = false
  try {
    const found = await loginThrottle.guess(lanes, async () => {
      const fits = await passwords.matches(user?.passwordHash ?? null, password, networkOf(request.ip, 48))
      isChecked = true
      if (fits) return user
      if (user) noteWrongPassword({ database, failureTrail }, request, user, device)
      await delay(WRONG_PASSWORD_MS)
      return undefined
    })
    if (!found) throw unauthorized('User name or password is wrong.')
    await noteIfPossible(rememberAddress(database, found, network))
    return found
  } catch (error) {
    const wasOmitted = user && !isChecked && error instanceof Failure && error.code === 'rate_limited'
    if (wasOmitted) failureTrail.omit()
    throw error
  }
}

/** Goes on by itself. What was typed as a name that nobody has is not recorded: it may be a password. */
function noteWrongPassword(
  { database, failureTrail }: { database: Database; failureTrail: FailureTrail },
  request: FastifyRequest,
  user: User,
  device: string | undefined,
): void {
  const event: NewEvent = { type: 'login_failure', data: { remote_ip: request.ip } }
  Promise.all([
    failureTrail.record(actorOf(request), user.id, event),
    device && noteDeviceFailure(database, user.id, device),
  ]).catch(() => request.log.error({ request_id: request.id }, 'a wrong password could not be recorded'))
}

/** RFC 7617; a login cannot hold a colon. */
function readBasic(request: FastifyRequest): { login: string; password: string } | undefined {
  const [, base64] = /^Basic +([A-Za-z0-9+/=]+)$/i.exec(request.headers.authorization ?? '') ?? []
  if (!base64) return undefined
  const text = Buffer.from(base64, 'base64').toString('utf8')
  const colon = text.indexOf(':')
  return colon < 0 ? undefined : { login: text.slice(0, colon), password: text.slice(colon + 1) }
}
