// The pages at a link: to set a password, or what to do when the link does not work.

import { csrfTokenOf } from '../accounts/sessions/sessions.ts'
import type { User } from '../accounts/users.ts'
import { type Html, html } from '../http/html/html.ts'
import { messagePage, type Page } from '../http/html/layout.ts'
import { publicPath } from '../public-path.ts'
import { INVITATION_HOURS } from './invitations.ts'

export interface Visit {
  publicUrl: string
  user: User
  /** The value of the browser's session cookie, signed in or not. */
  cookie: string
  /** Who is signed in in this browser; undefined when nobody is, or the user. */
  other: User | undefined
  /** What is wrong with what was typed. */
  problem?: string
}

/** Opening it does nothing, since programs that check links open it too. The form goes to the page's own address. */
export function passwordPage({ publicUrl, user, cookie, other, problem }: Visit, path: string): Page {
  const describedBy = problem === undefined ? null : html` aria-describedby="problem"`
  return {
    title: 'Set your password',
    body: html`${noticeIn(other, user)}${problemIn(problem)}<p>For <strong>${user.username}</strong>${user.email === null ? null : html` (${user.email})`}. When it is set, you are signed in here; other browsers are signed out, and your API tokens end.</p>
<form method="post" action="${publicPath(publicUrl, path)}">
<input type="hidden" name="csrf" value="${csrfTokenOf(cookie)}">
<input type="text" name="username" value="${user.username}" autocomplete="username" readonly hidden>
<label for="password">New password</label>
<input id="password" name="password" type="password" autocomplete="new-password" required autofocus${describedBy}>
<label for="again">The same once more</label>
<input id="again" name="again" type="password" autocomplete="new-password" required${describedBy}>
<button type="submit">Set password</button>
</form>
`,
  }
}

function noticeIn(other: User | undefined, user: User): Html | null {
  if (!other) return null
  return html`<p class="notice" role="status">You are signed in as <strong>${other.username}</strong> in this browser. If you set a password here, you are signed in as <strong>${user.username}</strong> instead.</p>\n`
}

function problemIn(problem: string | undefined): Html | null {
  return problem === undefined ? null : html`<p class="problem" id="problem" role="alert">${problem}</p>\n`
}

export function noLinkPage(publicUrl: string): Page {
  const sentences = [
    `It was used, is older than ${INVITATION_HOURS} hours, or a newer one was made; or a part of its address is missing.`,
    'If you know your password, sign in. Otherwise ask an administrator for another link.',
  ]
  return messagePage('This link does not work', sentences, {
    href: publicPath(publicUrl, '/sign-in'),
    text: 'Go to sign-in',
  })
}
