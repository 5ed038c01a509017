// The log of a real server: what a line looks like, and who a request is from.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { forgelink, startServer } from './support/command.ts'
import { exchange, send } from './support/service.ts'

const dataDir = mkdtempSync(join(tmpdir(), 'forgelink-log-'))
/** The lines about requests, by their ids. */
let lines: Map<string, Record<string, unknown>>
let user: { id: string }
let output: string

beforeAll(async () => {
  const settings = { DATA_DIR: dataDir, LOG_LEVEL: 'info' }
  const server = await startServer(settings)
  const names = ['--email', 'canary@example.test', '--username', 'canary-name', '--password', 'correct horse']
  const added = JSON.parse((await forgelink(['user', 'add', ...names, '--json'], settings)).stdout)
  user = added.user
  const authorization = `Bearer ${await exchange(server.url, added.token)}`
  await send('GET', `${server.url}/v1/keys?query=canary`, undefined, { authorization, 'x-request-id': 'by-token' })
  await send('GET', `${server.url}/v1/keys`, undefined, { 'x-request-id': 'by-nobody' })
  await send('GET', `${server.url}/canary`, undefined, { 'x-request-id': 'no-route' })
  await server.stop()
  output = server.output()
  const read = output.split('\n').filter((line) => line.includes('"msg":"request"'))
  lines = new Map(read.map((line) => JSON.parse(line)).map((line) => [line.request_id, line]))
}, 240_000)
afterAll(() => rmSync(dataDir, { recursive: true, force: true }))

it('has the time in ISO 8601 and the level as a word, on every line', () => {
  const json = output.split('\n').filter((line) => line.startsWith('{'))
  expect(json.length).toBeGreaterThan(3)
  for (const line of json) {
    const { time, level } = JSON.parse(line)
    expect(new Date(time).toISOString()).toBe(time)
    expect(['info', 'warn']).toContain(level)
  }
})

it('says which account and token a request is from, by ids only', () => {
  expect(lines.get('by-token')).toEqual({
    level: 'info',
    time: expect.any(String),
    pid: expect.any(Number),
    hostname: expect.any(String),
    reqId: 'by-token',
    request_id: 'by-token',
    own_id: expect.stringMatching(/^by-token\/[0-9a-f]{12}$/),
    method: 'GET',
    route: '/v1/keys',
    status: 200,
    ms: expect.any(Number),
    user: user.id,
    via: 'api_token',
    token: expect.stringMatching(/^[0-9a-f-]{36}$/),
    msg: 'request',
  })
  expect(output).not.toContain('canary')
})

it('says nothing about a caller where there is none', () => {
  expect(lines.get('by-nobody')).toMatchObject({ route: '/v1/keys', status: 401 })
  expect(lines.get('no-route')).toMatchObject({ route: 'none', status: 404 })
  for (const id of ['by-nobody', 'no-route']) expect(lines.get(id)).not.toHaveProperty('user')
})
