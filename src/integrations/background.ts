// Work that must not be lost when its caller gives up or the process stops: tokens just given exist nowhere else yet.

import { setTimeout as delay } from 'node:timers/promises'
import { Failure } from '../failure.ts'
import type { Services } from '../services.ts'

/** How long to go on storing while the store is away: a platform gives the same tokens never again. */
const STORE_LIMIT = 300_000
const STORE_AGAIN = 100
/** From the signal to the end of the wait for work: as long as requests may take (`http/shutdown.ts`). */
const STOP_LIMIT = 13_000

interface Background {
  works: Set<Promise<unknown>>
  /** `Date.now()` after which a process that stops waits no longer. */
  stopsAt: number
}

const background = new WeakMap<Services, Background>()

function backgroundOf(services: Services): Background {
  const found = background.get(services) ?? { works: new Set(), stopsAt: Number.POSITIVE_INFINITY }
  background.set(services, found)
  return found
}

/** A process that stops waits for this work, also when nobody else does any more. */
export function waitUntil<T>(services: Services, work: Promise<T>): Promise<T> {
  const { works } = backgroundOf(services)
  works.add(work)
  const done = () => works.delete(work)
  work.then(done, done)
  return work
}

/** Does it again and again while the store is away, for at most `limit` milliseconds; it must be good for doing twice. */
export function retryStore<T>(services: Services, store: () => Promise<T>, limit = STORE_LIMIT): Promise<T> {
  return waitUntil(services, tryStoring(services, store, Date.now() + limit))
}

async function tryStoring<T>(services: Services, store: () => Promise<T>, until: number): Promise<T> {
  for (;;) {
    try {
      return await store()
    } catch (error) {
      const mayPass = error instanceof Failure && error.code === 'store_unavailable'
      if (!mayPass || Date.now() > Math.min(until, backgroundOf(services).stopsAt)) throw error
      await delay(STORE_AGAIN)
    }
  }
}

/** From now on the process stops: what is under way has a last term. */
export function startDraining(services: Services): void {
  backgroundOf(services).stopsAt = Date.now() + STOP_LIMIT
}

export function isStopping(services: Services): boolean {
  return Number.isFinite(backgroundOf(services).stopsAt)
}

/** All work has ended, or its last term is over. */
export async function drained(services: Services): Promise<void> {
  const { works, stopsAt } = backgroundOf(services)
  const controller = new AbortController()
  const over = delay(Math.max(0, stopsAt - Date.now()), undefined, { signal: controller.signal }).catch(() => undefined)
  while (works.size > 0 && Date.now() < stopsAt) await Promise.race([Promise.allSettled(works), over])
  controller.abort()
}
