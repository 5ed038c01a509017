// Leaves a platform alone after repeated failures, so that a dead one costs its users seconds and nobody else anything.

import { LRUCache } from 'lru-cache'
import { Failure } from '../../../failure.ts'
import { readFault } from '../faults.ts'
import type { Call, Guard } from '../guard.ts'
import type { Limits } from '../limits.ts'

type BreakerBounds = Pick<Limits, 'breakerFailures' | 'breakerWindow' | 'breakerPause'>

export type Verdict = 'answered' | 'failed' | 'unknown'

/** Who calls, of whom a platform's failures are believed. */
export interface Witness {
  /** null: the link has never worked. What it sees opens nothing: its address may be wrong, or made to fail. */
  account: string | null
  /** Origin and root path: two platforms on one host are two. */
  root: string
  /** For the sentence. */
  host: string
}

export interface Breaker {
  /** Throws `scm_unavailable` while the platform is left alone; else every call has to report its verdict. */
  enter(witness: Witness): (verdict: Verdict) => void
}

interface Circuit {
  failures: { at: number; account: string }[]
  successes: number[]
  failedInARow: number
  pausedUntil: number
  probing: boolean
  /** Whose probe failed last. */
  failedProbe: string | null
}

/** At most so many failures and successes are remembered of each. */
const MAX_REMEMBERED = 100

/** Every attempt counts: no answer and 5xx as failed, any other answer as answered, and what was not sent not at all. */
export function createBreakerGuard(breaker: Breaker): Guard<Call & Pick<Witness, 'account' | 'root'>> {
  return async (call, next) => {
    const { account, root, endpoint } = call
    const report = breaker.enter({ account, root, host: endpoint.host })
    let verdict: Verdict = 'unknown'
    try {
      const response = await next(call)
      verdict = response.status >= 500 ? 'failed' : 'answered'
      return response
    } catch (error) {
      if (readFault(error, endpoint).noAnswer) verdict = 'failed'
      throw error
    } finally {
      report(verdict)
    }
  }
}

/**
 * A platform has a circuit for everybody, which failures of one account alone never open, and one for each account,
 * which that account's failures open for itself.
 */
export function createBreaker(bounds: BreakerBounds, opened: (host: string) => void): Breaker {
  const circuits = new LRUCache<string, Circuit>({ max: 10_000 })

  function entryOf(key: string, accounts: number): Entry {
    const circuit = circuits.get(key) ?? newCircuit()
    circuits.set(key, circuit)
    return { circuit, accounts, probe: circuit.pausedUntil > 0 }
  }

  function settle({ circuit, accounts, probe }: Entry, { account, host }: Witness, verdict: Verdict): void {
    if (probe) circuit.probing = false
    if (verdict === 'unknown') return
    const now = performance.now()
    const since = now - bounds.breakerWindow
    if (verdict === 'answered') {
      circuit.failedInARow = 0
      if (probe) reset(circuit)
      else circuit.successes = [...circuit.successes.filter((at) => at > since), now].slice(-MAX_REMEMBERED)
      return
    }
    const failures = circuit.failures.filter(({ at }) => at > since)
    circuit.failures = [...failures, { at: now, account: account ?? '' }].slice(-MAX_REMEMBERED)
    circuit.failedInARow += 1
    // Whoever fails every probe must not keep it shut to others.
    if (probe && accounts > 1 && circuit.failedProbe === account) {
      reset(circuit)
      return
    }
    if (probe) circuit.failedProbe = account
    if (probe || (circuit.pausedUntil === 0 && isDown(circuit, accounts, { since, bounds }))) {
      circuit.pausedUntil = now + bounds.breakerPause
      opened(host)
    }
  }

  return {
    enter(witness) {
      const { account, root, host } = witness
      const entered = [entryOf(root, 2), ...(account === null ? [] : [entryOf(`${root} ${account}`, 1)])]
      for (const { circuit, probe } of entered) {
        if (probe && (circuit.probing || performance.now() < circuit.pausedUntil))
          throw leftAlone(host, circuit.pausedUntil)
      }
      for (const { circuit, probe } of entered) if (probe) circuit.probing = true
      return (verdict) => {
        const counted = account === null && verdict === 'failed' ? 'unknown' : verdict
        for (const entry of entered) settle(entry, witness, counted)
      }
    },
  }
}

/** A call that has entered a circuit. */
interface Entry {
  circuit: Circuit
  /** So many accounts must have seen failures before they count. */
  accounts: number
  /** It finds out whether the platform is well again. */
  probe: boolean
}

function newCircuit(): Circuit {
  return { failures: [], successes: [], failedInARow: 0, pausedUntil: 0, probing: false, failedProbe: null }
}

function reset(circuit: Circuit): void {
  Object.assign(circuit, { failures: [], successes: [], pausedUntil: 0, failedProbe: null })
}

function isDown(
  { failures, successes, failedInARow }: Circuit,
  accounts: number,
  { since, bounds: { breakerFailures } }: { since: number; bounds: BreakerBounds },
): boolean {
  if (failures.length < breakerFailures) return false
  if (new Set(failures.map(({ account }) => account)).size < accounts) return false
  // One user's query that always ends in a 500 must not shut a healthy platform to all others.
  const answered = successes.filter((at) => at > since).length
  return failedInARow >= breakerFailures || failures.length > answered
}

function leftAlone(host: string, until: number): Failure {
  const retryAfter = Math.max(1, Math.ceil((until - performance.now()) / 1000))
  const message = `${host} has failed repeatedly and is left alone for a while. Try again in ${retryAfter} s.`
  return new Failure('scm_unavailable', message, { retryAfter })
}
