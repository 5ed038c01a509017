// SQLite or PostgreSQL behind one Kysely: queries are written once, and this folder hides the differences.

import { createHash } from 'node:crypto'
import { join } from 'node:path'
import type { Dialect, Transaction as KyselyTransaction, PostgresPool, PostgresPoolClient } from 'kysely'
import { Kysely, PostgresAdapter, PostgresDialect } from 'kysely'
import pg from 'pg'
import { Failure } from '../failure.ts'
import { type StoreState, withAdapter } from './adapter.ts'
import { ColumnNames } from './column-names.ts'
import { isRead, sqliteDialect } from './sqlite.ts'
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

/**
 * Opens PostgreSQL at `databaseUrl`, or without one the SQLite file in `dataDir` (created when absent). `patient` is
 * for migrations and commands: statements have no time limit. `readOnly` changes no file and creates none.
 */
export function openDatabase(
  settings: { dataDir: string; databaseUrl: string | null },
  { patient = false, readOnly = false }: { patient?: boolean; readOnly?: boolean } = {},
): Database {
  const names = new ColumnNames()
  const use = readOnly ? 'read' : patient ? 'command' : 'server'
  const dialect = settings.databaseUrl
    ? postgresDialect(settings.databaseUrl, patient)
    : sqliteDialect(databaseFile(settings.dataDir), use, (column) => names.nameInCode(column))
  return new Kysely<Tables>({ dialect, plugins: [names] })
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

function postgresDialect(databaseUrl: string, patient: boolean): Dialect {
  const pool = new pg.Pool({
    connectionString: databaseUrl,
    max: 10,
    connectionTimeoutMillis: POSTGRES_CONNECT_TIMEOUT_MS,
    ...(!patient && { statement_timeout: POSTGRES_STATEMENT_TIMEOUT_MS, query_timeout: POSTGRES_ANSWER_TIMEOUT_MS }),
  })
  // A broken connection is replaced at its next use. Without a listener, its error event would end the process.
  pool.on('error', () => undefined)
  pool.on('connect', (client) => client.on('error', () => undefined))
  const state: StoreState = { writes: 0, readNow: () => undefined }
  const named: PostgresPool = {
    async connect() {
      // Whatever the reason (a wrong password, a missing database), the store is unavailable.
      const client = await pool.connect().catch((error) => {
        throw unavailable(error)
      })
      return nameStatements(client, state)
    },
    end: () => pool.end(),
  }
  return withAdapter(new PostgresDialect({ pool: named }), state)
}

/** Names each statement with parameters after its own text, so that PostgreSQL plans it once per connection. */
function nameStatements(client: pg.PoolClient, state: StoreState): PostgresPoolClient {
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
    } finally {
      if (!isRead(text)) state.writes += 1
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
