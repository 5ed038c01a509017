// What operators and their tools ask: is the process alive, is the store there, how much is going on.

import type { FastifyRequest } from 'fastify'
import { collectDefaultMetrics, Histogram, Registry } from 'prom-client'
import { Type } from 'typebox'
import type { Config } from '../config.ts'
import { Failure } from '../failure.ts'
import { isSameText } from './same-text.ts'
import { answers } from './schemas.ts'
import type { App } from './server.ts'

const Ok = Type.Object({ status: Type.String() })

/** `ping` throws when the store is not there; `counted` is what is counted elsewhere. */
export function operationsRoutes(app: App, config: Config, counted: Registry, ping: () => Promise<void>): void {
  app.get(
    '/healthz',
    {
      schema: {
        summary: 'Whether the process is alive',
        tags: ['Operations'],
        security: [],
        response: answers(200, Ok),
      },
    },
    async () => ({ status: 'ok' }),
  )
  app.get(
    '/readyz',
    {
      schema: { summary: 'Whether the store is there', tags: ['Operations'], security: [], response: answers(200, Ok) },
    },
    async () => {
      await ping()
      return { status: 'ok' }
    },
  )

  const own = new Registry()
  collectDefaultMetrics({ register: own })
  const durations = new Histogram({
    name: 'forgelink_http_request_duration_seconds',
    help: 'How long requests took, by method, route and status.',
    labelNames: ['method', 'route', 'status'],
    registers: [own],
  })
  app.addHook('onResponse', async (request, reply) => {
    const labels = { method: request.method, route: request.routeOptions.url ?? 'none', status: reply.statusCode }
    durations.observe(labels, reply.elapsedTime / 1000)
  })
  const registry = Registry.merge([own, counted])
  app.get(
    '/metrics',
    { schema: { summary: 'Metrics for Prometheus', tags: ['Operations'], security: [{ metricsToken: [] }] } },
    async (request, reply) => {
      if (!mayReadMetrics(config, request)) {
        const message = config.metricsToken
          ? 'Send "Authorization: Bearer METRICS_TOKEN".'
          : 'Metrics are for direct requests from this machine. Set METRICS_TOKEN to open them to others.'
        throw new Failure('unauthorized', message)
      }
      return reply.type(registry.contentType).send(await registry.metrics())
    },
  )
}

/** By token, or without one from loopback; a forwarding header tells that a proxy stands between. */
function mayReadMetrics(config: Config, request: FastifyRequest): boolean {
  if (config.metricsToken) return isSameText(request.headers.authorization ?? '', `Bearer ${config.metricsToken}`)
  const forwarded = Object.keys(request.headers).some((name) => /^(x-forwarded-.+|forwarded|via|x-real-ip)$/.test(name))
  return !forwarded && /^(127\.|::1$|::ffff:127\.)/.test(request.socket.remoteAddress ?? '')
}
