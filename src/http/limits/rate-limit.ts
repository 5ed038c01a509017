// Limits the requests of one account in any minute: one program in a loop must not starve the others. Each process counts by itself.

import { LRUCache } from 'lru-cache'
import { Failure } from '../../failure.ts'

/** A minute slides in steps of a second, so that counts take little memory however high the limit is. */
const STEPS = 60
const STEP_MS = 1_000

interface Counts {
  /** Requests by second, where the second's number modulo 60 is the index. */
  steps: Uint32Array
  total: number
  /** The second that was counted last. */
  last: number
}

/** Throws `rate_limited` when `account` had its requests of the last minute; `limit` 0 means no limit. */
export function createRateLimit(limit: number): (account: string) => void {
  const known = new LRUCache<string, Counts>({ max: 10_000 })
  if (limit === 0) return () => undefined
  return (account) => {
    // The time of day may be set back; this clock only goes forward.
    const second = Math.floor(performance.now() / STEP_MS)
    const counts = known.get(account) ?? { steps: new Uint32Array(STEPS), total: 0, last: second }
    known.set(account, counts)
    forget(counts, second)
    if (counts.total >= limit) {
      throw new Failure('rate_limited', `This account may send ${limit} requests a minute. Wait and try again.`, {
        retryAfter: secondsUntilFree(counts, second),
      })
    }
    counts.steps[second % STEPS] = (counts.steps[second % STEPS] ?? 0) + 1
    counts.total += 1
  }
}

/** Forgets what is older than a minute. */
function forget(counts: Counts, second: number): void {
  for (let passed = Math.max(counts.last, second - STEPS) + 1; passed <= second; passed++) {
    counts.total -= counts.steps[passed % STEPS] ?? 0
    counts.steps[passed % STEPS] = 0
  }
  counts.last = second
}

/** Seconds until the oldest request that counts is a minute old. */
function secondsUntilFree({ steps }: Counts, second: number): number {
  for (let wait = 1; wait < STEPS; wait++) if ((steps[(second + wait) % STEPS] ?? 0) > 0) return wait
  return STEPS
}
