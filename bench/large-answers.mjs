// `node bench/large-answers.mjs`: four imports at once, each of ten pages of 8 MB with one key and a member that nobody
// reads. How much the process grows, and how long GET list takes for others meanwhile.

import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { prepare } from '../scripts/prepare.mjs'

const AT_ONCE = 4
const PAGES = 10
const command = resolve(import.meta.dirname, '../bin/forgelink.mjs')
const dataDir = mkdtempSync(join(tmpdir(), 'forgelink-large-'))

/** A member of 7.9 MB: one text, or as many values as are read at all. */
const MEMBERS = {
  'one long text': JSON.stringify('x'.repeat(7.9 * 1024 * 1024)),
  '95,000 objects': `[${Array.from({ length: 95_000 }, (_, n) => `{"n":"${String(n).padStart(32, '0')}"}`).join(',')}]`,
}
let member = ''
const platform = createServer((request, response) => {
  const path = new URL(request.url, 'http://x')
  const n = /token-(\d+)/.exec(request.headers.authorization ?? '')?.[1] ?? '0'
  const headers = { 'content-type': 'application/json', 'x-oauth-scopes': 'repo, read:org, read:public_key, user' }
  if (path.pathname.endsWith('/user')) {
    return response.writeHead(200, headers).end(JSON.stringify({ id: Number(n), login: `user-${n}`, type: 'User' }))
  }
  if (!path.pathname.endsWith('/user/keys')) return response.writeHead(200, headers).end('[]')
  const page = Number(path.searchParams.get('page') ?? 1)
  const next = `<http://${request.headers.host}${path.pathname}?per_page=100&page=${page + 1}>; rel="next"`
  response.writeHead(200, { ...headers, ...(page < PAGES && { link: next }) })
  response.end(
    `[{"id":${page},"title":"key","key":"ssh-ed25519 ${randomBytes(51).toString('base64')}","more":${member}}]`,
  )
})
await new Promise((done) => platform.listen(0, '127.0.0.1', done))
const origin = `http://127.0.0.1:${platform.address().port}`

prepare()
const env = {
  ...process.env,
  DATA_DIR: dataDir,
  PORT: '46872',
  RATE_LIMIT: '0',
  LOG_LEVEL: 'warn',
  ALLOWED_HOSTS: origin,
}
const url = `http://127.0.0.1:${env.PORT}`
const added = spawn(
  process.execPath,
  [command, 'user', 'add', '--email', 'b@example.test', '--username', 'b', '--json'],
  { env },
)
let text = ''
added.stdout.on('data', (chunk) => {
  text += chunk
})
await once(added, 'close')
const { token } = JSON.parse(text)
const service = spawn(process.execPath, ['--max-old-space-size=700', command, 'serve'], { env, stdio: 'ignore' })
try {
  while (!(await fetch(`${url}/readyz`).catch(() => undefined))) await pause(50)
  const basic = { authorization: `Basic ${Buffer.from(`:${token}`).toString('base64')}` }
  const exchanged = await (await fetch(`${url}/v1/tokens/exchange`, { method: 'POST', headers: basic })).json()
  const headers = { authorization: `Bearer ${exchanged.token}`, 'content-type': 'application/json' }
  const call = async (method, path, body) => {
    const answer = await fetch(`${url}/v1/scm_integrations${path}`, {
      method,
      headers,
      body: body && JSON.stringify(body),
    })
    return { status: answer.status, json: await answer.json() }
  }
  const links = []
  for (let n = 1; n <= AT_ONCE; n++) {
    const made = await call('POST', '', { scm_type: 'github-enterprise', url: origin, access_token: `token-${n}` })
    links.push(made.json.scm_integration.id)
  }
  for (let n = 0; n < 500; n++) await call('GET', '')
  for (const [name, value] of Object.entries(MEMBERS)) {
    member = value
    await pause(2_000)
    const before = memory('VmRSS')
    let peak = before
    const watching = setInterval(() => {
      peak = Math.max(peak, memory('VmRSS'))
    }, 5)
    let busy = true
    const times = []
    const reading = (async () => {
      while (busy) {
        const began = performance.now()
        await call('GET', '')
        times.push(performance.now() - began)
        await pause(5)
      }
    })()
    const began = performance.now()
    const answers = await Promise.all(links.map((id) => call('POST', `/${id}/import_keys`)))
    const took = performance.now() - began
    busy = false
    await reading
    clearInterval(watching)
    times.sort((a, b) => a - b)
    process.stdout.write(
      `${AT_ONCE} imports of ${PAGES} pages with ${name}: ${answers.map(({ status }) => status)} in ${Math.round(took)} ms; ` +
        `resident ${before} MB before, ${peak} MB at most (+${peak - before}); GET list meanwhile: ${times.length} calls, ` +
        `p50 ${times[Math.floor(times.length * 0.5)].toFixed(1)} ms, p99 ${times[Math.floor(times.length * 0.99)].toFixed(1)} ms\n`,
    )
  }
} finally {
  service.kill('SIGTERM')
  await once(service, 'exit')
  platform.close()
  platform.closeAllConnections()
  rmSync(dataDir, { recursive: true, force: true })
}

/** In MB. */
function memory(line) {
  const status = readFileSync(`/proc/${service.pid}/status`, 'utf8')
  return Math.round(Number(new RegExp(`${line}:\\s+(\\d+)`).exec(status)?.[1]) / 1024)
}

function pause(ms) {
  return new Promise((done) => setTimeout(done, ms))
}
