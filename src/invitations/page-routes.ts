// The page of a link: GET shows it, its form sets the password and signs in.

import type { FastifyReply, FastifyRequest } from 'fastify'
import { Type } from 'typebox'
import { sessionOf } from '../accounts/authenticate.ts'
import type { LoginThrottle } from '../accounts/login-throttle.ts'
import { passwordProblem } from '../accounts/passwords.ts'
import { setDeviceCookie } from '../accounts/sessions/device-cookie.ts'
import { checkCsrf, passwordOrigin, readSessionCookie, setSessionCookie } from '../accounts/sessions/session-cookie.ts'
import { csrfTokenOf, newSessionId } from '../accounts/sessions/sessions.ts'
import { networkOf } from '../client-network.ts'
import { Failure } from '../failure.ts'
import { failureRows } from '../http/failures.ts'
import { formField, sendPage } from '../http/html/layout.ts'
import type { App } from '../http/server.ts'
import { publicPath } from '../public-path.ts'
import { type Found, findInvitation } from './invitations.ts'
import { invitationPath } from './invite.ts'
import { noLinkPage, passwordPage } from './pages.ts'
import { setPassword } from './redeem.ts'
import type { Services } from './services.ts'

const SecretParams = Type.Object({ secret: Type.String() })

/** For an `app` that is already set up for pages, and has nothing but these. */
export function invitationPageRoutes(app: App, services: Services, loginThrottle: LoginThrottle): void {
  const { database, publicUrl, passwordSignIn } = services
  const path = invitationPath(':secret')

  // Even our own style sheet must not hear the address. With this policy browsers still send a form's Origin, which
  // no-referrer would make null: https://fetch.spec.whatwg.org/#append-a-request-origin-header
  app.addHook('onRequest', async (_request, reply) => {
    reply.header('referrer-policy', 'strict-origin')
  })

  /** Wrong secrets are counted as wrong API tokens are: they never keep anybody from using a right one. */
  async function find(request: FastifyRequest, secret: string): Promise<Found | undefined> {
    const found = passwordSignIn ? await findInvitation(database, secret) : undefined
    if (!found) loginThrottle.failed(`invitations of ${networkOf(request.ip)}`)
    return found
  }

  async function sendForm(
    request: FastifyRequest,
    reply: FastifyReply,
    { secret, user, status = 200, problem }: { secret: string; user: Found['user']; status?: number; problem?: string },
  ): Promise<FastifyReply> {
    let cookie = readSessionCookie(publicUrl, request)
    if (cookie === undefined) {
      cookie = newSessionId()
      setSessionCookie(publicUrl, reply, cookie)
    }
    const session = await sessionOf(publicUrl, database, request)
    const other = session?.user.id === user.id ? undefined : session?.user
    const visit = { publicUrl, user, cookie, other, ...(problem !== undefined && { problem }) }
    return sendPage(publicUrl, reply, status, passwordPage(visit, invitationPath(secret)))
  }

  app.get(path, { schema: { hide: true, params: SecretParams } }, async (request, reply) => {
    const { secret } = request.params
    const found = await find(request, secret)
    if (!found) return sendPage(publicUrl, reply, 404, noLinkPage(publicUrl))
    return sendForm(request, reply, { secret, user: found.user })
  })

  app.post(path, { schema: { hide: true, params: SecretParams } }, async (request, reply) => {
    const { secret } = request.params
    const found = await find(request, secret)
    if (!found) return sendPage(publicUrl, reply, 404, noLinkPage(publicUrl))
    const before = readSessionCookie(publicUrl, request)
    try {
      checkCsrf(publicUrl, request, formField(request, 'csrf'), before === undefined ? '' : csrfTokenOf(before))
      const password = formField(request, 'password') ?? ''
      const problem = problemOf(password, formField(request, 'again') ?? '')
      if (problem !== undefined)
        return await sendForm(request, reply, { secret, user: found.user, status: 422, problem })
      const visitor = { origin: passwordOrigin(request), before: before ?? '', requestId: request.ownId }
      const cookies = await setPassword(services, found, secret, password, visitor)
      if (cookies) {
        setSessionCookie(publicUrl, reply, cookies.session)
        setDeviceCookie(publicUrl, reply, cookies.device)
      }
    } catch (error) {
      if (!(error instanceof Failure)) throw error
      if (error.code === 'not_found') return sendPage(publicUrl, reply, 404, noLinkPage(publicUrl))
      if (error.details.retryAfter !== undefined) reply.header('retry-after', String(error.details.retryAfter))
      const problem = before === undefined ? 'Your browser sent no cookie: allow cookies and try again.' : error.message
      return sendForm(request, reply, { secret, user: found.user, status: failureRows[error.code].status, problem })
    }
    return reply.redirect(publicPath(publicUrl, '/profile'), 303)
  })
}

function problemOf(password: string, again: string): string | undefined {
  const problem = passwordProblem(password)
  if (problem !== undefined) return `The password ${problem}.`
  return password === again ? undefined : 'The two passwords differ. Type the same one twice.'
}
