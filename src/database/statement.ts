// Queries that run at almost every request are built and compiled once for each open database.

import type { CompiledQuery } from 'kysely'
import { adapterOf } from './adapter.ts'
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

/**
 * A function that runs the query which `build` makes. `build` is called once; it puts `value('name')` where a call's value
 * of that name goes, and must not look at it.
 */
export function createStatement<Values extends Record<string, string | number>, Row>(
  build: (
    database: Database,
    value: <Name extends keyof Values & string>(name: Name) => Values[Name],
  ) => Compilable<Row>,
): (database: Database, values: Values) => Promise<Row[]> {
  return async (database, values) => {
    const query = compiledFor(database, build, () => build(database, (name) => new Value(name) as never).compile())
    const parameters = query.parameters.map((one) => (one instanceof Value ? values[one.name] : one))
    return (await database.executeQuery<Row>({ ...query, parameters })).rows
  }
}

/** A transaction, or a database with another plugin, has an executor of its own, which may compile differently. */
function compiledFor<Row>(database: Database, build: unknown, compile: () => CompiledQuery<Row>): CompiledQuery<Row> {
  const { compiled } = adapterOf(database)
  const executor = database.getExecutor()
  const known = compiled.get(build)
  if (known?.executor === executor) return known.query as CompiledQuery<Row>
  const query = compile()
  if (!database.isTransaction) compiled.set(build, { executor, query })
  return query
}
