// Queries that run at almost every request are built and compiled once for each open database.

import type { CompiledQuery } from 'kysely'
import { LRUCache } from 'lru-cache'
import { adapterOf, type Compiled } from './adapter.ts'
import type { Database } from './database.ts'

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

/** Maximum number of calls of one statement whose rows are kept. */
const MAX_KEPT = 5_000

export interface StatementOptions {
  /**
   * How long rows are used again, in milliseconds; without it, never. A write ends it at once; only with PostgreSQL are
   * the writes of other processes seen after this time.
   */
  keptMs?: number
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
  { keptMs = 0 }: StatementOptions = {},
): (database: Database, values: Values) => Promise<Row[]> {
  return async (database, values) => {
    const { query, kept } = compiledFor(database, build, () => ({
      query: build(database, (name) => new Value(name) as never).compile(),
      kept: keptMs > 0 ? new LRUCache({ max: MAX_KEPT, ttl: keptMs }) : null,
    }))
    const parameters = query.parameters.map((one) => (one instanceof Value ? values[one.name] : one))
    if (database.isTransaction) return (await database.executeQuery<Row>({ ...query, parameters } as never)).rows
    const { state } = adapterOf(database)
    const version = kept ? state.version() : Number.NaN
    const key = kept ? parameters.join('\0') : ''
    const known = kept?.get(key)
    if (known?.version === version) return known.rows as Row[]
    const started = performance.now()
    const isPlain = database.getExecutor() === state.executor
    const read = isPlain ? await state.read(query.sql, parameters) : undefined
    if (read) state.ran?.(query.sql, performance.now() - started)
    const rows = (read ?? (await database.executeQuery({ ...query, parameters })).rows) as Row[]
    kept?.set(key, { rows, version })
    return rows
  }
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
