// A page of a list over all accounts. Such a list may have millions of rows, so they are never all counted or skipped.

import { type SelectQueryBuilder, sql } from 'kysely'
import type { Database } from '../database/database.ts'
import type { Tables } from '../database/tables.ts'

/** Rows that are counted; of more, the number is not told. */
const MAX_COUNTED = 10_000

export interface Found<Row> {
  items: Row[]
  hasNext: boolean
  /** null: more than `MAX_COUNTED`. */
  totalCount: number | null
}

/** `query` is sorted as an index is. */
export async function findPage<Table extends keyof Tables, Row>(
  database: Database,
  query: SelectQueryBuilder<Tables, Table, Row>,
  { page, perPage }: { page: number; perPage: number },
): Promise<Found<Row>> {
  const offset = (page - 1) * perPage
  const rows = await query
    .limit(perPage + 1)
    .offset(offset)
    .execute()
  const hasNext = rows.length > perPage
  // On the last page the rows tell it: a search that finds little reads the whole list, and need not do so twice.
  const isLast = !hasNext && (rows.length > 0 || page === 1)
  const totalCount =
    isLast && offset + rows.length <= MAX_COUNTED ? offset + rows.length : await countOf(database, query)
  return { items: rows.slice(0, perPage), hasNext, totalCount }
}

/** null: more than `MAX_COUNTED`. */
export async function countOf<Table extends keyof Tables, Row>(
  database: Database,
  query: SelectQueryBuilder<Tables, Table, Row>,
): Promise<number | null> {
  const rows = query
    .clearSelect()
    .clearOrderBy()
    .select(sql`1`.as('one'))
    .limit(MAX_COUNTED + 1)
  const { total } = await database
    .selectFrom(rows.as('counted'))
    .select((row) => row.fn.countAll().as('total'))
    .executeTakeFirstOrThrow()
  return Number(total) > MAX_COUNTED ? null : Number(total)
}

/** A page of a list that is short enough to be read whole. */
export function pageOf<Item>(items: Item[], { page, perPage }: { page: number; perPage: number }): Found<Item> {
  const rest = items.slice((page - 1) * perPage)
  return { items: rest.slice(0, perPage), hasNext: rest.length > perPage, totalCount: items.length }
}
