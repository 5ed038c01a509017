// SQLite as a Kysely dialect. A server reads in the main thread, on a connection that never waits, and writes in
// another thread, so that a lock held by another process delays only writes.

import { chmodSync, closeSync, existsSync, openSync, statSync } from 'node:fs'
import { pathToFileURL } from 'node:url'
import type { CompiledQuery, DatabaseConnection, Dialect, Driver, Kysely, QueryResult } from 'kysely'
import { CompiledQuery as Query, SqliteAdapter, SqliteIntrospector, SqliteQueryCompiler } from 'kysely'
import type { StoreLoad } from '../metrics/at-scrape.ts'
import { isRead, type StoreState, withAdapter } from './adapter.ts'
import type { NamedResult } from './column-names.ts'
import type { Result, SqliteConnection } from './sqlite-connection.js'
import { openConnection } from './sqlite-connection.js'
import type { SqliteWriter, StatementRunner } from './sqlite-writer.ts'
import { startSqliteWriter } from './sqlite-writer.ts'
import { codeOf, errorWithCode, storeFailure } from './store-failure.ts'
import { createTurns, type Turns } from './turns.ts'

/** How long a writer waits for another process (such as the command line), and for its turn in this one. */
const BUSY_TIMEOUT_MS = 5_000

function writerPragmas(file: string): string[] {
  const isNew = !statSync(file, { throwIfNoEntry: false })?.size
  return [
    `busy_timeout = ${BUSY_TIMEOUT_MS}`,
    // It must come before the write-ahead log. On an existing file it would be a write; `store compact` sets it there.
    ...(isNew ? ['auto_vacuum = incremental'] : []),
    'journal_mode = wal',
    'synchronous = full',
    'foreign_keys = on',
    'secure_delete = on',
  ]
}

/**
 * `server`: writes in a thread of its own. `command`: one connection in this thread, which waits for its turn without a
 * time limit. `read`: changes no file and creates none.
 */
export type SqliteUse = 'server' | 'command' | 'read'

/**
 * `nameOf`: what a column is called in the rows of a server, where reading is most of the work. `opened` gets a function
 * that says how busy writing is.
 */
export function sqliteDialect(
  file: string,
  use: SqliteUse,
  nameOf: (column: string) => string,
  opened?: (load: () => StoreLoad) => void,
): Dialect {
  const open = {
    server: () => openForServer(file, nameOf),
    command: async () => inThisThread(openForWriting(file)),
    read: async () => inThisThread(openForReading(file)),
  }[use]
  let reader: SqliteConnection | null = null
  let version = createVersion(() => Number.NaN)
  const state: StoreState = {
    version: () => version.now(),
    seesEveryWrite: true,
    read: (sql, parameters) => (reader ? guardNow(reader, sql, parameters)?.rows : undefined),
  }
  async function openAll() {
    const store = await open()
    reader = store.reader
    if (reader) version = createVersion(reader.dataVersion)
    return { ...store, wrote: version.forget }
  }
  const dialect = {
    createAdapter: () => new TransactionalSqliteAdapter(),
    createDriver() {
      const tooLate = () => errorWithCode('SQLITE_BUSY', 'other writers take too long')
      const turns = createTurns(use === 'server' ? BUSY_TIMEOUT_MS : null, tooLate)
      opened?.(turns.load)
      return createDriver(openAll, turns)
    },
    createQueryCompiler: () => new SqliteQueryCompiler(),
    createIntrospector: (db: Kysely<never>) => new SqliteIntrospector(db),
  }
  return withAdapter(dialect, state)
}

/**
 * SQLite does run DDL in transactions; with this setting the migrator's check and its migrations are one transaction.
 */
class TransactionalSqliteAdapter extends SqliteAdapter {
  override get supportsTransactionalDdl(): boolean {
    return true
  }
}

// Opening the file

interface OpenFile {
  /** null: everything uses the writer. */
  reader: SqliteConnection | null
  /** Call it only while having the turn. */
  writer(): Promise<StatementRunner>
  close(): Promise<void>
}

async function openForServer(file: string, nameOf: (column: string) => string): Promise<OpenFile> {
  keepToOwner(file)
  const start = () => startSqliteWriter({ file, pragmas: writerPragmas(file), busyTimeoutMs: BUSY_TIMEOUT_MS })
  let writer: SqliteWriter = await start()
  let reader: SqliteConnection
  try {
    reader = openConnection(`${pathToFileURL(file).href}?mode=ro`, ['busy_timeout = 0'], nameOf)
  } catch (error) {
    await writer.close()
    throw error
  }
  return {
    reader,
    async writer() {
      if (writer.hasEnded()) writer = await start()
      return writer
    },
    async close() {
      // Closed last: the last connection to close writes the write-ahead log into the file.
      reader.close()
      await writer.close()
    },
  }
}

function inThisThread(connection: SqliteConnection): OpenFile {
  return { reader: null, writer: async () => connection, close: async () => connection.close() }
}

function openForWriting(file: string): SqliteConnection {
  keepToOwner(file)
  return openConnection(file, writerPragmas(file))
}

/** libsql ignores its option `readonly`, but SQLite itself obeys the one in a URI. */
function openForReading(file: string): SqliteConnection {
  // Without a -wal file nobody is writing. SQLite would create one even for reading, unless it is told that nothing
  // changes.
  const manner = existsSync(`${file}-wal`) ? 'mode=ro' : 'mode=ro&immutable=1'
  return openConnection(`${pathToFileURL(file).href}?${manner}`, [`busy_timeout = ${BUSY_TIMEOUT_MS}`])
}

/** Creates the file for its owner only. SQLite would use the umask; its other files get the mode of this one. */
function keepToOwner(file: string): void {
  try {
    // Never an existing file: closing it would release the locks that this process has on it through other connections
    // (https://www.sqlite.org/howtocorrupt.html section 2.2).
    if (!existsSync(file)) closeSync(openSync(file, 'wx', 0o600))
    for (const path of [file, `${file}-wal`, `${file}-shm`]) {
      const mode = statSync(path, { throwIfNoEntry: false })?.mode ?? 0
      if (mode & 0o077) chmodSync(path, 0o600)
    }
  } catch {
    // Another process created it first, or SQLite will report the error better. A wrong owner is reported by doctor.
  }
}

// Running statements

interface Store extends OpenFile {
  /** Call it when the writer has answered, with an error too: it may have written before. */
  wrote(): void
}

const BEGIN = 'begin immediate'

function createDriver(open: () => Promise<Store>, turns: Turns): Driver {
  let store: Store | undefined
  return {
    async init() {
      store = await guard(open)
    },
    async acquireConnection() {
      if (!store) throw new Error('the driver is not open')
      return connect(store, turns)
    },
    // A plain "begin" would take the write lock only at the first write, and then fail if another process wrote
    // meanwhile.
    beginTransaction: (connection) => execute(connection, BEGIN),
    commitTransaction: (connection) => execute(connection, 'commit'),
    rollbackTransaction: (connection) => execute(connection, 'rollback'),
    releaseConnection: async () => undefined,
    destroy: async () => store?.close(),
  }
}

async function execute(connection: DatabaseConnection, sql: string): Promise<void> {
  await connection.executeQuery(Query.raw(sql))
}

/**
 * Reads use the reader, except in a transaction. One writer at a time has the turn; a transaction keeps it until its
 * end.
 */
function connect({ reader, writer, wrote }: Store, turns: Turns): DatabaseConnection {
  /** The runner in which the transaction began: the rest of it must not run in a thread that has replaced it. */
  let inTransaction: StatementRunner | undefined

  async function run(sql: string, parameters: readonly unknown[]): Promise<Result & NamedResult> {
    if (inTransaction) return runInTransaction(inTransaction, sql, parameters)
    if (sql === 'rollback') return { rows: [] }
    const read = reader && isRead(sql) ? readNow(reader, sql, parameters) : undefined
    if (read) return { ...read, isNamed: true }
    await turns.take()
    try {
      const runner = await writer()
      const result = await runner.run(sql, parameters)
      if (sql === BEGIN) inTransaction = runner
      return result
    } finally {
      wrote()
      if (!inTransaction) turns.release()
    }
  }

  async function runInTransaction(runner: StatementRunner, sql: string, parameters: readonly unknown[]) {
    let isOver = sql === 'rollback'
    try {
      const result = await runner.run(sql, parameters)
      isOver ||= sql === 'commit'
      return result
    } finally {
      wrote()
      if (isOver) {
        inTransaction = undefined
        turns.release()
      }
    }
  }

  return {
    async executeQuery<R>({ sql, parameters }: CompiledQuery): Promise<QueryResult<R>> {
      return (await guard(() => run(sql, parameters))) as QueryResult<R>
    },
    async *streamQuery<R>(query: CompiledQuery): AsyncIterableIterator<QueryResult<R>> {
      yield await this.executeQuery<R>(query)
    },
  }
}

/**
 * undefined when readers cannot open the file now, for example while a log is recovered; the writer then waits for it.
 */
function readNow(reader: SqliteConnection, sql: string, parameters: readonly unknown[]): Result | undefined {
  try {
    return reader.run(sql, parameters)
  } catch (error) {
    if (/^SQLITE_(BUSY|CANTOPEN|READONLY)/.test(codeOf(error))) return undefined
    throw error
  }
}

/**
 * A number that differs after each commit of another connection, such as the writer's or another process's
 * (https://www.sqlite.org/pragma.html#pragma_data_version). It is read once for all requests that arrived together, for
 * it takes as long as a small query. Requests that arrive after a commit belong to a later turn of the event loop, and
 * what waits for the writer of this process calls `forget`.
 */
function createVersion(read: () => number): { now(): number; forget(): void } {
  let known: number | undefined
  function forget(): void {
    known = undefined
  }
  return {
    now() {
      if (known !== undefined) return known
      try {
        known = read()
        setImmediate(forget)
        return known
      } catch {
        // The statement that is run instead says what the matter is.
        return Number.NaN
      }
    },
    forget,
  }
}

function guardNow(reader: SqliteConnection, sql: string, parameters: readonly unknown[]): Result | undefined {
  try {
    return readNow(reader, sql, parameters)
  } catch (error) {
    throw storeFailure(error)
  }
}

async function guard<T>(run: () => Promise<T>): Promise<T> {
  try {
    return await run()
  } catch (error) {
    throw storeFailure(error)
  }
}
