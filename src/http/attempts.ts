// Counts wrong credentials, so that guessing is slow: a right one is never refused for the failures of others.

import { LRUCache } from 'lru-cache'
import { Failure } from '../failure.ts'

const MAX_FAILURES = 10
const WINDOW_SECONDS = 60

export interface Attempts {
  /** Notes a failure for each name (an address, an account); throws `rate_limited` instead of returning when there were too many. */
  failed(...names: string[]): void
}

export function createAttempts(): Attempts {
  const counts = new LRUCache<string, { failures: number }>({ max: 20_000, ttl: WINDOW_SECONDS * 1000 })
  return {
    failed(...names) {
      let most = 0
      for (const name of names) {
        const count = counts.get(name) ?? { failures: 0 }
        count.failures += 1
        if (count.failures === 1) counts.set(name, count)
        most = Math.max(most, count.failures)
      }
      if (most > MAX_FAILURES) {
        throw new Failure('rate_limited', 'Too many wrong credentials. Wait a minute and try again.', {
          retryAfter: WINDOW_SECONDS,
        })
      }
    },
  }
}
