// Queries that run at almost every request are built and compiled once for each open database.

import type { CompiledQuery } from 'kysely'
import { LRUCache } from 'lru-cache'
import { adapterOf, type Compiled } from './adapter.ts'
import type { Database } from './database.ts'
import { createSharedRuns } from './postgres/share-runs.ts'

/** Stands in a query for the value that a call of it gives. */
class Value {
  readonly name: string
  constructor(name: string) {
    this.name = name
  }
}

interface Compilable<Row> {
  compile(): CompiledQuery<Row>
}

/** Maximum number of rows that are kept of all calls of one statement. A call without rows counts as one. */
const MAX_KEPT_ROWS = 5_000
/** How long rows stay in memory while nothing is written, in milliseconds. */
const MAX_KEPT_MS = 60_000

export interface StatementOptions {
  /**
   * Rows are used again as long as nothing is written. SQLite tells of every write, so there is no more to say.
   * PostgreSQL does not: there, rows are used again for so many milliseconds only, by which another process's write may
   * be seen late. Without it they are not kept.
   */
  lateMs?: number
}

/**
 * A function that runs the select which `build` makes. `build` is called once; it puts `value('name')` where a call's
 * value of that name goes, and must not look at it. Nobody may change the rows.
 */
export function createStatement<Values extends Record<string, string | number>, Row>(
  build: (
    database: Database,
    value: <Name extends keyof Values & string>(name: Name) => Values[Name],
  ) => Compilable<Row>,
  { lateMs = 0 }: StatementOptions = {},
): (database: Database, values: Values) => Promise<Row[]> {
  return async (database, values) => {
    const { query, kept, share } = compiledFor(database, build, () => ({
      query: build(database, (name) => new Value(name) as never).compile(),
      kept: keptRows(adapterOf(database).state.seesEveryWrite ? MAX_KEPT_MS : lateMs),
      share: createSharedRuns(),
    }))
    const parameters = query.parameters.map((one) => (one instanceof Value ? values[one.name] : one))
    if (database.isTransaction) return (await database.executeQuery<Row>({ ...query, parameters } as never)).rows
    const { state } = adapterOf(database)
    const key = JSON.stringify(parameters)
    const version = kept ? state.version() : Number.NaN
    const known = kept?.get(key)
    if (known?.version === version) return known.rows as Row[]
    async function run(): Promise<Row[]> {
      const started = performance.now()
      const isPlain = database.getExecutor() === state.executor
      const read = isPlain ? await state.read(query.sql, parameters) : undefined
      if (read) state.ran?.(query.sql, performance.now() - started)
      const rows = (read ?? (await database.executeQuery({ ...query, parameters })).rows) as Row[]
      return rows.map((row) => Object.freeze(row))
    }
    const rows = state.seesEveryWrite ? await run() : ((await share(key, run)) as Row[])
    kept?.set(key, { rows, version })
    return rows
  }
}

function keptRows(ttl: number): Compiled['kept'] {
  if (ttl === 0) return null
  return new LRUCache({ maxSize: MAX_KEPT_ROWS, ttl, sizeCalculation: ({ rows }) => Math.max(1, rows.length) })
}

/** A transaction, or a database with another plugin, has an executor of its own, which may compile differently. */
function compiledFor(database: Database, build: unknown, compile: () => Omit<Compiled, 'executor'>): Compiled {
  const { compiled } = adapterOf(database)
  const executor = database.getExecutor()
  const known = compiled.get(build)
  if (known?.executor === executor) return known
  const made = { executor, ...compile() }
  if (!database.isTransaction) compiled.set(build, made)
  return made
}
