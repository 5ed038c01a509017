// Leaves a platform alone after repeated failures, so that a dead one costs its users seconds and nobody else anything.

import { LRUCache } from 'lru-cache'
import { Failure } from '../../../failure.ts'
import { readFault } from '../faults.ts'
import type { Limits } from '../limits.ts'
import type { Call, Guard } from '../pipeline.ts'

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

  function circuitOf(key: string): Circuit {
    const circuit = circuits.get(key) ?? {
      failures: [],
      successes: [],
      failedInARow: 0,
      pausedUntil: 0,
      probing: false,
      failedProbe: null,
    }
    circuits.set(key, circuit)
    return circuit
  }

  function enter({ account, root, host }: Witness): (verdict: Verdict) => void {
    const everybody = { circuit: circuitOf(root), accounts: 2 }
    const own = account === null ? [] : [{ circuit: circuitOf(`${root} ${account}`), accounts: 1 }]
    const entered = [everybody, ...own].map(({ circuit, accounts }) => ({
      circuit,
      accounts,
      probe: circuit.pausedUntil > 0,
    }))
    for (const { circuit, probe } of entered) {
      if (probe && (circuit.probing || performance.now() < circuit.pausedUntil))
        throw leftAlone(host, circuit.pausedUntil)
    }
    for (const { circuit, probe } of entered) if (probe) circuit.probing = true
    return (verdict) => {
      for (const each of entered) settle(each, account === null && verdict === 'failed' ? 'unknown' : verdict)
    }

    function settle({ circuit, accounts, probe }: (typeof entered)[number], verdict: Verdict): void {
      if (probe) circuit.probing = false
      if (verdict === 'unknown') return
      const now = performance.now()
      if (verdict === 'answered') {
        circuit.failedInARow = 0
        if (probe) reset(circuit)
        else circuit.successes = [...circuit.successes.filter((at) => isRecent(at, now)), now].slice(-MAX_REMEMBERED)
        return
      }
      const failures = circuit.failures.filter(({ at }) => isRecent(at, now))
      circuit.failures = [...failures, { at: now, account: account ?? '' }].slice(-MAX_REMEMBERED)
      circuit.failedInARow += 1
      // Whoever fails every probe must not keep it shut to others.
      if (probe && accounts > 1 && circuit.failedProbe === account) {
        reset(circuit)
        return
      }
      if (probe) circuit.failedProbe = account
      if (probe || (circuit.pausedUntil === 0 && isDown(circuit, accounts, now))) {
        circuit.pausedUntil = now + bounds.breakerPause
        opened(host)
      }
    }
  }

  function reset(circuit: Circuit): void {
    Object.assign(circuit, { failures: [], successes: [], pausedUntil: 0, failedProbe: null })
  }

  function isDown({ failures, successes, failedInARow }: Circuit, accounts: number, now: number): boolean {
    if (failures.length < bounds.breakerFailures) return false
    if (new Set(failures.map(({ account }) => account)).size < accounts) return false
    // One user's query that always ends in a 500 must not shut a healthy platform to all others.
    const answered = successes.filter((at) => isRecent(at, now)).length
    return failedInARow >= bounds.breakerFailures || failures.length > answered
  }

  function isRecent(at: number, now: number): boolean {
    return at > now - bounds.breakerWindow
  }

  return { enter }
}

function leftAlone(host: string, until: number): Failure {
  const retryAfter = Math.max(1, Math.ceil((until - performance.now()) / 1000))
  const message = `${host} has failed repeatedly and is left alone for a while. Try again in ${retryAfter} s.`
  return new Failure('scm_unavailable', message, { retryAfter })
}
