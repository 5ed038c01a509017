// Logs each attempt for the operator: host, method, result and time, but neither path nor content.

import type { Log } from '../../../log-events.ts'
import { readFault } from '../faults.ts'
import type { Call, Guard } from '../guard.ts'

/** Which attempt of a call this is. */
export interface Attempt {
  /** From 1. */
  number: number
  /** `Date.now()` at which the first one began. */
  beganAt: number
}

/** Logs the event `scm_call`. Its `ms` count from the first attempt. */
export function createCallLog(log: Log): Guard<Call & { attempt?: Attempt }> {
  return async (call, next) => {
    const { number, beganAt } = call.attempt ?? { number: 1, beganAt: Date.now() }
    function tell(outcome: string | number): void {
      const { host } = call.endpoint
      log('scm_call', { host, method: call.method, outcome, ms: Date.now() - beganAt, tried: number })
    }
    try {
      const response = await next(call)
      tell(response.status)
      return response
    } catch (error) {
      const { failure } = readFault(error, call.endpoint)
      tell(String(failure.details.log?.fault ?? failure.code))
      throw error
    }
  }
}
