// The one door to the network: every call to a platform passes here, and nothing else in `src` opens a connection.

import { createHash } from 'node:crypto'
import { createSecureContext, rootCertificates } from 'node:tls'
import { type Static, type TSchema, Type } from 'typebox'
import type { AllowedHost } from '../config.ts'
import { Failure } from '../failure.ts'
import { createBodyBudget } from './transport/body/body-budget.ts'
import { createJsonReader, isList, pickOf } from './transport/body/json.ts'
import { fitting, readShape, wrongShape } from './transport/body/shape.ts'
import { createBreaker } from './transport/breaker.ts'
import {
  type AnswerReader,
  badResponse,
  type Call,
  callWithRetries,
  type Door,
  endpointOf,
  exchange,
  getFollowing,
  isRedirect,
  notThePlatform,
  type RawAnswer,
  readAnswer,
  readErrorBody,
  sameOrigin,
  startOf,
  type TransportLog,
  unavailable,
  urlBelow,
} from './transport/calls.ts'
import { createFlights } from './transport/coalesce.ts'
import {
  type AddressPolicy,
  createAddressPolicy,
  type PolicyViolation,
  type Target,
} from './transport/connect/address.ts'
import { type ConnectorParts, type Lookup, lookUp } from './transport/connect/connector.ts'
import { createDispatchers, type Dispatchers } from './transport/connect/dispatchers.ts'
import { type Inspection, inspectTarget } from './transport/connect/inspect.ts'
import { createEtags, type Received } from './transport/etag-cache.ts'
import { coded, readFault } from './transport/faults.ts'
import { LIMITS, type Limits } from './transport/limits.ts'
import { createLinkGate } from './transport/link-limit.ts'
import { withNewToken } from './transport/new-token.ts'
import { nextPage, pageAfterFull } from './transport/next-page.ts'
import { createPositions, type ListPositions } from './transport/positions.ts'
import { createServerNotes } from './transport/server-notes.ts'
import { createWaiting, type Waiting } from './transport/waiting.ts'

export type { RawAnswer, TransportLog } from './transport/calls.ts'

export interface TransportOptions {
  allowedHosts: AllowedHost[]
  /** PEM text of certificate authorities besides those that Node knows. */
  extraCaCerts: string | null
  httpsProxy: string | null
  noProxy: string[]
  userAgent?: string
  limits?: Partial<Limits>
  /** All addresses of a name; the system's by default. */
  lookup?: Lookup
  /** Told of `scm_call`, `scm_address_refused`, `scm_origin_left_alone` and `scm_api_sunset`; no token, path or query is ever in it. */
  log?: TransportLog
}

/** What all calls of this process share: connections, the address policy, and who has asked to be left alone. */
export interface Transport {
  readonly policy: AddressPolicy
  /** For api.ts, image.ts and probe.ts alone. */
  readonly door: Door
  /** The same for addresses that a platform names and nobody has allowed: what ALLOWED_HOSTS opens stays shut. */
  readonly publicDoor: Door
  /** What a request of ours does with platforms, from its first call to its last. */
  readonly waiting: Waiting
  /** The way to a host, step by step, for its operator: no request is sent. */
  inspect(target: Target): Promise<Inspection>
  /** Ends all connections at once; calls under way fail. */
  close(): Promise<void>
}

export interface Answer<T> {
  status: number
  /** Names in lower case. */
  headers: Record<string, string>
  body: T
  /** Path and query of the next page below root, null at the end. */
  next: string | null
}

export interface ApiOptions extends AnswerReader {
  /** The API's root, without trailing slash. */
  root: string
  headers: Record<string, string>
  /** Names the link, whose calls at once are counted and who waits by it. Caches are also kept apart by the token. */
  link: string
  /** Whose link it is, once it has worked: then what fails counts towards leaving the platform alone. */
  account: string | null
  /** `Date.now()` at which the caller's own request ends; 25 s from the call by default. */
  deadline?: number
  /** Ends the caller's own waiting, whose place others need. */
  signal?: AbortSignal | undefined
  /** `Date.now()` when the platform gave us the token: for a minute a refusal of it is not believed at once. */
  obtainedAt?: number | undefined
  /** Called for each answer that was no refusal. */
  onAccepted?: () => void
  /** Called with the headers of each answer below 500. */
  onHeaders?: (headers: Record<string, string>) => void
  /** Has the last word on a call that failed, and may ask something else for that. */
  reconsider?: (failure: Failure) => Promise<Failure>
}

export interface SendRequest {
  method: 'POST' | 'DELETE'
  url: string
  headers: Record<string, string>
  /** Sent form-encoded. */
  form?: Record<string, string>
  json?: unknown
  /** Whose link it is for, once it has worked; what others see never leaves the endpoint alone. */
  account?: string
  /** `Date.now()` at which the caller's own request ends. */
  deadline?: number
  /** Whether the platform itself wrote a 4xx, and not somebody in between; not asked of a 429. Without it, it did. */
  recognises?: AnswerReader['recognises']
}

/** Opens nothing yet. Throws when `extraCaCerts` is no PEM. */
export function createTransport(options: TransportOptions): Transport {
  const limits = { ...LIMITS, ...options.limits }
  const log = options.log ?? (() => {})
  const policy = createAddressPolicy(options.allowedHosts)
  const ca = options.extraCaCerts === null ? {} : { ca: [...rootCertificates, options.extraCaCerts] }
  const secureContext = createSecureContext(ca)
  const parts = { policy, limits, secureContext, lookup: options.lookup ?? lookUp, failureOf: failWith(log) }
  const dispatchers = createDispatchers(parts, options)
  const publicParts = { ...parts, policy: createAddressPolicy([]) }
  const publicDispatchers = createDispatchers(publicParts, options)

  const door: Door = {
    limits,
    log,
    isProxied: dispatchers.isProxied,
    userAgent: options.userAgent ?? 'forgelink',
    flights: createFlights(),
    gate: createLinkGate(limits.callsPerLink),
    breaker: createBreaker(limits, (host) => log('scm_origin_left_alone', { host, ms: limits.breakerPause })),
    etags: createEtags(),
    positions: createPositions(),
    notes: createServerNotes(log),
    json: createJsonReader(),
    budget: createBodyBudget(limits.bodies),
    request: requestThrough(parts, dispatchers),
  }
  const publicDoor: Door = { ...door, request: requestThrough(publicParts, publicDispatchers) }

  async function close(): Promise<void> {
    door.flights.end()
    await Promise.all([dispatchers.close(), publicDispatchers.close(), door.json.close()])
  }

  return {
    policy,
    door,
    publicDoor,
    waiting: createWaiting(limits),
    inspect: (target) => inspectTarget(parts, target, dispatchers.isProxied(target)),
    close,
  }
}

function requestThrough({ policy, failureOf }: ConnectorParts, dispatchers: Dispatchers): Door['request'] {
  return async (target, request, fresh) => {
    const violation = policy.checkTarget(target)
    if (violation) throw failureOf(violation)
    return (await dispatchers.dispatcherFor(target, fresh)).request(request)
  }
}

function failWith(log: TransportLog): (violation: PolicyViolation) => Failure {
  return (violation) => {
    log('scm_address_refused', violation.log)
    return new Failure('scm_address_refused', violation.message, { log: violation.log })
  }
}

/** Reads from one platform with one token. */
export class Api {
  readonly #door: Door
  readonly #options: ApiOptions
  readonly #host: string
  /** Keys what is shared and cached: two tokens never meet, even under one link's name. */
  readonly #scope: string

  constructor(transport: Transport, options: ApiOptions) {
    const { link, root, headers } = options
    this.#door = transport.door
    this.#options = options
    this.#host = new URL(root).hostname
    this.#scope = createHash('sha256')
      .update(JSON.stringify([link, root, headers]))
      .digest('base64')
  }

  /** The platform's host, for messages. */
  get host(): string {
    return this.#host
  }

  /** Has the next read of this path answered anew, and not with a 304. */
  forget(path: string): void {
    this.#door.etags.forget(`${this.#scope} ${urlBelow(this.#options.root, path).href}`)
  }

  /** What is remembered of a list between its pages, for this link and token alone. `list` names it with its query. */
  positions(list: string): ListPositions {
    return this.#door.positions.of(`${this.#scope} ${list}`)
  }

  /**
   * One GET below root; `path` starts with '/' and is already encoded. Gives what `shape` names, without optional members
   * of an odd kind; `kept` may name less of it that is worth keeping, without being demanded. Throws a `Failure`.
   */
  get<T extends TSchema>(path: string, shape: T, kept?: TSchema): Promise<Answer<Static<T>>>
  get(path: string, shape: TSchema, kept: TSchema = shape): Promise<Answer<unknown>> {
    return this.#read(path, kept, this.#deadline(), (answer) => {
      const next = nextPage({ headers: answer.headers, root: this.#options.root, path })
      if (next === path) throw badResponse(this.#host, 'names a page as its own next page')
      const body = readShape(shape, answer.body, this.#host)
      if (longestListIn(body) > this.#door.limits.items) throw badResponse(this.#host, 'sends more than a page')
      return { ...answer, body, next }
    })
  }

  /**
   * Follows next pages, leaving out what is no such item. Throws `scm_bad_response` when there are more than 10 pages or
   * 1,000 items, and where not one of several can be read.
   */
  async getAll<T extends TSchema>(path: string, item: T): Promise<Static<T>[]> {
    const deadline = this.#deadline()
    const { pages, items: most } = this.#door.limits
    const list = Type.Array(item)
    const items: Static<T>[] = []
    const seen = new Set<string>()
    let next: string | null = path
    while (next !== null) {
      if (seen.has(next)) throw badResponse(this.#host, 'leads round in circles from page to page')
      if (seen.size === pages) throw badResponse(this.#host, `has more than ${pages} pages of this`)
      seen.add(next)
      const page: string = next
      next = await this.#read(page, list, deadline, ({ headers, body }) => {
        if (!Array.isArray(body)) throw wrongShape(this.#host, '')
        if (items.length + body.length > most) throw badResponse(this.#host, `has more than ${most} of these`)
        const read = body.map((one) => fitting(item, one)).filter((one) => one !== undefined)
        if (body.length > 1 && read.length === 0) throw wrongShape(this.#host, '/0')
        if (read.length < body.length) this.forget(page)
        items.push(...(read as Static<T>[]))
        const answer = { headers, root: this.#options.root, path: page }
        return nextPage(answer) ?? pageAfterFull(answer, body.length)
      })
    }
    return items
  }

  #deadline(): number {
    return this.#options.deadline ?? Date.now() + this.#door.limits.request
  }

  async #read<T>(path: string, shape: TSchema, deadline: number, take: (answer: RawAnswer) => T): Promise<T> {
    const door = this.#door
    const { root, link, headers, obtainedAt } = this.#options
    const pauses = door.limits.newTokenPauses
    const url = urlBelow(root, path)
    const endpoint = endpointOf(door, url)

    const ask = async (signal: AbortSignal): Promise<RawAnswer> => {
      door.gate.check(link, endpoint.host)
      const leave = await door.gate.enter(link, signal)
      const lease = door.budget()
      try {
        const maxBytes = isList(shape) ? door.limits.body : door.limits.object
        const call: Call = { method: 'GET', url, headers, body: null, signal, root, maxBytes, lease }
        const received = await callWithRetries(
          door,
          call,
          { endpoint, account: this.#options.account, root },
          (fault) => fault.again,
          async () => {
            door.gate.check(link, endpoint.host) // another call's answer may have asked for quiet meanwhile
            return getFollowing(door, call, this.#scope)
          },
        )
        if (received.status < 500) this.#options.onHeaders?.(received.headers)
        return await readAnswer(door, link, { url, pick: pickOf(shape), lease }, received, this.#options)
      } finally {
        lease.release()
        leave()
      }
    }
    // Around the gate: who pauses keeps no place from the link's other calls.
    const start = (signal: AbortSignal) => withNewToken(() => ask(signal), { obtainedAt, pauses, signal })

    try {
      const answer = await door.flights.join(
        `${this.#scope} ${path}`,
        { deadline, signal: this.#options.signal },
        door.limits.call,
        start,
      )
      this.#options.onAccepted?.()
      return take(answer)
    } catch (error) {
      const { failure } = readFault(error, endpoint)
      // The platform would confirm what cannot be read with a 304 for ever.
      if (failure.code === 'scm_bad_response') door.etags.forget(`${this.#scope} ${url.href}`)
      throw (await this.#options.reconsider?.(failure)) ?? failure
    }
  }
}

/**
 * One POST or DELETE for OAuth, on a connection of its own and never tried again once bytes may have left. Answers with
 * a success, a 429, or another 4xx that the platform itself wrote; throws a `Failure` for 5xx (`scm_unavailable`, with
 * `retryAfter` only where it is told), redirects, what somebody in between wrote, and all that `Api` throws for.
 */
export async function send(transport: Transport, call: SendRequest): Promise<RawAnswer> {
  const { door } = transport
  const url = new URL(call.url)
  const endpoint = endpointOf(door, url)
  const time = Math.min(door.limits.call, (call.deadline ?? Number.POSITIVE_INFINITY) - Date.now())
  const lease = door.budget()
  const controller = new AbortController()
  const timer = setTimeout(() => controller.abort(coded('CALL_TIMEOUT')), Math.max(0, time))
  const request: Call = {
    method: call.method,
    url,
    ...headersAndBody(call),
    signal: controller.signal,
    root: url.origin,
    lease,
  }
  try {
    if (time <= 0) throw coded('DEADLINE')
    const received = await callWithRetries(
      door,
      request,
      { endpoint, account: call.account ?? null, root: url.origin + url.pathname },
      (fault) => fault.again && fault.unsent,
      () => exchange(door, request),
    )
    return await readSent(door, request, received, call.recognises)
  } catch (error) {
    throw readFault(error, endpoint).failure
  } finally {
    clearTimeout(timer)
    lease.release()
  }
}

/** Of the body itself, or of what stands in one of its members as in GitHub's searches. */
function longestListIn(body: unknown): number {
  if (typeof body !== 'object' || body === null) return 0
  let longest = 0
  for (const part of [body, ...Object.values(body)]) if (Array.isArray(part)) longest = Math.max(longest, part.length)
  return longest
}

async function readSent(
  door: Door,
  { url, lease }: Call,
  received: Received,
  recognises: SendRequest['recognises'],
): Promise<RawAnswer> {
  const { status, headers, bytes } = received
  if (isRedirect(status)) {
    sameOrigin(url, headers.location)
    throw badResponse(url.hostname, 'redirects where it should answer')
  }
  if (status >= 500) throw unavailable(url.hostname, received, null)
  const start = startOf(bytes)
  // A token that is longer than we take must not be taken for its beginning.
  const ofToken = { ...door.limits, text: 2 * door.limits.text }
  const body = status >= 400 ? await readErrorBody(door, bytes, lease) : await door.json.read(bytes, ofToken, lease)
  const answer = { status, headers, body }
  if (status >= 400 && status !== 429 && recognises?.(answer) === false)
    throw notThePlatform(url, { status, headers, start }, body)
  return answer
}

function headersAndBody({ headers, form, json }: SendRequest): {
  headers: Record<string, string>
  body: string | null
} {
  if (form) {
    const body = new URLSearchParams(form).toString()
    return { headers: { ...headers, 'content-type': 'application/x-www-form-urlencoded' }, body }
  }
  if (json === undefined) return { headers, body: null }
  return { headers: { ...headers, 'content-type': 'application/json' }, body: JSON.stringify(json) }
}
