// Slows down guessing: wrong credentials are counted in lanes, one per address or account name. After ten in a minute,
// a lane checks one password per second. https://cheatsheetseries.owasp.org/cheatsheets/Authentication_Cheat_Sheet.html

import { LRUCache } from 'lru-cache'
import { Failure } from '../failure.ts'

const MAX_FAILURES = 10
const WINDOW_MS = 60_000
/** Between two checks in a lane that has had too many failures. */
const PAUSE_MS = 1_000
const MAX_WAITING = 16
/** Short enough that a request that waits in two lanes is answered before its client gives up at 30 s. */
const MAX_WAIT_MS = 20_000
const MAX_LANES = 20_000

export interface LoginThrottle {
  /** Counts a wrong credential that is cheap to check; throws `rate_limited` when the lane already had too many. */
  failed(lane: string): void
  /**
   * Waits for its turn in each of the lanes, then returns the result of `check`; undefined counts as a failure in all
   * lanes. Throws `rate_limited` without a check when too many wait already, and after a failure when a lane already
   * had too many.
   */
  guess<T>(lanes: string[], check: () => Promise<T | undefined>): Promise<T | undefined>
}

interface Lane {
  /** Times of the last failures, at most ten, oldest first. */
  failures: number[]
  /** Guesses being checked now: each may become another failure. */
  checking: number
  waiting: { begin: () => void }[]
  /** When a slow lane accepts its next guess. */
  nextAt: number
  timer: NodeJS.Timeout | undefined
}

export function createLoginThrottle(): LoginThrottle {
  // A dropped lane lives on for the requests that wait in it.
  const lanes = new LRUCache<string, Lane>({ max: MAX_LANES })

  function laneOf(name: string): Lane {
    const known = lanes.get(name)
    const lane = known ?? { failures: [], checking: 0, waiting: [], nextAt: 0, timer: undefined }
    if (!known) lanes.set(name, lane)
    return lane
  }

  function failed(name: string): void {
    if (noteFailure(laneOf(name))) throw tooMany()
  }

  async function guess<T>(names: string[], check: () => Promise<T | undefined>): Promise<T | undefined> {
    const entered: Lane[] = []
    try {
      for (const name of names) {
        const lane = laneOf(name)
        await enter(lane)
        entered.push(lane)
      }
      const found = await check()
      if (found !== undefined) return found
      const hadTooMany = entered.map(noteFailure)
      if (hadTooMany.includes(true)) throw tooMany()
      return undefined
    } finally {
      for (const lane of entered) {
        lane.checking -= 1
        admit(lane)
      }
    }
  }

  return { failed, guess }
}

/** Returns whether the lane already had too many failures. Each failure counts for one minute. */
function noteFailure(lane: Lane): boolean {
  const hadTooMany = failuresOf(lane) >= MAX_FAILURES
  lane.failures = [...lane.failures, performance.now()].slice(-MAX_FAILURES)
  return hadTooMany
}

function failuresOf(lane: Lane): number {
  const since = performance.now() - WINDOW_MS
  while ((lane.failures[0] ?? Number.POSITIVE_INFINITY) <= since) lane.failures.shift()
  return lane.failures.length
}

async function enter(lane: Lane): Promise<void> {
  if (lane.waiting.length === 0 && takesOne(lane)) return
  if (lane.waiting.length >= MAX_WAITING) throw tooMany()
  await new Promise<void>((resolve, reject) => {
    const waiter = {
      begin() {
        clearTimeout(timer)
        resolve()
      },
    }
    const timer = setTimeout(() => {
      lane.waiting.splice(lane.waiting.indexOf(waiter), 1)
      reject(tooMany())
    }, MAX_WAIT_MS)
    lane.waiting.push(waiter)
    admit(lane)
  })
}

/** Starts the waiting guesses that the lane accepts now, and sets a timer for the next one. */
function admit(lane: Lane): void {
  clearTimeout(lane.timer)
  lane.timer = undefined
  while (lane.waiting.length > 0 && takesOne(lane)) lane.waiting.shift()?.begin()
  const isSlow = failuresOf(lane) >= MAX_FAILURES
  if (lane.waiting.length === 0 || !isSlow || lane.checking > 0) return
  // One millisecond more, since timers may fire early.
  lane.timer = setTimeout(() => admit(lane), Math.max(0, lane.nextAt - performance.now()) + 1)
}

/** Counts one more guess as being checked, if the lane accepts one now. */
function takesOne(lane: Lane): boolean {
  const failures = failuresOf(lane)
  if (failures >= MAX_FAILURES) {
    const last = lane.failures.at(-1) ?? 0
    lane.nextAt = Math.max(lane.nextAt, last + PAUSE_MS)
    if (lane.checking > 0 || performance.now() < lane.nextAt) return false
    lane.nextAt = performance.now() + PAUSE_MS
  } else if (failures + lane.checking >= MAX_FAILURES) {
    return false
  }
  lane.checking += 1
  return true
}

function tooMany(): Failure {
  return new Failure('rate_limited', 'Too many wrong credentials. Wait a minute and try again.', {
    retryAfter: WINDOW_MS / 1000,
  })
}
