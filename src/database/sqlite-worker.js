// @ts-check
// The thread that writes to the SQLite file: waiting for another process's lock, or for the disk, stops nobody else.
// When nothing is asked of it, it takes what was deleted out of the write-ahead log and gives free pages back.

import { statSync } from 'node:fs'
import { parentPort, workerData } from 'node:worker_threads'
import { openConnection } from './sqlite-connection.js'

/**
 * @typedef {{ id: number, sql: string, parameters: readonly unknown[] } | 'close'} Asked
 * @typedef {{ id: number, result: import('./sqlite-connection.js').Result } | { id: number, error: { code: string, message: string } }} Told
 */

const TIDY_EVERY_MS = 5_000
/** Pages that are given back at once: 2 MB, some milliseconds. */
const VACUUM_PAGES = 500

/** @type {{ file: string, pragmas: string[], busyTimeoutMs: number }} */
const { file, pragmas, busyTimeoutMs } = workerData
const port = parentPort
if (!port) throw new Error('sqlite-worker.js runs as a thread only')

/** @type {import('./sqlite-connection.js').SqliteConnection | undefined} */
let connection
/** @type {NodeJS.Timeout | undefined} */
let timer
/** Whether the last step of giving pages back left some: its own log was taken into the file at once. */
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
    // An Error loses its code on the way between threads.
    const { code = '', message = '' } = /** @type {{ code?: string, message?: string }} */ (error)
    told = { id, error: { code, message } }
  }
  port?.postMessage(told)
}

/** In between only, and without waiting: whoever reads the log or writes now has precedence, and the next time will do. */
function tidy() {
  const log = statSync(`${file}-wal`, { throwIfNoEntry: false })
  if (!connection || connection.inTransaction || !log || (log.size === 0 && !isGivingBack)) return
  try {
    connection.exec('pragma busy_timeout = 0')
    const free = freePages(connection)
    connection.exec(`pragma incremental_vacuum(${VACUUM_PAGES})`)
    const left = freePages(connection)
    // None goes in a file of an older version.
    isGivingBack = left > 0 && left < free
    // https://www.sqlite.org/pragma.html#pragma_wal_checkpoint: what was written over is gone with the file's length.
    connection.exec('pragma wal_checkpoint(truncate)')
  } catch {
    // Locked, or the disk is full: later.
  } finally {
    connection.exec(`pragma busy_timeout = ${busyTimeoutMs}`)
  }
}

/** @param {import('./sqlite-connection.js').SqliteConnection} connection */
function freePages(connection) {
  const [row] = connection.run('pragma freelist_count').rows
  return Number(Object.values(/** @type {object} */ (row))[0])
}
