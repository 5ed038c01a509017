// How one call is made: sent through the guarded connection, redirected within its origin, tried again, and read.

import type { Readable } from 'node:stream'
import { setTimeout as delay } from 'node:timers/promises'
import { Failure } from '../../failure.ts'
import { readBody } from './body/body.ts'
import type { BodyBudget, BodyLease } from './body/body-budget.ts'
import type { JsonReader } from './body/json.ts'
import type { Pick } from './body/json-reader.js'
import type { Breaker, Verdict } from './breaker.ts'
import type { Flights } from './coalesce.ts'
import { type Target, targetOf } from './connect/address.ts'
import type { Etags, Received } from './etag-cache.ts'
import { type Endpoint, type Fault, readFault } from './faults.ts'
import type { Limits } from './limits.ts'
import type { LinkGate } from './link-limit.ts'
import type { Positions } from './positions.ts'
import { clampWait, readRetryAfter, timeOf } from './retry-after.ts'
import type { ServerNotes } from './server-notes.ts'

export type TransportLog = (event: string, fields: Record<string, string | number>) => void

export interface RawAnswer {
  status: number
  /** Names in lower case. */
  headers: Record<string, string>
  /** Parsed JSON; undefined when it is not JSON. */
  body: unknown
}

/** What undici's `request` takes and gives, as far as we use it. */
export interface Wire {
  origin: string
  path: string
  method: 'GET' | 'POST' | 'DELETE'
  headers: Record<string, string>
  body: string | null
  signal: AbortSignal
}
export interface WireAnswer {
  statusCode: number
  headers: Record<string, string | string[] | undefined>
  body: Readable
}

/** What the calls of this process share. */
export interface Door {
  limits: Limits
  userAgent: string
  log: TransportLog
  flights: Flights<RawAnswer>
  gate: LinkGate
  breaker: Breaker
  etags: Etags
  positions: Positions
  notes: ServerNotes
  json: JsonReader
  budget: BodyBudget
  isProxied(target: Target): boolean
  /** Sends to a target that the address policy lets pass, else throws. `fresh`: on a connection of its own. */
  request(target: Target, wire: Wire, fresh: boolean): Promise<WireAnswer>
}

export interface Call {
  method: Wire['method']
  url: URL
  headers: Record<string, string>
  body: string | null
  signal: AbortSignal
  /** Redirects lead nowhere but below it: elsewhere on a host the token, or our address, is somebody else's business. */
  root: string
  /** Most bytes of the answer; of a single object by default. */
  maxBytes?: number
  /** What the answer takes of the memory for all of them. */
  lease: BodyLease
}

export function endpointOf(door: Door, url: URL): Endpoint {
  const target = targetOf(url)
  if (!target) throw new Failure('internal', 'Internal error')
  return { host: target.host, port: target.port, proxied: door.isProxied(target) }
}

/**
 * One request and its answer; no redirect, no retry. The body of a redirect or 304 is not read, nor that of a limit or of
 * the platform's trouble, which their status tells whatever the body is; of another refusal no more than its beginning.
 */
export async function exchange(door: Door, call: Call): Promise<Received> {
  const { url, method, body, signal } = call
  const target = targetOf(url)
  if (!target) throw new Failure('internal', 'Internal error')
  signal.throwIfAborted()
  const headers = { ...call.headers, 'user-agent': door.userAgent, 'accept-encoding': 'gzip' }
  const wire = { origin: url.origin, path: url.pathname + url.search, method, headers, body, signal }
  const answer = await door.request(target, wire, method !== 'GET')
  const received = { status: answer.statusCode, headers: flatten(answer.headers), bytes: Buffer.alloc(0) }
  if (received.status >= 300 && received.status < 400) {
    answer.body.on('error', () => {}) // nobody reads it
    if (received.status === 304) answer.body.resume()
    else answer.body.destroy()
    return received
  }
  if (isToldByStatus(received.status)) {
    answer.body.on('error', () => {}) // nobody reads it
    answer.body.destroy()
    return received
  }
  if (received.status >= 400) {
    const bounds = { ...door.limits, body: MAX_REFUSAL_BYTES, cut: true }
    return { ...received, bytes: await readBody(answer.body, received.headers, bounds, call.lease) }
  }
  const bounds = { ...door.limits, body: call.maxBytes ?? door.limits.object }
  return { ...received, bytes: await readBody(answer.body, received.headers, bounds, call.lease) }
}

/** Bytes: platforms' own have a few hundred, and pages of others only have to be known as such. */
const MAX_REFUSAL_BYTES = 64 * 1024

function isToldByStatus(status: number): boolean {
  return status === 429 || status >= 500
}

/** A GET that follows redirects within its origin. `scope` keys the memory of ETags. */
export async function getFollowing(door: Door, call: Call, scope: string): Promise<Received> {
  const key = `${scope} ${call.url.href}`
  const before = door.etags.find(key)
  const etag = before?.headers.etag
  const headers = etag === undefined ? call.headers : { ...call.headers, 'if-none-match': etag }
  let url = call.url
  for (let hops = 0; hops <= door.limits.redirects; hops++) {
    const received = await exchange(door, { ...call, url, headers })
    if (!isRedirect(received.status)) return door.etags.settle(key, received, before)
    url = sameOrigin(url, received.headers.location)
    if (!isBelow(url, call.root)) throw badResponse(url.hostname, 'redirects to a path outside of its API')
  }
  throw badResponse(call.url.hostname, 'redirects again and again')
}

function isBelow(url: URL, root: string): boolean {
  const { origin, pathname } = new URL(root)
  return url.origin === origin && url.pathname.startsWith(`${pathname.replace(/\/$/, '')}/`)
}

export function isRedirect(status: number): boolean {
  return [301, 302, 303, 307, 308].includes(status)
}

/** Where a redirect leads; throws when that is another origin, which must never see the token. */
export function sameOrigin(url: URL, location: string | undefined): URL {
  const next = location === undefined ? null : URL.parse(location, url.href)
  if (!next) throw badResponse(url.hostname, 'redirects to nowhere')
  if (next.origin === url.origin) return next
  const where = next.origin === 'null' ? 'something that is not a web address' : next.origin
  throw new Failure(
    'scm_redirected',
    `${url.hostname} redirects to ${where}, and no token is sent after it. If that is your platform, use its address instead.`,
    {
      log: { host: url.hostname },
      ...(next.protocol === 'https:' && { hint: { action: 'use_address', url: next.origin } }),
    },
  )
}

/** `account` and `root` are the breaker's. Tries until there is an answer below 500, nothing more to hope for, or no time. */
export async function callWithRetries(
  door: Door,
  call: Call,
  { endpoint, account, root }: { endpoint: Endpoint; account: string | null; root: string },
  mayRetry: (fault: Fault) => boolean,
  attempt: () => Promise<Received>,
): Promise<Received> {
  const began = Date.now()
  for (let tried = 0; ; tried++) {
    const report = door.breaker.enter({ account, root, host: endpoint.host })
    let verdict: Verdict = 'unknown'
    let outcome: string | number = ''
    try {
      const received = await attempt()
      outcome = received.status
      verdict = received.status >= 500 ? 'failed' : 'answered'
      const again = verdict === 'failed' && call.method === 'GET' && received.headers['retry-after'] === undefined
      if (!again || tried >= door.limits.retries) return received
    } catch (error) {
      const fault = readFault(error, endpoint)
      outcome = String(fault.failure.details.log?.fault ?? fault.failure.code)
      if (fault.noAnswer) verdict = 'failed'
      if (!mayRetry(fault) || tried >= door.limits.retries) throw fault.failure
    } finally {
      report(verdict)
      door.log('scm_call', {
        host: endpoint.host,
        method: call.method,
        outcome,
        ms: Date.now() - began,
        tried: tried + 1,
      })
    }
    await pauseBeforeRetry(door.limits, tried, call.signal)
  }
}

async function pauseBeforeRetry({ retryMin, retryMax }: Limits, tried: number, signal: AbortSignal): Promise<void> {
  const longest = Math.min(retryMax, retryMin * 4 ** (tried + 1))
  const time = retryMin + Math.random() * (longest - retryMin)
  await delay(time, undefined, { signal }).catch(() => {
    throw signal.reason
  })
}

/** What a vendor makes of the statuses from 400 to 499. */
export interface AnswerReader {
  /** Whether the platform itself wrote this answer, and not a proxy, gateway or sign-in wall in between. Not asked of a 429. */
  recognises(answer: RawAnswer): boolean
  /** What it means for a call of `url`. `scm_rate_limited` with `retryAfter` makes the link wait. */
  failureFrom(answer: RawAnswer, url: URL): Failure
}

/**
 * The answer to a GET as JSON; throws what a status means that is no success. In this order: 5xx is the platform's
 * trouble, 429 a limit, whoever wrote it; any other 4xx counts only when the platform itself wrote it.
 */
export async function readAnswer(
  door: Door,
  link: string,
  { url, pick, lease }: { url: URL; pick: Pick; lease: BodyLease },
  received: Received,
  { recognises, failureFrom }: AnswerReader,
): Promise<RawAnswer> {
  const { status, headers, bytes } = received
  const host = url.hostname
  door.notes.noteSunset(url.host, headers)
  if (status >= 500) {
    const wait = readRetryAfter(headers['retry-after'], timeOf(headers))
    if (wait !== null) door.gate.pause(link, wait, 'scm_unavailable')
    throw unavailable(host, received)
  }
  const start = startOf(bytes)
  const body =
    status >= 400
      ? await readErrorBody(door, bytes, lease)
      : await door.json.read(bytes, door.limits, lease, status < 300 ? pick : true)
  const answer = { status, headers, body }
  if (status >= 400 && status !== 429 && !recognises(answer))
    throw notThePlatform(url, { status, headers, start }, body)
  if (status >= 400) throw pausing(door, link, answer, failureFrom(answer, url))
  if (status >= 300) throw badResponse(host, `answers with status ${status} where its API should`)
  if (body === undefined) throw notJson(host, headers, start)
  return answer
}

/** undefined for what is no JSON, or JSON such as no platform writes: a refusal all the same. */
export async function readErrorBody(door: Door, bytes: Buffer, lease: BodyLease): Promise<unknown> {
  return door.json.read(bytes, door.limits, lease).catch(() => undefined)
}

/** A rate limit keeps the link quiet for as long as the platform says. */
function pausing(door: Door, link: string, { headers }: RawAnswer, failure: Failure): Failure {
  if (failure.code !== 'scm_rate_limited') return failure
  const wait = clampWait(
    failure.details.retryAfter ?? readRetryAfter(headers['retry-after'], timeOf(headers)) ?? undefined,
  )
  door.gate.pause(link, wait, 'scm_rate_limited')
  if (failure.details.retryAfter === wait) return failure
  return new Failure(failure.code, failure.message, { ...failure.details, retryAfter: wait })
}

/** `untold`: the seconds to wait where the answer does not tell. */
export function unavailable(
  host: string,
  { status, headers }: Omit<Received, 'bytes'>,
  untold: number | null = 30,
): Failure {
  const retryAfter = readRetryAfter(headers['retry-after'], timeOf(headers)) ?? untold
  const message = `${host} has trouble of its own (status ${status}). Try again later.`
  return new Failure('scm_unavailable', message, { log: { host, status }, ...(retryAfter !== null && { retryAfter }) })
}

/** As much of an answer as tells what it is. */
interface Seen {
  status: number
  headers: Record<string, string>
  start: string
}

export function startOf(bytes: Buffer): string {
  return bytes.subarray(0, 256).toString('latin1')
}

/** A refusal in another form than the platform's, which says nothing of link, token or what was asked for. */
export function notThePlatform(url: URL, received: Seen, body: unknown): Failure {
  const { status, headers } = received
  const seen = `${url.hostname} answered ${status} with ${whatIs(received, body)}, not as the platform does: a proxy, gateway or sign-in wall before it must have written that.`
  // https://httpd.apache.org/docs/2.4/mod/core.html#allowencodedslashes
  const slashes = /%2f/i.test(url.pathname) && [400, 404].includes(status)
  const mend = slashes
    ? 'If only paths with %2F fail, it does not pass encoded slashes on: its administrator has to allow them.'
    : 'Try again later, or ask its administrator.'
  const log = { host: url.hostname, status, server: productOf(headers) ?? 'unknown' }
  return new Failure('scm_bad_response', `${seen} ${mend}`, { log })
}

function whatIs({ headers, start }: Seen, body: unknown): string {
  const product = productOf(headers)
  const whose = product === null ? '' : ` of ${product}`
  if (start.trim() === '') return `an empty answer${whose}`
  if (isHtml(headers, start)) return `a web page${whose}`
  return body === undefined ? `plain text${whose}` : `JSON of another form${whose}`
}

/** `Apache` of `Apache/2.4.62 (Debian)`. */
function productOf({ server = '' }: Record<string, string>): string | null {
  return /^[A-Za-z][A-Za-z0-9._-]{0,30}/.exec(server)?.[0] ?? null
}

function isHtml(headers: Record<string, string>, text: string): boolean {
  return /html/i.test(headers['content-type'] ?? '') || /^\s*</.test(text)
}

function notJson(host: string, headers: Record<string, string>, text: string): Failure {
  return badResponse(
    host,
    isHtml(headers, text) ? 'answers with a web page where its API should be' : 'does not answer with JSON',
  )
}

/** `what` reads on after the host's name. */
export function badResponse(host: string, what: string, log: Record<string, string | number> = {}): Failure {
  const message = `${host} ${what}. Check that this is the address of the platform and that scm_type is right.`
  return new Failure('scm_bad_response', message, { log: { host, ...log } })
}

function flatten(headers: WireAnswer['headers']): Record<string, string> {
  const flat: Record<string, string> = {}
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined) flat[name.toLowerCase()] = Array.isArray(value) ? value.join(', ') : value
  }
  return flat
}

/** The URL of a path below root. Throws for `.` and `..`, which would lead to another call than the one meant. */
export function urlBelow(root: string, path: string): URL {
  const base = new URL(root)
  const prefix = base.pathname.replace(/\/$/, '')
  const url = URL.parse(root + path)
  const asWritten = prefix + (path.split(/[?#]/, 1)[0] ?? '')
  if (!url || !path.startsWith('/') || url.origin !== base.origin || url.pathname !== asWritten) {
    throw new Failure('scm_not_found', `${base.hostname} has nothing of that name.`)
  }
  return url
}
