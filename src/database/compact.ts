// The command `forgelink store compact` for a SQLite file: writes it again, so that no deleted data is left in it.

import { existsSync, statSync } from 'node:fs'
import { Failure } from '../failure.ts'
import { openConnection } from './sqlite-connection.js'
import { codeOf, storeFailure } from './store-failure.ts'

/** File sizes in bytes. */
export interface Compacted {
  before: number
  after: number
}

/**
 * Takes as long as copying the file, and needs as much space again. A file from an older Forgelink returns free pages
 * to the system from then on. Throws `store_unavailable` when there is no file, or another process has it open.
 */
export function compactSqlite(file: string): Compacted {
  if (!existsSync(file)) throw new Failure('store_unavailable', `There is no ${file}: nothing was compacted.`)
  const before = statSync(file).size
  try {
    const connection = openConnection(file, ['busy_timeout = 1000', 'secure_delete = on'])
    try {
      // Only a process that has the file alone can leave WAL mode:
      // https://www.sqlite.org/wal.html#activating_and_configuring_wal_mode
      connection.exec('pragma journal_mode = delete')
      // Takes effect with the next "vacuum": https://www.sqlite.org/pragma.html#pragma_auto_vacuum
      connection.exec('pragma auto_vacuum = incremental')
      connection.exec('vacuum')
      connection.exec('pragma journal_mode = wal')
    } finally {
      connection.close()
    }
  } catch (error) {
    if (/^SQLITE_(BUSY|LOCKED)/.test(codeOf(error))) throw inUse(file)
    throw storeFailure(error)
  }
  return { before, after: statSync(file).size }
}

function inUse(file: string): Failure {
  const message = `Another process has ${file} open. Stop every Forgelink that uses it, then run this again.`
  return new Failure('store_unavailable', message)
}
