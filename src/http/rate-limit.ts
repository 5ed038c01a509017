// So many requests a minute for one account, so that one program in a loop does not starve the others. Each process counts by itself.

import { LRUCache } from 'lru-cache'
import { Failure } from '../failure.ts'

const WINDOW_MS = 60_000

/** Throws `rate_limited` when `account` had its requests of this minute; `limit` 0 means no limit. */
export function createRateLimit(limit: number): (account: string) => void {
  // Its own clock only goes forward, whatever becomes of the time of day.
  const windows = new LRUCache<string, { count: number }>({ max: 10_000, ttl: WINDOW_MS })
  if (limit === 0) return () => undefined
  return (account) => {
    const window = windows.get(account) ?? { count: 0 }
    if (window.count === 0) windows.set(account, window)
    window.count += 1
    if (window.count > limit) {
      throw new Failure('rate_limited', `This account may send ${limit} requests a minute. Wait and try again.`, {
        retryAfter: Math.max(1, Math.ceil(windows.getRemainingTTL(account) / 1000)),
      })
    }
  }
}
