// How many requests of ours may wait for platforms at once: the rest are told so at once, so that platforms that hang cost no more than that.

import { Failure } from '../../failure.ts'

/** Seconds: some of those that wait are answered by then. */
const RETRY_AFTER = 2

/** Does the work, or throws `overloaded` without having begun it while `most` others are under way. */
export type Waiting = <T>(work: () => Promise<T>) => Promise<T>

export function createWaiting(most: number): Waiting {
  let underWay = 0
  return async (work) => {
    if (underWay >= most) {
      const message = `This server waits for ${most} answers of platforms already. Try again in a moment.`
      throw new Failure('overloaded', message, { retryAfter: RETRY_AFTER })
    }
    underWay++
    try {
      return await work()
    } finally {
      underWay--
    }
  }
}
