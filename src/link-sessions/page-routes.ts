// The pages of link sessions: begin by a press, link by OAuth or by URL and token, refuse. Each answer to a form that leads
// elsewhere is a page that goes there.

import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify'
import { checkCsrf } from '../accounts/sessions/session-cookie.ts'
import { csrfTokenOf } from '../accounts/sessions/sessions.ts'
import type { Actor } from '../audit/events.ts'
import { Failure } from '../failure.ts'
import { failureRows, noteFailure } from '../http/failures.ts'
import { formField, type Page, sendPage } from '../http/html/layout.ts'
import { IdParams } from '../http/schemas.ts'
import type { App } from '../http/server.ts'
import { accessTokenProblem } from '../integrations/link.ts'
import { recordLinkError } from '../integrations/link-errors.ts'
import { beginLink } from '../integrations/oauth/link.ts'
import type { Services } from '../integrations/services.ts'
import { callbackPath } from '../platforms/oauth.ts'
import { readPlatformUrl } from '../platforms/platform-url.ts'
import { isOAuthScmType, isScmType } from '../platforms/scm-types.ts'
import { publicPath } from '../public-path.ts'
import {
  isBrowserOf,
  type LinkingCookie,
  linkingPath,
  newLinkingCookie,
  readLinkingCookie,
  setLinkingCookie,
} from './browser-cookie.ts'
import { holdToken } from './held.ts'
import { beginLinkSession, endLinkSession, hashOf, type LinkSession, makerOf } from './link-sessions.ts'
import {
  beginPage,
  choosePage,
  isLinkable,
  onwardToPlatform,
  overPage,
  returnPage,
  type TokenForm,
  type Visit,
} from './pages.ts'
import { type Found, findSessionAndUser } from './visitors.ts'

interface Parts {
  /** Counts a request of the user; throws `rate_limited`. */
  limitRate(user: string): void
}

type Act = (visit: Visit, request: FastifyRequest, reply: FastifyReply) => Promise<FastifyReply>

/** What is done in a link session's page: by its maker, for its user. */
function linkingActor(session: LinkSession, { ip, ownId }: FastifyRequest): Actor {
  return { via: 'link_session', apiToken: null, act: makerOf(session), remoteIp: ip, requestId: ownId }
}

/** For an `app` that is already set up for pages, and has nothing but these: it gets an error page of its own. */
export function linkingRoutes(app: App, services: Services, { limitRate }: Parts): void {
  const { database, oauth, publicUrl } = services

  app.setErrorHandler((error: FastifyError | Failure, request, reply) => {
    const { failure, row } = noteFailure(error, request, reply)
    const sentence =
      row.status === 500
        ? `Something went wrong on this server. If it does so again, tell its operator this number: ${request.id}`
        : failure.message
    return sendPage(publicUrl, reply, row.status, overPage('That did not work', [sentence], undefined))
  })

  function send(reply: FastifyReply, status: number, page: Page): FastifyReply {
    return sendPage(publicUrl, reply, status, page)
  }

  function cookieFor(request: FastifyRequest, id: string): LinkingCookie | undefined {
    const cookie = readLinkingCookie(publicUrl, request)
    return cookie?.id === id ? cookie : undefined
  }

  /** Where the link session is: what its address shows to this browser. */
  function sendState(reply: FastifyReply, found: Found | undefined, own: LinkingCookie | undefined): FastifyReply {
    if (!found) return send(reply, 404, notFoundPage())
    const { session, user } = found
    if (session.status === 'open') {
      const cookie = own ?? newLinkingCookie(session.id)
      setLinkingCookie(publicUrl, reply, linkingPath(session.id), cookie)
      return send(reply, 200, beginPage({ publicUrl, session, user, cookie }))
    }
    if (session.status !== 'begun') return send(reply, 410, finishedPage(session))
    if (!own || !isBrowserOf(session, own)) return send(reply, 403, otherBrowserPage())
    return send(reply, 200, choosePage({ publicUrl, session, user, cookie: own }, oauth))
  }

  app.get(linkingPath(':id'), { schema: { hide: true, params: IdParams } }, async (request, reply) => {
    const { id } = request.params
    return sendState(reply, await findSessionAndUser(database, id), cookieFor(request, id))
  })

  /** A form of a page: taken with its CSRF token, in the expected status and, once begun, in the same browser only. */
  function onPost(action: string, expected: 'open' | 'begun', act: Act): void {
    app.post(
      `${linkingPath(':id')}/${action}`,
      { schema: { hide: true, params: IdParams } },
      async (request, reply) => {
        const { id } = request.params
        const found = await findSessionAndUser(database, id)
        const cookie = cookieFor(request, id)
        if (!found) return sendState(reply, found, cookie)
        if (!cookie) throw new Failure('csrf', 'Your browser sent no cookie: allow cookies and open the page again.')
        checkCsrf(publicUrl, request, formField(request, 'csrf'), csrfTokenOf(cookie.value))
        const { session, user } = found
        const isExpected = session.status === expected && (expected === 'open' || isBrowserOf(session, cookie))
        if (!isExpected) return sendState(reply, found, cookie)
        limitRate(user.id)
        return act({ publicUrl, session, user, cookie }, request, reply)
      },
    )
  }

  onPost('begin', 'open', async ({ session, cookie }, _request, reply) => {
    const path = linkingPath(session.id)
    const hasBegun = await beginLinkSession(database, session, hashOf(cookie.value))
    if (!hasBegun) return sendState(reply, await findSessionAndUser(database, session.id), cookie)
    setLinkingCookie(publicUrl, reply, path, cookie)
    return reply.redirect(publicPath(publicUrl, path), 303)
  })

  onPost('oauth', 'begun', async (visit, request, reply) => {
    const { session, user, cookie } = visit
    const scmType = formField(request, 'scm_type')
    const isOffered = isScmType(scmType) && isOAuthScmType(scmType) && isLinkable(session, scmType)
    const application = isOffered ? oauth[scmType].application : null
    if (!application) return send(reply, 422, choosePage(visit, oauth))
    const holder = { browserHash: hashOf(cookie.value), user }
    const address = await beginLink(services, holder, application, null)
    setLinkingCookie(publicUrl, reply, callbackPath(application.scmType), cookie)
    return send(reply, 200, onwardToPlatform(application.scmType, address))
  })

  onPost('token', 'begun', async (visit, request, reply) => {
    const outcome = await linkToken(services, visit, request)
    if ('problem' in outcome) return send(reply, outcome.status, choosePage(visit, oauth, outcome))
    return send(reply, 200, returnPage(visit, { result: 'linked', code: outcome.code }))
  })

  onPost('refuse', 'begun', async (visit, _request, reply) => {
    const { session, cookie } = visit
    const hasEnded = await endLinkSession(database, session, 'refused', null)
    if (!hasEnded) return sendState(reply, await findSessionAndUser(database, session.id), cookie)
    return send(reply, 200, returnPage(visit, { result: 'refused' }))
  })
}

/** The completion code, or what is wrong with what was typed. Throws failures that no other input would mend. */
async function linkToken(
  services: Services,
  { session, publicUrl }: Visit,
  request: FastifyRequest,
): Promise<{ code: string } | (TokenForm & { status: number; problem: string })> {
  const scmType = formField(request, 'scm_type')
  const url = session.url ?? formField(request, 'url')?.trim() ?? ''
  const accessToken = formField(request, 'access_token')?.trim() ?? ''
  const typed = { scmType, url }
  if (!isScmType(scmType) || isOAuthScmType(scmType) || !isLinkable(session, scmType)) {
    return { ...typed, status: 422, problem: 'Choose the kind of server.' }
  }
  const actor = linkingActor(session, request)
  const address = readPlatformUrl(scmType, url, services.transport.policy, publicUrl)
  if ('problem' in address) {
    if (address.logged) {
      services.log('scm_address_refused', address.logged)
      await recordLinkError(services, actor, session.ownerId, { scmType, webUrl: url }, 'address_refused')
    }
    return { ...typed, status: 422, problem: asSentence('The address', address.problem), field: 'url' }
  }
  const problem = accessTokenProblem(accessToken)
  if (problem) return { ...typed, status: 422, problem: asSentence('The token', problem), field: 'access_token' }
  try {
    return { code: await holdToken(services, actor, session, { scmType, address, accessToken }) }
  } catch (error) {
    if (!(error instanceof Failure) || ['conflict', 'internal'].includes(error.code)) throw error
    const { errors = {} } = error.details
    const field = errors.url ? 'url' : errors.access_token ? 'access_token' : undefined
    const told = field && errors[field]?.[0]
    const sentence =
      told === undefined ? error.message : asSentence(field === 'url' ? 'The address' : 'The token', told)
    return { ...typed, status: failureRows[error.code].status, problem: sentence, ...(field && { field }) }
  }
}

/** A message about a field continues after its name, unless it is a whole sentence or begins with a host. */
function asSentence(field: string, message: string): string {
  return /^([A-Z]|\S+[.:]\S+ )/.test(message) ? message : `${field} ${message}`
}

function notFoundPage(): Page {
  const sentences = [
    'This address is not right, or not any more. Go back to where you came from, and begin again there.',
  ]
  return overPage('There is nothing to link here', sentences, undefined)
}

function otherBrowserPage(): Page {
  const sentences = [
    'This was begun in another browser, so it cannot go on in this one. If that was not you, somebody else has its address.',
    'Go back to where you came from, and begin again there.',
  ]
  return overPage('Begun in another browser', sentences, undefined)
}

function finishedPage(session: LinkSession): Page {
  const isLinked = session.status === 'linked' || session.status === 'completed'
  if (isLinked) return overPage('This is done', ['An account was linked here. There is nothing more to do.'], session)
  const sentence =
    session.status === 'expired' ? 'The time for it is over.' : 'It has ended without a link, or was refused.'
  return overPage('This is over', [`${sentence} Begin again from ${session.actName}.`], session)
}
