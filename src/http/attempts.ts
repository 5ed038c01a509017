// Counts wrong credentials, so that guessing is slow: a right one is never refused for the failures of others.

import { setTimeout as delay } from 'node:timers/promises'
import { LRUCache } from 'lru-cache'
import { Failure } from '../failure.ts'

const MAX_FAILURES = 10
const WINDOW_SECONDS = 60
/** Between two guesses of a password after too many wrong ones, in milliseconds. */
const PAUSE = 1_000

export interface Attempts {
  /** Notes a failure for each name (an address, an account); throws `rate_limited` instead of returning when there were too many. */
  failed(...names: string[]): void
  /**
   * What `check` finds, or undefined and a failure is noted as by `failed`. After too many for this account from this
   * address they are checked one at a time and a second apart; what comes in between is `rate_limited` unchecked.
   */
  guess<T>(address: string, account: string, check: () => Promise<T | undefined>): Promise<T | undefined>
}

export function createAttempts(): Attempts {
  const counts = new LRUCache<string, { failures: number }>({ max: 20_000, ttl: WINDOW_SECONDS * 1000 })
  const slowed = new Set<string>()

  function failed(...names: string[]): void {
    let most = 0
    for (const name of names) {
      const count = counts.get(name) ?? { failures: 0 }
      count.failures += 1
      if (count.failures === 1) counts.set(name, count)
      most = Math.max(most, count.failures)
    }
    if (most > MAX_FAILURES) throw tooMany()
  }

  async function checkSlowly<T>(pair: string, check: () => Promise<T>): Promise<T> {
    if (slowed.has(pair)) throw tooMany()
    slowed.add(pair)
    try {
      await delay(PAUSE)
      return await check()
    } finally {
      slowed.delete(pair)
    }
  }

  async function guess<T>(
    address: string,
    account: string,
    check: () => Promise<T | undefined>,
  ): Promise<T | undefined> {
    const pair = `${account} from ${address}`
    const isSlow = (counts.get(pair)?.failures ?? 0) >= MAX_FAILURES
    const found = await (isSlow ? checkSlowly(pair, check) : check())
    if (found === undefined) failed(`address ${address}`, `account ${account}`, pair)
    return found
  }

  return { failed, guess }
}

function tooMany(): Failure {
  return new Failure('rate_limited', 'Too many wrong credentials. Wait a minute and try again.', {
    retryAfter: WINDOW_SECONDS,
  })
}
