// Slows guessing: wrong credentials are counted in lanes (of an address, of an account's name), and after ten a minute
// passwords are checked one a second there. https://cheatsheetseries.owasp.org/cheatsheets/Authentication_Cheat_Sheet.html

import { LRUCache } from 'lru-cache'
import { Failure } from '../failure.ts'

const MAX_FAILURES = 10
const WINDOW_MS = 60_000
/** Between two checks in a lane that had too many failures. */
const PAUSE_MS = 1_000
const MAX_WAITING = 16
/** So that what waits in two lanes is answered before its client gives up at 30 s. */
const MAX_WAIT_MS = 20_000
const MAX_LANES = 20_000

export interface LoginThrottle {
  /** Notes a wrong credential that is cheap to check; throws `rate_limited` when the lane had too many before. */
  failed(lane: string): void
  /**
   * What `check` finds, in its turn in each of the lanes one after the other; undefined is a failure in all of them. Throws
   * `rate_limited` unchecked where too many wait already, and after a failure where there were too many before it.
   */
  guess<T>(lanes: string[], check: () => Promise<T | undefined>): Promise<T | undefined>
}

interface Lane {
  /** Of the last failures, at most ten, oldest first. */
  failures: number[]
  /** Guesses that are being checked: each may be another failure. */
  checking: number
  waiting: { begin: () => void }[]
  /** When a lane that is slow takes its next guess. */
  nextAt: number
  timer: NodeJS.Timeout | undefined
}

export function createLoginThrottle(): LoginThrottle {
  // A lane that somebody waits in lives on in what waits.
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

/** Whether there were too many before. The window slides: each failure counts for a minute. */
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

/** Lets in whom the lane takes now, and looks again when it takes the next. */
function admit(lane: Lane): void {
  clearTimeout(lane.timer)
  lane.timer = undefined
  while (lane.waiting.length > 0 && takesOne(lane)) lane.waiting.shift()?.begin()
  const isSlow = failuresOf(lane) >= MAX_FAILURES
  if (lane.waiting.length === 0 || !isSlow || lane.checking > 0) return
  // A millisecond more, since timers may be early.
  lane.timer = setTimeout(() => admit(lane), Math.max(0, lane.nextAt - performance.now()) + 1)
}

/** Counts one more that is being checked where the lane takes it now. */
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
