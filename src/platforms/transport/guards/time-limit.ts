// Ends a call at its deadline, whatever it is waiting for.

import { coded } from '../faults.ts'
import type { Call, Guard } from '../guard.ts'

interface TimedCall extends Call {
  /** `Date.now()` at which it ends. */
  deadline: number
}

/**
 * For calls that are not coalesced, since `coalesce` sets its own limit. Rejects with `CALL_TIMEOUT`, or `DEADLINE` if
 * past.
 */
export const timeLimit: Guard<TimedCall> = async (call, next) => {
  const left = call.deadline - Date.now()
  if (left <= 0) throw coded('DEADLINE')
  const controller = new AbortController()
  const timer = setTimeout(() => controller.abort(coded('CALL_TIMEOUT')), left)
  const signal = call.signal ? AbortSignal.any([call.signal, controller.signal]) : controller.signal
  try {
    return await next({ ...call, signal })
  } finally {
    clearTimeout(timer)
  }
}
