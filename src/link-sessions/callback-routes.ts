// The callback of OAuth for attempts that began in a link session. Sessions of the dashboard in the same browser have no
// part in it.

import type { FastifyReply } from 'fastify'
import { readSessionCookie } from '../accounts/sessions/session-cookie.ts'
import { failureRows } from '../http/failures.ts'
import { sendPage } from '../http/html/layout.ts'
import { type LinkError, receiveGrant } from '../integrations/oauth/link.ts'
import type { AnswerCallback } from '../integrations/oauth/routes.ts'
import { takeAttempt } from '../integrations/oauth/states.ts'
import type { Services } from '../integrations/services.ts'
import type { Revoker } from '../integrations/tokens/revoker.ts'
import type { OAuthScmType } from '../platforms/scm-types.ts'
import { isBrowserOf, readLinkingCookie } from './browser-cookie.ts'
import { holdGrant } from './held.ts'
import { endLinkSession, hashOf, type LinkSession } from './link-sessions.ts'
import { overPage, returnPage } from './pages.ts'
import { findSessionAndUser } from './visitors.ts'

/** How linking ended, as the query of the return_url has it. */
type Result = { result: 'linked'; code: string } | { result: 'refused' | 'failed'; error: string }

export function createCallback(services: Services, revoker: Revoker): AnswerCallback {
  const { database, oauth, publicUrl } = services

  function sendOver(reply: FastifyReply, status: number, sentence: string): FastifyReply {
    const sentences = [sentence, 'Nothing was linked. Go back to where you came from, and begin again there.']
    return sendPage(publicUrl, reply, status, overPage('This attempt to link is not under way', sentences, undefined))
  }

  async function resultOf(
    session: LinkSession,
    scmType: OAuthScmType,
    attempt: NonNullable<Awaited<ReturnType<typeof takeAttempt>>>,
    query: Record<string, unknown>,
  ): Promise<Result> {
    const { application } = oauth[scmType]
    if (!application) return { result: 'failed', error: 'scm_unavailable' }
    if (query.error === 'access_denied') return { result: 'refused', error: 'access_denied' }
    const outcome = await receiveGrant(services, session.ownerId, application, attempt, query, async (given) => ({
      code: await holdGrant(services, session, given),
    }))
    return 'title' in outcome
      ? { result: 'failed', error: errorCode(outcome, query.error) }
      : { result: 'linked', code: outcome.code }
  }

  return async (request, reply, scmType) => {
    const cookie = readLinkingCookie(publicUrl, request)
    if (!cookie) return undefined
    const query = request.query as Record<string, unknown>
    const found = await findSessionAndUser(database, cookie.id)
    const isOurs = found?.session.status === 'begun' && isBrowserOf(found.session, cookie)
    const holder = found && { browserHash: hashOf(cookie.value), user: found.user }
    const attempt = isOurs && holder ? await takeAttempt(services, holder, scmType, query.state) : undefined
    if (!found || !attempt) {
      // It may be an attempt of the dashboard, in the same browser.
      if (readSessionCookie(publicUrl, request) !== undefined) return undefined
      return sendOver(reply, 400, 'It was used already, is too old, or began in another browser.')
    }
    const { session } = found
    const result = await resultOf(session, scmType, attempt, query)
    revoker.wake()
    if (result.result !== 'linked' && !(await endLinkSession(database, session, result.result, result.error))) {
      return sendOver(reply, 410, 'The time for it is over.')
    }
    return sendPage(publicUrl, reply, 200, returnPage({ session }, result))
  }
}

/** What the platform said instead of giving a code, or our own code for what went wrong. */
function errorCode({ code }: LinkError, told: unknown): string {
  if (typeof told === 'string' && /^[a-z_]{1,60}$/.test(told)) return told
  return failureRows[code].code ?? 'failed'
}
