// Which faults are switched on for a platform, and which of them applies to a call.

import type { Call } from '../http.ts'
import { type FaultName, faultConcerns, faultTable } from './table.ts'

/** One switched-on fault. */
export interface FaultRule {
  fault: FaultName
  /** A regular expression, or its source, that the path with its query must match. */
  path?: string | RegExp
  method?: string
  /** How often it happens; without it, always. */
  times?: number
  /** How many matching calls succeed before the first fault. */
  after?: number
  /** For faults with a parameter: seconds to wait, or an address to point at. */
  value?: string | number
}

export interface Faults {
  /** Replaces the faults that were switched on. */
  set: (rules: FaultRule | FaultRule[]) => void
  /** Adds to the faults that are switched on. */
  add: (rule: FaultRule) => void
  clear: () => void
  list: () => (FaultRule & { seen: number; hits: number })[]
}

interface ActiveFault {
  rule: FaultRule
  pattern: RegExp | undefined
  seen: number
  hits: number
}

export interface FaultSwitch extends Faults {
  /** The rule that applies to this call; it counts as used once more. */
  meet: (call: Call) => FaultRule | undefined
}

export function faultSwitch(): FaultSwitch {
  let active: ActiveFault[] = []
  return {
    set(rules) {
      active = (Array.isArray(rules) ? rules : [rules]).map(activate)
    },
    add(rule) {
      active = [...active, activate(rule)]
    },
    clear() {
      active = []
    },
    list() {
      return active.map(({ rule, seen, hits }) => ({ ...rule, seen, hits }))
    },
    meet(call) {
      for (const fault of active) {
        if (!concerns(fault, call)) continue
        fault.seen++
        const due = fault.seen > (fault.rule.after ?? 0) && fault.hits < (fault.rule.times ?? Number.POSITIVE_INFINITY)
        if (!due) continue
        fault.hits++
        return fault.rule
      }
      return undefined
    },
  }
}

function activate(rule: FaultRule): ActiveFault {
  if (!(rule.fault in faultTable)) throw new Error(`there is no fault called ${rule.fault}`)
  const { path } = rule
  const pattern = path === undefined ? undefined : new RegExp(path)
  return { rule, pattern, seen: 0, hits: 0 }
}

function concerns({ rule, pattern }: ActiveFault, call: Call): boolean {
  if (rule.method !== undefined && rule.method.toUpperCase() !== call.method) return false
  if (faultConcerns[rule.fault]?.(call) === false) return false
  return pattern === undefined || pattern.test(call.query.size === 0 ? call.path : `${call.path}?${call.query}`)
}
