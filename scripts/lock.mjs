// A lock between processes: a file that contains the id of the process that holds it.

import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'

/** Does the work while holding the lock, which is a file of this name; blocks the process until it gets it. */
export function withLock(lock, work) {
  mkdirSync(dirname(lock), { recursive: true })
  for (let round = 0; !takeLock(lock); round++) {
    if (round === 0) process.stderr.write(`Waiting for another forgelink; if there is none, delete ${lock}\n`)
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 100)
  }
  try {
    work()
  } finally {
    rmSync(lock, { force: true })
  }
}

function takeLock(lock) {
  if (isAbandoned(lock)) rmSync(lock, { force: true })
  try {
    writeFileSync(lock, String(process.pid), { flag: 'wx' })
    return true
  } catch (error) {
    if (error.code === 'EEXIST') return false
    throw error
  }
}

/** Whether the holder was killed. In containers process ids repeat, so the id may also be our own. */
function isAbandoned(lock) {
  try {
    const pid = Number(readFileSync(lock, 'utf8'))
    return pid === process.pid || !process.kill(pid, 0)
  } catch (error) {
    return error.code === 'ESRCH'
  }
}
