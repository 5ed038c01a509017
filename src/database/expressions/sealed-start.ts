// The beginning of a sealed text as an SQL expression, and which beginnings a column has.

import type { QueryExecutorProvider, RawBuilder } from 'kysely'
import { PostgresAdapter, sql } from 'kysely'

/**
 * `v2.KEY-ID.`, which is short also in a text that nothing sealed. The index of migration 012 is on exactly this
 * expression: whoever changes it must add a migration that makes the index again.
 */
export function sealedStart(database: QueryExecutorProvider, column: string): RawBuilder<string> {
  const isPostgres = database.getExecutor().adapter instanceof PostgresAdapter
  const position = sql.raw(isPostgres ? 'strpos' : 'instr')
  // The id begins at the fourth character; with its dot it has at most 33.
  return sql`substr(${sql.ref(column)}, 1, ${position}(substr(${sql.ref(column)}, 4, 33), '.') + 3)`
}

/** All beginnings in a column, each once. */
export async function listSealedStarts(
  database: QueryExecutorProvider,
  column: { table: string; column: string },
): Promise<string[]> {
  const { rows } = await sealedStartsQuery(database, column).execute(database)
  return rows.map(({ start }) => start)
}

/**
 * Goes through the index from one beginning to the next, so its time depends on how many there are, and not on the
 * number of rows (https://wiki.postgresql.org/wiki/Loose_indexscan).
 */
export function sealedStartsQuery(
  database: QueryExecutorProvider,
  { table, column }: { table: string; column: string },
): RawBuilder<{ start: string }> {
  const start = sealedStart(database, column)
  return sql`
    with recursive starts(start) as (
      select min(${start}) from ${sql.table(table)}
      union all
      select (select min(${start}) from ${sql.table(table)} where ${start} > starts.start)
      from starts where starts.start is not null
    )
    select start from starts where start is not null`
}
