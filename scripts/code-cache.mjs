// `node scripts/code-cache.mjs FOLDER`: serves what was built there for a moment, on an empty store, and keeps how V8 has
// compiled it. It is of use only to processes that have the same options of V8.

import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { openBuild } from '../bin/build.mjs'

const MAX_START_MS = 30_000
const MAX_ANSWER_MS = 1_000
/** What Node.js needs on some system. Settings of a service that is served from here must not reach this one. */
const SYSTEM = /^(path|pathext|systemroot|temp|tmp|tmpdir|home|userprofile)$/i

const [folder] = process.argv.slice(2)

const build = openBuild(folder)
const dataDir = mkdtempSync(join(tmpdir(), 'forgelink-'))
const port = await freePort()
const system = Object.entries(process.env).filter(([name]) => SYSTEM.test(name))
process.env = { ...Object.fromEntries(system), DATA_DIR: dataDir, PORT: String(port), LOG_LEVEL: 'silent' }
const { main } = build.load('src/cli.cjs')
const ended = main(['serve'])
try {
  await Promise.race([ready(`http://127.0.0.1:${port}`), ended.then(failToStart)])
  // Of PostgreSQL's driver, what runs without a server.
  build.load('chunks/pg.cjs')
  build.writeCodeCache()
} finally {
  // On Windows, `process.kill` would end the process at once.
  process.emit('SIGTERM')
  await ended
  rmSync(dataDir, { recursive: true, force: true })
}

function failToStart() {
  throw new Error('what was built does not start')
}

async function ready(url) {
  for (const end = Date.now() + MAX_START_MS; Date.now() < end; await setTimeout(20)) {
    const ask = (path) => fetch(`${url}${path}`, { signal: AbortSignal.timeout(MAX_ANSWER_MS) })
    const [answer] = await Promise.all(['/readyz', '/v1/scm_integrations'].map(ask)).catch(() => [])
    if (answer?.ok) return
  }
  throw new Error(`what was built is not ready after ${MAX_START_MS / 1_000} s`)
}

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  const { port } = server.address()
  await new Promise((resolve) => server.close(resolve))
  return port
}
