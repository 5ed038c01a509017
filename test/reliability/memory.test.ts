// Reliability section 6: memory stays bounded whatever is asked, by however many names: caches and tables are.

import { mkdtempSync, rmSync } from 'node:fs'
import { Agent, request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { ownAddress } from '../support/browser.ts'
import { forgelink, prepareCommand, type RunningServer, startServer } from '../support/command.ts'
import type { TestServer } from '../support/fault-server.ts'
import { startMarkedPlatform } from '../support/marked-platform.ts'
import { basic, exchange, send } from '../support/service.ts'

/** How many requests are sent: `FORGELINK_TEST_REQUESTS=1000000` for a thorough run. */
const REQUESTS = Number(process.env.FORGELINK_TEST_REQUESTS ?? 1_500)
const AT_ONCE = 32
/** Of growth after a tenth of the requests, by when caches have filled up or ought to be bounded. */
const MAX_GROWTH_BYTES = 128 * 1024 * 1024

const dataDir = mkdtempSync(join(tmpdir(), 'forgelink-memory-'))
const agent = new Agent({ keepAlive: true, maxSockets: AT_ONCE })
let platform: TestServer
let server: RunningServer
let bearer: string
let link: string

beforeAll(async () => {
  await prepareCommand()
  platform = await startMarkedPlatform()
  const settings = {
    ...(await ownAddress()),
    DATA_DIR: dataDir,
    ALLOWED_HOSTS: platform.origin,
    TRUST_PROXY: '127.0.0.1/32',
    METRICS_TOKEN: 'metrics',
    RATE_LIMIT: '0',
    LOG_LEVEL: 'silent',
  }
  server = await startServer(settings)
  const user = ['--email', 'alice@example.test', '--username', 'alice', '--json']
  bearer = await exchange(server.url, JSON.parse((await forgelink(['user', 'add', ...user], settings)).stdout).token)
  const body = { scm_type: 'github-enterprise', url: platform.origin, access_token: 'token-1' }
  const made = await send('POST', `${server.url}/v1/scm_integrations`, body, { authorization: `Bearer ${bearer}` })
  link = made.json.scm_integration.id
}, 180_000)
afterAll(async () => {
  agent.destroy()
  await server.stop()
  await platform.close()
  rmSync(dataDir, { recursive: true })
})

/** Whatever the service keeps something in memory for, each time by another name. */
const kinds: ((n: number) => [method: string, path: string, headers: Record<string, string>, body?: string])[] = [
  () => ['GET', '/v1/scm_integrations', {}],
  () => ['GET', `/v1/scm_integrations/${link}`, {}],
  (n) => ['GET', `/v1/scm_integrations/${link}/search_repos?query=word${n}`, {}],
  (n) => ['GET', `/v1/scm_integrations/${link}/branches?repo_name=owner${n}/repo`, {}],
  (n) => ['GET', `/v1/keys/${n}`, { 'x-request-id': `request-${n}` }],
  (n) => ['GET', `/nowhere/${n}`, { accept: 'text/html' }],
  (n) => ['POST', '/v1/keys', {}, JSON.stringify({ name: `key ${n}`, content: 'x'.repeat(n % 10_000) })],
  (n) => ['POST', '/v1/tokens/exchange', { ...basic('', `tk-us-${n}`), 'x-forwarded-for': addressOf(n) }],
  (n) => ['GET', '/v1/keys', { authorization: `Bearer ${n}.${n}.${n}` }],
  (n) => ['GET', '/sign-in', { cookie: `forgelink=${String(n).padStart(43, 'A')}`, 'x-forwarded-for': addressOf(n) }],
]

function addressOf(n: number): string {
  return `198.${18 + (n >> 16)}.${(n >> 8) & 255}.${n & 255}`
}

function ask(n: number): Promise<number> {
  const [method, path, headers, body] = kinds[n % kinds.length]?.(n) ?? ['GET', '/', {}]
  const type = body === undefined ? {} : { 'content-type': 'application/json' }
  return new Promise((resolve, reject) => {
    const options = { method, agent, headers: { authorization: `Bearer ${bearer}`, ...type, ...headers } }
    const sent = request(`${server.url}${path}`, options, (response) => {
      response.resume().on('end', () => resolve(response.statusCode ?? 0))
    })
    sent.on('error', reject).end(body)
  })
}

/** Resident memory of the server, in bytes. */
async function residentMemory(): Promise<number> {
  const { text } = await send('GET', `${server.url}/metrics`, undefined, { authorization: 'Bearer metrics' })
  return Number(/^process_resident_memory_bytes (\S+)$/m.exec(text)?.[1])
}

it(
  `does not grow over ${REQUESTS} requests of all kinds, each by another name`,
  async () => {
    const statuses = new Map<number, number>()
    let sent = 0
    let early = Number.NaN
    async function sendSome(): Promise<void> {
      while (sent < REQUESTS) {
        const n = sent++
        if (n === Math.floor(REQUESTS / 10)) early = await residentMemory()
        const status = await ask(n)
        statuses.set(status, (statuses.get(status) ?? 0) + 1)
      }
    }
    const began = Date.now()
    await Promise.all(Array.from({ length: AT_ONCE }, sendSome))
    const late = await residentMemory()
    const megabytes = (bytes: number) => Math.round(bytes / 1024 / 1024)
    if (process.env.FORGELINK_TEST_REQUESTS) {
      const seconds = Math.round((Date.now() - began) / 1000)
      console.info(
        `${REQUESTS} requests in ${seconds} s, ${megabytes(early)} MB after a tenth, ${megabytes(late)} MB at the end`,
        Object.fromEntries(statuses),
      )
    }
    expect([...statuses.keys()].filter((status) => status >= 500)).toEqual([])
    for (const status of [200, 401, 404, 422]) expect(statuses.get(status)).toBeGreaterThan(0)
    expect(megabytes(late - early)).toBeLessThan(megabytes(MAX_GROWTH_BYTES))
  },
  Math.max(120_000, REQUESTS * 20),
)
