// What a call to a platform is, and how guards are put around it: each may change the call, repeat it, or refuse it.

/** What is sent. */
export interface HttpRequest {
  method: 'GET' | 'POST' | 'DELETE'
  url: URL
  headers: Record<string, string>
  body: string | null
}

/** Where a call goes, for messages and logs. */
export interface Endpoint {
  host: string
  port: number
  /** Whether it went through the outgoing proxy: then connection trouble is the proxy's. */
  proxied: boolean
}

/** What one call takes of the memory for all bodies. */
export interface BodyLease {
  /** Fires when the call's body has to go, for it is the largest and others need the room. */
  readonly signal: AbortSignal
  /** So many bytes are in memory now. Throws what the signal is given when this body has to go. */
  take(bytes: number): void
  /** It is being parsed, and will be gone soon. */
  keep(): void
  release(): void
}

/** A request with what every guard may need to know of it. Guards that need more say so in their type. */
export interface Call extends HttpRequest {
  endpoint: Endpoint
  /** Most bytes of the answer, as they come and again decoded. */
  maxBytes: number
  /** Ends the call. Guards that bound its time put their own signal in its place. */
  signal?: AbortSignal | undefined
  /** Given by the guard `bodyBudget`: without it no body is read. */
  lease?: BodyLease
}

/** What names a call among those that are under way or remembered. */
export interface Scoped {
  /** Link, root and headers as one word: two tokens never meet, even under one link's name. */
  scope: string
  url: URL
}

export function keyOf({ scope, url }: Scoped): string {
  return `${scope} ${url.href}`
}

/** What a platform answered, as its vendor reads it. */
export interface RawAnswer {
  status: number
  /** Names in lower case. */
  headers: Record<string, string>
  /** Parsed JSON; undefined when it is not JSON. */
  body: unknown
}

export interface HttpResponse extends RawAnswer {
  /** The body as it came. Empty once one of the reading guards has made `body` of it. */
  bytes: Buffer
}

export type Next<C> = (call: C) => Promise<HttpResponse>

/** One step of the way, for calls that tell what it needs. It hands the call on by `next`: once, again, or not at all. */
export type Guard<Needs> = <C extends Needs>(call: C, next: Next<C>) => Promise<HttpResponse>

/** The guards around `exchange`; a call passes the first one first. */
export function compose<C>(
  ...guards: ((call: C, next: Next<C>) => Promise<HttpResponse>)[]
): (exchange: Next<C>) => Next<C> {
  return (exchange) => guards.reduceRight<Next<C>>((next, guard) => (call) => guard(call, next), exchange)
}
