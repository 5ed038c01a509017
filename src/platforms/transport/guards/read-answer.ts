// Reads the answer of a platform's API as JSON, and lets its vendor say what an error means.

import type { TSchema } from 'typebox'
import { Failure } from '../../../failure.ts'
import { badResponse, excerptOf, notJson, notThePlatform, unavailable } from '../bad-answers.ts'
import { type JsonReader, pickOf } from '../body/json.ts'
import { perShape } from '../body/shape.ts'
import type { Call, Guard, RawAnswer } from '../guard.ts'
import type { Limits } from '../limits.ts'
import { clampWait, readRetryAfter, timeOf } from '../retry-after.ts'
import { leaseOf } from './body-budget.ts'
import type { LinkPauses } from './link-pauses.ts'
import { readErrorBody, withBody } from './read-json.ts'

/** How a vendor reads the statuses from 400 to 499. */
export interface AnswerReader {
  /** Whether the platform wrote this answer, not a proxy, gateway or sign-in page before it. Not called for a 429. */
  recognises(answer: RawAnswer): boolean
  /** What it means for a call of `url`. `scm_rate_limited` with `retryAfter` pauses the link. */
  failureFrom(answer: RawAnswer, url: URL): Failure
}

export interface ReadAnswerCall extends Call, AnswerReader {
  link: string
  /** Which part of a success is kept. */
  kept: TSchema
}

/**
 * Throws for each status that is not a success: a 5xx is an outage and a 429 a rate limit, even when a proxy wrote it;
 * any other 4xx counts only when the platform itself wrote it. When the answer says how long to wait, the link is
 * paused.
 */
export function createReadAnswer(json: JsonReader, limits: Limits, pauses: LinkPauses): Guard<ReadAnswerCall> {
  const pick = perShape(pickOf)

  /** A rate limit pauses the link for as long as the platform says. */
  function pausing(link: string, { headers }: RawAnswer, failure: Failure): Failure {
    if (failure.code !== 'scm_rate_limited') return failure
    const told = failure.details.retryAfter ?? readRetryAfter(headers['retry-after'], timeOf(headers)) ?? undefined
    const wait = clampWait(told)
    pauses.pause(link, wait, 'scm_rate_limited')
    if (failure.details.retryAfter === wait) return failure
    return new Failure(failure.code, failure.message, { ...failure.details, retryAfter: wait })
  }

  return async (call, next) => {
    const { url, link } = call
    const response = await next(call)
    const { status, headers } = response
    if (status >= 500) {
      const wait = readRetryAfter(headers['retry-after'], timeOf(headers))
      if (wait !== null) pauses.pause(link, wait, 'scm_unavailable')
      throw unavailable(url.hostname, response)
    }
    const excerpt = excerptOf(response)
    if (status >= 400) {
      const answer = { status, headers, body: await readErrorBody(json, limits, call, response) }
      if (status !== 429 && !call.recognises(answer)) throw notThePlatform(url, excerpt, answer.body)
      throw pausing(link, answer, call.failureFrom(answer, url))
    }
    if (status >= 300) throw badResponse(url.hostname, `answers with status ${status} where its API should`)
    const body = await json.read(response.bytes, limits, leaseOf(call), pick(call.kept))
    if (body === undefined) throw notJson(url.hostname, excerpt)
    return withBody(response, body)
  }
}
