// The pages for signing in at the OpenID provider: the way there, the way back, and its own call to end sessions.

import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Actor } from '../../../audit/events.ts'
import { networkOf } from '../../../client-network.ts'
import type { OidcPurpose } from '../../../database/account-tables.ts'
import { Failure } from '../../../failure.ts'
import { failureRows } from '../../../http/failures.ts'
import { formField, messagePage, onwardPage, sendPage } from '../../../http/html/layout.ts'
import { createRateLimit } from '../../../http/limits/rate-limit.ts'
import { ownPath, signInAddress } from '../../../http/return-to.ts'
import type { App } from '../../../http/server.ts'
import { publicPath } from '../../../public-path.ts'
import { actorOf } from '../../actor.ts'
import { sessionOf } from '../../authenticate.ts'
import type { LoginThrottle } from '../../login-throttle.ts'
import type { Services } from '../../services.ts'
import { checkCsrf, originOf, readSessionCookie, setSessionCookie } from '../../sessions/session-cookie.ts'
import { csrfTokenOf, hashOf } from '../../sessions/sessions.ts'
import { sendSignInPage } from '../../sessions/sign-in-routes.ts'
import { beginAttempt, finishAttempt } from './flow.ts'
import { endByProvider } from './logout.ts'
import { CALLBACK_PATH, type OidcProvider } from './provider.ts'
import { takeAttempt } from './states.ts'

/** Per network: nobody need be signed in to begin, and each begins with a row in the store. */
const MAX_BEGUN_A_MINUTE = 300

/** For an `app` that is already set up for pages. */
export function oidcRoutes(app: App, services: Services, loginThrottle: LoginThrottle): void {
  const { oidc } = services
  if (!oidc) return
  beginRoute(app, services, oidc)
  callbackRoute(app, services, oidc)
  logoutRoute(app, services, oidc, loginThrottle)
}

function beginRoute(app: App, services: Services, oidc: OidcProvider): void {
  const { database, publicUrl } = services
  const limitBegun = createRateLimit(MAX_BEGUN_A_MINUTE, 'network')

  app.post('/sign-in/oidc', { schema: { hide: true } }, async (request, reply) => {
    const returnTo = ownPath(publicUrl, formField(request, 'return_to')) ?? publicPath(publicUrl, '/profile')
    const cookie = readSessionCookie(publicUrl, request)
    try {
      checkCsrf(publicUrl, request, formField(request, 'csrf'), cookie === undefined ? '' : csrfTokenOf(cookie))
      limitBegun(networkOf(request.ip))
      const session = await sessionOf(publicUrl, database, request)
      // Who is signed in already goes there only to prove that it is still they.
      const purpose: OidcPurpose = session ? 'confirm' : 'sign_in'
      const browser = { hash: hashOf(cookie ?? ''), userId: session?.user.id ?? null }
      const address = await beginAttempt(services, oidc, browser, { purpose, returnTo })
      return sendPage(publicUrl, reply, 200, onwardPage(oidc.config.label, address))
    } catch (error) {
      if (!(error instanceof Failure)) throw error
      if (error.details.retryAfter !== undefined)
        reply.header('retry-after', String(Math.ceil(error.details.retryAfter)))
      const problem = cookie === undefined ? 'Your browser sent no cookie: allow cookies and try again.' : error.message
      return sendSignInPage(services, request, reply, failureRows[error.code].status, { returnTo, problem })
    }
  })
}

function callbackRoute(app: App, services: Services, oidc: OidcProvider): void {
  const { database, publicUrl } = services
  const { label } = oidc.config

  // No HEAD: a program that checks the address first would use up the attempt.
  app.get(CALLBACK_PATH, { exposeHeadRoute: false, schema: { hide: true } }, async (request, reply) => {
    const cookie = readSessionCookie(publicUrl, request)
    const { state } = request.query as Record<string, unknown>
    const attempt =
      cookie !== undefined && typeof state === 'string' ? await takeAttempt(services, hashOf(cookie), state) : undefined
    if (!attempt || cookie === undefined) return sendPage(publicUrl, reply, 403, notBegunPage(publicUrl, label))
    const callback = new URL(publicUrl + CALLBACK_PATH)
    callback.search = new URL(request.url, publicUrl).search
    const session = await sessionOf(publicUrl, database, request)
    try {
      const begun = await finishAttempt(services, oidc, attempt, {
        callback,
        actor: oidcActor(request),
        session: session ?? null,
        cookie,
        origin: originOf(request, 'oidc'),
      })
      if (begun !== null) setSessionCookie(publicUrl, reply, begun)
    } catch (error) {
      if (!(error instanceof Failure)) throw error
      return sendFailure(publicUrl, reply, error, attempt.returnTo, session !== undefined)
    }
    return reply.redirect(attempt.returnTo, 303)
  })
}

/** The provider calls it by itself, so there is neither a cookie nor a CSRF token: the token in it proves who calls. */
function logoutRoute(app: App, services: Services, oidc: OidcProvider, loginThrottle: LoginThrottle): void {
  app.post('/sign-in/oidc/back-channel-logout', { schema: { hide: true } }, async (request, reply) => {
    try {
      const token = await oidc.verifyLogoutToken(formField(request, 'logout_token') ?? '')
      const isNew = await endByProvider(services.database, oidcActor(request), token)
      if (!isNew) return reply.status(400).send({ error: 'invalid_request', error_description: 'used before' })
      return reply.status(200).send()
    } catch (error) {
      if (!(error instanceof Failure) || error.code !== 'sign_in_refused') throw error
      loginThrottle.failed(`logout tokens of ${networkOf(request.ip)}`)
      return reply.status(400).send({ error: 'invalid_request', error_description: error.message })
    }
  })
}

function oidcActor(request: FastifyRequest): Actor {
  return { ...actorOf(request), via: 'oidc' }
}

function notBegunPage(publicUrl: string, label: string) {
  const sentences = [
    `${label} sent you back with something that this server did not begin, or no longer waits for: it was used already, is older than ten minutes, or began in another browser or while you were signed in otherwise.`,
    'Nobody was signed in, and nothing was changed. Begin again.',
  ]
  return messagePage('This attempt to sign in is not under way', sentences, {
    href: publicPath(publicUrl, '/sign-in'),
    text: 'Sign in',
  })
}

function sendFailure(
  publicUrl: string,
  reply: FastifyReply,
  failure: Failure,
  returnTo: string,
  isSignedIn: boolean,
): FastifyReply {
  const { status } = failureRows[failure.code]
  if (failure.details.retryAfter !== undefined)
    reply.header('retry-after', String(Math.ceil(failure.details.retryAfter)))
  const way = isSignedIn
    ? { href: returnTo, text: 'Back' }
    : { href: signInAddress(publicUrl, returnTo), text: 'Back to signing in' }
  return sendPage(publicUrl, reply, status, messagePage('That did not work', [failure.message], way))
}
