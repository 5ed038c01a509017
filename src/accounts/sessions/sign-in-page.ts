// The sign-in page: plain forms that need no script.

import type { FastifyReply, FastifyRequest } from 'fastify'
import { type Html, html } from '../../http/html/html.ts'
import { sendPage } from '../../http/html/layout.ts'
import { publicPath } from '../../public-path.ts'
import type { Services } from '../services.ts'
import { readSessionCookie, setSessionCookie } from './session-cookie.ts'
import { csrfTokenOf, newSessionId } from './sessions.ts'

interface Form {
  returnTo: string
  login?: string
  problem?: string
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
  const body = html`${problemOf(form)}${forms.flatMap((each, index) => (index === 0 ? [each] : [OR, each]))}`
  return sendPage(publicUrl, reply, status, { title: 'Sign in', body })
}

function problemOf({ problem }: Form): Html | null {
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
  const describedBy = problem === undefined ? null : html` aria-describedby="problem"`
  return html`<form method="post" action="${publicPath(publicUrl, '/sign-in')}">
${hidden}
<label for="login">E-mail address or user name</label>
<input id="login" name="login" value="${login}" autocomplete="username" autocapitalize="none" spellcheck="false" required${describedBy}>
<label for="password">Password</label>
<input id="password" name="password" type="password" autocomplete="current-password" required${describedBy}>
<button type="submit">Sign in</button>
</form>
`
}
