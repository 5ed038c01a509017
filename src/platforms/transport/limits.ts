// How long, how much and how often: the bounds on every call to a platform.

/** Times in milliseconds, sizes in bytes. */
export interface Limits {
  dns: number
  /** TCP and TLS together. */
  connect: number
  /** From the request sent to the last header. */
  headers: number
  /** Between two pieces of a body. */
  idle: number
  /** One call with its redirects, retries and waiting. */
  call: number
  /** A request of ours that does not say when it ends. */
  request: number
  /** Of a list's body, as it comes and again decoded. */
  body: number
  /** Of a single object's. */
  object: number
  /** Of all bodies that are in memory at once. */
  bodies: number
  /** Decoded bytes for each byte that came, once `ratioFrom` bytes are decoded: keeps out bombs early. */
  ratio: number
  ratioFrom: number
  /** Objects and arrays within one another in JSON. */
  depth: number
  /** Values in one answer. */
  nodes: number
  /** Characters of one string; the rest is cut. */
  text: number
  redirects: number
  pages: number
  items: number
  retries: number
  /** Shortest and longest pause before a retry. */
  retryMin: number
  retryMax: number
  /** Pauses before a token that we were just given is tried again: it may not be everywhere at the platform yet. */
  newTokenPauses: number[]
  callsPerLink: number
  /** Requests of ours that wait for platforms at once. */
  waiting: number
  /** How long one waits for its place among them. */
  turn: number
  /** So many failures of an origin within `breakerWindow` leave it alone for `breakerPause`. */
  breakerFailures: number
  breakerWindow: number
  breakerPause: number
}

export const LIMITS: Limits = {
  dns: 5_000,
  connect: 5_000,
  headers: 10_000,
  idle: 5_000,
  call: 20_000,
  request: 25_000,
  body: 8 * 1024 * 1024,
  object: 256 * 1024,
  bodies: 64 * 1024 * 1024,
  ratio: 100,
  ratioFrom: 64 * 1024,
  depth: 64,
  nodes: 200_000,
  text: 4096,
  redirects: 3,
  pages: 10,
  items: 1000,
  retries: 2,
  retryMin: 250,
  retryMax: 2_000,
  newTokenPauses: [1_000, 2_000],
  callsPerLink: 4,
  waiting: 128,
  turn: 3_000,
  breakerFailures: 10,
  breakerWindow: 30_000,
  breakerPause: 30_000,
}
