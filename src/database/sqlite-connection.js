// @ts-check
// One connection to the SQLite file, with prepared statements. It is plain JavaScript because a worker thread loads
// this file directly, also from the sources, and Node 20 reads no TypeScript
// (https://nodejs.org/api/typescript.html#type-stripping).

import Libsql from 'libsql'
import { LRUCache } from 'lru-cache'

/**
 * @typedef {{ rows: unknown[], numAffectedRows?: bigint, insertId?: bigint }} Result
 * @typedef {{ statement: Libsql.Statement<unknown[]>, columns: string[] | null }} Prepared `columns` null: it gives no rows
 * @typedef {{ readonly inTransaction: boolean, run(sql: string, parameters?: readonly unknown[]): Result, dataVersion(): number, exec(sql: string): void, close(): void }} SqliteConnection
 */

/**
 * @param {string} location a path or a `file:` URI
 * @param {string[]} pragmas
 * @param {(column: string) => string} [nameOf] what a column is called in the rows
 * @returns {SqliteConnection}
 */
export function openConnection(location, pragmas, nameOf = (column) => column) {
  const database = open(location)
  try {
    for (const pragma of pragmas) database.exec(`pragma ${pragma}`)
  } catch (error) {
    database.close()
    throw error
  }
  /** @type {LRUCache<string, Prepared>} */
  const prepared = new LRUCache({ max: 500 })

  /** @param {string} sql */
  function prepare(sql) {
    const found = prepared.get(sql)
    if (found) return found
    const statement = database.prepare(sql)
    // Rows as arrays: libsql takes twice as long to make objects of them.
    const made = { statement, columns: statement.reader ? columnsOf(statement.raw(true)) : null }
    prepared.set(sql, made)
    return made
  }

  /** @param {Libsql.Statement<unknown[]>} statement */
  function columnsOf(statement) {
    return statement.columns().map(({ name }) => nameOf(name))
  }

  /**
   * @param {string} sql
   * @param {readonly unknown[]} parameters
   * @returns {Result}
   */
  function runPrepared(sql, parameters) {
    const ready = prepare(sql)
    const { statement } = ready
    if (ready.columns) {
      const rows = /** @type {unknown[][]} */ (statement.all(parameters))
      // A migration by another process adds columns to what `select *` gives.
      if (rows[0] && rows[0].length !== ready.columns.length) ready.columns = columnsOf(statement)
      const { columns } = ready
      return { rows: rows.map((values) => rowOf(columns, values)) }
    }
    const { changes, lastInsertRowid } = statement.run(parameters)
    return { rows: [], numAffectedRows: BigInt(changes), insertId: BigInt(lastInsertRowid) }
  }

  return {
    get inTransaction() {
      return database.inTransaction
    },
    exec: (sql) => database.exec(sql),
    dataVersion() {
      const { statement } = prepare('pragma data_version')
      // One row by `get`: `all` takes twice as long.
      return Number(/** @type {[number]} */ (/** @type {unknown} */ (statement.get([])))[0])
    },
    run(sql, parameters = []) {
      if (isControl(sql)) {
        // A full disk has already ended the transaction; an error from "rollback" would hide the reason.
        if (sql !== 'rollback' || database.inTransaction) database.exec(sql)
        return { rows: [] }
      }
      if (database.inTransaction || !isWrite(sql)) return runPrepared(sql, parameters)
      database.exec('begin immediate')
      try {
        const result = runPrepared(sql, parameters)
        database.exec('commit')
        return result
      } catch (error) {
        if (database.inTransaction) database.exec('rollback')
        throw error
      }
    },
    close: () => database.close(),
  }
}

/**
 * These statements are never prepared: in libsql a prepared statement that failed because of a lock stays open, and the
 * next one that needs the lock then fails at once instead of waiting. So a single write also takes its lock by "begin".
 *
 * @param {string} sql
 */
function isControl(sql) {
  return /^(begin immediate|commit|rollback)$/.test(sql)
}

/** @param {string} sql */
function isWrite(sql) {
  return !/^\s*(select|with|pragma|vacuum)\b/i.test(sql)
}

/** @param {string} location */
function open(location) {
  try {
    return new Libsql(location)
  } catch (error) {
    // libsql gives every error a code but this one.
    throw Object.assign(/** @type {Error} */ (error), { code: 'SQLITE_CANTOPEN' })
  }
}

/**
 * @param {string[]} columns
 * @param {unknown[]} values
 */
function rowOf(columns, values) {
  /** @type {Record<string, unknown>} */
  const row = {}
  for (let index = 0; index < columns.length; index++) row[/** @type {string} */ (columns[index])] = values[index]
  return row
}
