// PostgreSQL as a Kysely dialect: directly, or through a pooler such as PgBouncer that gives each transaction another session.

import { createHash } from 'node:crypto'
import type { Socket } from 'node:net'
import type { Dialect, Kysely, PostgresPool, PostgresPoolClient } from 'kysely'
import { PostgresAdapter, PostgresDialect, sql } from 'kysely'
import type pg from 'pg'
import type { PostgresSettings } from '../config.ts'
import { storeFailure, unavailable } from './store-failure.ts'

/** How much longer to wait for an answer than a statement may take, since a server that hangs cannot end its own statement. */
const ANSWER_SLACK_MS = 200

const CANCEL_TIMEOUT_MS = 200

/** What a connection can do. */
interface Session {
  /** Whether all transactions of this connection run in one session of PostgreSQL, which only this connection uses. */
  isOurs: boolean
  /** Whether statements stay prepared under their names. */
  hasNames: boolean
}

/** `patient`: statements have no time limit. */
export function postgresDialect(databaseUrl: string, settings: PostgresSettings, patient: boolean): Dialect {
  const dialect = new PostgresDialect({
    // With SQLite the driver is not loaded: it takes time and memory (its `isCloudflareRuntime` loads Node's `fetch`).
    pool: async () => openPool((await import('pg')).default, databaseUrl, settings, patient),
  })
  return Object.assign(dialect, { createAdapter: () => new TransactionLockAdapter() })
}

function openPool(
  driver: typeof pg,
  databaseUrl: string,
  { poolSize, connectTimeoutMs, preparedStatements, ...settings }: PostgresSettings,
  patient: boolean,
): PostgresPool {
  const statementTimeoutMs = patient ? 0 : settings.statementTimeoutMs
  const sessions = new Map<pg.ClientBase, Session>()
  const pool = new driver.Pool({
    connectionString: databaseUrl,
    max: poolSize,
    connectionTimeoutMillis: connectTimeoutMs,
    ...(!patient && { query_timeout: statementTimeoutMs + ANSWER_SLACK_MS }),
    onConnect: async (client) => {
      const isOurs = await limitOwnSession(client, statementTimeoutMs)
      sessions.set(client, { isOurs, hasNames: preparedStatements === 'auto' ? isOurs : preparedStatements === 'on' })
    },
  })
  // A broken connection is replaced at its next use. Without a listener, its error event would end the process.
  pool.on('error', () => undefined)
  pool.on('connect', (client) => client.on('error', () => undefined))
  pool.on('remove', (client) => sessions.delete(client))
  return {
    async connect() {
      // Whatever the reason (a wrong password, a missing database), the store is unavailable.
      const client = await pool.connect().catch((error) => {
        throw unavailable(error)
      })
      return runStatements(driver, client, sessions.get(client) ?? SHARED, statementTimeoutMs)
    },
    end: () => pool.end(),
  }
}

/** The number that Kysely's own lock has, so that an older Forgelink waits for this one, and this one for it. */
const MIGRATION_LOCK = '3853314791062309107'

/**
 * Kysely's lock for migrations belongs to a session: behind a pooler it would be released in another one, and so never
 * (https://www.pgbouncer.org/features.html). This one belongs to the transaction in which Kysely migrates, begun earlier
 * than by Kysely: a second "begin" and a late "rollback" do nothing (https://www.postgresql.org/docs/current/sql-begin.html).
 */
class TransactionLockAdapter extends PostgresAdapter {
  override async acquireMigrationLock(database: Kysely<unknown>): Promise<void> {
    await sql`begin`.execute(database)
    await sql`select pg_advisory_xact_lock(${sql.lit(MIGRATION_LOCK)})`.execute(database)
  }
  override async releaseMigrationLock(database: Kysely<unknown>): Promise<void> {
    await sql`rollback`.execute(database)
  }
}

/** What the driver has and its types lack. */
interface DriverClient extends pg.ClientBase {
  host: string
  port: number
  /** null: the server gave none. */
  processID: number | null
  secretKey: number | null
}
interface DriverConnection extends pg.Connection {
  readonly stream: Socket
  connect(portOrPath: number | string, host?: string): void
  cancel(processID: number | null, secretKey: number | null): void
}

const SHARED: Session = { isOurs: false, hasNames: false }

/**
 * Sets the time limit if the session is ours, and tells whether it is. A pooler gives its clients a number of its own
 * instead of the session's (https://github.com/pgbouncer/pgbouncer/blob/master/src/client.c, `cancel_key`), and in
 * transaction mode a plain "set" would reach other clients. As a start-up parameter it would be rejected
 * (https://www.pgbouncer.org/config.html#ignore_startup_parameters).
 */
async function limitOwnSession(client: pg.ClientBase, statementTimeoutMs: number): Promise<boolean> {
  const { processID } = client as pg.ClientBase as DriverClient
  const { rowCount } = await client.query(
    "select set_config('statement_timeout', $1, false) where pg_backend_pid() = $2::bigint",
    [String(statementTimeoutMs), processID ?? 0],
  )
  return rowCount === 1
}

function runStatements(
  driver: typeof pg,
  client: pg.PoolClient,
  session: Session,
  statementTimeoutMs: number,
): PostgresPoolClient {
  // A late answer may still come, so a connection on which an answer timed out is thrown away.
  let broken: unknown
  async function query(text: string, values: readonly unknown[] = []) {
    if (broken) throw unavailable(broken)
    try {
      if (text === 'begin' && !session.isOurs) return await client.query(beginWithLimit(statementTimeoutMs))
      const name = session.hasNames && values.length > 0 ? nameOf(text) : undefined
      return await client.query({ text, values: values.map(withoutNul), ...(name && { name }) })
    } catch (error) {
      if (!(error instanceof driver.DatabaseError)) {
        broken = error
        if (!session.isOurs) await cancelStatement(driver, client)
      }
      throw storeFailure(error)
    }
  }
  return { query, release: () => client.release(broken !== undefined) } as unknown as PostgresPoolClient
}

/** Two statements in one message, so that it takes no longer than the first alone. */
function beginWithLimit(statementTimeoutMs: number): string {
  return `begin; set local statement_timeout = ${statementTimeoutMs}`
}

/**
 * Ends a statement for whose answer nobody waits any more: it would go on to wait for its lock, and keep a session that
 * others need. Before the connection is closed, since a pooler then no longer knows whose statement it was.
 */
function cancelStatement(driver: typeof pg, client: pg.PoolClient): Promise<void> {
  // https://www.postgresql.org/docs/current/protocol-flow.html#PROTOCOL-FLOW-CANCELING-REQUESTS
  const { host, port, processID, secretKey } = client as pg.ClientBase as DriverClient
  const connection = new driver.Connection() as DriverConnection
  return new Promise((resolve) => {
    const { stream } = connection
    stream.setTimeout(CANCEL_TIMEOUT_MS, () => stream.destroy())
    stream.once('close', resolve)
    connection.on('error', () => stream.destroy())
    connection.once('connect', () => connection.cancel(processID, secretKey))
    if (host.startsWith('/')) connection.connect(`${host}/.s.PGSQL.${port}`)
    else connection.connect(port, host)
  })
}

/** Each statement is named after its own text, so that PostgreSQL plans it once per connection. */
function nameOf(text: string): string {
  return createHash('sha256').update(text).digest('base64url')
}

/**
 * PostgreSQL's text cannot contain NUL: looking up an id with one would be an error there, instead of finding nothing.
 */
function withoutNul(value: unknown): unknown {
  return typeof value === 'string' ? value.replaceAll('\0', '\uFFFD') : value
}
