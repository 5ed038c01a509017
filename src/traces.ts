// Traces for the operator: spans of requests, of statements and of calls to platforms, sent to a collector by OTLP.
// OpenTelemetry's packages are loaded only if traces are on, and are not installed with Forgelink.

import { basename, dirname } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { Attributes } from '@opentelemetry/api'
import type { ReadableSpan, SpanExporter } from '@opentelemetry/sdk-trace-node'
import type { FastifyPluginCallback } from 'fastify'
import { ConfigError } from './config.ts'
import type { Log } from './log-events.ts'
import { ownVersion, packageFolder } from './metrics/version.ts'

export interface Traces {
  /** Makes a span for each request. Register it before all routes. */
  plugin: FastifyPluginCallback
  /** Makes a span of the event `scm_call`, within the request that the call is for. */
  log: Log
  /** Makes a span of a statement. `sql` has no values. */
  ran(sql: string, ms: number): void
  /** Sends what has not been sent. */
  close(): Promise<void>
}

/** What an operator installs besides, as package.json's `peerDependencies` have it. */
export const TRACE_PACKAGES = [
  '@fastify/otel@0.21.2',
  '@opentelemetry/exporter-trace-otlp-http@0.222.0',
  '@opentelemetry/resources@2.11.0',
  '@opentelemetry/sdk-trace-node@2.11.0',
]

/** How long the last spans may take, since a process has to stop within 15 seconds. */
const MAX_LAST_MS = 1_500

type Packages = Awaited<ReturnType<typeof loadPackages>>

async function loadPackages() {
  const [api, { FastifyOtelInstrumentation }, { OTLPTraceExporter }, resources, sdk] = await Promise.all([
    import('@opentelemetry/api'),
    import('@fastify/otel'),
    import('@opentelemetry/exporter-trace-otlp-http'),
    import('@opentelemetry/resources'),
    import('@opentelemetry/sdk-trace-node'),
  ])
  return { api, FastifyOtelInstrumentation, OTLPTraceExporter, resources, sdk }
}

/**
 * Where traces go, and how many, is in OpenTelemetry's own settings (`OTEL_…`), which its packages read from the
 * environment. Throws a `ConfigError` when they are not installed. `log` gets the event `traces_not_sent`.
 */
export async function openTraces(log: Log, load = loadPackages): Promise<Traces> {
  const { api, FastifyOtelInstrumentation, OTLPTraceExporter, resources, sdk } = await load().catch(explainMissing)
  const provider = new sdk.NodeTracerProvider({
    resource: describeService(resources),
    spanProcessors: [new sdk.BatchSpanProcessor(keepHarmless(new OTLPTraceExporter(), log))],
  })
  provider.register()
  const tracer = provider.getTracer('forgelink', ownVersion())
  const requests = new FastifyOtelInstrumentation({
    instrumentHooks: false,
    instrumentHandler: false,
    recordExceptions: false,
    requestHook: (span, { method, routeOptions }) => span.updateName(`${method} ${routeOptions.url ?? 'none'}`),
  })
  requests.setTracerProvider(provider)

  /** Of something that has just ended. Outside of a request nobody would find it. */
  function addSpan(name: string, ms: number, attributes: Attributes, isError = false): void {
    if (!api.trace.getActiveSpan()) return
    const end = performance.timeOrigin + performance.now()
    const span = tracer.startSpan(name, { kind: api.SpanKind.CLIENT, startTime: end - ms, attributes })
    if (isError) span.setStatus({ code: api.SpanStatusCode.ERROR })
    span.end(end)
  }

  return {
    plugin: requests.plugin() as FastifyPluginCallback,
    log(...[event, fields]) {
      if (event !== 'scm_call') return
      const { method, host, outcome, ms, tried } = fields
      const isAnswer = typeof outcome === 'number'
      const result = isAnswer ? { 'http.response.status_code': outcome } : { 'error.type': outcome }
      const attributes = {
        'http.request.method': method,
        'server.address': host,
        'forgelink.attempt': tried,
        ...result,
      }
      addSpan(`${method} ${host}`, ms, attributes, !isAnswer || outcome >= 500)
    },
    ran(sql, ms) {
      const { operation, table } = nameStatement(sql)
      addSpan([operation, table].join(' ').trim(), ms, { 'db.operation.name': operation, 'db.collection.name': table })
    },
    async close() {
      // A collector that takes nothing, which has been logged, neither fails the stop nor holds it up.
      await Promise.race([provider.shutdown().catch(() => {}), delay(MAX_LAST_MS, undefined, { ref: false })])
      for (const part of [api.trace, api.context, api.propagation]) part.disable()
    },
  }
}

function explainMissing(error: NodeJS.ErrnoException): never {
  // What is built asks for them with `require`, and the sources with `import`.
  if (!/^(ERR_)?MODULE_NOT_FOUND$/.test(error.code ?? '')) throw error
  const install = `npm install --no-save --prefix ${folderAbove()} ${TRACE_PACKAGES.join(' ')}`
  throw new ConfigError([`TRACES needs packages that are not installed; install them beside Forgelink: ${install}`])
}

/**
 * Packages in its `node_modules` are found from Forgelink's folder too. In that folder itself npm would leave them out,
 * because package.json has them among those for tests.
 */
function folderAbove(): string {
  const above = dirname(packageFolder())
  return basename(above) === 'node_modules' ? dirname(above) : above
}

/** Nothing is found out about the machine and the process: command lines may hold passwords. */
function describeService({ resourceFromAttributes, detectResources, envDetector }: Packages['resources']) {
  const own = resourceFromAttributes({ 'service.name': 'forgelink', 'service.version': ownVersion() })
  return own.merge(detectResources({ detectors: [envDetector] }))
}

const HARMLESS = new Set([
  'http.request.method',
  'http.route',
  'http.response.status_code',
  'server.address',
  'error.type',
  'forgelink.attempt',
  'db.operation.name',
  'db.collection.name',
])

/**
 * What may leave. `@fastify/otel` gives requests their whole address with the query, and the messages of errors:
 * https://github.com/fastify/otel/blob/main/index.js
 */
function keepHarmless(exporter: SpanExporter, log: Log): SpanExporter {
  return {
    export: (spans, done) =>
      exporter.export(spans.map(withoutRest), (result) => {
        if (result.code !== 0) log('traces_not_sent', { spans: spans.length })
        done(result)
      }),
    forceFlush: async () => exporter.forceFlush?.(),
    shutdown: () => exporter.shutdown(),
  }
}

function withoutRest(span: ReadableSpan): ReadableSpan {
  const { name, kind, parentSpanContext, startTime, endTime, duration, ended, resource, instrumentationScope } = span
  return {
    ...{ name, kind, startTime, endTime, duration, ended, resource, instrumentationScope },
    ...(parentSpanContext && { parentSpanContext }),
    spanContext: () => span.spanContext(),
    status: { code: span.status.code },
    attributes: Object.fromEntries(Object.entries(span.attributes).filter(([attribute]) => HARMLESS.has(attribute))),
    links: [],
    events: [],
    droppedAttributesCount: 0,
    droppedEventsCount: 0,
    droppedLinksCount: 0,
  }
}

function nameStatement(sql: string): { operation: string; table: string } {
  const [operation = ''] = /^\s*\w+/.exec(sql) ?? []
  const [, table = ''] = /\b(?:from|into|update)\s+"(\w+)"/.exec(sql) ?? []
  return { operation: operation.trim(), table }
}
