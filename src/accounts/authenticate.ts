// Finds out who is calling: a JWT or a session on every `/v1` call, and Basic credentials where a route requires them.

import { setTimeout as delay } from 'node:timers/promises'
import type { FastifyRequest } from 'fastify'
import type { NewEvent } from '../audit/event-types.ts'
import type { FailureTrail } from '../audit/failures.ts'
import { networkOf } from '../client-network.ts'
import { type Database, noteIfPossible } from '../database/database.ts'
import { Failure } from '../failure.ts'
import { actorOf } from './actor.ts'
import type { ApiToken } from './api-tokens.ts'
import { redeemApiToken } from './api-tokens.ts'
import type { Bearer } from './bearer.ts'
import { type BearerCaller, findBearerCaller, type Grant } from './callers/bearer-caller.ts'
import type { LoginThrottle } from './login-throttle.ts'
import { forbiddenForDelegate, insufficientScope, isOpenToDelegates, scopeFor } from './scopes.ts'
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
    /** The caller, on routes that require one. */
    user: User
    /** The caller's session; null for bearer tokens and Basic credentials. */
    session: Session | null
    /** What the caller's bearer token lets them do; null for sessions and Basic credentials. */
    grant: Grant | null
  }
}

function unauthorized(message: string): Failure {
  return new Failure('unauthorized', message)
}

/** What finding the caller of a request needs. */
type BearerServices = Pick<Services, 'database' | 'publicUrl' | 'trustedIssuers'>

/** Sets the request's `user`, and `grant` from the bearer token, or else `session` from the cookie. */
export async function authenticate(services: BearerServices, bearer: Bearer, request: FastifyRequest): Promise<void> {
  const { database, publicUrl } = services
  const session =
    request.headers.authorization === undefined ? await sessionOf(publicUrl, database, request) : undefined
  request.session = session ?? null
  if (!session) {
    const { user, grant } = await authenticateBearer(services, bearer, request)
    request.user = user
    request.grant = grant
    checkGrant(request, grant)
    return
  }
  checkWrite(publicUrl, request, session)
  request.user = session.user
}

/** Sets the request's `user` and `session` from the cookie only. */
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

/** The session of the request's cookie, if it is valid. */
export async function sessionOf(
  publicUrl: string,
  database: Database,
  request: FastifyRequest,
): Promise<Session | undefined> {
  const id = readSessionCookie(publicUrl, request)
  return id === undefined ? undefined : findSession(database, id)
}

/**
 * Throws `forbidden_for_delegate`, which no other scope would help, or else `insufficient_scope`; but not for an unknown
 * route, which is answered 404.
 */
function checkGrant({ method, routeOptions: { url = '' }, is404 }: FastifyRequest, { scopes, act }: Grant): void {
  if (is404) return
  if (act && !isOpenToDelegates(method, url)) throw forbiddenForDelegate()
  const needed = scopeFor(method, url)
  if (!scopes.includes(needed)) throw insufficientScope(needed)
}

function checkWrite(publicUrl: string, request: FastifyRequest, session: Session): void {
  if (request.method === 'GET' || request.method === 'HEAD') return
  checkCsrf(publicUrl, request, request.headers['x-csrf-token'], session.csrfToken)
}

/** The caller of the request's bearer token. */
async function authenticateBearer(
  services: BearerServices,
  bearer: Bearer,
  request: FastifyRequest,
): Promise<BearerCaller> {
  const [, jwt] = /^Bearer +(\S+)$/i.exec(request.headers.authorization ?? '') ?? []
  if (!jwt) {
    throw unauthorized('Send "Authorization: Bearer TOKEN" with a token from POST /v1/tokens/exchange.')
  }
  const found = await findBearerCaller(services, bearer, jwt, actorOf(request))
  if (!found) throw unauthorized('This bearer token is not valid, or no longer. Get one from POST /v1/tokens/exchange.')
  return found
}

/** The API token in Basic credentials with an empty user name. A wrong one causes no write to the store. */
export async function authenticateApiToken(
  database: Database,
  loginThrottle: LoginThrottle,
  request: FastifyRequest,
): Promise<ApiToken> {
  const credentials = readBasic(request)
  if (!credentials) throw unauthorized('Send the API token as password of Basic credentials, with an empty user name.')
  const apiToken = await redeemApiToken(database, credentials.password)
  if (apiToken) return apiToken
  // Counted apart from passwords: wrong tokens never make a right token fail, nor slow a right password.
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
export type PasswordServices = Pick<
  Services,
  'database' | 'vault' | 'passwords' | 'failureTrail' | 'publicUrl' | 'passwordSignIn'
>

/**
 * The minimum time of an answer to a wrong password, whether or not the account exists. For an existing account the
 * failure is recorded meanwhile, and the time of the answer must not show that.
 */
const WRONG_PASSWORD_MS = 50

/** Throws `unauthorized`, `rate_limited` after too many wrong passwords, or `overloaded`. */
export async function checkPassword(
  { database, vault, passwords, failureTrail, publicUrl, passwordSignIn }: PasswordServices,
  loginThrottle: LoginThrottle,
  request: FastifyRequest,
  { login, password }: { login: string; password: string },
): Promise<User> {
  if (!passwordSignIn) throw unauthorized('This server takes no passwords: sign in at your organisation instead.')
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
      // To a deactivated user, the right password is as wrong as any other.
      if (fits && user?.active) return user
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

/**
 * Runs in the background. A name that no account has is not recorded, since someone may have typed a password there.
 */
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

/** RFC 7617; a login cannot contain a colon. */
export function readBasic(request: FastifyRequest): { login: string; password: string } | undefined {
  const [, base64] = /^Basic +([A-Za-z0-9+/=]+)$/i.exec(request.headers.authorization ?? '') ?? []
  if (!base64) return undefined
  const text = Buffer.from(base64, 'base64').toString('utf8')
  const colon = text.indexOf(':')
  return colon < 0 ? undefined : { login: text.slice(0, colon), password: text.slice(colon + 1) }
}
