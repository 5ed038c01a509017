// Work that must not be lost when its caller leaves or the process stops: new tokens are stored nowhere else yet.

import { setTimeout as delay } from 'node:timers/promises'
import { Failure } from '../failure.ts'

/** How long storing is tried again while the store is unavailable: a platform never sends the same tokens twice. */
const STORE_LIMIT_MS = 300_000
const STORE_AGAIN_MS = 100
/**
 * How long a stopping process waits for this work, from the signal on: as long as for requests (`http/shutdown.ts`).
 */
const STOP_LIMIT_MS = 13_000

export interface Background {
  /** A stopping process waits for this work, even when its caller has left. */
  waitUntil<T>(work: Promise<T>): Promise<T>
  /**
   * Repeats `store` while the store is unavailable, for at most `limit` milliseconds. Doing it twice must be harmless.
   */
  retryStore<T>(store: () => Promise<T>, limit?: number): Promise<T>
  /** The process is about to stop: running work now has a time limit. */
  startDraining(): void
  isStopping(): boolean
  /** Resolves after `startDraining`, when all work has ended or the time limit is over. */
  drained(): Promise<void>
}

export function createBackground(): Background {
  const works = new Set<Promise<unknown>>()
  /** `Date.now()` after which a stopping process waits no longer. */
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
