// @ts-check
// One connection to the SQLite file, its statements prepared once. In plain JavaScript because a thread loads it as it
// is, from the sources too: Node 20 reads no TypeScript (https://nodejs.org/api/typescript.html#type-stripping).

import Libsql from 'libsql'
import { LRUCache } from 'lru-cache'

/**
 * @typedef {{ rows: unknown[], numAffectedRows?: bigint, insertId?: bigint }} Result
 * @typedef {{ readonly inTransaction: boolean, run(sql: string, parameters?: readonly unknown[]): Result, close(): void }} SqliteConnection
 */

/**
 * @param {string} location a path or a `file:` URI
 * @param {string[]} pragmas
 * @returns {SqliteConnection}
 */
export function openConnection(location, pragmas) {
  const database = new Libsql(location)
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

  return {
    get inTransaction() {
      return database.inTransaction
    },
    run(sql, parameters = []) {
      // A full disk has ended the transaction by itself: an error about that would hide why.
      if (sql === 'rollback' && !database.inTransaction) return { rows: [] }
      const statement = prepare(sql)
      if (statement.reader) return { rows: statement.all(parameters) }
      const { changes, lastInsertRowid } = statement.run(parameters)
      return { rows: [], numAffectedRows: BigInt(changes), insertId: BigInt(lastInsertRowid) }
    },
    close: () => database.close(),
  }
}
