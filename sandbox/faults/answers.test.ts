// The faults of what an answer says and of its pages, as far as plain HTTP shows them.

import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type Answer, ask, column, fieldsOf, raw } from '../../test/support/sandbox-client.ts'
import { type Sandbox, type SandboxPlatform, startSandbox } from '../sandbox.ts'
import type { FaultRule } from './faults.ts'

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

describe('what is said', () => {
  const statuses: [FaultRule, number, Record<string, string | null>][] = [
    [{ fault: 'html-200' }, 200, { 'content-type': 'text/html; charset=utf-8' }],
    [{ fault: 'redirect-loop' }, 301, {}],
    [{ fault: 'redirect-foreign', value: 'http://127.0.0.1:1/' }, 302, { location: 'http://127.0.0.1:1/' }],
    [{ fault: 'redirect-metadata' }, 302, { location: 'http://169.254.169.254/latest/meta-data/' }],
    [{ fault: 'status-401' }, 401, {}],
    [{ fault: 'status-403' }, 403, { 'retry-after': null, 'x-ratelimit-remaining': null }],
    [{ fault: 'account-blocked' }, 403, {}],
    [{ fault: 'too-many-logins' }, 403, {}],
    [{ fault: 'rate-limit-primary' }, 403, { 'x-ratelimit-remaining': '0', 'retry-after': null }],
    [{ fault: 'rate-limit-secondary', value: 7 }, 403, { 'retry-after': '7' }],
    [{ fault: 'rate-limit-secondary-bare' }, 429, { 'retry-after': null }],
    [{ fault: 'status-404' }, 404, {}],
    [{ fault: 'status-429' }, 429, { 'retry-after': '30' }],
    [{ fault: 'status-429-garbage' }, 429, { 'retry-after': 'soon-ish' }],
    [{ fault: 'status-429-bare' }, 429, { 'retry-after': null }],
    [{ fault: 'status-500' }, 500, {}],
    [{ fault: 'status-502' }, 502, { 'content-type': 'text/html' }],
    [{ fault: 'status-503' }, 503, { 'retry-after': null }],
    [{ fault: 'status-503', value: 3 }, 503, { 'retry-after': '3' }],
    [{ fault: 'sso-partial-results' }, 200, { 'x-github-sso': 'partial-results; organizations=21955855,20582480' }],
  ]

  test.each(statuses)('%j', async (rule, status, headers) => {
    github.faults.set(rule)
    const answer = await get(github)
    expect(answer.status).toBe(status)
    for (const [name, value] of Object.entries(headers)) expect(answer.headers.get(name)).toBe(value)
  })

  test('a date in Retry-After', async () => {
    github.faults.set({ fault: 'status-429-date', value: 60 })
    const wait = Date.parse((await get(github)).headers.get('retry-after') ?? '') - Date.now()
    expect(wait).toBeGreaterThan(50_000)
    expect(wait).toBeLessThan(61_000)
  })

  test('a secondary limit says so, single sign-on says where', async () => {
    github.faults.set({ fault: 'rate-limit-secondary' })
    expect((await get(github)).text).toContain('secondary rate limit')
    github.faults.set({ fault: 'sso-required' })
    expect((await get(github)).headers.get('x-github-sso')).toMatch(/^required; url=http/)
  })

  const bodies: [FaultRule['fault'], (text: string) => void][] = [
    ['empty-body', (text) => expect(text).toBe('')],
    ['json-junk', (text) => expect(text).toMatch(/^\{.*\}\n<!--/s)],
    ['json-cut', (text) => expect(() => JSON.parse(text)).toThrow()],
    ['json-null', (text) => expect(text).toBe('null')],
    ['array-for-object', (text) => expect(JSON.parse(text)).toHaveLength(1)],
    ['id-null', (text) => expect(JSON.parse(text)).toMatchObject({ login: 'alice', id: null })],
    ['id-huge', (text) => expect(text).toContain('"id":9223372036854775808,')],
    ['deep-json', (text) => expect(text).toHaveLength(200_000)],
    ['odd-text', (text) => expect(JSON.parse(text).login).toBe('\u0000\ud800alice')],
  ]

  test.each(bodies)('%s', async (fault, check) => {
    github.faults.set({ fault })
    const answer = await get(github)
    expect(answer.status).toBe(200)
    check(answer.text)
  })

  test('bytes that are no UTF-8', async () => {
    github.faults.set({ fault: 'invalid-utf8' })
    expect((await raw(github, '/user')).body.subarray(-2)).toEqual(Buffer.from([0xff, 0xfe]))
  })

  test('the same key twice, an object where a list belongs', async () => {
    github.faults.set({ fault: 'list-doubled' })
    const ids = column(await get(github, '/user/keys'), 'id')
    expect(ids).toHaveLength(20)
    expect(new Set(ids).size).toBe(10)
    github.faults.set({ fault: 'array-for-object' })
    expect(fieldsOf(await get(github, '/user/keys'))).toHaveProperty('items')
  })

  test('nothing that tells of further pages', async () => {
    const list = '/projects?per_page=5'
    gitlab.faults.set({ fault: 'no-link' })
    const halfTold = (await get(gitlab, list)).headers
    expect([halfTold.get('link'), halfTold.get('x-next-page')]).toEqual([null, '2'])
    gitlab.faults.set({ fault: 'no-paging-headers' })
    const told = [...(await get(gitlab, list)).headers.keys()]
    expect(told.filter((name) => name === 'link' || /^x-(next|total)/.test(name))).toEqual([])
  })

  test('pages that are too large, or not there', async () => {
    const list = '/repos/alice/example-repository/pulls?per_page='
    github.faults.set({ fault: 'page-over-50-is-404' })
    expect([(await get(github, `${list}51`)).status, (await get(github, `${list}50`)).status]).toEqual([404, 200])
    github.faults.set({ fault: 'long-texts', value: 10 })
    expect((await get(github, `${list}3`)).text.length).toBeGreaterThan(30 * 1024)
  })

  test('incomplete searches', async () => {
    github.faults.set({ fault: 'incomplete-results' })
    expect(fieldsOf(await get(github, '/search/repositories?q=example')).incomplete_results).toBe(true)
  })

  test('next links that loop or lead away, and a third page that fails', async () => {
    const path = '/user/repos?per_page=10'
    github.faults.set({ fault: 'link-loop' })
    expect((await get(github, path)).headers.get('link')).toBe(`<${github.apiUrl}${path}>; rel="next"`)
    github.faults.set({ fault: 'link-foreign' })
    expect((await get(github, path)).headers.get('link')).toBe('<http://elsewhere.invalid/next>; rel="next"')
    github.faults.set({ fault: 'page-3-fails' })
    expect((await get(github, `${path}&page=2`)).status).toBe(200)
    expect((await get(github, `${path}&page=3`)).status).toBe(500)
  })

  test('a redirect to the same place is answered there', async () => {
    github.faults.set({ fault: 'redirect-same-origin' })
    const away = await get(github)
    expect([away.status, away.headers.get('location')]).toEqual([301, `${github.apiUrl}/user?redirected=1`])
    expect((await get(github, '/user?redirected=1')).status).toBe(200)
  })

  test('GitLab says the same in its own words', async () => {
    gitlab.faults.set({ fault: 'status-429', value: 5 })
    const limited = await get(gitlab)
    expect([limited.text, limited.headers.get('retry-after')]).toEqual(['Retry later\n', '5'])
    gitlab.faults.set({ fault: 'status-401' })
    expect((await get(gitlab)).body).toEqual({ message: '401 Unauthorized' })
  })
})
