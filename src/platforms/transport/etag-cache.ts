// Remembers answers that carry an ETag, so that asking again costs no rate limit where nothing has changed.

import { LRUCache } from 'lru-cache'

/** An answer as it came, its body still bytes: parsed anew for each reader, who may do with it what he likes. */
export interface Received {
  status: number
  headers: Record<string, string>
  bytes: Buffer
}

export interface Etags {
  /** What was answered before, whose ETag to ask with. */
  find(key: string): Received | undefined
  /** Remembers a fresh answer, and turns a 304 into the one that was asked with, with its `Link`. */
  settle(key: string, received: Received, before: Received | undefined): Received
  forget(key: string): void
}

/** Below what another thread reads, which takes the bytes away. */
const MAX_BODY_BYTES = 128 * 1024

/** Bounded in entries, and in bytes of all bodies together. `key` has to name the token as well as the URL. */
export function createEtags(): Etags {
  const cache = new LRUCache<string, Received>({
    max: 2_000,
    maxSize: 32 * 1024 * 1024,
    sizeCalculation: ({ bytes, headers }) => bytes.length + 2 * JSON.stringify(headers).length + 1,
  })

  function settle(key: string, received: Received, before: Received | undefined): Received {
    if (received.status === 304) {
      return before ? { ...before, headers: { ...before.headers, ...received.headers } } : received
    }
    const keep = received.status === 200 && received.headers.etag && received.bytes.length <= MAX_BODY_BYTES
    if (keep) cache.set(key, received)
    else cache.delete(key)
    return received
  }

  function forget(key: string): void {
    cache.delete(key)
  }

  return { find: (key) => cache.get(key), settle, forget }
}
