// So many requests a minute for one account, so that one program in a loop does not starve the others.

import { LRUCache } from 'lru-cache'
import { Failure } from '../failure.ts'

const WINDOW_MS = 60_000

/** Throws `rate_limited` when `account` had its requests of this minute; `limit` 0 means no limit. */
export function createRateLimit(limit: number): (account: string) => void {
  const windows = new LRUCache<string, { count: number; ends: number }>({ max: 10_000 })
  if (limit === 0) return () => undefined
  return (account) => {
    const time = Date.now()
    let window = windows.get(account)
    if (!window || window.ends <= time) {
      window = { count: 0, ends: time + WINDOW_MS }
      windows.set(account, window)
    }
    window.count += 1
    if (window.count > limit) {
      throw new Failure('rate_limited', `This account may send ${limit} requests a minute. Wait and try again.`, {
        retryAfter: Math.ceil((window.ends - time) / 1000),
      })
    }
  }
}
