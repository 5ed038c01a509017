// Counters besides those of requests: calls to platforms, and events that operators want alerts for.

import { Counter, Histogram, Registry } from 'prom-client'
import { LOG_EVENTS, type Log } from './log-events.ts'

export interface Metrics {
  registry: Registry
  /** Counts log events, whether or not the log level shows them. */
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
  // Each series exists with 0 from the start, so that its first event is seen as an increase.
  for (const [event, { isCounted }] of Object.entries(LOG_EVENTS)) if (isCounted) events.inc({ event }, 0)

  return {
    registry,
    count(event, fields) {
      if (event === 'scm_call') calls.observe({ outcome: outcomeOf(fields.outcome) }, fields.ms / 1000)
      else if (LOG_EVENTS[event].isCounted) events.inc({ event })
    },
  }
}

/** Neither hosts nor exact statuses: users choose the hosts, and each value would make a series that is kept. */
function outcomeOf(outcome: string | number): string {
  if (typeof outcome !== 'number') return 'failed'
  return outcome === 429 ? '429' : `${Math.floor(outcome / 100)}xx`
}
