// What is counted beside requests: calls to platforms, and the events that an operator is alerted by.

import { Counter, Histogram, Registry } from 'prom-client'
import { LOG_EVENTS, type Log } from './log-events.ts'

export interface Metrics {
  registry: Registry
  /** Counts what is told to the log, whether or not its level lets it through. */
  count: Log
}

export function createMetrics(): Metrics {
  const registry = new Registry()
  const calls = new Histogram({
    name: 'forgelink_scm_call_duration_seconds',
    help: 'How long calls to platforms took, by outcome: the class of the status, or failed when there was no answer.',
    labelNames: ['outcome'],
    buckets: [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20],
    registers: [registry],
  })
  const events = new Counter({
    name: 'forgelink_events_total',
    help: 'What has happened to links and their tokens, by event.',
    labelNames: ['event'],
    registers: [registry],
  })
  // Each is there from the start with 0, so that its first one is an increase.
  for (const [event, { isCounted }] of Object.entries(LOG_EVENTS)) if (isCounted) events.inc({ event }, 0)

  return {
    registry,
    count(event, fields) {
      if (event === 'scm_call') calls.observe({ outcome: outcomeOf(fields.outcome) }, fields.ms / 1000)
      else if (LOG_EVENTS[event].isCounted) events.inc({ event })
    },
  }
}

/** No host and no status of its own: users give the hosts, and a series is kept for each value. */
function outcomeOf(outcome: string | number): string {
  if (typeof outcome !== 'number') return 'failed'
  return outcome === 429 ? '429' : `${Math.floor(outcome / 100)}xx`
}
