// Retries a call that may succeed a moment later, until there is an answer, no hope of one, or no time left.

import { setTimeout as delay } from 'node:timers/promises'
import { readFault } from '../faults.ts'
import type { Call, Guard } from '../guard.ts'
import type { Limits } from '../limits.ts'
import type { Attempt } from './call-log.ts'

type RetryBounds = Pick<Limits, 'retries' | 'retryMin' | 'retryMax'>

/** Retries a GET after trouble. A request that changes something is retried only when no byte of it was sent. */
export function createRetry(bounds: RetryBounds): Guard<Call & { attempt?: Attempt }> {
  return async (call, next) => {
    const isRead = call.method === 'GET'
    const beganAt = Date.now()
    for (let tried = 0; ; tried++) {
      const isLast = tried >= bounds.retries
      try {
        const response = await next({ ...call, attempt: { number: tried + 1, beganAt } })
        // A server that names a time in `Retry-After` is not asked earlier.
        const again = isRead && response.status >= 500 && response.headers['retry-after'] === undefined
        if (!again || isLast) return response
      } catch (error) {
        const fault = readFault(error, call.endpoint)
        const mayRetry = fault.again && (isRead || fault.unsent)
        if (!mayRetry || isLast) throw fault.failure
      }
      await pauseBeforeRetry(bounds, tried, call.signal)
    }
  }
}

async function pauseBeforeRetry(
  { retryMin, retryMax }: RetryBounds,
  tried: number,
  signal: AbortSignal | undefined,
): Promise<void> {
  const upTo = Math.min(retryMax, retryMin * 4 ** (tried + 1))
  const time = retryMin + Math.random() * (upTo - retryMin)
  await delay(time, undefined, { signal }).catch(() => {
    throw signal?.reason
  })
}
