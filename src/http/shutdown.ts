// Stopping in order: no new requests, time for running ones to finish, a 503 for those that do not, and then the end.

import type { FastifyReply } from 'fastify'
import { stopping } from '../failure.ts'
import type { App } from './server.ts'

/** How long running requests may take to finish, in milliseconds. */
const GRACE_MS = 12_000
/** How long sending the last answers may take, in milliseconds. */
const LAST_WORDS_MS = 1_000
const SWEEP_EVERY_MS = 200

/** Call it before any route is registered. `app.close()` takes at most `grace` and a second. */
export function closeInOrder(app: App, grace = GRACE_MS): void {
  const replies = new Set<FastifyReply>()
  let isShuttingDown = false

  app.addHook('onRequest', (_request, reply, done) => {
    if (isShuttingDown) {
      reply.header('connection', 'close')
      throw stopping()
    }
    replies.add(reply)
    reply.raw.once('close', () => replies.delete(reply))
    done()
  })
  app.addHook('preClose', async () => {
    isShuttingDown = true
    const timers = [
      // A connection whose answer was just being sent becomes idle only after the server has closed its idle ones.
      setInterval(() => app.server.closeIdleConnections(), SWEEP_EVERY_MS),
      setTimeout(() => {
        for (const reply of replies) if (!reply.sent) reply.header('connection', 'close').send(stopping())
      }, grace),
      setTimeout(() => app.server.closeAllConnections(), grace + LAST_WORDS_MS),
    ]
    app.server.once('close', () => {
      for (const timer of timers) clearTimeout(timer)
    })
  })
}
