// Makes identical reads at the same time one call, which ends when nobody waits for it any more.

import { coded } from './faults.ts'

interface Flight<T> {
  result: Promise<T>
  waiting: number
  controller: AbortController
}

/** Who waits for a call, and for how long. */
export interface Caller {
  /** `Date.now()` at which its own request ends. */
  deadline: number
  signal?: AbortSignal | undefined
}

export interface Flights<T> {
  /**
   * The result of the call under way for `key`, or of `start`, whose signal fires after `time` milliseconds
   * (`CALL_TIMEOUT`) or when all have given up. Rejects with `DEADLINE` at the caller's own deadline, and with its signal's
   * reason.
   */
  join(key: string, caller: Caller, time: number, start: (signal: AbortSignal) => Promise<T>): Promise<T>
  /** Gives up all that is under way. */
  end(): void
}

export function createFlights<T>(): Flights<T> {
  const flights = new Map<string, Flight<T>>() // calls under way only

  function take(key: string, time: number, start: (signal: AbortSignal) => Promise<T>): Flight<T> {
    const controller = new AbortController()
    const timer = setTimeout(() => controller.abort(coded('CALL_TIMEOUT')), time)
    const result = start(controller.signal).finally(() => {
      clearTimeout(timer)
      if (flights.get(key) === flight) flights.delete(key)
    })
    const flight: Flight<T> = { result, waiting: 0, controller }
    result.catch(() => {}) // every caller may have given up already
    flights.set(key, flight)
    return flight
  }

  async function join(
    key: string,
    { deadline, signal }: Caller,
    time: number,
    start: (signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    const left = deadline - Date.now()
    if (left <= 0) throw coded('DEADLINE')
    signal?.throwIfAborted()
    const flight = flights.get(key) ?? take(key, time, start)
    flight.waiting++
    let timer: NodeJS.Timeout | undefined
    let aborted: (() => void) | undefined
    const gaveUp = new Promise<never>((_resolve, reject) => {
      timer = setTimeout(() => reject(coded('DEADLINE')), Math.min(left, 2 ** 31 - 1))
      aborted = () => reject(signal?.reason)
      signal?.addEventListener('abort', aborted, { once: true })
    })
    try {
      return await Promise.race([flight.result, gaveUp])
    } finally {
      clearTimeout(timer)
      if (aborted) signal?.removeEventListener('abort', aborted)
      if (--flight.waiting === 0) {
        if (flights.get(key) === flight) flights.delete(key)
        flight.controller.abort(coded('DEADLINE')) // without effect when it has ended
      }
    }
  }

  function end(): void {
    for (const { controller } of flights.values()) controller.abort(coded('DEADLINE'))
  }

  return { join, end }
}
