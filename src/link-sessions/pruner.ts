// Ends expired link sessions and removes old ones, at the start and every half minute. Several servers may do it at once.

import type { Database } from '../database/database.ts'
import { pruneLinkSessions } from './link-sessions.ts'

const EVERY_MS = 30_000

export function createLinkSessionPruner(database: Database): { close(): Promise<void> } {
  let running = prune()
  const timer = setInterval(() => {
    running = running.then(prune)
  }, EVERY_MS).unref()

  async function prune(): Promise<void> {
    // While the store is unavailable, the next time is early enough.
    await pruneLinkSessions(database).catch(() => undefined)
  }

  return {
    async close() {
      clearInterval(timer)
      await running
    },
  }
}
