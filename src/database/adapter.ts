// What belongs to one open database, its transactions included: ids in order, statements that are compiled already, and
// how many writes there were.

import { randomUUID } from 'node:crypto'
import type { CompiledQuery, Dialect, DialectAdapter, QueryExecutor } from 'kysely'
import type { LRUCache } from 'lru-cache'
import type { ShareRuns } from './postgres/share-runs.ts'
import { unavailable } from './store-failure.ts'
import { createNamedTurns, type NamedTurns } from './turns.ts'

/** How long a write waits for others of the same account, as long as SQLite waits for its lock. */
const MAX_TURN_WAIT_MS = 5_000

/** Rows of a compiled statement, as they were in this version of the store. */
export interface KeptRows {
  rows: unknown[]
  version: number
}

export interface Compiled {
  executor: QueryExecutor
  query: CompiledQuery
  /** By the parameters; null: they are always read anew. */
  kept: LRUCache<string, KeptRows> | null
  share: ShareRuns<unknown[]>
}

/**
 * Runs a select without Kysely, whose way to the driver takes longer than many a select. Rows are named as in the code.
 * undefined: this database cannot, or not now.
 */
export type Read = (
  sql: string,
  parameters: readonly unknown[],
) => Promise<unknown[] | undefined> | unknown[] | undefined

/** What the driver of an open database tells. */
export interface StoreState {
  /**
   * Another number after each write: with SQLite of any process, with PostgreSQL of this one. NaN: not known, and like no
   * other.
   */
  version(): number
  /** Whether that number tells of the writes of other processes too. */
  seesEveryWrite: boolean
  read: Read
  /** Of the database as it was opened. With a plugin more it has another one, which must see its statements. */
  executor?: QueryExecutor
  /** Gets each statement that `read` has run, and how long that took in milliseconds. */
  ran?: ((sql: string, ms: number) => void) | undefined
}

interface Adapter extends DialectAdapter {
  newOrderedId(): string
  /** By the function that builds it. */
  compiled: Map<unknown, Compiled>
  state: StoreState
  ownersTurns: NamedTurns
}

/** The dialect with such an adapter, which is the one part that Kysely hands on to every transaction. */
export function withAdapter(dialect: Dialect, state: StoreState): Dialect {
  const adapter: Adapter = Object.assign(dialect.createAdapter(), {
    newOrderedId: createOrderedIds(),
    compiled: new Map<unknown, Compiled>(),
    state,
    ownersTurns: createNamedTurns(MAX_TURN_WAIT_MS, () =>
      unavailable(new Error('this account’s other writes take too long')),
    ),
  })
  return {
    createAdapter: () => adapter,
    createDriver: () => dialect.createDriver(),
    createQueryCompiler: () => dialect.createQueryCompiler(),
    createIntrospector: (database) => dialect.createIntrospector(database),
  }
}

export function isRead(sql: string): boolean {
  return /^\s*select\b/i.test(sql)
}

interface Open {
  getExecutor(): QueryExecutor
}

export function adapterOf(database: Open): Adapter {
  // `openDatabase` has set this adapter.
  return database.getExecutor().adapter as Adapter
}

/** For rows that are ordered by id only: the id comes after all ids made before with this database or with a transaction of it. */
export function newOrderedId(database: Open): string {
  return adapterOf(database).newOrderedId()
}

/** UUIDs of version 7 (RFC 9562) with a counter, so that ids of one millisecond keep their order. */
function createOrderedIds(): () => string {
  let lastTime = 0
  let count = 0

  return () => {
    const time = Date.now()
    count = time > lastTime ? 0 : count + 1
    // The counter has 12 bits. If the clock is set back, the old time is used until the clock reaches it again.
    lastTime = Math.max(time, count > 0xfff ? lastTime + 1 : lastTime)
    count &= 0xfff
    // A random UUID ends as one of version 7 does, in the variant and 62 random bits, and Node.js makes many in advance.
    const random = randomUUID().slice('00000000-0000-0000-'.length)
    return `${timePart(lastTime)}-7${hexOf(count, 3)}-${random}`
  }
}

/** Comes before all ids of this time or later, and after all of before. In epoch milliseconds. */
export function orderedIdAt(time: number): string {
  return timePart(Math.max(0, time))
}

/** The first 48 bits, as they stand in a UUID. */
function timePart(time: number): string {
  return hexOf(time, 12).replace(/^(.{8})/, '$1-')
}

function hexOf(number: number, digits: number): string {
  return number.toString(16).padStart(digits, '0')
}
