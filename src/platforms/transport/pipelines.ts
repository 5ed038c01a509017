// The order in which each kind of call passes the guards, with the reason for each place. No call steps around its pipeline.

import type { Log } from '../../log-events.ts'
import type { JsonReader } from './body/json.ts'
import { explainFaults } from './faults.ts'
import { type Call, compose, type Next, type Scoped } from './guard.ts'
import { createBodyBudget } from './guards/body-budget.ts'
import { type Breaker, createBreakerGuard } from './guards/breaker.ts'
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
  /** Redirects must stay below this URL, and the circuit breaker counts failures by it. */
  root: string
}

/** A call without a token. `scope` names the caller. */
export interface AnonymousCall extends BoundedCall, Scoped {}

export interface OAuthCall extends BoundedCall, OAuthAnswerCall {
  /** Like in `ReadCall`. */
  account: string | null
}

/** `root` is not used: no redirect is followed, and no failure is counted. */
export type OpenIdCall = Omit<BoundedCall, 'root'>

export interface ReadCall extends BoundedCall, Scoped, ReadAnswerCall, NotedCall {
  /** The link's owner; null until the link has worked. Only failures of a known owner can open the circuit breaker. */
  account: string | null
  /** `Date.now()` when the platform issued the token; undefined for a pasted one. */
  obtainedAt: number | undefined
}

/** All of them reject with a `Failure`. */
export interface Pipelines {
  /** A GET of a platform's API with a link's token; its JSON. */
  read: Next<ReadCall>
  /** A call of an OAuth endpoint; its JSON, also for some errors. */
  oauth: Next<OAuthCall>
  /** A call of an OpenID provider; its bytes, whatever the status: openid-client reads them. */
  openId: Next<OpenIdCall>
  /** A call without a token; its JSON, whatever the status. */
  probe: Next<AnonymousCall>
  /** A file at a platform's own origin; its bytes. */
  picture: Next<AnonymousCall>
  /** A file at an address that only the platform names; its bytes. ALLOWED_HOSTS permits nothing here. */
  foreignPicture: Next<AnonymousCall>
}

export interface PipelineParts {
  limits: Limits
  log: Log
  json: JsonReader
  breaker: Breaker
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
  const breaker = createBreakerGuard(parts.breaker)
  const callLog = createCallLog(log)
  const redirects = createSameOriginRedirects(limits.redirects)

  const read = compose<ReadCall>(
    explainFaults, // around all: callers see only Failures
    coalesce.guard, // before anything that counts or waits: identical calls share all of it, and one time limit
    newToken, // around the link's limit: a call that pauses takes no slot from the link's other calls
    pauses.guard, // before the wait for a slot: nobody waits for one in vain
    linkLimit, // around retries and reading: a call keeps its one slot until its answer is parsed
    bodyBudget, // inside the slot: waiting calls hold no bytes; around reading: bytes count until they are parsed
    readAnswer, // around retries: only the last answer decides about the link
    serverNotes, // inside reading: headers of errors count too
    retry, // around the breaker: it allows and counts every attempt
    breaker, // around the log: only calls that are sent are logged
    callLog,
    pauses.guard, // before each attempt: another call's answer may have started a pause meanwhile
    etags.guard, // around redirects: an answer is cached for the address that was asked
    redirects,
  )(exchange)

  // No coalescing, cache or redirects: each answer holds a new token. Guards for links are left out: there may be none
  // yet.
  const oauth = compose<OAuthCall>(
    explainFaults,
    timeLimit,
    bodyBudget,
    readOAuthAnswer,
    retry,
    breaker,
    callLog,
  )(exchange)

  // No redirects, which OpenID does not know, and no cache, since answers hold tokens and keys. No breaker: anybody can ask
  // to be sent to the provider, but nobody has a link by whose owner failures could be counted.
  const openId = compose<OpenIdCall>(explainFaults, timeLimit, bodyBudget, retry, callLog)(exchange)

  // One call without a link: no retries, and no breaker, since anybody can name an address that fails.
  const probe = compose<AnonymousCall>(explainFaults, timeLimit, bodyBudget, readJson, etags.guard, redirects)(exchange)
  const picture = compose<AnonymousCall>(explainFaults, timeLimit, bodyBudget, etags.guard, redirects)
  return { read, oauth, openId, probe, picture: picture(exchange), foreignPicture: picture(publicExchange) }
}
