// PostgreSQL as a Kysely dialect: directly, or through a pooler such as PgBouncer that gives each transaction another session.

import { createHash } from 'node:crypto'
import type { Dialect, Kysely, PostgresPool } from 'kysely'
import { PostgresAdapter, PostgresDialect, sql } from 'kysely'
import { LRUCache } from 'lru-cache'
import type pg from 'pg'
import type { PostgresSettings } from '../../config.ts'
import type { StoreLoad } from '../../metrics/at-scrape.ts'
import { type StoreState, withAdapter } from '../adapter.ts'
import { unavailable } from '../store-failure.ts'
import { limitOwnSession, runStatements, type Session, type Statements } from './statements.ts'

/** How much longer to wait for an answer than a statement may take, since a server that hangs cannot end its own statement. */
const ANSWER_SLACK_MS = 200

export interface PostgresOptions {
  /** Statements have no time limit. */
  patient: boolean
  /** What a column is called in the rows of `StoreState.read`. */
  nameOf: (column: string) => string
  /** Gets a function that says how busy the connections are. */
  opened: ((load: () => StoreLoad) => void) | undefined
}

export function postgresDialect(databaseUrl: string, settings: PostgresSettings, options: PostgresOptions): Dialect {
  let connections: Connections | undefined
  const columnsOf = keepMade((columns) => columns.split('\0').map(options.nameOf))
  let writes = 0
  const state: StoreState = {
    version: () => writes,
    seesEveryWrite: false,
    async read(text, parameters) {
      if (!connections) return undefined
      const statements = await connections.connect()
      try {
        const { rows, fields } = await statements.query(text, parameters, 'array')
        const columns = columnsOf(fields.map(({ name }) => name).join('\0'))
        return rows.map((values: unknown[]) => rowOf(columns, values))
      } finally {
        statements.release()
      }
    },
  }
  const wrote = () => {
    writes += 1
  }
  const dialect = new PostgresDialect({
    // With SQLite the driver is not loaded: it takes time and memory (its `isCloudflareRuntime` loads Node's `fetch`).
    pool: async () => {
      connections = openPool((await import('pg')).default, databaseUrl, settings, { ...options, wrote })
      return connections as unknown as PostgresPool
    },
  })
  return withAdapter(Object.assign(dialect, { createAdapter: () => new TransactionLockAdapter() }), state)
}

function rowOf(columns: string[], values: unknown[]): Record<string, unknown> {
  const row: Record<string, unknown> = {}
  columns.forEach((column, index) => {
    row[column] = values[index]
  })
  return row
}

const MAX_MADE = 1_000

/** What `make` gives for a text, made once for each. */
function keepMade<Made extends object | string>(make: (text: string) => Made): (text: string) => Made {
  const made = new LRUCache<string, Made>({ max: MAX_MADE, memoMethod: make })
  return (text) => made.memo(text)
}

interface Connections {
  connect(): Promise<Statements>
  end(): Promise<void>
}

const SHARED: Session = { isOurs: false, hasNames: false }

function openPool(
  driver: typeof pg,
  databaseUrl: string,
  { poolSize, connectTimeoutMs, preparedStatements, ...settings }: PostgresSettings,
  { patient, opened, wrote }: PostgresOptions & { wrote: () => void },
): Connections {
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
  opened?.(() => {
    const { totalCount, idleCount: idle, waitingCount: waiting } = pool
    return { idle, used: totalCount - idle, waiting }
  })
  // A broken connection is replaced at its next use. Without a listener, its error event would end the process.
  pool.on('error', () => undefined)
  pool.on('connect', (client) => client.on('error', () => undefined))
  pool.on('remove', (client) => sessions.delete(client))
  // Each statement is named after its own text, so that PostgreSQL plans it once per connection.
  const nameStatement = keepMade((text) => createHash('sha256').update(text).digest('base64url'))
  return {
    async connect() {
      // Whatever the reason (a wrong password, a missing database), the store is unavailable.
      const client = await pool.connect().catch((error) => {
        throw unavailable(error)
      })
      const session = sessions.get(client) ?? SHARED
      return runStatements(driver, client, { session, statementTimeoutMs, nameStatement, wrote })
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
