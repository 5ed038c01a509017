// Every fault, as far as plain HTTP shows it.

import { request } from 'node:http'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type Answer, ask, column, fieldsOf } from '../../test/support/sandbox-client.ts'
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

interface Raw {
  status: number | undefined
  headers: Record<string, string | string[] | undefined>
  body: Buffer
  /** How it ended: `end`, or the error's code, or `patience` when ours was over. */
  end: string
}

/** What arrives within `patience` milliseconds or `enough` bytes. */
function raw(path: string, patience = 300, enough = Number.POSITIVE_INFINITY): Promise<Raw> {
  return new Promise((resolve) => {
    const got: Raw = { status: undefined, headers: {}, body: Buffer.alloc(0), end: '' }
    const headers = {
      authorization: `Bearer ${github.token('alice')}`,
      'user-agent': 'test',
      'accept-encoding': 'identity',
    }
    const call = request(`${github.apiUrl}${path}`, { headers, agent: false })
    const finish = (end: string) => {
      got.end ||= end
      call.destroy()
      resolve(got)
    }
    call.on('error', (error: NodeJS.ErrnoException) => finish(error.code ?? 'error'))
    call.on('response', (response) => {
      got.status = response.statusCode
      got.headers = response.headers
      response.on('data', (chunk: Buffer) => {
        got.body = Buffer.concat([got.body, chunk])
        if (got.body.length >= enough) finish('enough')
      })
      response.on('end', () => finish('end'))
      response.on('error', (error: NodeJS.ErrnoException) => finish(error.code ?? 'error'))
    })
    setTimeout(() => finish('patience'), patience).unref()
    call.end()
  })
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
    const got = await raw('/user')
    expect(got).toMatchObject(expected)
    if (rule.fault.startsWith('body-')) expect(got.body.length).toBeLessThan(Number(got.headers['content-length']))
  })

  test('a body that stalls or breaks off has its first half', async () => {
    github.faults.set({ fault: 'body-stalls' })
    const { body, headers } = await raw('/user')
    expect(body.length).toBe(Math.ceil(Number(headers['content-length']) / 2))
  })

  test('endless bodies and bombs go on', async () => {
    github.faults.set({ fault: 'endless-body' })
    expect(await raw('/user', 20_000, 5_000_000)).toMatchObject({ end: 'enough' })
    github.faults.set({ fault: 'gzip-bomb', value: 16 })
    const bomb = await raw('/user', 5000)
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
    expect((await raw('/user')).headers['content-encoding']).toBe('gzip, gzip')
  })
})

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
    expect((await raw('/user')).body.subarray(-2)).toEqual(Buffer.from([0xff, 0xfe]))
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

describe('token endpoints', () => {
  async function token(platform: SandboxPlatform, form: Record<string, string>): Promise<Answer> {
    const path = platform === github ? '/login/oauth/access_token' : '/oauth/token'
    const client = { client_id: platform.oauth.id, client_secret: platform.oauth.secret }
    const headers = { accept: 'application/json' }
    return ask(platform, `${platform.url}${path}`, { form: { ...client, ...form }, headers })
  }

  async function pair(): Promise<Answer> {
    const { newGrant } = await import('../oauth/grants.ts')
    const { gitlabOauth } = await import('../gitlab/oauth.ts')
    const common = { clientId: gitlab.oauth.id, redirectUri: 'http://localhost/', codeChallenge: null, offline: true }
    const { code } = newGrant(gitlabOauth, gitlab.state, { ...common, userId: 42, scopes: ['read_api'] })
    return token(gitlab, { grant_type: 'authorization_code', code, redirect_uri: 'http://localhost/' })
  }

  test('a bad refresh token, said with status 200, on refreshing only', async () => {
    github.faults.set({ fault: 'oauth-bad-refresh-token' })
    const rejected = await token(github, { grant_type: 'refresh_token', refresh_token: 'x' })
    expect([rejected.status, fieldsOf(rejected).error]).toEqual([200, 'bad_refresh_token'])
    expect(fieldsOf(await token(github, { code: 'x' })).error).toBe('bad_verification_code')
    expect((await get(github)).status).toBe(200)
  })

  test('invalid_grant and invalid_client', async () => {
    gitlab.faults.set({ fault: 'oauth-invalid-grant' })
    expect([(await pair()).status, fieldsOf(await pair()).error]).toEqual([400, 'invalid_grant'])
    gitlab.faults.set({ fault: 'oauth-invalid-client' })
    expect((await pair()).status).toBe(401)
  })

  test('an application that does not exist, and one that asks too often', async () => {
    for (const [platform, error] of [
      [github, 'Not Found'],
      [gitlab, '404 Not Found'],
    ] as const) {
      platform.faults.set({ fault: 'oauth-not-found' })
      const rejected = await token(platform, { code: 'x' })
      expect([rejected.status, rejected.body]).toEqual([404, { error }])
    }
    github.faults.set({ fault: 'oauth-slow-down' })
    expect(fieldsOf(await token(github, { code: 'x' })).error).toBe('slow_down')
  })

  test('somebody in between', async () => {
    const seen: unknown[] = []
    for (const fault of ['oauth-foreign', 'oauth-foreign-page', 'oauth-foreign-empty'] as const) {
      gitlab.faults.set({ fault, value: 403 })
      const { status, text } = await token(gitlab, { code: 'x' })
      seen.push([status, text.slice(0, 14)])
    }
    expect(seen).toEqual([
      [403, '{"status":401,'],
      [403, '<!DOCTYPE html'],
      [403, ''],
    ])
  })

  test('answers that leave something out', async () => {
    gitlab.faults.set({ fault: 'oauth-no-expires-in' })
    expect(Object.keys(fieldsOf(await pair()))).not.toContain('expires_in')
    gitlab.faults.set({ fault: 'oauth-no-refresh-token' })
    expect(Object.keys(fieldsOf(await pair()))).not.toContain('refresh_token')
    gitlab.faults.set({ fault: 'oauth-no-scope' })
    expect(Object.keys(fieldsOf(await pair()))).not.toContain('scope')
  })

  test('an answer that is lost has spent the refresh token', async () => {
    const { refresh_token } = fieldsOf(await pair())
    gitlab.faults.set({ fault: 'answer-lost', times: 1 })
    const form = { grant_type: 'refresh_token', refresh_token: String(refresh_token) }
    await expect(token(gitlab, form)).rejects.toThrow()
    expect(fieldsOf(await token(gitlab, form)).error).toBe('invalid_grant')
  })
})

describe('what stands between', () => {
  const project = '/projects/alice%2Fexample-repository'
  const answers: [rule: FaultRule, status: number, headers: Record<string, string | null>, body: RegExp][] = [
    [{ fault: 'proxy-html-401' }, 401, { 'www-authenticate': 'Basic realm="Staff only"', server: 'nginx' }, /^<html>/],
    [{ fault: 'proxy-html-403' }, 403, { 'content-type': 'text/html; charset=utf-8' }, /403 Forbidden/],
    [{ fault: 'proxy-html-404' }, 404, { server: 'Apache/2.4.62 (Debian)' }, /<h1>Not Found<\/h1>/],
    [{ fault: 'proxy-text-404' }, 404, { 'content-type': 'text/plain; charset=utf-8' }, /^default backend - 404$/],
    [{ fault: 'proxy-empty' }, 404, { 'content-type': null }, /^$/],
    [{ fault: 'proxy-empty', value: 403 }, 403, { 'content-length': '0' }, /^$/],
    [{ fault: 'proxy-json-401' }, 401, { 'www-authenticate': null }, /^\{"status":401,"error":"Unauthorized"\}$/],
    [{ fault: 'proxy-json-403' }, 403, { 'x-amzn-errortype': 'ForbiddenException' }, /^\{"message":"Forbidden"\}$/],
    [
      { fault: 'proxy-json-404' },
      404,
      { server: 'kong/3.9.0' },
      /^\{"message":"no Route matched with those values"\}$/,
    ],
    [{ fault: 'proxy-json-error' }, 403, {}, /^\{"error":"access denied by policy"\}$/],
    [{ fault: 'proxy-json-error', value: 404 }, 404, {}, /^\{"error":"not found"\}$/],
    [{ fault: 'proxy-json-429' }, 429, { 'retry-after': '30' }, /^\{"error":"Rate limit exceeded"\}$/],
    [{ fault: 'proxy-json-429', value: 1 }, 429, { 'retry-after': '1' }, /^\{"error":"Rate limit exceeded"\}$/],
    [{ fault: 'proxy-challenge' }, 403, { 'cf-mitigated': 'challenge' }, /Just a moment/],
    [{ fault: 'slashes-apache' }, 404, { server: 'Apache/2.4.62 (Debian)' }, /<h1>Not Found<\/h1>/],
    [{ fault: 'slashes-tomcat' }, 400, { server: null }, /HTTP Status 400/],
    [{ fault: 'slashes-iis' }, 400, { server: 'Microsoft-HTTPAPI/2.0' }, /Bad Request - Invalid URL/],
    [{ fault: 'slashes-envoy' }, 400, { server: 'envoy' }, /^$/],
  ]

  test.each(answers)('%j', async (rule, status, headers, body) => {
    gitlab.faults.set(rule)
    const answer = await get(gitlab, project)
    expect([answer.status, answer.text]).toEqual([status, expect.stringMatching(body)])
    for (const [name, value] of Object.entries(headers)) expect([name, answer.headers.get(name)]).toEqual([name, value])
    for (const header of ['x-gitlab-meta', 'x-request-id']) expect(answer.headers.get(header)).toBeNull()
  })

  test.each(answers)('%j: only encoded slashes, where it is about them', async (rule, status) => {
    gitlab.faults.set(rule)
    expect((await get(gitlab)).status).toBe(rule.fault.startsWith('slashes-') ? 200 : status)
    gitlab.faults.clear()
    expect((await get(gitlab, project)).status).toBe(200)
  })
})

test('every fault has its case here', async () => {
  const { readFile } = await import('node:fs/promises')
  const text = await readFile(new URL(import.meta.url), 'utf8')
  expect(faultNames.filter((name) => !text.includes(`'${name}'`))).toEqual([])
})
