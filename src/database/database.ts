// SQLite or PostgreSQL behind one Kysely: the queries are written once, and what differs between the engines is here.

import { createHash } from 'node:crypto'
import { join } from 'node:path'
import type { Dialect, Transaction as KyselyTransaction, PostgresPool, PostgresPoolClient } from 'kysely'
import { Kysely, PostgresAdapter, PostgresDialect } from 'kysely'
import pg from 'pg'
import { Failure } from '../failure.ts'
import { ColumnNames } from './column-names.ts'
import { withOrderedIds } from './ordered-ids.ts'
import { sqliteDialect } from './sqlite.ts'
import { storeFailure, unavailable } from './store-failure.ts'
import type { Tables } from './tables.ts'

export type Database = Kysely<Tables>

/** For what has to be written together with something else, or not at all: the type keeps it from being called without. */
export type Transaction = KyselyTransaction<Tables>

/** How long a request waits for PostgreSQL, in milliseconds: it is answered 503 within two seconds. */
const POSTGRES_CONNECT_TIMEOUT_MS = 1_400
const POSTGRES_STATEMENT_TIMEOUT_MS = 1_200
/** For a server that says nothing at all, so that it cannot end its statement itself. */
const POSTGRES_ANSWER_TIMEOUT_MS = 1_400

/** Where SQLite keeps everything. */
export function databaseFile(dataDir: string): string {
  return join(dataDir, 'forgelink.db')
}

/**
 * Opens PostgreSQL at `databaseUrl`, or the SQLite file in `dataDir` (made when absent) without one. `patient` is for
 * migrations and commands: statements may take as long as they take. `readOnly` leaves every file as it is, and makes none.
 */
export function openDatabase(
  settings: { dataDir: string; databaseUrl: string | null },
  { patient = false, readOnly = false }: { patient?: boolean; readOnly?: boolean } = {},
): Database {
  const dialect = settings.databaseUrl
    ? postgresDialect(settings.databaseUrl, patient)
    : sqliteDialect(databaseFile(settings.dataDir), readOnly ? 'read' : patient ? 'command' : 'server')
  return new Kysely<Tables>({ dialect: withOrderedIds(dialect), plugins: [new ColumnNames()] })
}

/** Throws `store_unavailable` when the store cannot be read. */
export async function pingDatabase(database: Database): Promise<void> {
  // Of a table: SQLite does not look into its file for anything less.
  await database.selectFrom('secretKeys').select('id').limit(1).execute()
}

/** For what no answer depends on, such as when something was used: a store that takes no writes now is passed over. */
export async function noteIfPossible(note: Promise<unknown>): Promise<void> {
  try {
    await note
  } catch (error) {
    if (!(error instanceof Failure) || error.code !== 'store_unavailable') throw error
  }
}

/** Whether rows are locked one by one: a transaction of SQLite has the whole store for itself. */
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
  // A connection that breaks is replaced at its next use, idle or not; without listeners it would end the process.
  pool.on('error', () => undefined)
  pool.on('connect', (client) => client.on('error', () => undefined))
  const named: PostgresPool = {
    async connect() {
      // Whatever keeps us out (a wrong password, a database that is gone), the store is not there.
      const client = await pool.connect().catch((error) => {
        throw unavailable(error)
      })
      return nameStatements(client)
    },
    end: () => pool.end(),
  }
  return new PostgresDialect({ pool: named })
}

/** Statements with parameters get a name of their own text, so that PostgreSQL plans each once per connection. */
function nameStatements(client: pg.PoolClient): PostgresPoolClient {
  // An answer that did not come may come later: such a connection waits for it for ever, and is thrown away.
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

/** PostgreSQL's text cannot hold NUL, and a look-up by an id with one is an error there instead of finding nothing. */
function withoutNul(value: unknown): unknown {
  return typeof value === 'string' ? value.replaceAll('\0', '\uFFFD') : value
}
