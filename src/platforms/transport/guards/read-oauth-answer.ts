// Reads the answer of an OAuth endpoint, whose errors have a meaning in the OAuth flow.

import { badResponse, excerptOf, notThePlatform, unavailable } from '../bad-answers.ts'
import type { JsonReader } from '../body/json.ts'
import type { Call, Guard } from '../guard.ts'
import type { Limits } from '../limits.ts'
import { leaseOf } from './body-budget.ts'
import type { AnswerReader } from './read-answer.ts'
import { readErrorBody, withBody } from './read-json.ts'
import { isRedirect, redirectTarget } from './same-origin-redirects.ts'

export interface OAuthAnswerCall extends Call {
  /**
   * Whether the platform wrote a 4xx. Not called for a 429. Without this function every 4xx counts as the platform's.
   */
  recognises?: AnswerReader['recognises'] | undefined
}

/** Returns successes and the platform's own 4xx; throws for 5xx, redirects and 4xx that a proxy or gateway wrote. */
export function createReadOAuthAnswer(json: JsonReader, limits: Limits): Guard<OAuthAnswerCall> {
  // The reader cuts long strings: a token that is too long must be rejected, not used without its end.
  const tokenLimits = { ...limits, text: 2 * limits.text }

  return async (call, next) => {
    const { url } = call
    const response = await next(call)
    const { status, headers } = response
    if (isRedirect(status)) {
      redirectTarget(url, headers.location)
      throw badResponse(url.hostname, 'redirects where it should answer')
    }
    // Without a `Retry-After` no time is set here: after trouble at a token endpoint the link's own pauses begin at two
    // seconds.
    if (status >= 500) throw unavailable(url.hostname, response, null)
    if (status < 400) return withBody(response, await json.read(response.bytes, tokenLimits, leaseOf(call)))
    const excerpt = excerptOf(response)
    const body = await readErrorBody(json, limits, call, response)
    if (status !== 429 && call.recognises?.({ status, headers, body }) === false)
      throw notThePlatform(url, excerpt, body)
    return withBody(response, body)
  }
}
