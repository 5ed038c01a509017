// Statements on one connection to PostgreSQL: their time limit, their names, and what is done when no answer comes.

import type { Socket } from 'node:net'
import type pg from 'pg'
import { isRead } from '../adapter.ts'
import { codeOf, storeFailure, unavailable } from '../store-failure.ts'

/**
 * "cached plan must not change result type": a newer version beside this one has added a column to a table. The statement
 * runs again without its name, and then the connection is replaced. That PostgreSQL means to answer so:
 * https://www.postgresql.org/message-id/1238027.1721835596@sss.pgh.pa.us
 */
const OUTDATED_PLAN = '0A000'

const CANCEL_TIMEOUT_MS = 200

/** What a connection can do. */
export interface Session {
  /** Whether all transactions of this connection run in one session of PostgreSQL, which only this connection uses. */
  isOurs: boolean
  /** Whether statements stay prepared under their names. */
  hasNames: boolean
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

/**
 * Sets the time limit if the session is ours, and tells whether it is. A pooler gives its clients a number of its own
 * instead of the session's (https://github.com/pgbouncer/pgbouncer/blob/master/src/client.c, `cancel_key`), and in
 * transaction mode a plain "set" would reach other clients. As a start-up parameter it would be rejected
 * (https://www.pgbouncer.org/config.html#ignore_startup_parameters).
 */
export async function limitOwnSession(client: pg.ClientBase, statementTimeoutMs: number): Promise<boolean> {
  const { processID } = client as pg.ClientBase as DriverClient
  const { rowCount } = await client.query(
    "select set_config('statement_timeout', $1, false) where pg_backend_pid() = $2::bigint",
    [String(statementTimeoutMs), processID ?? 0],
  )
  return rowCount === 1
}

/** A connection in use. */
export interface Statements {
  query(text: string, values?: readonly unknown[], rowMode?: 'array'): Promise<pg.QueryArrayResult>
  release(): void
}

export interface StatementOptions {
  session: Session
  statementTimeoutMs: number
  nameStatement: (text: string) => string
  /** Called after each statement other than a read, commits and failed ones included. */
  wrote: () => void
}

export function runStatements(driver: typeof pg, client: pg.PoolClient, options: StatementOptions): Statements {
  const { session, statementTimeoutMs, nameStatement, wrote } = options
  // A late answer may still come, so a connection on which an answer timed out is thrown away.
  let broken: unknown
  let isInTransaction = false
  async function query(text: string, values: readonly unknown[] = [], rowMode?: 'array') {
    if (broken) throw unavailable(broken)
    try {
      if (text === 'begin' && !session.isOurs) return await client.query(beginWithLimit(statementTimeoutMs))
      const name = session.hasNames && values.length > 0 ? nameStatement(text) : undefined
      isInTransaction = (isInTransaction || text === 'begin') && !/^(commit|rollback)$/.test(text)
      const wanted = { text, values: values.map(withoutNul), ...(name && { name }), ...(rowMode && { rowMode }) }
      return await client.query(wanted).catch((error) => {
        if (codeOf(error) !== OUTDATED_PLAN) throw error
        broken = error
        if (isInTransaction) throw unavailable(error)
        return client.query({ ...wanted, name: '' })
      })
    } catch (error) {
      if (!(error instanceof driver.DatabaseError)) {
        broken = error
        if (!session.isOurs) await cancelStatement(driver, client)
      }
      throw storeFailure(error)
    } finally {
      if (!isRead(text)) wrote()
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

/**
 * PostgreSQL's text cannot contain NUL: looking up an id with one would be an error there, instead of finding nothing.
 */
function withoutNul(value: unknown): unknown {
  return typeof value === 'string' && value.includes('\0') ? value.replaceAll('\0', '\uFFFD') : value
}
