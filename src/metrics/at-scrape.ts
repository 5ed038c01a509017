// Gauges that are read when somebody asks for the metrics: what the store has, and what is going on in this process.

import { Gauge, type Registry } from 'prom-client'

/** What is in the store. */
export interface Population {
  users: number
  links: { scmType: string; status: string; count: number }[]
  revocations: { pending: number; due: number }
}

/** How busy the way to the store is. */
export interface StoreLoad {
  idle: number
  used: number
  /** Statements and transactions that wait for a connection, on SQLite for their turn to write. */
  waiting: number
}

export interface Sources {
  /** Asked at most once a minute, since it reads much of the store's indexes. */
  count(): Promise<Population>
  /** Rejects when the store is unavailable. */
  ping(): Promise<void>
  storeLoad(): StoreLoad
  /** Refreshes of tokens that are running. */
  refreshes(): number
  /** How many keys the settings have. */
  secretKeys: number
}

const COUNT_EVERY_MS = 60_000

export function measureAtScrape(registry: Registry, sources: Sources): void {
  const present = atMostEvery(COUNT_EVERY_MS, () => sources.count())

  // Before what asks the store, which would see itself waiting.
  gauge('forgelink_store_connections', 'Connections to the store, by state.', ['state'], (self) => {
    const { idle, used } = sources.storeLoad()
    self.set({ state: 'idle' }, idle)
    self.set({ state: 'used' }, used)
  })
  gauge('forgelink_store_waiting', 'What waits for a connection to the store, or on SQLite to write.', [], (self) =>
    self.set(sources.storeLoad().waiting),
  )
  gauge('forgelink_store_up', 'Whether the store answers: 1 or 0.', [], async (self) => {
    self.set(await sources.ping().then(asOne, asZero))
  })
  gauge('forgelink_token_refreshes_running', 'Refreshes of tokens that are running.', [], (self) =>
    self.set(sources.refreshes()),
  )
  gauge(
    'forgelink_secret_keys',
    'Keys that this process has; more than one until a rotation is complete.',
    [],
    (self) => self.set(sources.secretKeys),
  )
  gauge('forgelink_users', 'Users, up to a minute ago.', [], async (self) => {
    self.set((await present()).users)
  })
  gauge('forgelink_links', 'Links, by type and status, up to a minute ago.', ['scm_type', 'status'], async (self) => {
    for (const { scmType, status, count } of (await present()).links) self.set({ scm_type: scmType, status }, count)
  })
  gauge('forgelink_revocations', 'Revocations to be done, up to a minute ago.', ['state'], async (self) => {
    const { pending, due } = (await present()).revocations
    self.set({ state: 'due' }, due)
    self.set({ state: 'later' }, pending - due)
  })

  /** While its source fails a gauge has no value, because the last one may be wrong by then. */
  function gauge(name: string, help: string, labelNames: string[], read: (self: Gauge) => unknown): void {
    new Gauge({
      name,
      help,
      labelNames,
      registers: [registry],
      async collect() {
        this.reset()
        try {
          await read(this)
        } catch {
          this.reset()
          if (labelNames.length === 0) this.remove()
        }
      },
    })
  }
}

const asOne = () => 1
const asZero = () => 0

/** The result of the last `work`, shared by all who ask within that time. A failure is not kept. */
function atMostEvery<T>(ms: number, work: () => Promise<T>): () => Promise<T> {
  let begun = Number.NEGATIVE_INFINITY
  let result: Promise<T> | undefined
  return () => {
    if (result && performance.now() - begun < ms) return result
    begun = performance.now()
    result = work()
    result.catch(() => {
      result = undefined
    })
    return result
  }
}
