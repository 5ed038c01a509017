// How much of their rate limits platforms say is left: for each host the least that any token has been told lately.

import { Gauge, type Registry } from 'prom-client'
import type { Budget } from '../log-events.ts'

interface Lowest {
  remaining: number
  ratio: number
}

interface Window {
  begin: number
  lowest: Map<string, Lowest>
}

/** A budget is forgotten after one to two of these: by then it may have been filled up again. */
const WINDOW_MS = 60_000

/** Notes what a host has said. Its gauges show the lowest of the present and the last window. */
export function createBudgets(registry: Registry): (host: string, budget: Partial<Budget>) => void {
  let last: Window = { begin: 0, lowest: new Map() }
  let present: Window = { begin: 0, lowest: new Map() }

  function turn(): void {
    const age = Date.now() - present.begin
    if (age < WINDOW_MS) return
    last = age < 2 * WINDOW_MS ? present : { begin: 0, lowest: new Map() }
    present = { begin: Date.now(), lowest: new Map() }
  }

  function collect(gauge: Gauge, member: keyof Lowest): void {
    turn()
    gauge.reset()
    for (const host of new Set([...last.lowest.keys(), ...present.lowest.keys()])) {
      const values = [last, present].map(({ lowest }) => lowest.get(host)?.[member] ?? Number.POSITIVE_INFINITY)
      gauge.set({ host }, Math.min(...values))
    }
  }

  const shared = { labelNames: ['host'], registers: [registry] }
  new Gauge({
    ...shared,
    name: 'forgelink_scm_rate_limit_remaining',
    help: 'The least number of calls that a platform says any token has left, of the last one to two minutes.',
    collect() {
      collect(this, 'remaining')
    },
  })
  new Gauge({
    ...shared,
    name: 'forgelink_scm_rate_limit_remaining_ratio',
    help: 'The same as a part of the limit, from 0 to 1: searches have a smaller limit than other calls.',
    collect() {
      collect(this, 'ratio')
    },
  })

  return (host, { remaining, limit }) => {
    if (remaining === undefined || limit === undefined) return
    turn()
    const before = present.lowest.get(host)
    present.lowest.set(host, {
      remaining: Math.min(remaining, before?.remaining ?? remaining),
      ratio: Math.min(remaining / limit, before?.ratio ?? 1),
    })
  }
}
