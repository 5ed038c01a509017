// Removes events that are too old, at the start and every hour. Several servers may do it at once.

import { setTimeout as delay } from 'node:timers/promises'
import type { Database } from '../database/database.ts'
import { DAY_MS } from '../time.ts'
import { deleteEventsBefore } from './events.ts'

export interface Pruner {
  close(): Promise<void>
}

const EVERY_MS = 3_600_000
/** How many are removed at once. Few, with pauses in between, because other work waits for the store meanwhile. */
const BATCH = 500
const PAUSE_MS = 50

/** `eventsDays`: how long events are kept; 0 keeps them for ever. */
export function createPruner(database: Database, eventsDays: number): Pruner {
  if (eventsDays === 0) return { close: async () => undefined }
  let isClosed = false
  let running = prune()
  const timer = setInterval(() => {
    running = running.then(prune)
  }, EVERY_MS).unref()

  async function prune(): Promise<void> {
    const time = new Date(Date.now() - eventsDays * DAY_MS).toISOString()
    try {
      while (!isClosed && (await deleteEventsBefore(database, time, BATCH)) === BATCH) await delay(PAUSE_MS)
    } catch {
      // The store is unavailable: trying again in an hour is early enough.
    }
  }

  return {
    async close() {
      isClosed = true
      clearInterval(timer)
      await running
    },
  }
}
