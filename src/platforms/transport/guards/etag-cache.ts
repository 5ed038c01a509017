// Remembers answers that carry an ETag, so that asking again costs no rate limit where nothing has changed.

import { LRUCache } from 'lru-cache'
import { type Call, type Guard, type HttpResponse, keyOf, type Scoped } from '../guard.ts'

/** Below what another thread reads, which takes the bytes away. */
const MAX_BODY_BYTES = 128 * 1024

export interface EtagCache {
  /** Asks with the ETag of what was answered before, and turns a 304 into that answer, with the `Link` of the new one. */
  guard: Guard<Call & Scoped>
  /** Has the next read answered anew, and not with a 304. */
  forget(call: Scoped): void
}

/** Bounded in entries, and in bytes of all bodies together. Bodies are kept as bytes: each reader parses them anew. */
export function createEtagCache(): EtagCache {
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
      if (response.status !== 304) remember(key, response)
      else if (before) return { ...before, headers: { ...before.headers, ...response.headers } }
      return response
    },
    forget(call) {
      cache.delete(keyOf(call))
    },
  }
}
