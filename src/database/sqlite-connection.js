// @ts-check
// One connection to the SQLite file, with prepared statements. It is plain JavaScript because a worker thread loads
// this file directly, also from the sources, and Node 20 reads no TypeScript
// (https://nodejs.org/api/typescript.html#type-stripping).

import Libsql from 'libsql'
import { LRUCache } from 'lru-cache'

/**
 * @typedef {{ rows: unknown[], numAffectedRows?: bigint, insertId?: bigint }} Result
 * @typedef {{ readonly inTransaction: boolean, run(sql: string, parameters?: readonly unknown[]): Result, exec(sql: string): void, close(): void }} SqliteConnection
 */

/**
 * @param {string} location a path or a `file:` URI
 * @param {string[]} pragmas
 * @returns {SqliteConnection}
 */
export function openConnection(location, pragmas) {
  const database = open(location)
  try {
    for (const pragma of pragmas) database.exec(`pragma ${pragma}`)
  } catch (error) {
    database.close()
    throw error
  }
  /** @type {LRUCache<string, Libsql.Statement<unknown[]>>} */
  const prepared = new LRUCache({ max: 500 })

  /** @param {string} sql */
  function prepare(sql) {
    const found = prepared.get(sql)
    if (found) return found
    const statement = database.prepare(sql)
    prepared.set(sql, statement)
    return statement
  }

  /**
   * @param {string} sql
   * @param {readonly unknown[]} parameters
   * @returns {Result}
   */
  function runPrepared(sql, parameters) {
    const statement = prepare(sql)
    if (statement.reader) return { rows: statement.all(parameters) }
    const { changes, lastInsertRowid } = statement.run(parameters)
    return { rows: [], numAffectedRows: BigInt(changes), insertId: BigInt(lastInsertRowid) }
  }

  return {
    get inTransaction() {
      return database.inTransaction
    },
    exec: (sql) => database.exec(sql),
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
