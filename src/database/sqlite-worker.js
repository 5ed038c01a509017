// @ts-check
// The thread that writes to the SQLite file, so that waiting for a lock or for the disk does not block the main thread.
// While idle, it removes deleted data from the write-ahead log and returns free pages to the system.

import { statSync } from 'node:fs'
import { parentPort, workerData } from 'node:worker_threads'
import { openConnection } from './sqlite-connection.js'

/**
 * @typedef {{ id: number, sql: string, parameters: readonly unknown[] } | 'close'} Asked
 * @typedef {{ id: number, result: import('./sqlite-connection.js').Result } | { id: number, error: { code: string, message: string } }} Told
 */

const TIDY_EVERY_MS = 5_000
/** Pages returned at once: 2 MB, which takes some milliseconds. */
const VACUUM_PAGES = 500

/** @type {{ file: string, pragmas: string[], busyTimeoutMs: number }} */
const { file, pragmas, busyTimeoutMs } = workerData
const port = parentPort
if (!port) throw new Error('sqlite-worker.js runs as a thread only')

/** @type {import('./sqlite-connection.js').SqliteConnection | undefined} */
let connection
/** @type {NodeJS.Timeout | undefined} */
let timer
/** Whether pages are left to return. The log's size does not show it, because each step empties the log at once. */
let isGivingBack = false

port.on('message', (/** @type {Asked} */ asked) => {
  if (asked === 'close') close()
  else answer(asked.id, () => opened().run(asked.sql, asked.parameters))
})
answer(0, () => {
  connection = openConnection(file, pragmas)
  timer = setInterval(tidy, TIDY_EVERY_MS)
  return { rows: [] }
})
if (!connection) close()

function opened() {
  if (!connection) throw new Error('the file is not open')
  return connection
}

function close() {
  clearInterval(timer)
  connection?.close()
  port?.close()
}

/**
 * @param {number} id
 * @param {() => import('./sqlite-connection.js').Result} run
 */
function answer(id, run) {
  /** @type {Told} */
  let told
  try {
    told = { id, result: run() }
  } catch (error) {
    // An Error loses its code when it is sent between threads.
    const { code = '', message = '' } = /** @type {{ code?: string, message?: string }} */ (error)
    told = { id, error: { code, message } }
  }
  port?.postMessage(told)
}

/**
 * Only while idle, and without waiting: other processes that read the log or write have priority, and this is tried
 * again.
 */
function tidy() {
  const log = statSync(`${file}-wal`, { throwIfNoEntry: false })
  if (!connection || connection.inTransaction || !log || (log.size === 0 && !isGivingBack)) return
  try {
    connection.exec('pragma busy_timeout = 0')
    const free = freePages(connection)
    connection.exec(`pragma incremental_vacuum(${VACUUM_PAGES})`)
    const left = freePages(connection)
    // A file of an older version returns none.
    isGivingBack = left > 0 && left < free
    // https://www.sqlite.org/pragma.html#pragma_wal_checkpoint: truncating the log removes the overwritten data too.
    connection.exec('pragma wal_checkpoint(truncate)')
  } catch {
    // Locked, or the disk is full: this is tried again later.
  } finally {
    connection.exec(`pragma busy_timeout = ${busyTimeoutMs}`)
  }
}

/** @param {import('./sqlite-connection.js').SqliteConnection} connection */
function freePages(connection) {
  const [row] = connection.run('pragma freelist_count').rows
  return Number(Object.values(/** @type {object} */ (row))[0])
}
