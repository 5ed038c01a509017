// `npm run bench`: what Forgelink costs, side by side with doing without it, in one run. Medians of several rounds.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { prepare } from '../scripts/prepare.mjs'

const ROUNDS = 5
const CALLS = Number(process.env.BENCH_CALLS ?? 300)
const command = resolve(import.meta.dirname, '../bin/forgelink.mjs')

prepare()
const { startSandbox } = await import('../dist/sandbox/sandbox.js')
const { sandboxSettings } = await import('../dist/sandbox/command.js')

const sandbox = await startSandbox({ ports: 'free' })
const dataDir = mkdtempSync(join(tmpdir(), 'forgelink-bench-'))
const port = await freePort()
const env = {
  ...process.env,
  ...sandboxSettings(sandbox),
  DATA_DIR: dataDir,
  PORT: String(port),
  RATE_LIMIT: '0',
  LOG_LEVEL: 'warn',
}
const added = await output(['user', 'add', '--email', 'bench@example.test', '--username', 'bench', '--json'])
const service = spawn(process.execPath, [command, 'serve'], { env, stdio: 'ignore' })
try {
  await measureAll(`http://127.0.0.1:${port}`, JSON.parse(added).token)
} finally {
  service.kill('SIGTERM')
  await once(service, 'exit')
  await sandbox.close()
  rmSync(dataDir, { recursive: true, force: true })
}

async function measureAll(url, token) {
  while (!(await fetch(`${url}/readyz`).catch(() => undefined))) await new Promise((done) => setTimeout(done, 50))
  const platform = sandbox.platforms['github-enterprise']
  const basic = `Basic ${Buffer.from(`:${token}`).toString('base64')}`
  const exchanged = await ask(`${url}/v1/tokens/exchange`, { method: 'POST', headers: { authorization: basic } })
  const headers = { authorization: `Bearer ${exchanged.token}`, 'content-type': 'application/json' }
  const links = `${url}/v1/scm_integrations`
  const made = []
  for (const { scmType, url: address, token: tokenOf } of [
    platform,
    sandbox.platforms['gitlab-self-hosted'],
    sandbox.platforms['gitlab-subpath'],
  ]) {
    const body = JSON.stringify({ scm_type: scmType, url: address, access_token: tokenOf('alice') })
    made.push(await ask(links, { method: 'POST', headers, body }))
  }
  const link = `${links}/${made[0].scm_integration.id}`

  const text = JSON.stringify(await ask(link, { headers }))
  const bare = createServer((_request, response) => response.setHeader('content-type', 'application/json').end(text))
  bare.listen(0, '127.0.0.1')
  await once(bare, 'listening')
  const direct = { authorization: `Bearer ${platform.token('alice')}`, 'user-agent': 'bench' }

  // Each search is another one, so that neither side answers from memory.
  let count = 0
  const word = () => `service-${String((count++ % 260) + 1).padStart(3, '0')}`
  const pairs = [
    [
      'list three links',
      () => ask(links, { headers }),
      'bare node:http with the bytes of one',
      () => ask(`http://127.0.0.1:${bare.address().port}/`),
    ],
    [
      'show a link',
      () => ask(link, { headers }),
      'bare node:http with the same bytes',
      () => ask(`http://127.0.0.1:${bare.address().port}/`),
    ],
    [
      'search repositories',
      () => ask(`${link}/search_repos?query=${word()}+user:alice`, { headers }),
      'the platform asked directly',
      () => ask(`${platform.apiUrl}/search/repositories?q=${word()}+user:alice&per_page=20`, { headers: direct }),
    ],
  ]
  for (const [name, ours, otherName, other] of pairs) {
    const times = { ours: [], other: [] }
    for (let round = 0; round < ROUNDS; round++) {
      times.ours.push(await timePerCall(ours))
      times.other.push(await timePerCall(other))
    }
    const [mine, theirs] = [median(times.ours), median(times.other)]
    process.stdout.write(
      `${name}: ${mine.toFixed(2)} ms a call; ${otherName}: ${theirs.toFixed(2)} ms (medians of ${ROUNDS} × ${CALLS} calls, one after another)\n`,
    )
  }
  bare.close()
  bare.closeAllConnections()
}

async function timePerCall(call) {
  const started = performance.now()
  for (let n = 0; n < CALLS; n++) await call()
  return (performance.now() - started) / CALLS
}

function median(values) {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]
}

async function ask(url, options) {
  const response = await fetch(url, options)
  const text = await response.text()
  if (!response.ok) throw new Error(`${url} answered ${response.status}: ${text}`)
  return JSON.parse(text)
}

async function output(args) {
  const child = spawn(process.execPath, [command, ...args], { env, stdio: ['ignore', 'pipe', 'inherit'] })
  const chunks = []
  for await (const chunk of child.stdout) chunks.push(chunk)
  return Buffer.concat(chunks).toString()
}

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port: found } = server.address()
  server.close()
  return found
}
