// Routes for operators and their tools: whether the process runs, whether the store is available, and metrics.

import Fastify from 'fastify'
import type { Registry } from 'prom-client'
import { Type } from 'typebox'
import type { Config } from '../config.ts'
import { Failure } from '../failure.ts'
import type { Metrics } from '../metrics/metrics.ts'
import { equalInConstantTime } from '../text.ts'
import { answers } from './schemas.ts'
import type { App } from './server.ts'

type MetricsConfig = Pick<Config, 'metricsToken' | 'metricsPort'>

const Ok = Type.Object({ status: Type.String() }, { title: 'Ok' })

/** `ping` throws when the store is unavailable. */
export function operationsRoutes(app: App, config: MetricsConfig, metrics: Metrics, ping: () => Promise<void>): void {
  app.get(
    '/healthz',
    {
      schema: {
        operationId: 'checkProcess',
        failures: [],
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
      schema: {
        operationId: 'checkStore',
        failures: ['store_unavailable'],
        summary: 'Whether the store is there',
        tags: ['Operations'],
        security: [],
        response: answers(200, Ok),
      },
    },
    async () => {
      await ping()
      return { status: 'ok' }
    },
  )

  app.addHook('onResponse', async ({ method, routeOptions }, { statusCode: status, elapsedTime: ms }) => {
    metrics.request({ method, route: routeOptions.url ?? 'none', status, ms })
  })
  metricsRoutes(app, config, metrics.registry)
}

/** For `forgelink doctor`, which has the server's keys. `describe` gives undefined for everybody else. Nothing of it is secret. */
export function doctorRoute(app: App, describe: (jwt: string) => Promise<object | undefined>): void {
  app.get('/doctor', { schema: { hide: true } }, async (request) => {
    const [, jwt = ''] = /^Bearer (\S+)$/.exec(request.headers.authorization ?? '') ?? []
    const description = await describe(jwt)
    if (!description) throw new Failure('unauthorized', 'This is for the command "forgelink doctor" of this server.')
    return description
  })
}

/**
 * A proxy in front of us may forward everything, so metrics need a token, or a port that only this machine can reach.
 */
function metricsRoutes(app: App, { metricsToken, metricsPort }: MetricsConfig, registry: Registry): void {
  if (metricsPort !== null) listenForMetrics(app, metricsPort, registry)
  if (metricsToken === null) return
  app.get(
    '/metrics',
    {
      schema: {
        operationId: 'readMetrics',
        failures: [],
        summary: 'Metrics for Prometheus',
        tags: ['Operations'],
        security: [{ metricsToken: [] }],
        produces: ['text/plain'],
        response: answers(200, Type.String()),
      },
    },
    async (request, reply) => {
      if (!equalInConstantTime(request.headers.authorization ?? '', `Bearer ${metricsToken}`)) {
        throw new Failure('unauthorized', 'Send "Authorization: Bearer METRICS_TOKEN".')
      }
      return reply.type(registry.contentType).send(await registry.metrics())
    },
  )
}

/** On loopback, from before the service listens until it has closed. A port in use stops the start. */
function listenForMetrics(app: App, port: number, registry: Registry): void {
  const server = Fastify()
  server.get('/metrics', async (_request, reply) => reply.type(registry.contentType).send(await registry.metrics()))
  app.addHook('onReady', async () => {
    await server.listen({ host: '127.0.0.1', port })
  })
  app.addHook('onClose', async () => {
    await server.close()
  })
}
