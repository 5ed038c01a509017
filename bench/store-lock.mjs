// `node bench/store-lock.mjs`: how long GET list takes while another process holds SQLite's write lock for three
// seconds and a write of ours waits for it. One line with the percentiles, another for a quiet store.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { prepare } from '../scripts/prepare.mjs'

const HELD_MS = 3_000
const READERS = 4
const command = resolve(import.meta.dirname, '../bin/forgelink.mjs')
const dataDir = mkdtempSync(join(tmpdir(), 'forgelink-lock-'))
const env = { ...process.env, DATA_DIR: dataDir, PORT: '46871', RATE_LIMIT: '0', LOG_LEVEL: 'warn' }
const url = `http://127.0.0.1:${env.PORT}`

prepare()
const { token } = JSON.parse(await outputOf(['user', 'add', '--email', 'b@example.test', '--username', 'b', '--json']))
const service = spawn(process.execPath, [command, 'serve'], { env, stdio: 'ignore' })
try {
  while (!(await fetch(`${url}/readyz`).catch(() => undefined))) await pause(50)
  const exchanged = await fetch(`${url}/v1/tokens/exchange`, {
    method: 'POST',
    headers: { authorization: `Basic ${Buffer.from(`:${token}`).toString('base64')}` },
  })
  const headers = { authorization: `Bearer ${(await exchanged.json()).token}`, 'content-type': 'application/json' }
  const list = () => fetch(`${url}/v1/scm_integrations`, { headers }).then((answer) => answer.text())
  for (let n = 0; n < 200; n++) await list()

  tell('nobody holds the lock', await readFor(list, HELD_MS))
  const lock = await holdLock()
  const written = fetch(`${url}/v1/tokens`, { method: 'POST', headers, body: '{"token":{"name":"waits"}}' })
  tell(`another process holds the write lock for ${HELD_MS} ms`, await readFor(list, HELD_MS - 200))
  await lock.ended
  process.stdout.write(`the write that waited: ${(await written).status}\n`)
} finally {
  service.kill('SIGTERM')
  await once(service, 'exit')
  rmSync(dataDir, { recursive: true, force: true })
}

/** Milliseconds that each call took, of readers that ask one after another for so long. */
async function readFor(call, ms) {
  const ends = performance.now() + ms
  const times = []
  async function read() {
    while (performance.now() < ends) {
      const started = performance.now()
      await call()
      times.push(performance.now() - started)
    }
  }
  await Promise.all(Array.from({ length: READERS }, read))
  return times.sort((a, b) => a - b)
}

function tell(name, times) {
  const at = (part) => times[Math.min(times.length - 1, Math.floor(times.length * part))].toFixed(1)
  process.stdout.write(
    `GET list while ${name}: ${times.length} calls, p50 ${at(0.5)} ms, p99 ${at(0.99)} ms, longest ${at(1)} ms\n`,
  )
}

async function holdLock() {
  const program = `
    const database = new (require('libsql'))(process.argv[1])
    database.exec('begin immediate')
    console.log('held')
    setTimeout(() => database.exec('rollback'), ${HELD_MS})`
  const child = spawn(process.execPath, ['-e', program, join(dataDir, 'forgelink.db')], {
    cwd: resolve(import.meta.dirname, '..'),
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const ended = once(child, 'exit')
  await once(child.stdout, 'data')
  return { ended }
}

async function outputOf(args) {
  const child = spawn(process.execPath, [command, ...args], { env, stdio: ['ignore', 'pipe', 'inherit'] })
  const chunks = []
  for await (const chunk of child.stdout) chunks.push(chunk)
  return Buffer.concat(chunks).toString()
}

function pause(ms) {
  return new Promise((done) => setTimeout(done, ms))
}
