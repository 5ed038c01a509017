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
    const { compiled } = adapterOf(database)
    let query = compiled.get(build) as CompiledQuery<Row> | undefined
    if (!query) {
      query = build(database, (name) => new Value(name) as never).compile()
      compiled.set(build, query)
    }
    const parameters = query.parameters.map((one) => (one instanceof Value ? values[one.name] : one))
    return (await database.executeQuery<Row>({ ...query, parameters })).rows
  }
}
