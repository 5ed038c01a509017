// Reliability section 5, SIGTERM: what is under way may finish, what does not is answered, and the process ends with 0.

import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { forgelink, prepareCommand, type RunningServer, startServer } from '../support/command.ts'
import { type Answer, exchange, send } from '../support/service.ts'
import { startWaitingPlatform, type WaitingPlatform } from '../support/waiting-platform.ts'

const dataDir = mkdtempSync(join(tmpdir(), 'forgelink-stopping-'))
let platform: WaitingPlatform
let server: RunningServer
let call: (method: string, path: string, body?: unknown) => Promise<Answer>

beforeAll(async () => {
  await prepareCommand()
  platform = await startWaitingPlatform()
  const settings = { DATA_DIR: dataDir, ALLOWED_HOSTS: platform.origin, LOG_LEVEL: 'silent' }
  server = await startServer(settings)
  const user = ['--email', 'alice@example.test', '--username', 'alice', '--json']
  const { token } = JSON.parse((await forgelink(['user', 'add', ...user], settings)).stdout)
  const bearer = await exchange(server.url, token)
  call = (method, path, body) => send(method, `${server.url}${path}`, body, { authorization: `Bearer ${bearer}` })
}, 180_000)
afterAll(async () => {
  await server.stop('SIGKILL')
  await platform.close()
  rmSync(dataDir, { recursive: true })
})

it('gives requests under way 12 seconds, then 503, refuses new ones, and ends with 0 within 15', async () => {
  const link = { scm_type: 'github-enterprise', url: platform.origin, access_token: 'ghp_waiting' }
  expect((await call('POST', '/v1/scm_integrations', link)).status).toBe(201)
  // Four calls go out and are given up after 10 seconds; the others wait for their places and would take longer.
  const began = Date.now()
  const searches = Array.from({ length: 6 }, (_, n) =>
    call('GET', `/v1/scm_integrations/github-enterprise/search_repos?query=word${n}`),
  )
  while (platform.waiting() < 4) await delay(10)
  const { port } = new URL(server.url)
  const kept = connect(Number(port), '127.0.0.1')
  await once(kept, 'connect')
  let heard = ''
  kept.on('error', () => undefined).on('data', (chunk) => (heard += chunk))
  // The beginning of a request, so that the connection is not idle when the server stops.
  kept.write('GET /v1/regions HTTP/1.1\r\nHost: x\r\n')
  await delay(100)

  const stopped = server.stop('SIGTERM')
  await delay(300)
  kept.write('\r\n')
  await once(kept, 'close')
  expect(heard).toMatch(/^HTTP\/1\.1 503 /)
  expect(heard).toMatch(/\r\nretry-after: 5\r\n/i)
  expect(heard).toContain('{"error":"This server is stopping. Try again in a moment.","code":"overloaded"}')
  await expect(send('GET', `${server.url}/healthz`)).rejects.toThrow('fetch failed')

  const answers = await Promise.all(searches)
  expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: 6 }, () => 503))
  const last = answers.filter(({ json }) => json.error.includes('stopping'))
  expect(last).toHaveLength(2)
  expect(last[0]?.headers.get('retry-after')).toBe('5')
  expect(Date.now() - began).toBeGreaterThan(11_900)
  expect(await stopped).toEqual({ code: 0, signal: null })
  expect(Date.now() - began).toBeLessThan(15_000)
}, 60_000)
