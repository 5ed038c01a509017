// The pages of a link session, for people who have no account here: what is asked of them, by whom and for whom.

import { csrfTokenOf } from '../accounts/sessions/sessions.ts'
import type { User } from '../accounts/users.ts'
import { type Html, html } from '../http/html/html.ts'
import type { Page } from '../http/html/layout.ts'
import { messagePage, onwardPage } from '../http/html/layout.ts'
import type { OAuthApplication } from '../platforms/oauth.ts'
import type { OAuthSetups } from '../platforms/oauth-setups.ts'
import {
  isOAuthScmType,
  OAUTH_SCM_TYPES,
  type ScmType,
  SELF_HOSTED_SCM_TYPES,
  scmTypes,
} from '../platforms/scm-types.ts'
import { vendorOf } from '../platforms/vendors.ts'
import { publicPath } from '../public-path.ts'
import { type LinkingCookie, linkingPath } from './browser-cookie.ts'
import type { LinkSession } from './link-sessions.ts'
import { returnAddress } from './return-url.ts'

/** Whose page it is: the link session, its owner, and the browser's cookie. */
export interface Visit {
  publicUrl: string
  session: LinkSession
  user: User
  cookie: LinkingCookie
}

/** What was typed before, and what is wrong with it. Tokens are not repeated. */
export interface TokenForm {
  scmType?: string | undefined
  url?: string | undefined
  problem?: string
  /** The field that the problem is about. */
  field?: 'url' | 'access_token'
}

function form({ publicUrl, session, cookie }: Visit, action: string, inside: Html): Html {
  return html`<form method="post" action="${publicPath(publicUrl, `${linkingPath(session.id)}/${action}`)}">
<input type="hidden" name="csrf" value="${csrfTokenOf(cookie.value)}">
${inside}
</form>`
}

/** The first page: opening it does nothing, since programs that check links open it too. */
export function beginPage(visit: Visit): Page {
  const { session, user } = visit
  return {
    title: `Link an account for ${session.actName}`,
    alone: true,
    body: html`<p><strong>${session.actName}</strong> asks you to link an account${typeWords(session)} with its user <strong>${user.username}</strong>. It can then read your repositories, organisations and pull requests there.</p>
<p>Go on only if you came here from ${session.actName}, and are that user.</p>
<p class="soft">Nothing happens until you continue. To refuse, close this page, or continue and refuse on the next one.</p>
${form(visit, 'begin', html`<button type="submit">Continue</button>`)}`,
  }
}

function typeWords({ scmType, url }: LinkSession): Html | null {
  if (scmType === null) return url === null ? null : html` on <strong>${new URL(url).host}</strong>`
  return html` on <strong>${url === null ? scmTypes[scmType].label : new URL(url).host}</strong>`
}

/** The page to choose and link. */
export function choosePage(visit: Visit, oauth: OAuthSetups, typed: TokenForm = {}): Page {
  const { session, user } = visit
  const { scmType, url, actName } = session
  const applications = OAUTH_SCM_TYPES.filter((type) => url === null && (scmType ?? type) === type)
    .map((type) => oauth[type].application)
    .filter((application) => application !== null)
  const selfHosted = SELF_HOSTED_SCM_TYPES.filter((type) => (scmType ?? type) === type)
  const parts = [
    ...applications.map((application) => oauthPart(visit, application)),
    ...(selfHosted.length > 0 ? [tokenPart(visit, selfHosted, typed)] : []),
  ]
  const none = html`<p class="problem">The operator of this server has set up nothing that could be linked.</p>`
  return {
    title: `Link an account for ${actName}`,
    alone: true,
    body: html`<p>For <strong>${user.username}</strong> at <strong>${actName}</strong>.</p>
${parts.length > 0 ? parts : none}
<section>
${form(visit, 'refuse', html`<button type="submit" class="quiet">Refuse, and go back to ${actName}</button>`)}
</section>`,
  }
}

function oauthPart(visit: Visit, { scmType, scopes, webUrl }: OAuthApplication): Html {
  const { label } = scmTypes[scmType]
  const known = vendorOf(scmType).scopes
  const meanings = scopes.map((scope) => known.find(({ name }) => name === scope)?.meaning ?? scope)
  return html`<section>
<h2>${label}</h2>
<p>${new URL(webUrl).host} asks you to allow this: your public profile${meanings.map((meaning) => html`, ${meaning}`)}.</p>
${form(visit, 'oauth', html`<input type="hidden" name="scm_type" value="${scmType}"><button type="submit">Continue to ${label}</button>`)}
</section>
`
}

function tokenPart(visit: Visit, types: ScmType[], typed: TokenForm): Html {
  const { url } = visit.session
  const describes = (field: TokenForm['field']) =>
    typed.problem !== undefined && typed.field === field ? html` aria-invalid="true" aria-describedby="problem"` : null
  const where = url === null ? 'A server of your organisation' : new URL(url).host
  return html`<section>
<h2>${types.length === 1 && url === null ? scmTypes[types[0] as ScmType].label : where}</h2>
${typed.problem === undefined ? null : html`<p class="problem" id="problem" role="alert">${typed.problem}</p>`}
${form(
  visit,
  'token',
  html`${typeField(types, typed)}
${url === null ? html`<label for="url">Address</label>\n<input id="url" name="url" type="url" value="${typed.url ?? ''}" placeholder="https://git.example.com" autocomplete="off" autocapitalize="none" spellcheck="false" required${describes('url')}>` : html`<p><code>${url}</code></p>`}
<label for="access_token">Access token</label>
<input id="access_token" name="access_token" type="password" autocomplete="off" required${describes('access_token')}>
${types.map((type) => html`<p class="soft">${scopeWords(type)}</p>\n`)}<button type="submit">Link</button>`,
)}
</section>
`
}

function typeField(types: ScmType[], { scmType: chosen }: TokenForm): Html {
  const [only] = types
  if (types.length === 1 && only) return html`<input type="hidden" name="scm_type" value="${only}">`
  const options = types.map(
    (type) => html`<option value="${type}"${type === chosen ? html` selected` : null}>${scmTypes[type].label}</option>`,
  )
  return html`<label for="scm_type">Kind of server</label>
<select id="scm_type" name="scm_type">${options}</select>`
}

function scopeWords(type: ScmType): Html {
  const { scopes } = vendorOf(type)
  const needed = scopes.filter(({ use }) => use === 'needed').map(({ name }) => html` <code>${name}</code>`)
  return html`A token of ${scmTypes[type].label} needs the scopes${needed}.`
}

/** The browser leaves for the platform in front by itself. A redirect after a form would not be allowed to. */
export function returnPage({ session }: Pick<Visit, 'session'>, result: Record<string, string>): Page {
  const address = returnAddress(session.returnUrl, { link_session: session.id, ...result })
  return { ...onwardPage(session.actName, address), alone: true }
}

export function onwardToPlatform(scmType: ScmType, address: string): Page {
  return { ...onwardPage(scmTypes[scmType].label, address), alone: true }
}

/** What cannot go on here, with the way back to the platform in front if that is known. */
export function overPage(title: string, sentences: string[], session: LinkSession | undefined): Page {
  if (!session) return { title, alone: true, body: html`${sentences.map((sentence) => html`<p>${sentence}</p>\n`)}` }
  const way = { href: session.returnUrl, text: `Back to ${session.actName}` }
  return { ...messagePage(title, sentences, way), alone: true }
}

export function isLinkable(session: LinkSession, scmType: ScmType): boolean {
  return (session.scmType ?? scmType) === scmType && (session.url === null || !isOAuthScmType(scmType))
}
