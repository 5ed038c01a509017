// Caches answers that carry an ETag, so that reading them again costs no rate limit while nothing has changed.

import { LRUCache } from 'lru-cache'
import { type Call, type Guard, type HttpResponse, keyOf, type Scoped } from '../guard.ts'

/** Smaller than what goes to the worker thread, which takes the bytes away. */
const MAX_BODY_BYTES = 256 * 1024

export interface EtagCache {
  /** Sends the ETag of the cached answer, and turns a 304 into that answer, with the `Link` header of the 304. */
  guard: Guard<Call & Scoped>
  /** Makes the next read fetch the whole answer instead of a 304. */
  forget(call: Scoped): void
}

/**
 * Bounded in entries and in total bytes. Bodies are kept as bytes, and each reader parses them again. `noteAsked` is told
 * for each answer whether its body came from the cache.
 */
export function createEtagCache(noteAsked: (isHit: boolean) => void = () => {}): EtagCache {
  const cache = new LRUCache<string, HttpResponse>({
    max: 2_000,
    maxSize: 32 * 1024 * 1024,
    sizeCalculation: ({ bytes, headers }) => bytes.length + 2 * JSON.stringify(headers).length + 1,
  })

  function remember(key: string, response: HttpResponse): void {
    const keep = response.status === 200 && response.headers.etag && response.bytes.length <= MAX_BODY_BYTES
    if (keep) cache.set(key, response)
    else cache.delete(key)
  }

  return {
    async guard(call, next) {
      const key = keyOf(call)
      const before = cache.get(key)
      const etag = before?.headers.etag
      const asked = etag === undefined ? call : { ...call, headers: { ...call.headers, 'if-none-match': etag } }
      const response = await next(asked)
      const isHit = response.status === 304 && before !== undefined
      noteAsked(isHit)
      if (response.status !== 304) remember(key, response)
      else if (before) return { ...before, headers: { ...before.headers, ...response.headers } }
      return response
    },
    forget(call) {
      cache.delete(keyOf(call))
    },
  }
}
