// The pages for linking by OAuth: what will happen, the redirect to the platform, and the callback.

import type { FastifyReply, FastifyRequest } from 'fastify'
import { actorOf } from '../../accounts/actor.ts'
import { sessionOf } from '../../accounts/authenticate.ts'
import { checkCsrf } from '../../accounts/sessions/session-cookie.ts'
import type { Session } from '../../accounts/sessions/sessions.ts'
import type { Actor } from '../../audit/events.ts'
import { failureRows } from '../../http/failures.ts'
import { type Html, html } from '../../http/html/html.ts'
import type { Page } from '../../http/html/layout.ts'
import { formField, messagePage, onwardPage, sendPage } from '../../http/html/layout.ts'
import { signInAddress } from '../../http/return-to.ts'
import type { App } from '../../http/server.ts'
import { callbackPath, type OAuthApplication } from '../../platforms/oauth.ts'
import type { OAuthScmType } from '../../platforms/scm-types.ts'
import { OAUTH_SCM_TYPES, scmTypes, settingsPrefix } from '../../platforms/scm-types.ts'
import type { Scope } from '../../platforms/vendor.ts'
import { vendorOf } from '../../platforms/vendors.ts'
import { publicPath } from '../../public-path.ts'
import { linkPath } from '../hints.ts'
import type { Integration } from '../integrations.ts'
import { findIntegration } from '../integrations.ts'
import type { Services } from '../services.ts'
import type { Revoker } from '../tokens/revoker.ts'
import type { LinkError } from './link.ts'
import { beginLink, finishLink } from './link.ts'

/** Answers a callback whose attempt did not begin in a session; undefined when it may have. */
export type AnswerCallback = (
  request: FastifyRequest,
  reply: FastifyReply,
  scmType: OAuthScmType,
) => Promise<FastifyReply | undefined>

interface Parts {
  revoker: Revoker
  answerCallback: AnswerCallback
}

/** For an `app` that is already set up for pages. */
export function oauthRoutes(app: App, services: Services, parts: Parts): void {
  for (const scmType of OAUTH_SCM_TYPES) routesOf(app, services, parts, scmType)
}

function routesOf(app: App, services: Services, { revoker, answerCallback }: Parts, scmType: OAuthScmType): void {
  const { database, oauth, publicUrl } = services
  const { application, url, callbackUrl } = oauth[scmType]
  const { label } = scmTypes[scmType]
  const path = linkPath({ scmType })

  /** The page's address, with the link that should be made again, if any. */
  function linkAddress(againId: string | null): string {
    return againId === null ? path : linkPath({ scmType, id: againId })
  }

  function askToSignIn(reply: FastifyReply, address: string) {
    return reply.redirect(signInAddress(publicUrl, address), 303)
  }

  async function wantedLink(session: Session, id: unknown): Promise<Integration | null> {
    const found =
      typeof id === 'string' ? await findIntegration(database, session.user.id, id.toLowerCase()) : undefined
    return found?.scmType === scmType ? found : null
  }

  function notConfigured(): Page {
    const prefix = settingsPrefix(scmType)
    return {
      title: `${label} is not set up here`,
      body: html`<p>The operator of this server has to make an OAuth application at ${url}, with this callback address:</p>
<p><code>${callbackUrl}</code></p>
<p>Its id and secret then go into the settings <code>${prefix}_CLIENT_ID</code> and <code>${prefix}_CLIENT_SECRET</code>.</p>
<p><a class="button" href="${publicPath(publicUrl, '/profile')}">Back to your profile</a></p>`,
    }
  }

  function askPage(session: Session, application: OAuthApplication, again: Integration | null): Page {
    return {
      title: again ? `Link ${again.username} at ${label} again` : `Link ${label}`,
      body: html`<p>You are signed in here as <strong>${session.user.username}</strong>. Next, ${new URL(application.webUrl).host} asks you to allow this, for the account you choose${again ? html` (it has to be <strong>${again.username}</strong>)` : ''}.</p>
<p>Forgelink asks to see:</p>
<ul>
<li>your public profile</li>
${application.scopes.map((scope) => scopeItem(scope, vendorOf(scmType).scopes))}</ul>
<p class="soft">The token that ${label} gives is kept encrypted. You can unlink at any time on your profile, which revokes it.</p>
<form method="post" action="${publicPath(publicUrl, path)}" class="ways">
<input type="hidden" name="csrf" value="${session.csrfToken}">
<input type="hidden" name="again" value="${again?.id ?? ''}">
<button type="submit">Continue to ${label}</button>
<a href="${publicPath(publicUrl, '/profile')}">Back to your profile</a>
</form>`,
    }
  }

  app.get(path, { schema: { hide: true } }, async (request, reply) => {
    const session = await sessionOf(publicUrl, database, request)
    if (!session) return askToSignIn(reply, request.url)
    if (!application) return sendPage(publicUrl, reply, 404, notConfigured())
    const again = await wantedLink(session, queryOf(request).again)
    return sendPage(publicUrl, reply, 200, askPage(session, application, again))
  })

  app.post(path, { schema: { hide: true } }, async (request, reply) => {
    const session = await sessionOf(publicUrl, database, request)
    const againId = formField(request, 'again') || null
    if (!session) return askToSignIn(reply, linkAddress(againId))
    checkCsrf(publicUrl, request, formField(request, 'csrf'), session.csrfToken)
    if (!application) return sendPage(publicUrl, reply, 404, notConfigured())
    const again = await wantedLink(session, againId)
    const address = await beginLink(services, session, application, again?.id ?? null)
    return sendPage(publicUrl, reply, 200, onwardPage(label, address))
  })

  // No HEAD: a program that checks the address first would use up the attempt.
  app.get(callbackPath(scmType), { exposeHeadRoute: false, schema: { hide: true } }, async (request, reply) => {
    const answered = await answerCallback(request, reply, scmType)
    if (answered) return answered
    const session = await sessionOf(publicUrl, database, request)
    if (!session) {
      const sentences = [
        `${label} sent you back, but you are not signed in here, or no longer. Nothing was linked.`,
        'Sign in and begin again: it takes a moment.',
      ]
      const way = { href: signInAddress(publicUrl, path), text: 'Sign in' }
      return sendPage(publicUrl, reply, 401, messagePage('You are not signed in', sentences, way))
    }
    if (!application) return sendPage(publicUrl, reply, 404, notConfigured())
    const actor: Actor = { ...actorOf(request), via: 'session' }
    const outcome = await finishLink(services, actor, session, application, queryOf(request))
    revoker.wake()
    if ('id' in outcome) return reply.redirect(publicPath(publicUrl, `/profile?linked=${outcome.id}`), 303)
    if (outcome.retryAfter !== undefined) reply.header('retry-after', String(Math.ceil(outcome.retryAfter)))
    return sendPage(
      publicUrl,
      reply,
      failureRows[outcome.code].status,
      linkErrorPage(publicUrl, outcome, linkAddress(outcome.againId)),
    )
  })
}

function queryOf(request: FastifyRequest): Record<string, unknown> {
  return request.query as Record<string, unknown>
}

function scopeItem(scope: string, known: Scope[]): Html {
  const meaning = known.find(({ name }) => name === scope)?.meaning
  return html`<li>${meaning === undefined ? null : `${meaning} `}<code>${scope}</code></li>\n`
}

function linkErrorPage(publicUrl: string, { title, sentences }: LinkError, tryAgain: string): Page {
  return {
    title,
    body: html`${sentences.map((sentence) => html`<p>${sentence}</p>\n`)}
<p class="ways"><a class="button" href="${publicPath(publicUrl, tryAgain)}">Try again</a> <a href="${publicPath(publicUrl, '/profile')}">Back to your profile</a></p>`,
  }
}
