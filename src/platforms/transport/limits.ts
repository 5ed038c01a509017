// The limits of every call to a platform: times, sizes and counts.

/** Times in milliseconds, sizes in bytes. */
export interface Limits {
  dns: number
  /** TCP and TLS together. */
  connect: number
  /** From the sent request to the last header. */
  headers: number
  /** Between two chunks of a body. */
  idle: number
  /** One call with its redirects, retries and waits. */
  call: number
  /** A whole request to us: clients give up at 30 s. */
  request: number
  /** A list's body, both as received and decompressed. */
  body: number
  /** The body of a single object. */
  object: number
  /** All bodies that are in memory at once. */
  bodies: number
  /**
   * Decompressed bytes per received byte, checked once `ratioFrom` bytes are decompressed: stops decompression bombs
   * early.
   */
  ratio: number
  ratioFrom: number
  /** Nesting of objects and arrays in JSON. */
  depth: number
  /** Values in one answer. */
  nodes: number
  /** Characters of one string; the rest is cut off. */
  text: number
  redirects: number
  pages: number
  items: number
  retries: number
  /** Shortest and longest pause before a retry. */
  retryMin: number
  retryMax: number
  /** Pauses before a new token is tried again: perhaps not all of the platform's servers know it yet. */
  newTokenPauses: number[]
  callsPerLink: number
  /** Requests to us that may wait for platforms at once. */
  waiting: number
  /** How long a request waits for its place among them. */
  turn: number
  /** After this many failures of an origin within `breakerWindow`, it is not called for `breakerPause`. */
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
