// Leaves an origin alone after repeated failures, so that a dead platform costs its users seconds and nobody else anything.

import { LRUCache } from 'lru-cache'
import { Failure } from '../../failure.ts'

export interface BreakerBounds {
  breakerFailures: number
  breakerWindow: number
  breakerPause: number
}

interface OriginState {
  failures: number[]
  successes: number[]
  failedInARow: number
  pausedUntil: number
  probing: boolean
}

export type Verdict = 'answered' | 'failed' | 'unknown'

export interface Breaker {
  /** Throws `scm_unavailable` while the origin is left alone; else every call has to report its verdict. */
  enter(origin: string, host: string): (verdict: Verdict) => void
}

export function createBreaker(bounds: BreakerBounds, opened: (host: string) => void): Breaker {
  const origins = new LRUCache<string, OriginState>({ max: 2_000 })

  function enter(origin: string, host: string): (verdict: Verdict) => void {
    const state = origins.get(origin) ?? {
      failures: [],
      successes: [],
      failedInARow: 0,
      pausedUntil: 0,
      probing: false,
    }
    origins.set(origin, state)
    const probe = state.pausedUntil > 0
    if (probe && (state.probing || performance.now() < state.pausedUntil)) throw leftAlone(host, state.pausedUntil)
    if (probe) state.probing = true
    return (verdict) => settle(state, verdict, probe, host)
  }

  function settle(state: OriginState, verdict: Verdict, probe: boolean, host: string): void {
    if (probe) state.probing = false
    if (verdict === 'unknown') return
    const now = performance.now()
    if (verdict === 'answered') {
      state.failedInARow = 0
      if (probe) Object.assign(state, { failures: [], successes: [], pausedUntil: 0 })
      else state.successes = [...recent(state.successes, now), now]
      return
    }
    state.failures = [...recent(state.failures, now), now]
    state.failedInARow += 1
    // One user's query that always ends in a 500 must not shut a healthy platform to all others.
    const mostlyFailing =
      state.failedInARow >= bounds.breakerFailures || state.failures.length > recent(state.successes, now).length
    if (probe || (state.pausedUntil === 0 && state.failures.length >= bounds.breakerFailures && mostlyFailing)) {
      state.pausedUntil = now + bounds.breakerPause
      opened(host)
    }
  }

  /** At most a hundred are kept. */
  function recent(times: number[], now: number): number[] {
    return times.filter((time) => time > now - bounds.breakerWindow).slice(-99)
  }

  function leftAlone(host: string, until: number): Failure {
    const retryAfter = Math.max(1, Math.ceil((until - performance.now()) / 1000))
    const message = `${host} has failed repeatedly and is left alone for a while. Try again in ${retryAfter} s.`
    return new Failure('scm_unavailable', message, { retryAfter })
  }

  return { enter }
}
