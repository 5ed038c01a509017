// Reads the answer of an OAuth endpoint, whose refusals mean something to the flow.

import { badResponse, excerptOf, notThePlatform, unavailable } from '../bad-answers.ts'
import type { JsonReader } from '../body/json.ts'
import type { Call, Guard } from '../guard.ts'
import type { Limits } from '../limits.ts'
import { leaseOf } from './body-budget.ts'
import type { AnswerReader } from './read-answer.ts'
import { readErrorBody, withBody } from './read-json.ts'
import { isRedirect, redirectTarget } from './same-origin-redirects.ts'

export interface OAuthAnswerCall extends Call {
  /** Not asked of a 429. Without it, the platform wrote every 4xx. */
  recognises?: AnswerReader['recognises'] | undefined
}

/** Gives successes and what the platform itself refused; throws for 5xx, redirects and what somebody in between wrote. */
export function createReadOAuthAnswer(json: JsonReader, limits: Limits): Guard<OAuthAnswerCall> {
  // A token that is longer than we take must not be taken for its beginning.
  const tokenLimits = { ...limits, text: 2 * limits.text }

  return async (call, next) => {
    const { url } = call
    const response = await next(call)
    const { status, headers } = response
    if (isRedirect(status)) {
      redirectTarget(url, headers.location)
      throw badResponse(url.hostname, 'redirects where it should answer')
    }
    // Untold seconds stay untold: after a token endpoint's trouble the link's own pauses begin at two.
    if (status >= 500) throw unavailable(url.hostname, response, null)
    if (status < 400) return withBody(response, await json.read(response.bytes, tokenLimits, leaseOf(call)))
    const excerpt = excerptOf(response)
    const body = await readErrorBody(json, limits, call, response)
    if (status !== 429 && call.recognises?.({ status, headers, body }) === false)
      throw notThePlatform(url, excerpt, body)
    return withBody(response, body)
  }
}
