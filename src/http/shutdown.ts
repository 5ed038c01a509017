// Shuts down in order: takes no new requests, lets running ones finish, answers those that take too long, and ends.

import type { FastifyReply } from 'fastify'
import { shuttingDown } from '../failure.ts'
import type { App } from './server.ts'

/** How long running requests may take to finish, in milliseconds. */
const GRACE = 12_000
/** How long the last answers may take to leave, in milliseconds. */
const LAST_WORDS = 1_000
const SWEEP_EVERY = 200

/** Call it before any route is registered. What `app.close()` waits for ends within `grace` and a second. */
export function closeInOrder(app: App, grace = GRACE): void {
  const replies = new Set<FastifyReply>()
  let isShuttingDown = false

  app.addHook('onRequest', async (_request, reply) => {
    if (isShuttingDown) {
      reply.header('connection', 'close')
      throw shuttingDown()
    }
    replies.add(reply)
    reply.raw.once('close', () => replies.delete(reply))
  })
  app.addHook('preClose', async () => {
    isShuttingDown = true
    const timers = [
      // Again and again: the server has closed idle connections once, and more become idle with their last answer.
      setInterval(() => app.server.closeIdleConnections(), SWEEP_EVERY),
      setTimeout(() => {
        for (const reply of replies) if (!reply.sent) reply.header('connection', 'close').send(shuttingDown())
      }, grace),
      setTimeout(() => app.server.closeAllConnections(), grace + LAST_WORDS),
    ]
    app.server.once('close', () => {
      for (const timer of timers) clearTimeout(timer)
    })
  })
}
