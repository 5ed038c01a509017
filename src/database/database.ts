// SQLite or PostgreSQL behind one Kysely: queries are written once, and this folder hides the differences.

import { createHash } from 'node:crypto'
import { join } from 'node:path'
import type { Dialect, Transaction as KyselyTransaction, PostgresPool, PostgresPoolClient } from 'kysely'
import { Kysely, PostgresAdapter, PostgresDialect } from 'kysely'
import pg from 'pg'
import { Failure } from '../failure.ts'
import type { StoreLoad } from '../metrics/at-scrape.ts'
import { withAdapter } from './adapter.ts'
import { ColumnNames } from './column-names.ts'
import { sqliteDialect } from './sqlite.ts'
import { storeFailure, unavailable } from './store-failure.ts'
import type { Tables } from './tables.ts'

export type Database = Kysely<Tables>

/** For writes that must happen together with others or not at all: the type prevents a call without a transaction. */
export type Transaction = KyselyTransaction<Tables>

/**
 * How long a request waits for a PostgreSQL connection, in milliseconds, so that it gets its 503 within two seconds.
 */
const POSTGRES_CONNECT_TIMEOUT_MS = 1_400
const POSTGRES_STATEMENT_TIMEOUT_MS = 1_200
/** How long to wait for an answer, in milliseconds, since a server that hangs cannot end its own statement. */
const POSTGRES_ANSWER_TIMEOUT_MS = 1_400

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
  settings: { dataDir: string; databaseUrl: string | null },
  { patient = false, readOnly = false, watch }: { patient?: boolean; readOnly?: boolean; watch?: StoreWatch } = {},
): Database {
  const names = new ColumnNames()
  const use = readOnly ? 'read' : patient ? 'command' : 'server'
  const dialect = settings.databaseUrl
    ? postgresDialect(settings.databaseUrl, patient, watch?.opened)
    : sqliteDialect(databaseFile(settings.dataDir), use, (column) => names.nameInCode(column), watch?.opened)
  return new Kysely<Tables>({
    dialect: withAdapter(dialect),
    plugins: [names],
    ...(watch && { log: ({ query, queryDurationMillis }) => watch.ran(query.sql, queryDurationMillis) }),
  })
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

function postgresDialect(databaseUrl: string, patient: boolean, opened?: StoreWatch['opened']): Dialect {
  const pool = new pg.Pool({
    connectionString: databaseUrl,
    max: 10,
    connectionTimeoutMillis: POSTGRES_CONNECT_TIMEOUT_MS,
    ...(!patient && { statement_timeout: POSTGRES_STATEMENT_TIMEOUT_MS, query_timeout: POSTGRES_ANSWER_TIMEOUT_MS }),
  })
  opened?.(() => {
    const { totalCount, idleCount: idle, waitingCount: waiting } = pool
    return { idle, used: totalCount - idle, waiting }
  })
  // A broken connection is replaced at its next use. Without a listener, its error event would end the process.
  pool.on('error', () => undefined)
  pool.on('connect', (client) => client.on('error', () => undefined))
  const named: PostgresPool = {
    async connect() {
      // Whatever the reason (a wrong password, a missing database), the store is unavailable.
      const client = await pool.connect().catch((error) => {
        throw unavailable(error)
      })
      return nameStatements(client)
    },
    end: () => pool.end(),
  }
  return new PostgresDialect({ pool: named })
}

/** Names each statement with parameters after its own text, so that PostgreSQL plans it once per connection. */
function nameStatements(client: pg.PoolClient): PostgresPoolClient {
  // A late answer may still come, so a connection on which an answer timed out is thrown away.
  let broken: unknown
  async function query(text: string, values: readonly unknown[] = []) {
    const name = values.length > 0 ? createHash('sha256').update(text).digest('base64url') : undefined
    if (broken) throw unavailable(broken)
    try {
      return await client.query({ text, values: values.map(withoutNul), ...(name && { name }) })
    } catch (error) {
      if (!(error instanceof pg.DatabaseError)) broken = error
      throw storeFailure(error)
    }
  }
  return { query, release: () => client.release(broken !== undefined) } as unknown as PostgresPoolClient
}

/**
 * PostgreSQL's text cannot contain NUL: looking up an id with one would be an error there, instead of finding nothing.
 */
function withoutNul(value: unknown): unknown {
  return typeof value === 'string' ? value.replaceAll('\0', '\uFFFD') : value
}
