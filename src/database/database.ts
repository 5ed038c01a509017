// SQLite or PostgreSQL behind one Kysely: the queries are written once, and what differs between the engines is here.

import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type {
  Dialect,
  Transaction as KyselyTransaction,
  PostgresPool,
  PostgresPoolClient,
  SqliteDatabase,
  SqliteStatement,
} from 'kysely'
import { CamelCasePlugin, Kysely, PostgresAdapter, PostgresDialect, SqliteAdapter, SqliteDialect } from 'kysely'
import Libsql from 'libsql'
import { LRUCache } from 'lru-cache'
import pg from 'pg'
import { Failure } from '../failure.ts'
import type { Tables } from './tables.ts'

export type Database = Kysely<Tables>

/** For what has to be written together with something else, or not at all: the type keeps it from being called without. */
export type Transaction = KyselyTransaction<Tables>

/** How long a writer waits for another process (the command line beside the server), in milliseconds. */
const BUSY_TIMEOUT = 5_000
/** How long a request waits for PostgreSQL, in milliseconds: it is answered 503 within two seconds. */
const POSTGRES_CONNECT_TIMEOUT = 1_400
const POSTGRES_STATEMENT_TIMEOUT = 1_200
/** For a server that says nothing at all, so that it cannot end its statement itself. */
const POSTGRES_ANSWER_TIMEOUT = 1_400

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
    : sqliteDialect(databaseFile(settings.dataDir), readOnly)
  return new Kysely<Tables>({ dialect, plugins: [new CamelCasePlugin()] })
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

function sqliteDialect(file: string, readOnly: boolean): Dialect {
  const open = () => (readOnly ? prepareOnce(openToRead(file)) : prepareOnce(openToWrite(file)))
  const dialect = new SqliteDialect({ database: async () => guard(open) })
  return {
    createAdapter: () => new TransactionalSqliteAdapter(),
    createDriver: () => dialect.createDriver(),
    createQueryCompiler: () => dialect.createQueryCompiler(),
    createIntrospector: (db) => dialect.createIntrospector(db),
  }
}

/** SQLite does run DDL in transactions; with this the migrator's own check and its migrations are one transaction. */
class TransactionalSqliteAdapter extends SqliteAdapter {
  override get supportsTransactionalDdl(): boolean {
    return true
  }
}

function openToWrite(file: string): Libsql.Database {
  const database = new Libsql(file)
  database.exec(`pragma busy_timeout = ${BUSY_TIMEOUT}`)
  database.exec('pragma journal_mode = wal')
  database.exec('pragma synchronous = full')
  database.exec('pragma foreign_keys = on')
  return database
}

/** libsql passes over its option `readonly`; by a URI SQLite itself holds to it. */
function openToRead(file: string): Libsql.Database {
  // Without a -wal nobody writes now; SQLite would make one even to read, unless it is told that nothing changes.
  const manner = existsSync(`${file}-wal`) ? 'mode=ro' : 'mode=ro&immutable=1'
  const database = new Libsql(`${pathToFileURL(file).href}?${manner}`)
  database.exec(`pragma busy_timeout = ${BUSY_TIMEOUT}`)
  return database
}

const NOTHING: SqliteStatement = {
  reader: false,
  all: () => [],
  run: () => ({ changes: 0, lastInsertRowid: 0 }),
  iterate: () => [][Symbol.iterator](),
}

/** Statements are prepared once and kept. */
function prepareOnce(database: Libsql.Database): SqliteDatabase {
  const prepared = new LRUCache<string, SqliteStatement>({ max: 500 })
  return {
    close: () => database.close(),
    prepare(text) {
      // A full disk has ended the transaction by itself: an error about that would hide why.
      if (text === 'rollback' && !database.inTransaction) return NOTHING
      // A plain "begin" takes the write lock only at the first write, and fails at once when another process wrote meanwhile.
      const query = text === 'begin' ? 'begin immediate' : text
      let statement = prepared.get(query)
      if (!statement) {
        statement = guardStatement(guard(() => database.prepare(query)) as unknown as SqliteStatement)
        prepared.set(query, statement)
      }
      return statement
    },
  }
}

function guard<T>(run: () => T): T {
  try {
    return run()
  } catch (error) {
    throw storeFailure(error)
  }
}

function guardStatement(statement: SqliteStatement): SqliteStatement {
  return {
    reader: statement.reader,
    all: (parameters) => guard(() => statement.all(parameters)),
    run: (parameters) => guard(() => statement.run(parameters)),
    iterate: (parameters) => guard(() => statement.iterate(parameters)),
  }
}

function postgresDialect(databaseUrl: string, patient: boolean): Dialect {
  const pool = new pg.Pool({
    connectionString: databaseUrl,
    max: 10,
    connectionTimeoutMillis: POSTGRES_CONNECT_TIMEOUT,
    ...(!patient && { statement_timeout: POSTGRES_STATEMENT_TIMEOUT, query_timeout: POSTGRES_ANSWER_TIMEOUT }),
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

/** Errors that say "the store is not there now" rather than "this statement is wrong". */
const UNAVAILABLE =
  /^(08|53|57P|58|25006|40001|40P01|57014|SQLITE_(BUSY|FULL|IOERR|LOCKED|CANTOPEN|READONLY|NOTADB|CORRUPT)|E(CONN|PIPE|TIMEDOUT|HOST|NET|AI_))/

const TAKEN = /^(23505|SQLITE_CONSTRAINT_(UNIQUE|PRIMARYKEY))$/
const OWNER_GONE = /^(23503|SQLITE_CONSTRAINT_FOREIGNKEY)$/

function storeFailure(error: unknown): unknown {
  const code = codeOf(error)
  if (TAKEN.test(code)) return new Failure('conflict', 'This is there already.')
  // Every foreign key leads to a user in the end, and a caller that is gone has no credentials any more.
  if (OWNER_GONE.test(code)) return new Failure('unauthorized', 'This account was removed.')
  const message = error instanceof Error ? error.message : ''
  const isGone = code ? UNAVAILABLE.test(code) : /timeout|terminated|closed|ended|not queryable/i.test(message)
  return isGone ? unavailable(error) : error
}

/** Only the driver's code is kept for the log: PostgreSQL's `detail` repeats the values of the row. */
function unavailable(error: unknown): Failure {
  return new Failure('store_unavailable', 'The store is not available just now. Try again in a moment.', {
    retryAfter: 2,
    log: { store: codeOf(error) || 'connection' },
  })
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code ?? '') : ''
}
