// The metrics of this process: what each is called, and the functions by which other parts count and measure.

import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'
import { LOG_EVENTS, type Log, type LogEvent } from '../log-events.ts'
import { measureAtScrape, type Sources } from './at-scrape.ts'
import { createBudgets } from './budgets.ts'
import { createHostNames, OTHER } from './host-names.ts'
import { ownVersion } from './version.ts'

/** `etag`: a platform's answer that had not changed; `search`: one that was not asked for again; `jwt`: a verified JWT. */
export type CacheName = 'etag' | 'search' | 'jwt'

/** What the transport and others tell of their caches. Each is called very often, so each does next to nothing. */
export interface CallCounts {
  cache: Record<CacheName, (isHit: boolean) => void>
  /** A call that joined one that was running. */
  coalesced(): void
}

/** A request that was answered; `route` is the pattern. */
export interface AnsweredRequest {
  method: string
  route: string
  status: number
  ms: number
}

export interface Metrics {
  registry: Registry
  /** Counts log events, whether or not the log level shows them. */
  count: Log
  counts: CallCounts
  request(request: AnsweredRequest): void
  /** A statement that the store has run, or tried to. `operation`: the SQL command. */
  statement(operation: string, ms: number): void
  /** What is read at each scrape. Call it once. */
  measure(sources: Sources): void
}

/** `hosts`: those that the settings name, which always have a name of their own. */
export function createMetrics(hosts: string[] = []): Metrics {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  const build = new Gauge({
    name: 'forgelink_build_info',
    help: 'Always 1; its labels say which Forgelink and which Node.js this is.',
    labelNames: ['version', 'node'],
    registers: [registry],
  })
  build.set({ version: ownVersion(), node: process.versions.node }, 1)
  return {
    registry,
    count: countEvents(registry, createHostNames(hosts)),
    counts: countCaches(registry),
    request: measureRequests(registry),
    statement: measureStatements(registry),
    measure: (sources) => measureAtScrape(registry, sources),
  }
}

const METHODS = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'])

function measureRequests(registry: Registry): Metrics['request'] {
  const durations = new Histogram({
    name: 'forgelink_http_request_duration_seconds',
    help: 'How long requests took, by method, route and status.',
    labelNames: ['method', 'route', 'status'],
    registers: [registry],
  })
  const series = createSeries((method: string, route: string, status: string) =>
    durations.labels({ method: METHODS.has(method) ? method : OTHER, route, status }),
  )
  return ({ method, route, status, ms }) => series(method, route, String(status)).observe(ms / 1000)
}

const OPERATIONS = new Set(['select', 'insert', 'update', 'delete'])

function measureStatements(registry: Registry): Metrics['statement'] {
  const durations = new Histogram({
    name: 'forgelink_store_statement_duration_seconds',
    help: 'How long statements took at the store, by SQL command.',
    labelNames: ['operation'],
    // SQLite answers in 50 µs; after 1.2 s PostgreSQL gives up.
    buckets: [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.1, 0.5, 1, 2.5],
    registers: [registry],
  })
  const series = createSeries((operation: string) => durations.labels({ operation }))
  return (operation, ms) => series(OPERATIONS.has(operation) ? operation : OTHER).observe(ms / 1000)
}

/** Labels are put together and checked once for each series, not each time. */
function createSeries<Labels extends string[], Child>(
  make: (...labels: Labels) => Child,
): (...labels: Labels) => Child {
  const made = new Map<string, Child>()
  return (...labels) => {
    const key = labels.join(' ')
    const known = made.get(key)
    if (known) return known
    const child = make(...labels)
    made.set(key, child)
    return child
  }
}

function countCaches(registry: Registry): CallCounts {
  const requests = new Counter({
    name: 'forgelink_cache_requests_total',
    help: 'Requests to caches, by cache and outcome.',
    labelNames: ['cache', 'outcome'],
    registers: [registry],
  })
  const coalesced = new Counter({
    name: 'forgelink_scm_calls_coalesced_total',
    help: 'Calls to platforms that were not sent, because the same call was running.',
    registers: [registry],
  })
  function counter(cache: CacheName): (isHit: boolean) => void {
    const hits = requests.labels({ cache, outcome: 'hit' })
    const misses = requests.labels({ cache, outcome: 'miss' })
    for (const each of [hits, misses]) each.inc(0)
    return (isHit) => (isHit ? hits : misses).inc()
  }
  return {
    cache: { etag: counter('etag'), search: counter('search'), jwt: counter('jwt') },
    coalesced: () => coalesced.inc(),
  }
}

function countEvents(registry: Registry, nameOf: (host: string) => string): Log {
  const calls = new Histogram({
    name: 'forgelink_scm_call_duration_seconds',
    help: 'How long calls to platforms took, by host and outcome: the class of the status, or failed without an answer.',
    labelNames: ['host', 'outcome'],
    buckets: [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20],
    registers: [registry],
  })
  const noteBudget = createBudgets(registry)
  const events = new Counter({
    name: 'forgelink_events_total',
    help: 'What has happened to links and their tokens, by event.',
    labelNames: ['event'],
    registers: [registry],
  })
  // Each series exists with 0 from the start, so that its first event is seen as an increase.
  for (const [event, { isCounted }] of Object.entries(LOG_EVENTS)) if (isCounted) events.inc({ event }, 0)
  const countRefresh = countRefreshes(registry)

  return (...entry) => {
    const [event, fields] = entry
    if (event === 'scm_call') {
      const host = nameOf(fields.host)
      calls.observe({ host, outcome: outcomeOf(fields.outcome) }, fields.ms / 1000)
      noteBudget(host, fields)
      return
    }
    countRefresh(...entry)
    if (LOG_EVENTS[event].isCounted) events.inc({ event })
  }
}

/** Not exact statuses, since each would make a series that is kept. */
function outcomeOf(outcome: string | number): string {
  if (typeof outcome !== 'number') return 'failed'
  return outcome === 429 ? '429' : `${Math.floor(outcome / 100)}xx`
}

/** How a refresh ended, by the event that tells of it. */
const REFRESH_OUTCOMES: Partial<Record<LogEvent, string>> = {
  scm_token_renewed: 'renewed',
  scm_token_not_renewed: 'failed',
  scm_link_expired: 'expired',
}

function countRefreshes(registry: Registry): Log {
  const refreshes = new Counter({
    name: 'forgelink_token_refreshes_total',
    help: 'Refreshes of tokens, by outcome: expired when the platform will not renew it any more.',
    labelNames: ['outcome'],
    registers: [registry],
  })
  for (const outcome of Object.values(REFRESH_OUTCOMES)) refreshes.inc({ outcome }, 0)
  return (...[event]) => {
    const outcome = REFRESH_OUTCOMES[event]
    if (outcome !== undefined) refreshes.inc({ outcome })
  }
}
