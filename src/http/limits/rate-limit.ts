// Limits the requests of one account per minute, so that a program in a loop does not starve others. Each process
// counts alone.

import { LRUCache } from 'lru-cache'
import { Failure } from '../../failure.ts'

/** The minute slides in steps of one second, so that counting takes little memory even for a high limit. */
const STEPS = 60
const STEP_MS = 1_000

interface Counts {
  /** Requests per second; the index is the second's number modulo 60. */
  steps: Uint32Array
  total: number
  /** The last second that was counted. */
  last: number
}

/**
 * Throws `rate_limited` when `account` has used up its requests of the last minute; `limit` 0 means no limit. `noun`: what
 * is counted.
 */
export function createRateLimit(limit: number, noun = 'account'): (account: string) => void {
  const known = new LRUCache<string, Counts>({ max: 10_000 })
  if (limit === 0) return () => undefined
  return (account) => {
    // The time of day may be set back, but this clock only goes forward.
    const second = Math.floor(performance.now() / STEP_MS)
    const counts = known.get(account) ?? { steps: new Uint32Array(STEPS), total: 0, last: second }
    known.set(account, counts)
    forget(counts, second)
    if (counts.total >= limit) {
      throw new Failure('rate_limited', `This ${noun} may send ${limit} requests a minute. Wait and try again.`, {
        retryAfter: secondsUntilFree(counts, second),
      })
    }
    counts.steps[second % STEPS] = (counts.steps[second % STEPS] ?? 0) + 1
    counts.total += 1
  }
}

/** Forgets counts that are older than a minute. */
function forget(counts: Counts, second: number): void {
  for (let passed = Math.max(counts.last, second - STEPS) + 1; passed <= second; passed++) {
    counts.total -= counts.steps[passed % STEPS] ?? 0
    counts.steps[passed % STEPS] = 0
  }
  counts.last = second
}

/** Seconds until the oldest counted request is a minute old. */
function secondsUntilFree({ steps }: Counts, second: number): number {
  for (let wait = 1; wait < STEPS; wait++) if ((steps[(second + wait) % STEPS] ?? 0) > 0) return wait
  return STEPS
}
