// Ids that sort by their time of creation, for rows that are ordered by id only.

import { randomBytes } from 'node:crypto'
import type { Dialect, DialectAdapter, QueryExecutor } from 'kysely'

interface OrderedAdapter extends DialectAdapter {
  newOrderedId(): string
}

/**
 * Adds ordered ids to a dialect. Each open database has its own counter, kept in the adapter, because the adapter is
 * the only part that Kysely passes on to every transaction.
 */
export function withOrderedIds(dialect: Dialect): Dialect {
  const adapter: OrderedAdapter = Object.assign(dialect.createAdapter(), { newOrderedId: createOrderedIds() })
  return {
    createAdapter: () => adapter,
    createDriver: () => dialect.createDriver(),
    createQueryCompiler: () => dialect.createQueryCompiler(),
    createIntrospector: (database) => dialect.createIntrospector(database),
  }
}

/** The id comes after all ids made before with this database or with a transaction of it. */
export function newOrderedId(database: { getExecutor(): QueryExecutor }): string {
  // `openDatabase` has set this adapter.
  return (database.getExecutor().adapter as OrderedAdapter).newOrderedId()
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
    const random = randomBytes(8)
    random[0] = ((random[0] ?? 0) & 0x3f) | 0x80
    const hex = `${hexOf(lastTime, 12)}7${hexOf(count, 3)}${random.toString('hex')}`
    return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-')
  }
}

function hexOf(number: number, digits: number): string {
  return number.toString(16).padStart(digits, '0')
}
