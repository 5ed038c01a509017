// The order in which each kind of call passes the guards, with the reason for each place. No call steps around its pipeline.

import type { Log } from '../../log-events.ts'
import type { JsonReader } from './body/json.ts'
import { explainFaults } from './faults.ts'
import { type Call, compose, type Next, type Scoped } from './guard.ts'
import { createBodyBudget } from './guards/body-budget.ts'
import { createBreaker, createBreakerGuard } from './guards/breaker.ts'
import { createCallLog } from './guards/call-log.ts'
import type { Coalesce } from './guards/coalesce.ts'
import type { EtagCache } from './guards/etag-cache.ts'
import { createLinkLimit } from './guards/link-limit.ts'
import { createLinkPauses } from './guards/link-pauses.ts'
import { createNewTokenGuard } from './guards/new-token.ts'
import { createReadAnswer, type ReadAnswerCall } from './guards/read-answer.ts'
import { createReadJson } from './guards/read-json.ts'
import { createReadOAuthAnswer, type OAuthAnswerCall } from './guards/read-oauth-answer.ts'
import { createRetry } from './guards/retry.ts'
import { createSameOriginRedirects } from './guards/same-origin-redirects.ts'
import { createServerNotes, type NotedCall } from './guards/server-notes.ts'
import { timeLimit } from './guards/time-limit.ts'
import type { Limits } from './limits.ts'

interface BoundedCall extends Call {
  /** `Date.now()` at which the caller's own request ends. */
  deadline: number
  /** Redirects lead nowhere but below this URL, and the platform there is left alone after failures. */
  root: string
}

/** A question without a token. `scope` says what asks. */
export interface AnonymousCall extends BoundedCall, Scoped {}

export interface OAuthCall extends BoundedCall, OAuthAnswerCall {
  /** As in `ReadCall`. */
  account: string | null
}

export interface ReadCall extends BoundedCall, Scoped, ReadAnswerCall, NotedCall {
  /** Whose link it is, once it has worked: then what fails counts towards leaving the platform alone. */
  account: string | null
  /** `Date.now()` when the platform gave the token; undefined for a pasted one. */
  obtainedAt: number | undefined
}

/** All reject with a `Failure`. */
export interface Pipelines {
  /** A GET of a platform's API with a link's token: its JSON. */
  read: Next<ReadCall>
  /** To an OAuth endpoint: its JSON, of some refusals too. */
  oauth: Next<OAuthCall>
  /** What an address tells anybody: its JSON, whatever the status. */
  probe: Next<AnonymousCall>
  /** Bytes at a platform's own origin. */
  picture: Next<AnonymousCall>
  /** Bytes at an address that a platform names and nobody has allowed: what ALLOWED_HOSTS opens stays shut. */
  foreignPicture: Next<AnonymousCall>
}

export interface PipelineParts {
  limits: Limits
  log: Log
  json: JsonReader
  coalesce: Coalesce
  etags: EtagCache
  exchange: Next<Call>
  /** To public addresses only. */
  publicExchange: Next<Call>
}

export function createPipelines(parts: PipelineParts): Pipelines {
  const { limits, log, json, coalesce, etags, exchange, publicExchange } = parts
  const pauses = createLinkPauses()
  const newToken = createNewTokenGuard(limits.newTokenPauses)
  const linkLimit = createLinkLimit(limits.callsPerLink)
  const bodyBudget = createBodyBudget(limits.bodies)
  const readAnswer = createReadAnswer(json, limits, pauses)
  const readOAuthAnswer = createReadOAuthAnswer(json, limits)
  const readJson = createReadJson(json, limits)
  const serverNotes = createServerNotes(log)
  const retry = createRetry(limits)
  const breaker = createBreakerGuard(
    createBreaker(limits, (host) => log('scm_origin_left_alone', { host, ms: limits.breakerPause })),
  )
  const callLog = createCallLog(log)
  const redirects = createSameOriginRedirects(limits.redirects)

  const read = compose<ReadCall>(
    explainFaults, // around all: callers know Failures only
    coalesce.guard, // before anything that counts or waits: who asks the same shares it all, with one time limit
    newToken, // around the link's limit: who pauses takes no slot from the link's other calls
    pauses.guard, // before the wait for a slot: nobody waits for one in vain
    linkLimit, // around retries and reading: a call keeps its one slot until its answer is parsed
    bodyBudget, // inside the slot: what only waits holds no bytes; around reading: bytes count until they are parsed
    readAnswer, // around retries: only the last answer means something for the link
    serverNotes, // inside reading: headers of refusals tell as well
    retry, // around the breaker: every attempt asks whether it may, and counts
    breaker, // around the log: what was not sent is no call
    callLog,
    pauses.guard, // before each attempt: the answer to another call may have asked for quiet meanwhile
    etags.guard, // around redirects: an answer belongs to the address that was asked for
    redirects,
  )(exchange)

  // Nothing is coalesced, remembered or followed: each answer is another token. What belongs to a link is not here yet.
  const oauth = compose<OAuthCall>(
    explainFaults,
    timeLimit,
    bodyBudget,
    readOAuthAnswer,
    retry,
    breaker,
    callLog,
  )(exchange)

  // Asked once, and for no link: without retries, and without the breaker, since anybody may name an address that fails.
  const probe = compose<AnonymousCall>(explainFaults, timeLimit, bodyBudget, readJson, etags.guard, redirects)(exchange)
  const picture = compose<AnonymousCall>(explainFaults, timeLimit, bodyBudget, etags.guard, redirects)
  return { read, oauth, probe, picture: picture(exchange), foreignPicture: picture(publicExchange) }
}
