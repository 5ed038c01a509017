// SQLite or PostgreSQL behind one Kysely: queries are written once, and this folder hides the differences.

import { join } from 'node:path'
import type { Transaction as KyselyTransaction } from 'kysely'
import { Kysely, PostgresAdapter } from 'kysely'
import type { Config } from '../config.ts'
import { Failure } from '../failure.ts'
import type { StoreLoad } from '../metrics/at-scrape.ts'
import { adapterOf } from './adapter.ts'
import { ColumnNames } from './column-names.ts'
import { postgresDialect } from './postgres/dialect.ts'
import { sqliteDialect } from './sqlite.ts'
import type { Tables } from './tables.ts'

export type Database = Kysely<Tables>

/** For writes that must happen together with others or not at all: the type prevents a call without a transaction. */
export type Transaction = KyselyTransaction<Tables>

/** The path of the SQLite file. */
export function databaseFile(dataDir: string): string {
  return join(dataDir, 'forgelink.db')
}

/** Gets what metrics and traces tell of the store. */
export interface StoreWatch {
  /** A statement was run, or failed. Its text has no values. */
  ran(sql: string, ms: number): void
  /** The store is open; `load` says how busy the way to it is. */
  opened(load: () => StoreLoad): void
}

/**
 * Opens PostgreSQL at `databaseUrl`, or without one the SQLite file in `dataDir` (created when absent). `patient` is
 * for migrations and commands: statements have no time limit. `readOnly` changes no file and creates none.
 */
export function openDatabase(
  settings: Pick<Config, 'dataDir' | 'databaseUrl' | 'postgres'>,
  { patient = false, readOnly = false, watch }: { patient?: boolean; readOnly?: boolean; watch?: StoreWatch } = {},
): Database {
  const names = new ColumnNames()
  const nameOf = (column: string) => names.nameInCode(column)
  const use = readOnly ? 'read' : patient ? 'command' : 'server'
  const dialect = settings.databaseUrl
    ? postgresDialect(settings.databaseUrl, settings.postgres, { patient, nameOf, opened: watch?.opened })
    : sqliteDialect(databaseFile(settings.dataDir), use, nameOf, watch?.opened)
  const database = new Kysely<Tables>({
    dialect,
    plugins: [names],
    ...(watch && { log: ({ query, queryDurationMillis }) => watch.ran(query.sql, queryDurationMillis) }),
  })
  Object.assign(adapterOf(database).state, { ran: watch?.ran, executor: database.getExecutor() })
  return database
}

/** Throws `store_unavailable` when the store cannot be read. */
export async function pingDatabase(database: Database): Promise<void> {
  // It reads a table, because SQLite does not open its file for anything less.
  await database.selectFrom('secretKeys').select('id').limit(1).execute()
}

/**
 * For writes on which no answer depends, such as when something was used: they are skipped when the store takes no
 * writes.
 */
export async function noteIfPossible(note: Promise<unknown>): Promise<void> {
  try {
    await note
  } catch (error) {
    if (!(error instanceof Failure) || error.code !== 'store_unavailable') throw error
  }
}

/** Whether rows are locked one by one: a SQLite transaction locks the whole store. */
export function locksRows(database: Database): boolean {
  return database.getExecutor().adapter instanceof PostgresAdapter
}
