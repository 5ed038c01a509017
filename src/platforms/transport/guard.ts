// What a call to a platform is, and how guards are put around it: each may change, repeat or reject the call.

/** What is sent. */
export interface HttpRequest {
  method: 'GET' | 'POST' | 'DELETE'
  url: URL
  headers: Record<string, string>
  body: string | null
}

/** The destination of a call, for messages and logs. */
export interface Endpoint {
  host: string
  port: number
  /** Whether the call went through the proxy: then a connection error is about the proxy. */
  proxied: boolean
}

/** The part of the memory for all bodies that one call uses. */
export interface BodyLease {
  /** Fires when memory is short and this call has the largest body, which is then dropped. */
  readonly signal: AbortSignal
  /** Reports how many bytes are in memory now. Throws the signal's reason when this body has been dropped. */
  take(bytes: number): void
  /** The body is being parsed and will be freed soon, so it must not be dropped. */
  keep(): void
  release(): void
}

/** A request with what every guard needs to know of it. A guard that needs more says so in its type. */
export interface Call extends HttpRequest {
  endpoint: Endpoint
  /** Maximum bytes of the body, both as received and decompressed. */
  maxBytes: number
  /** Ends the call. Guards that bound its time put their own signal in its place. */
  signal?: AbortSignal | undefined
  /** Set by the guard `bodyBudget`; without it no body is read. */
  lease?: BodyLease
}

/** What identifies a call among running and cached ones. */
export interface Scoped {
  /**
   * Hash of link, root and headers. The token is part of it, so two tokens never share an answer, even for one link.
   */
  scope: string
  url: URL
}

export function keyOf({ scope, url }: Scoped): string {
  return `${scope} ${url.href}`
}

/** A platform's answer, as its vendor reads it. */
export interface RawAnswer {
  status: number
  /** Names in lower case. */
  headers: Record<string, string>
  /** Parsed JSON; undefined when it is not JSON. */
  body: unknown
}

export interface HttpResponse extends RawAnswer {
  /** The body as received. Empty once a reading guard has parsed it into `body`. */
  bytes: Buffer
  /** How many bytes the body had, decompressed. */
  size: number
}

export type Next<C> = (call: C) => Promise<HttpResponse>

/** One step around a call. `Needs` is what it reads of the call. It may call `next` once, several times, or never. */
export type Guard<Needs> = <C extends Needs>(call: C, next: Next<C>) => Promise<HttpResponse>

/** Puts the guards around `exchange`; a call passes the first one first. */
export function compose<C>(
  ...guards: ((call: C, next: Next<C>) => Promise<HttpResponse>)[]
): (exchange: Next<C>) => Next<C> {
  return (exchange) => guards.reduceRight<Next<C>>((next, guard) => (call) => guard(call, next), exchange)
}
