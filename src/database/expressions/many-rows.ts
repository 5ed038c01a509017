// Many rows, or many values, as one parameter: to build and to send thousands of parameters takes longer than the
// statement itself, and each number of rows would be a statement of its own.

import { toUSVString } from 'node:util'
import { type RawBuilder, sql } from 'kysely'
import type { Database } from '../database.ts'
import { locksRows } from '../database.ts'

/**
 * For `insertInto(table).columns(columns).expression(…)`; all columns are text. What no store's text can hold is replaced:
 * NUL and lone surrogates.
 */
export function manyRows<Column extends string>(
  database: Database,
  columns: readonly Column[],
  rows: readonly Record<Column, string | null>[],
): RawBuilder<Record<Column, string | null>> {
  const lists = rows.map((row) => columns.map((column) => row[column]))
  const members = columns.map((_column, index) => sql`value->>${sql.lit(index)}`)
  // SQLite would take an "on conflict" after it for the condition of a join: https://www.sqlite.org/lang_upsert.html#parsing_ambiguity
  return sql`select ${sql.join(members)} from ${eachOf(database, lists)} where true`
}

/** For `where(column, 'in', …)`. */
export function manyValues(database: Database, values: readonly string[]): RawBuilder<string> {
  const lists = values.map((value) => [value])
  return sql`(select value->>0 from ${eachOf(database, lists)})`
}

/**
 * How JSON writes what does not fit; other text may look so too. PostgreSQL would refuse it; SQLite would make bytes of it
 * that are not UTF-8, and libsql 0.5 ends the process when it reads such a text:
 * https://github.com/tursodatabase/libsql/issues/1223
 */
const MAY_NOT_FIT = /\\u(0000|d[89a-f])/

/** As a table with the column `value`, JSON of one of the lists. */
function eachOf(database: Database, lists: (string | null)[][]): RawBuilder<unknown> {
  const written = JSON.stringify(lists)
  const text = MAY_NOT_FIT.test(written) ? JSON.stringify(lists.map((list) => list.map(fit))) : written
  // https://www.postgresql.org/docs/current/functions-json.html#FUNCTIONS-JSON-PROCESSING-TABLE
  // https://www.sqlite.org/json1.html#jeach
  return locksRows(database) ? sql`jsonb_array_elements(${text}::jsonb)` : sql`json_each(${text})`
}

function fit(text: string | null): string | null {
  return text && toUSVString(text.replaceAll('\0', '\uFFFD'))
}
