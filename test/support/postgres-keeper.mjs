// Outlives a test run by a moment: when the run's end of our standard input closes, however it ended,
// PostgreSQL is stopped and its folder removed.

import { existsSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'

const folder = process.argv[2]

process.stdin.resume()
process.stdin.on('error', clean)
process.stdin.on('end', clean)

async function clean() {
  const giveUp = Date.now() + 20_000
  const patience = Date.now() + 5_000
  while (existsSync(folder) && Date.now() < giveUp) {
    const pid = postmaster()
    // The data is thrown away, so PostgreSQL need not write it out first.
    if (pid) end(pid, Date.now() < patience ? 'SIGQUIT' : 'SIGKILL')
    else remove()
    await setTimeout(50)
  }
  process.exit()
}

/** PostgreSQL's own note of its process, which it removes when it has ended. */
function postmaster() {
  try {
    return Number.parseInt(readFileSync(join(folder, 'data', 'postmaster.pid'), 'utf8'), 10)
  } catch {
    return undefined
  }
}

function end(pid, signal) {
  try {
    process.kill(pid, signal)
  } catch {
    // It ended by itself, perhaps without removing its note.
    remove()
  }
}

function remove() {
  try {
    rmSync(folder, { recursive: true, force: true })
  } catch {
    // initdb may still be writing; there is another round.
  }
}
