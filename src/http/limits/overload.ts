// What a server under too much load rejects: connections above a limit, and requests while its event loop is late.

import underPressure from '@fastify/under-pressure'
import { Failure } from '../../failure.ts'
import type { App } from '../server.ts'
import { boundConnections, type ConnectionBounds } from './connections.ts'

export interface LoadLimits extends ConnectionBounds {
  /** How late the event loop may be on average, in milliseconds, before requests are answered 503. */
  lag: number
  /** The time of that average, in milliseconds: one slow moment, such as the start, is not an overload. */
  lagMeasured: number
}

export const LOAD_LIMITS: LoadLimits = { connections: 2_000, unread: 60_000, lag: 1_000, lagMeasured: 5_000 }

/** Answered even under load: a process that works must not be restarted for being busy. */
const ALWAYS_ANSWERED = new Set(['/healthz', '/readyz', '/metrics'])

/** Call it before any route is registered. */
export async function limitLoad(app: App, limits: LoadLimits, trustProxy: string[]): Promise<void> {
  boundConnections(app, limits, trustProxy)
  await app.register(underPressure, {
    maxEventLoopDelay: limits.lag,
    sampleInterval: limits.lagMeasured,
    pressureHandler: async (request) => {
      if (ALWAYS_ANSWERED.has(request.routeOptions.url ?? '')) return
      throw new Failure('overloaded', 'This server is too busy just now. Try again in a moment.', { retryAfter: 2 })
    },
  })
}
