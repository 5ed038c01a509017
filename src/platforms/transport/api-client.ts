// Reads from one platform's API with one token: single objects, pages and whole lists.

import { hash } from 'node:crypto'
import type { Static, TSchema } from 'typebox'
import { Failure } from '../../failure.ts'
import { readAllPages } from './all-pages.ts'
import { badResponse, wrongShape } from './bad-answers.ts'
import { isList } from './body/json.ts'
import type { Endpoint, HttpResponse } from './guard.ts'
import type { AnswerReader } from './guards/read-answer.ts'
import { nextPage, pageAfterFull } from './next-page.ts'
import type { ListPositions } from './positions.ts'
import type { Transport } from './transport.ts'

export interface ApiClientOptions extends AnswerReader {
  /** The API's root, without trailing slash. */
  root: string
  headers: Record<string, string>
  /** The link's id. Concurrent calls and pauses are counted by it; caches are kept by link and token together. */
  link: string
  /** The link's owner; null until the link has worked. Only failures of a known owner can open the circuit breaker. */
  account: string | null
  /** `Date.now()` at which the caller's own request ends; 25 s from the call by default. */
  deadline?: number
  /** Fires when this caller has to stop waiting, because another account needs its place. */
  signal?: AbortSignal | undefined
  /**
   * `Date.now()` when the platform issued the token: in its first minute, a rejection is tried again before it is
   * believed.
   */
  obtainedAt?: number | undefined
  /** Called for each successful answer. */
  onAccepted?: () => void
  /** Called with the headers of each answer below 500. */
  onHeaders?: (headers: Record<string, string>) => void
  /** May replace a call's failure by one that explains more, and may make further calls to find out. */
  reconsider?: (failure: Failure) => Promise<Failure>
}

export interface Answer<T> {
  status: number
  /** Names in lower case. */
  headers: Record<string, string>
  body: T
  /** Path and query of the next page below root, null at the end. */
  next: string | null
}

export class ApiClient {
  readonly #transport: Transport
  readonly #options: ApiClientOptions
  readonly #endpoint: Endpoint
  readonly #root: URL
  /** The platform's host, for messages. */
  readonly host: string
  #cachedScope: string | undefined

  constructor(transport: Transport, options: ApiClientOptions) {
    this.#root = new URL(options.root)
    this.#transport = transport
    this.#options = options
    this.#endpoint = transport.endpointOf(this.#root)
    this.host = this.#root.hostname
  }

  /**
   * Key of shared calls and of caches. The token is part of it, so two tokens never share an answer, even for one link.
   */
  get #scope(): string {
    const { link, root, headers } = this.#options
    this.#cachedScope ??= hash('sha256', JSON.stringify([link, root, headers]), 'base64')
    return this.#cachedScope
  }

  /** Makes the next read of this path fetch the whole answer instead of a 304. */
  forget(path: string): void {
    this.#transport.etags.forget({ scope: this.#scope, url: urlBelow(this.#root, path) })
  }

  /** The read positions remembered for a list, for this link and token only. `list` is its name with its query. */
  positions(list: string): ListPositions {
    return this.#transport.positions.of(`${this.#scope} ${list}`)
  }

  /**
   * The members of a parsed value that `shape` names; undefined when a required one is missing or has the wrong type.
   */
  narrow<T extends TSchema>(shape: T, value: unknown): Static<T> | undefined {
    return this.#transport.shapes.narrow(shape, value)
  }

  /**
   * One GET below root; `path` starts with '/' and is already encoded. Returns the members that `shape` names, and
   * leaves out optional ones of the wrong type. `kept` limits what is kept while parsing; it makes nothing required.
   * Throws a `Failure`.
   */
  get<T extends TSchema>(path: string, shape: T, kept: TSchema = shape): Promise<Answer<Static<T>>> {
    return this.#read(path, kept, this.#deadline(), ({ status, headers, body: sent }) => {
      const next = nextPage({ headers, root: this.#options.root, path })
      if (next === path) throw badResponse(this.host, 'names a page as its own next page')
      const body = this.#transport.shapes.read(shape, sent, this.host)
      if (maxLengthIn(body) > this.#transport.limits.items) throw badResponse(this.host, 'sends more than a page')
      return { status, headers, body, next }
    })
  }

  /**
   * Follows next pages, and leaves out items that cannot be read. Throws `scm_bad_response` for more than 10 pages or
   * 1,000 items, and when a page has several items and none can be read.
   */
  async getAll<T extends TSchema>(path: string, item: T): Promise<Static<T>[]> {
    const list = this.#transport.shapes.listOf(item)
    const deadline = this.#deadline()
    const { limits } = this.#transport
    const read = (page: string, signal: AbortSignal | undefined) =>
      this.#read(
        page,
        list,
        deadline,
        ({ headers, body, size }) => {
          if (!Array.isArray(body)) throw wrongShape(this.host, '')
          const items = body.map((one) => this.narrow(item, one)).filter((one): one is Static<T> => one !== undefined)
          if (body.length > 1 && items.length === 0) throw wrongShape(this.host, '/0')
          if (items.length < body.length) this.forget(page)
          const answer = { headers, root: this.#options.root, path: page }
          const next = nextPage(answer) ?? pageAfterFull(answer, body.length)
          return { items, length: body.length, size, headers, next }
        },
        signal,
      )
    return readAllPages(path, read, { host: this.host, limits, signal: this.#options.signal })
  }

  #deadline(): number {
    return this.#options.deadline ?? Date.now() + this.#transport.limits.request
  }

  async #read<T>(
    path: string,
    kept: TSchema,
    deadline: number,
    take: (answer: HttpResponse) => T,
    signal = this.#options.signal,
  ): Promise<T> {
    const { limits } = this.#transport
    const { root, headers, link, account, obtainedAt, onHeaders, onAccepted, reconsider } = this.#options
    const url = urlBelow(this.#root, path)
    try {
      const answer = await this.#transport.read({
        method: 'GET',
        url,
        headers,
        body: null,
        endpoint: this.#endpoint,
        maxBytes: isList(kept) ? limits.body : limits.object,
        scope: this.#scope,
        root,
        link,
        account,
        deadline,
        signal,
        obtainedAt,
        kept,
        recognises: this.#options.recognises,
        failureFrom: this.#options.failureFrom,
        onHeaders,
      })
      onAccepted?.()
      return take(answer)
    } catch (error) {
      if (!(error instanceof Failure)) throw error
      // Otherwise the platform would answer 304 for ever, and we would go on using a body that cannot be read.
      if (error.code === 'scm_bad_response') this.#transport.etags.forget({ scope: this.#scope, url })
      throw (await reconsider?.(error)) ?? error
    }
  }
}

/** The length of the longest list: of the body itself, or of one of its members, as in GitHub's searches. */
function maxLengthIn(body: unknown): number {
  if (typeof body !== 'object' || body === null) return 0
  let length = 0
  for (const part of [body, ...Object.values(body)]) if (Array.isArray(part)) length = Math.max(length, part.length)
  return length
}

/** The URL of a path below root. Throws for `.` and `..`, which would lead to a different API call. */
function urlBelow(root: URL, path: string): URL {
  const prefix = root.pathname.replace(/\/$/, '')
  const url = URL.parse(root.origin + prefix + path)
  const asWritten = prefix + (path.split(/[?#]/, 1)[0] ?? '')
  if (!url || !path.startsWith('/') || url.origin !== root.origin || url.pathname !== asWritten) {
    throw new Failure('scm_not_found', `${root.hostname} has nothing of that name.`)
  }
  return url
}
