// A circuit breaker: after repeated failures a platform is not called for a while, so that nobody waits for a dead one.

import { LRUCache } from 'lru-cache'
import { Failure } from '../../../failure.ts'
import { readFault } from '../faults.ts'
import type { Call, Guard } from '../guard.ts'
import type { Limits } from '../limits.ts'
import { tryAgainIn } from '../retry-after.ts'

type BreakerBounds = Pick<Limits, 'breakerFailures' | 'breakerWindow' | 'breakerPause'>

export type Verdict = 'answered' | 'failed' | 'unknown'

/** The caller whose result counts for the circuit breaker. */
export interface Witness {
  /**
   * null: the link has never worked. Its failures do not count: its address may be wrong, or chosen so that it fails.
   */
  account: string | null
  /** Origin and root path, so that two platforms on one host are counted apart. */
  root: string
  /** For the message. */
  host: string
}

export interface Breaker {
  /** Throws `scm_unavailable` while the circuit is open. Otherwise the call must report its verdict when it ends. */
  enter(witness: Witness): (verdict: Verdict) => void
  /** The platforms that are not called at present. */
  leftAlone(): LeftAlone[]
}

export interface LeftAlone {
  /** Origin and root path. */
  root: string
  /** For how many accounts it is not called; null: for all. */
  accounts: number | null
  /** Seconds until it is tried again. */
  retryAfter: number
}

interface Circuit {
  failures: { at: number; account: string }[]
  successes: number[]
  failedInARow: number
  pausedUntil: number
  probing: boolean
  /** The account whose probe failed last. */
  failedProbe: string | null
}

/** Maximum number of failures, and of successes, that are remembered per circuit. */
const MAX_REMEMBERED = 100

/**
 * Counts every attempt: no answer or a 5xx is a failure, any other answer a success; a request not sent does not count.
 */
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
 * A platform has one circuit for all accounts, which one account's failures alone never open, and one circuit per
 * account, which that account's failures open for that account only.
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
    // One account whose probes always fail must not keep the circuit open for all others.
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
    leftAlone: () => pausesOf(circuits),
  }
}

function pausesOf(circuits: LRUCache<string, Circuit>): LeftAlone[] {
  const found = new Map<string, LeftAlone>()
  for (const [key, { pausedUntil }] of circuits.entries()) {
    const retryAfter = Math.ceil((pausedUntil - performance.now()) / 1000)
    if (retryAfter <= 0) continue
    const [root = '', account] = key.split(' ')
    const known = found.get(root) ?? { root, accounts: 0, retryAfter }
    const accounts = account === undefined || known.accounts === null ? null : known.accounts + 1
    found.set(root, { root, accounts, retryAfter: Math.max(known.retryAfter, retryAfter) })
  }
  return [...found.values()].sort((one, other) => (one.root < other.root ? -1 : 1))
}

/** A call that has entered a circuit. */
interface Entry {
  circuit: Circuit
  /** How many accounts must have failed before the circuit may open. */
  accounts: number
  /** Whether this call tests if the platform works again. */
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
  // One user's query that always ends in a 500 must not cut off a healthy platform for everybody else.
  const answered = successes.filter((at) => at > since).length
  return failedInARow >= breakerFailures || failures.length > answered
}

function leftAlone(host: string, until: number): Failure {
  const retryAfter = Math.max(1, Math.ceil((until - performance.now()) / 1000))
  const message = `${host} has failed repeatedly and is left alone for a while. ${tryAgainIn(retryAfter)}`
  return new Failure('scm_unavailable', message, { retryAfter })
}
