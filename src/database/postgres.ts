// PostgreSQL as a Kysely dialect: directly, or through a pooler such as PgBouncer that gives each transaction another session.

import { createHash } from 'node:crypto'
import type { Socket } from 'node:net'
import type { Dialect, PostgresPool } from 'kysely'
import { PostgresDialect } from 'kysely'
import { LRUCache } from 'lru-cache'
import pg from 'pg'
import type { PostgresSettings } from '../config.ts'
import type { StoreLoad } from '../metrics/at-scrape.ts'
import { isRead, type StoreState, withAdapter } from './adapter.ts'
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

export interface PostgresOptions {
  /** Statements have no time limit. */
  patient: boolean
  /** What a column is called in the rows of `read`. */
  nameOf: (column: string) => string
  /** Gets a function that says how busy the connections are. */
  opened: ((load: () => StoreLoad) => void) | undefined
}

export function postgresDialect(
  databaseUrl: string,
  settings: PostgresSettings,
  { patient, nameOf, opened }: PostgresOptions,
): Dialect {
  const statementTimeoutMs = patient ? 0 : settings.statementTimeoutMs
  const sessions = new Map<pg.ClientBase, Session>()
  const pool = new pg.Pool({
    connectionString: databaseUrl,
    max: settings.poolSize,
    connectionTimeoutMillis: settings.connectTimeoutMs,
    ...(!patient && { query_timeout: statementTimeoutMs + ANSWER_SLACK_MS }),
    onConnect: async (client) => {
      const isOurs = await limitOwnSession(client, statementTimeoutMs)
      const { preparedStatements } = settings
      sessions.set(client, { isOurs, hasNames: preparedStatements === 'auto' ? isOurs : preparedStatements === 'on' })
    },
  })
  opened?.(() => {
    const { totalCount, idleCount: idle, waitingCount: waiting } = pool
    return { idle, used: totalCount - idle, waiting }
  })
  // A broken connection is replaced at its next use. Without a listener, its error event would end the process.
  pool.on('error', () => undefined)
  pool.on('connect', (client) => client.on('error', () => undefined))
  pool.on('remove', (client) => sessions.delete(client))
  // Each statement is named after its own text, so that PostgreSQL plans it once per connection.
  const nameStatement = createNames((text) => createHash('sha256').update(text).digest('base64url'))
  const columnsOf = createNames((columns) => columns.split('\0').map(nameOf))

  async function connect(): Promise<Statements> {
    // Whatever the reason (a wrong password, a missing database), the store is unavailable.
    const client = await pool.connect().catch((error) => {
      throw unavailable(error)
    })
    return runStatements(client, { session: sessions.get(client) ?? SHARED, statementTimeoutMs, nameStatement, state })
  }

  const state: StoreState = {
    writes: 0,
    async read(sql, parameters) {
      const statements = await connect()
      try {
        const { rows, fields } = await statements.query(sql, parameters, 'array')
        const columns = columnsOf(fields.map(({ name }) => name).join('\0'))
        return rows.map((values: unknown[]) =>
          Object.fromEntries(columns.map((column, index) => [column, values[index]])),
        )
      } finally {
        statements.release()
      }
    },
  }
  const prepared = { connect, end: () => pool.end() } as unknown as PostgresPool
  return withAdapter(new PostgresDialect({ pool: prepared }), state)
}

const MAX_NAMES = 1_000

/** What `make` gives for a text, made once for each. */
function createNames<Made extends object | string>(make: (text: string) => Made): (text: string) => Made {
  const made = new LRUCache<string, Made>({ max: MAX_NAMES, memoMethod: make })
  return (text) => made.memo(text)
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

interface Statements {
  query(text: string, values?: readonly unknown[], rowMode?: 'array'): Promise<pg.QueryArrayResult>
  release(): void
}

interface StatementParts {
  session: Session
  statementTimeoutMs: number
  nameStatement: (text: string) => string
  state: StoreState
}

function runStatements(client: pg.PoolClient, parts: StatementParts): Statements {
  const { session, statementTimeoutMs, nameStatement, state } = parts
  // A late answer may still come, so a connection on which an answer timed out is thrown away.
  let broken: unknown
  async function query(text: string, values: readonly unknown[] = [], rowMode?: 'array') {
    if (broken) throw unavailable(broken)
    try {
      if (text === 'begin' && !session.isOurs) return await client.query(beginWithLimit(statementTimeoutMs))
      const name = session.hasNames && values.length > 0 ? nameStatement(text) : undefined
      return await client.query({
        text,
        values: values.map(withoutNul),
        ...(name && { name }),
        ...(rowMode && { rowMode }),
      })
    } catch (error) {
      if (!(error instanceof pg.DatabaseError)) {
        broken = error
        if (!session.isOurs) await cancelStatement(client)
      }
      throw storeFailure(error)
    } finally {
      if (!isRead(text)) state.writes += 1
    }
  }
  return { query: query as Statements['query'], release: () => client.release(broken !== undefined) }
}

/** Two statements in one message, so that it takes no longer than the first alone. */
function beginWithLimit(statementTimeoutMs: number): string {
  return `begin; set local statement_timeout = ${statementTimeoutMs}`
}

/**
 * Ends a statement for whose answer nobody waits any more: it would go on to wait for its lock, and keep a session that
 * others need. Before the connection is closed, since a pooler then no longer knows whose statement it was.
 */
function cancelStatement(client: pg.PoolClient): Promise<void> {
  // https://www.postgresql.org/docs/current/protocol-flow.html#PROTOCOL-FLOW-CANCELING-REQUESTS
  const { host, port, processID, secretKey } = client as pg.ClientBase as DriverClient
  const connection = new pg.Connection() as DriverConnection
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

/**
 * PostgreSQL's text cannot contain NUL: looking up an id with one would be an error there, instead of finding nothing.
 */
function withoutNul(value: unknown): unknown {
  return typeof value === 'string' && value.includes('\0') ? value.replaceAll('\0', '\uFFFD') : value
}
