// Logs each attempt for the operator: host, method, result and time, but neither path nor content.

import type { Budget, Log } from '../../../log-events.ts'
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
    function tell(outcome: string | number, budget?: Budget): void {
      const { host } = call.endpoint
      const ms = Date.now() - beganAt
      log('scm_call', { host, method: call.method, outcome, ms, tried: number, ...budget })
    }
    try {
      const response = await next(call)
      tell(response.status, budgetOf(response.headers))
      return response
    } catch (error) {
      const { failure } = readFault(error, call.endpoint)
      tell(String(failure.details.log?.fault ?? failure.code))
      throw error
    }
  }
}

/**
 * GitHub writes `x-ratelimit-…`, GitLab `ratelimit-…`:
 * https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api#checking-the-status-of-your-rate-limit
 * https://docs.gitlab.com/administration/settings/user_and_ip_rate_limits/#response-headers
 */
function budgetOf(headers: Record<string, string>): Budget | undefined {
  const remaining = Number(headers['x-ratelimit-remaining'] ?? headers['ratelimit-remaining'] ?? Number.NaN)
  const limit = Number(headers['x-ratelimit-limit'] ?? headers['ratelimit-limit'] ?? Number.NaN)
  const isTold = Number.isSafeInteger(remaining) && Number.isSafeInteger(limit) && remaining >= 0 && limit > 0
  return isTold ? { remaining, limit } : undefined
}
