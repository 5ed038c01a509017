// How faults are switched on, and the faults of the connection, as far as plain HTTP shows them.

import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type Answer, ask, fieldsOf, type Raw, raw } from '../../test/support/sandbox-client.ts'
import { type Sandbox, type SandboxPlatform, startSandbox } from '../sandbox.ts'
import type { FaultRule } from './faults.ts'
import { faultNames } from './table.ts'

let sandbox: Sandbox
let github: SandboxPlatform
let gitlab: SandboxPlatform

beforeAll(async () => {
  sandbox = await startSandbox({ ports: 'free' })
  github = sandbox.platforms.github
  gitlab = sandbox.platforms.gitlab
})
beforeEach(() => sandbox.reset())
afterAll(() => sandbox.close())

function get(platform: SandboxPlatform, path = '/user'): Promise<Answer> {
  return ask(platform, path, { token: platform.token('alice') })
}

describe('the switch', () => {
  test('so many times, then all is well', async () => {
    github.faults.set({ fault: 'status-500', times: 2 })
    const statuses = [await get(github), await get(github), await get(github)].map(({ status }) => status)
    expect(statuses).toEqual([500, 500, 200])
  })

  test('only after so many', async () => {
    github.faults.set({ fault: 'status-500', after: 1 })
    expect([(await get(github)).status, (await get(github)).status]).toEqual([200, 500])
  })

  test('only on some paths and methods', async () => {
    github.faults.set({ fault: 'status-500', path: /\/user\/keys/, method: 'get' })
    expect([(await get(github)).status, (await get(github, '/user/keys?per_page=1')).status]).toEqual([200, 500])
  })

  test('only on one platform, and a reset ends it', async () => {
    github.faults.set([{ fault: 'status-404', path: 'emails' }, { fault: 'status-500' }])
    expect([(await get(github)).status, (await get(gitlab)).status]).toEqual([500, 200])
    expect((await get(github, '/user/emails')).status).toBe(404)
    github.reset()
    expect((await get(github)).status).toBe(200)
  })

  test('an unknown name is refused', () => {
    const rule: FaultRule = JSON.parse('{"fault":"nonsense"}')
    expect(() => github.faults.set(rule)).toThrow('nonsense')
  })

  test('over HTTP: set, list, end, log, reset', async () => {
    const { origin } = new URL(github.url)
    const control = (method: string, path: string, json?: unknown) =>
      ask(github, `${origin}/_sandbox/${path}`, { method, ...(json === undefined ? {} : { json }) })
    const rule = { fault: 'status-503', path: '/user$', times: 1 }
    expect((await control('PUT', 'faults', rule)).status).toBe(200)
    expect((await get(github)).status).toBe(503)
    expect(fieldsOf(await control('GET', 'faults'))).toMatchObject({
      faults: [{ ...rule, hits: 1 }],
      names: faultNames,
    })
    expect((await control('PUT', 'faults', { fault: 'nonsense' })).status).toBe(422)
    expect((await control('PUT', 'faults', { fault: 'status-500', path: '(' })).status).toBe(422)
    await control('PUT', 'faults', [{ fault: 'status-500' }])
    expect((await control('DELETE', 'faults')).status).toBe(204)
    expect((await get(github)).status).toBe(200)
    const { requests } = fieldsOf(await control('GET', 'requests'))
    expect(requests).toMatchObject([
      { method: 'GET', path: '/api/v3/user', status: 503 },
      { method: 'GET', path: '/api/v3/user', status: 200 },
    ])
    await control('PATCH', 'settings', { rateLimits: null })
    expect((await get(github)).headers.get('x-ratelimit-limit')).toBeNull()
    const subpath = sandbox.platforms['gitlab-subpath']
    expect((await ask(subpath, `${subpath.url}/_sandbox/faults`)).status).toBe(200)
    expect((await control('POST', 'reset')).status).toBe(204)
    expect(github.requests).toHaveLength(0)
    expect((await get(github)).headers.get('x-ratelimit-limit')).toBe('5000')
  })
})

describe('the connection', () => {
  const cases: [rule: FaultRule, expected: Partial<Raw>][] = [
    [{ fault: 'connection-closed' }, { status: undefined, end: 'ECONNRESET' }],
    [{ fault: 'connection-reset' }, { status: undefined, end: 'ECONNRESET' }],
    [{ fault: 'answer-lost' }, { status: undefined, end: 'ECONNRESET' }],
    [{ fault: 'headers-never' }, { status: undefined, end: 'patience' }],
    [{ fault: 'headers-drip' }, { status: undefined, end: 'patience' }],
    [
      { fault: 'headers-late', value: 0.05 },
      { status: 200, end: 'end' },
    ],
    [{ fault: 'body-stalls' }, { status: 200, end: 'patience' }],
    [{ fault: 'body-drips' }, { status: 200, end: 'patience', body: Buffer.from('{') }],
    [{ fault: 'body-reset' }, { status: 200, end: 'ECONNRESET' }],
    [{ fault: 'body-short' }, { status: 200, end: 'ECONNRESET' }],
  ]

  test.each(cases)('%j', async (rule, expected) => {
    github.faults.set(rule)
    const got = await raw(github, '/user')
    expect(got).toMatchObject(expected)
    if (rule.fault.startsWith('body-')) expect(got.body.length).toBeLessThan(Number(got.headers['content-length']))
  })

  test('a body that stalls or breaks off has its first half', async () => {
    github.faults.set({ fault: 'body-stalls' })
    const { body, headers } = await raw(github, '/user')
    expect(body.length).toBe(Math.ceil(Number(headers['content-length']) / 2))
  })

  test('endless bodies and bombs go on', async () => {
    github.faults.set({ fault: 'endless-body' })
    expect(await raw(github, '/user', 20_000, 5_000_000)).toMatchObject({ end: 'enough' })
    github.faults.set({ fault: 'gzip-bomb', value: 16 })
    const bomb = await raw(github, '/user', 5000)
    expect([bomb.end, bomb.headers['content-encoding']]).toEqual(['end', 'gzip'])
    expect(bomb.body.length).toBeLessThan(100_000)
    const answer = await get(github)
    expect(answer.text.length).toBe(16 * 1024 * 1024 + 1)
  })

  test('packed wrongly or not to the end', async () => {
    github.faults.set({ fault: 'gzip-corrupt' })
    await expect(get(github)).rejects.toThrow()
    // This client hands out what it could unpack.
    github.faults.set({ fault: 'gzip-cut' })
    expect((await get(github)).body).toBeUndefined()
  })

  test('packed twice says so', async () => {
    github.faults.set({ fault: 'gzip-twice' })
    expect((await raw(github, '/user')).headers['content-encoding']).toBe('gzip, gzip')
  })
})

test('every fault has its case in this folder', () => {
  const tests = readdirSync(import.meta.dirname).filter((name) => name.endsWith('.test.ts'))
  const text = tests.map((name) => readFileSync(join(import.meta.dirname, name), 'utf8')).join('\n')
  expect(faultNames.filter((name) => !text.includes(`'${name}'`))).toEqual([])
})
