// Work that must not be lost when its caller gives up or the process stops: tokens just given exist nowhere else yet.

import { setTimeout as delay } from 'node:timers/promises'
import { Failure } from '../failure.ts'

/** How long to go on storing while the store is away: a platform gives the same tokens never again. */
const STORE_LIMIT_MS = 300_000
const STORE_AGAIN_MS = 100
/** From the signal to the end of the wait for work: as long as requests may take (`http/shutdown.ts`). */
const STOP_LIMIT_MS = 13_000

export interface Background {
  /** A process that stops waits for this work, also when nobody else does any more. */
  waitUntil<T>(work: Promise<T>): Promise<T>
  /** Does it again and again while the store is away, for at most `limit` milliseconds; it must be good for doing twice. */
  retryStore<T>(store: () => Promise<T>, limit?: number): Promise<T>
  /** From now on the process stops: what is under way has a last term. */
  startDraining(): void
  isStopping(): boolean
  /** After `startDraining`: all work has ended, or its last term is over. */
  drained(): Promise<void>
}

export function createBackground(): Background {
  const works = new Set<Promise<unknown>>()
  /** `Date.now()` after which a process that stops waits no longer. */
  let stopsAt = Number.POSITIVE_INFINITY

  function waitUntil<T>(work: Promise<T>): Promise<T> {
    works.add(work)
    const done = () => works.delete(work)
    work.then(done, done)
    return work
  }

  async function tryStoring<T>(store: () => Promise<T>, until: number): Promise<T> {
    for (;;) {
      try {
        return await store()
      } catch (error) {
        const mayPass = error instanceof Failure && error.code === 'store_unavailable'
        if (!mayPass || Date.now() > Math.min(until, stopsAt)) throw error
        await delay(STORE_AGAIN_MS)
      }
    }
  }

  return {
    waitUntil,
    retryStore: (store, limit = STORE_LIMIT_MS) => waitUntil(tryStoring(store, Date.now() + limit)),
    startDraining() {
      stopsAt = Math.min(stopsAt, Date.now() + STOP_LIMIT_MS)
    },
    isStopping: () => Number.isFinite(stopsAt),
    async drained() {
      const ending = new AbortController()
      const over = delay(Math.max(0, stopsAt - Date.now()), undefined, { signal: ending.signal }).catch(() => undefined)
      while (works.size > 0 && Date.now() < stopsAt) await Promise.race([Promise.allSettled(works), over])
      ending.abort()
    },
  }
}
