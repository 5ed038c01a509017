// Makes identical reads at the same time share one call, which is cancelled when no caller waits for it any more.

import { coded } from '../faults.ts'
import { type Call, type Guard, type HttpResponse, keyOf, type Scoped } from '../guard.ts'

interface Flight {
  result: Promise<HttpResponse>
  waiting: number
  controller: AbortController
}

interface WaitedCall extends Call, Scoped {
  /** `Date.now()` at which the caller's own request ends. */
  deadline: number
}

export interface Coalesce {
  /**
   * Joins the same call if one is running, or starts it. It rejects with `CALL_TIMEOUT` after `callMs`. A caller gets
   * `DEADLINE` at its own deadline, or the reason of its own signal; when all callers have left, the call is aborted.
   */
  guard: Guard<WaitedCall>
  /** Aborts all running calls. */
  end(): void
}

/** `joined` is called when a call joins a running one. */
export function createCoalesce(callMs: number, joined: () => void = () => {}): Coalesce {
  const flights = new Map<string, Flight>() // running calls only

  function take(key: string, start: (signal: AbortSignal) => Promise<HttpResponse>): Flight {
    const controller = new AbortController()
    const timer = setTimeout(() => controller.abort(coded('CALL_TIMEOUT')), callMs)
    const result = start(controller.signal).finally(() => {
      clearTimeout(timer)
      if (flights.get(key) === flight) flights.delete(key)
    })
    const flight: Flight = { result, waiting: 0, controller }
    result.catch(() => {}) // every caller may have left already
    flights.set(key, flight)
    return flight
  }

  /**
   * Only for a running call: an ended one is no longer in `flights`, and aborting it would create an error for nothing.
   */
  function giveUp(key: string, flight: Flight): void {
    if (flights.get(key) !== flight) return
    flights.delete(key)
    flight.controller.abort(coded('DEADLINE'))
  }

  return {
    async guard(call, next) {
      const left = call.deadline - Date.now()
      if (left <= 0) throw coded('DEADLINE')
      call.signal?.throwIfAborted()
      const key = keyOf(call)
      const running = flights.get(key)
      if (running) joined()
      const flight = running ?? take(key, (signal) => next({ ...call, signal }))
      flight.waiting++
      try {
        return await endingWith(flight.result, left, call.signal)
      } finally {
        if (--flight.waiting === 0) giveUp(key, flight)
      }
    },
    end() {
      for (const { controller } of flights.values()) controller.abort(coded('DEADLINE'))
    },
  }
}

/** The longest delay that a timer accepts, in milliseconds. */
const MAX_TIMER_MS = 2 ** 31 - 1

/** Rejects after `left` milliseconds, or with the signal's reason. */
async function endingWith<T>(result: Promise<T>, left: number, signal: AbortSignal | undefined): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  let aborted: (() => void) | undefined
  const gaveUp = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(coded('DEADLINE')), Math.min(left, MAX_TIMER_MS))
    aborted = () => reject(signal?.reason)
    signal?.addEventListener('abort', aborted, { once: true })
  })
  try {
    return await Promise.race([result, gaveUp])
  } finally {
    clearTimeout(timer)
    if (aborted) signal?.removeEventListener('abort', aborted)
  }
}
