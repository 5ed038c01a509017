// The sign-in page, whose plain forms need no script; signing in with a password, and signing out.

import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Actor } from '../../audit/events.ts'
import { recordEvent } from '../../audit/events.ts'
import { Failure } from '../../failure.ts'
import { failureRows } from '../../http/failures.ts'
import { type Html, html } from '../../http/html/html.ts'
import { formField, isForProgram, onwardPage, sendPage } from '../../http/html/layout.ts'
import { ownPath } from '../../http/return-to.ts'
import type { App } from '../../http/server.ts'
import { publicPath } from '../../public-path.ts'
import { actorOf } from '../actor.ts'
import { checkPassword, sessionOf } from '../authenticate.ts'
import type { LoginThrottle } from '../login-throttle.ts'
import type { Services } from '../services.ts'
import { lockPassword } from '../users.ts'
import { setDeviceCookie } from './device-cookie.ts'
import { newDeviceCookie, rememberBrowser } from './known-devices.ts'
import { findIdToken } from './provider-sessions.ts'
import { checkCsrf, passwordOrigin, readSessionCookie, setSessionCookie } from './session-cookie.ts'
import { csrfTokenOf, endSession, findSession, newSessionId, startSession } from './sessions.ts'

/** Why somebody comes to this page without having asked for it: `?notice=`. */
const NOTICES = {
  signed_out: 'You were signed out.',
  session_ended: 'Your session has ended. Sign in to go on where you were.',
}

function noticeOf(name: unknown): string | undefined {
  return typeof name === 'string' && Object.hasOwn(NOTICES, name) ? NOTICES[name as keyof typeof NOTICES] : undefined
}

/** For an `app` that is already set up for pages. */
export function signInRoutes(app: App, services: Services, loginThrottle: LoginThrottle): void {
  const { database, publicUrl } = services
  const afterSignIn = publicPath(publicUrl, '/profile')

  app.get('/sign-in', { schema: { hide: true } }, async (request, reply) => {
    const query = request.query as Record<string, unknown>
    const returnTo = ownPath(publicUrl, query.return_to) ?? afterSignIn
    if (await sessionOf(publicUrl, database, request)) return reply.redirect(returnTo, 303)
    return sendSignInPage(services, request, reply, 200, { returnTo, notice: noticeOf(query.notice) })
  })

  app.post('/sign-in', { schema: { hide: true } }, async (request, reply) => {
    const returnTo = ownPath(publicUrl, formField(request, 'return_to')) ?? afterSignIn
    const login = formField(request, 'login')?.trim() ?? ''
    const password = formField(request, 'password') ?? ''
    const before = readSessionCookie(publicUrl, request)
    try {
      checkCsrf(publicUrl, request, formField(request, 'csrf'), before === undefined ? '' : csrfTokenOf(before))
      const user = await checkPassword(services, loginThrottle, request, { login, password })
      const { cookie, device } = newDeviceCookie(services.vault, user)
      const id = await database.transaction().execute(async (transaction) => {
        await lockPassword(transaction, user)
        await rememberBrowser(transaction, user.id, device)
        if (before !== undefined) await endSession(transaction, before)
        const data = { remote_ip: request.ip }
        await recordEvent(transaction, actorOf(request), user.id, { type: 'login_success', data })
        return startSession(transaction, user.id, passwordOrigin(request))
      })
      setSessionCookie(publicUrl, reply, id)
      setDeviceCookie(publicUrl, reply, cookie)
    } catch (error) {
      if (!(error instanceof Failure)) throw error
      if (error.details.retryAfter !== undefined) reply.header('retry-after', String(error.details.retryAfter))
      const problem = before === undefined ? 'Your browser sent no cookie: allow cookies and try again.' : error.message
      return sendSignInPage(services, request, reply, failureRows[error.code].status, { returnTo, login, problem })
    }
    return reply.redirect(returnTo, 303)
  })

  app.post('/sign-out', { schema: { hide: true } }, async (request, reply) => {
    const id = readSessionCookie(publicUrl, request)
    if (id !== undefined) {
      checkCsrf(publicUrl, request, request.headers['x-csrf-token'] ?? formField(request, 'csrf'), csrfTokenOf(id))
      const session = await findSession(database, id)
      const idToken = session && (await findIdToken(services, session.idHash))
      await database.transaction().execute(async (transaction) => {
        const wasThere = await endSession(transaction, id)
        if (!session || !wasThere) return
        const actor: Actor = { ...actorOf(request), via: 'session' }
        await recordEvent(transaction, actor, session.user.id, { type: 'logout', data: { remote_ip: request.ip } })
      })
      setSessionCookie(publicUrl, reply, null)
      const address = idToken === undefined ? null : await endSessionUrl(services, idToken)
      if (address !== null) return sendAway(publicUrl, request, reply, services.oidc?.config.label ?? '', address)
    }
    return reply.redirect(publicPath(publicUrl, '/sign-in?notice=signed_out'), 303)
  })
}

/** Here the session has ended already; a provider that is away does not keep anybody from that. */
async function endSessionUrl({ oidc }: Pick<Services, 'oidc'>, idToken: string | null): Promise<string | null> {
  return oidc?.endSessionUrl(idToken).catch(() => null) ?? null
}

/** To the provider's own page for signing out, after which it sends the browser back. */
function sendAway(publicUrl: string, request: FastifyRequest, reply: FastifyReply, label: string, url: string) {
  if (isForProgram(request)) return reply.send({ sign_out: { url } })
  return sendPage(publicUrl, reply, 200, onwardPage(label, url))
}

interface Form {
  returnTo: string
  login?: string
  problem?: string
  notice?: string | undefined
}

const OR = html`<p class="or soft">or</p>\n`

type Parts = Pick<Services, 'publicUrl' | 'oidc' | 'passwordSignIn'>

/** The CSRF token of its forms belongs to a cookie, which is set even before there is a session. */
export function sendSignInPage(
  parts: Parts,
  request: FastifyRequest,
  reply: FastifyReply,
  status: number,
  form: Form,
): FastifyReply {
  const { publicUrl, oidc, passwordSignIn } = parts
  let id = readSessionCookie(publicUrl, request)
  if (id === undefined) {
    id = newSessionId()
    setSessionCookie(publicUrl, reply, id)
  }
  const hidden = html`<input type="hidden" name="csrf" value="${csrfTokenOf(id)}">
<input type="hidden" name="return_to" value="${form.returnTo}">`
  const forms = [
    ...(passwordSignIn ? [passwordForm(publicUrl, form, hidden)] : []),
    ...(oidc ? [providerForm(publicUrl, oidc.config.label, hidden)] : []),
  ]
  const body = html`${noticeIn(form)}${problemIn(form)}${forms.flatMap((each, index) => (index === 0 ? [each] : [OR, each]))}`
  return sendPage(publicUrl, reply, status, { title: 'Sign in', body })
}

function noticeIn({ notice }: Form): Html | null {
  return notice === undefined ? null : html`<p class="notice" role="status">${notice}</p>\n`
}

function problemIn({ problem }: Form): Html | null {
  return problem === undefined ? null : html`<p class="problem" id="problem" role="alert">${problem}</p>\n`
}

function providerForm(publicUrl: string, label: string, hidden: Html): Html {
  return html`<form method="post" action="${publicPath(publicUrl, '/sign-in/oidc')}">
${hidden}
<button type="submit">Sign in with ${label}</button>
</form>
`
}

function passwordForm(publicUrl: string, { login = '', problem }: Form, hidden: Html): Html {
  // After a wrong password the name is there already.
  const [loginFocus, passwordFocus] = login === '' ? [html` autofocus`, null] : [null, html` autofocus`]
  const describedBy = problem === undefined ? null : html` aria-describedby="problem"`
  return html`<form method="post" action="${publicPath(publicUrl, '/sign-in')}">
${hidden}
<label for="login">E-mail address or user name</label>
<input id="login" name="login" value="${login}" autocomplete="username" autocapitalize="none" spellcheck="false" required${loginFocus}${describedBy}>
<label for="password">Password</label>
<input id="password" name="password" type="password" autocomplete="current-password" required${passwordFocus}${describedBy}>
<button type="submit">Sign in</button>
</form>
<p class="soft">Forgotten your password? An administrator can send you a link to set another.</p>
`
}
