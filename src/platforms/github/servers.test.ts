// Which server it is that answers: its version of the API, a server that is only like GitHub, or somebody in between.

import type { IncomingMessage } from 'node:http'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { entryFor, serve, type TestServer } from '../../../test/support/fault-server.ts'
import type { Failure } from '../../failure.ts'
import type { Platform } from '../platform.ts'
import type { Transport } from '../transport/transport.ts'
import { createTransport } from '../transport/transport.ts'
import { createPlatform } from '../vendors.ts'
import { apiVersionFor } from './addresses.ts'

const FIRST = { page: 1, perPage: 20 }
const NOT_FOUND = { message: 'Not Found', documentation_url: 'https://docs.github.com/rest', status: '404' }
const USER = { id: 42, login: 'alice', type: 'User', email: 'a@example.test' }

interface Reply {
  status?: number
  headers?: Record<string, string>
  /** JSON; a string goes out as it is. */
  body?: unknown
}

/** By the path below /api/v3, or from the root. */
let replies: Record<string, Reply>
/** Anything else. */
let otherwise: Reply
let asked: IncomingMessage[]
let logged: [event: string, fields: Record<string, string | number>][]
let server: TestServer
let transport: Transport

beforeEach(async () => {
  replies = {}
  otherwise = { status: 404, body: NOT_FOUND }
  asked = []
  logged = []
  server = await serve((request, response) => {
    asked.push(request)
    const path = (request.url ?? '').split('?', 1)[0] ?? ''
    const { status = 200, headers = {}, body = '' } = replies[path.replace('/api/v3', '')] ?? otherwise
    response.writeHead(status, { 'content-type': 'application/json', ...headers })
    response.end(typeof body === 'string' ? body : JSON.stringify(body))
  })
  transport = createTransport({
    allowedHosts: [entryFor('127.0.0.1', server.port)],
    extraCaCerts: null,
    httpsProxy: null,
    noProxy: [],
    limits: { retryMin: 1, retryMax: 2 },
    log: (event, fields) => logged.push([event, fields]),
  })
})

afterEach(async () => {
  await transport.close()
  await server.close()
})

function connect(hasWorked = true): Platform {
  const webUrl = server.origin
  const link = `link-${crypto.randomUUID()}`
  return createPlatform(transport, {
    scmType: 'github-enterprise',
    webUrl,
    apiUrl: `${webUrl}/api/v3`,
    token: 't',
    link,
    account: 'a',
    hasWorked,
  })
}

function failureOf(promise: Promise<unknown>): Promise<Failure> {
  return promise.then(
    (answer) => expect.unreachable(JSON.stringify(answer)),
    (failure: Failure) => failure,
  )
}

describe('the version that is asked for', () => {
  test.each([
    ['https://github.com', undefined, '2026-03-10'],
    ['https://octocorp.ghe.com', undefined, '2026-03-10'],
    ['https://ghe.example.test', undefined, '2022-11-28'],
    ['https://ghe.example.test', '3.21.9', '2022-11-28'],
    ['https://ghe.example.test', '3.9.0', '2022-11-28'],
    ['https://ghe.example.test', '3.22.0', '2026-03-10'],
    ['https://ghe.example.test', '3.100.1', '2026-03-10'],
    ['https://ghe.example.test', '4.0.0', '2026-03-10'],
    ['https://ghe.example.test', 'next', '2022-11-28'],
    ['https://ghe.com.evil.test', undefined, '2022-11-28'],
    ['https://notgithub.com', undefined, '2022-11-28'],
  ])('at %s with version %s is %s', (webUrl, version, expected) => {
    expect(apiVersionFor(webUrl, version)).toBe(expected)
  })

  test('is the common one until an Enterprise Server has told that it knows the newer', async () => {
    replies = { '/user': { headers: { 'x-github-enterprise-version': '3.22.1' }, body: USER } }
    await connect().profile()
    await connect().profile()
    expect(asked.map(({ headers }) => headers['x-github-api-version'])).toEqual(['2022-11-28', '2026-03-10'])
  })

  test('stays the common one for an older server', async () => {
    replies = { '/user': { headers: { 'x-github-enterprise-version': '3.19.4' }, body: USER } }
    await connect().profile()
    await connect().profile()
    expect(new Set(asked.map(({ headers }) => headers['x-github-api-version']))).toEqual(new Set(['2022-11-28']))
  })

  test.each([true, false])(
    'that is retired empties no list and blames nobody else (has worked: %s)',
    async (hasWorked) => {
      otherwise = { status: 410, headers: { 'x-github-request-id': 'A' }, body: { ...NOT_FOUND, message: 'Gone' } }
      const platform = connect(hasWorked)
      for (const call of [
        () => platform.profile(),
        () => platform.sshKeys(),
        () => platform.organizations(FIRST),
        () => platform.searchPullRequests({ words: [], state: null, repo: 'o/r' }, FIRST),
        () => platform.branches('o/r', FIRST),
        () => platform.health(),
      ]) {
        const failure = await failureOf(call())
        expect([failure.code, failure.message]).toEqual([
          'scm_bad_response',
          expect.stringContaining('The operator of this server has to update it.'),
        ])
      }
    },
  )
})

describe('a Sunset', () => {
  // As recorded of api.github.com on 25 June 2026.
  const sunset = { deprecation: 'Tue, 10 Mar 2026 00:00:00 GMT', sunset: 'Fri, 10 Mar 2028 00:00:00 GMT' }

  test('is logged once a day for a host, whichever link meets it', async () => {
    replies = { '/user': { headers: sunset, body: USER } }
    for (let times = 0; times < 3; times++) await connect().profile()
    expect(logged.filter(([event]) => event === 'scm_api_sunset')).toEqual([
      ['scm_api_sunset', { host: new URL(server.origin).host, sunset: '2028-03-10T00:00:00.000Z' }],
    ])
  })

  test('that is no time is nothing', async () => {
    replies = { '/user': { headers: { sunset: 'some day' }, body: USER } }
    await connect().profile()
    expect(logged.filter(([event]) => event === 'scm_api_sunset')).toEqual([])
  })
})

describe('a server that is only like GitHub', () => {
  // GitBucket, whose calls are at https://github.com/gitbucket/gitbucket/tree/master/src/main/scala/gitbucket/core/controller/api
  const bare = { status: 404, body: { message: 'Not Found' } }

  beforeEach(() => {
    otherwise = bare
    replies = { '/user': { body: USER }, '/user/orgs': { body: [] } }
  })

  test.each<[string, Reply]>([
    ['in GitHub’s words', bare],
    ['with a page', { status: 404, headers: { 'content-type': 'text/html' }, body: '<html>404</html>' }],
  ])('that refuses %s is named with the calls that it does not know', async (_, reply) => {
    otherwise = reply
    expect(await connect().health()).toEqual({
      name: 'a server that is only like GitHub',
      version: null,
      rateLimit: null,
      isTold: false,
      unknownCalls: ['GET /user/keys', 'GET /search/repositories'],
    })
  })

  test('that has keys lacks the searches alone', async () => {
    replies['/user/keys'] = { body: [] }
    expect((await connect().health()).unknownCalls).toEqual(['GET /search/repositories'])
  })

  test('cannot import keys, and no scope is asked for', async () => {
    const failure = await failureOf(connect().sshKeys())
    expect([failure.code, failure.message]).toEqual([
      'scm_bad_response',
      expect.stringContaining('is only like GitHub: it does not know GET /user/keys'),
    ])
    expect(failure.message).not.toMatch(/scope|settings/)
  })

  test.each<[string, Record<string, Reply>]>([
    ['tells its version', { '/meta': { headers: { 'x-github-enterprise-version': '3.19.1' }, body: {} } }],
    ['is behind a proxy that strips headers', { '/search/repositories': { body: { total_count: 0, items: [] } } }],
    ['is too busy to say', { '/search/repositories': { status: 429, headers: { 'retry-after': '1' } } }],
    ['cannot say just now', { '/search/repositories': { status: 502 } }],
  ])('is not the one that %s: there a hidden list of keys is a missing scope', async (_, more) => {
    Object.assign(replies, more)
    expect((await connect().health()).unknownCalls).toEqual([])
    expect((await failureOf(connect().sshKeys())).message).toContain('lacks the scope read:public_key')
  })

  test('is not one whose headers say which scope its keys need', async () => {
    replies['/user/keys'] = {
      ...bare,
      headers: {
        'x-oauth-scopes': 'repo',
        'x-accepted-oauth-scopes': 'admin:public_key, read:public_key, write:public_key',
      },
    }
    expect((await failureOf(connect().sshKeys())).code).toBe('scm_scope_missing')
    expect(asked).toHaveLength(1)
  })
})

describe('somebody in between', () => {
  const failures: [string, Reply][] = [
    [
      'Apache',
      { status: 404, headers: { 'content-type': 'text/html', server: 'Apache/2.4.62' }, body: '<h1>404</h1>' },
    ],
    ['an ingress', { status: 404, headers: { 'content-type': 'text/plain' }, body: 'default backend - 404' }],
    ['nothing', { status: 403, body: '' }],
    [
      'a sign-in proxy',
      { status: 401, headers: { 'www-authenticate': 'Basic', 'content-type': 'text/html' }, body: '<html>' },
    ],
    ['a gateway', { status: 401, body: { status: 401, error: 'Unauthorized' } }],
    ['Kong', { status: 404, body: { message: 'no Route matched with those values' } }],
    ['GitLab', { status: 404, body: { message: '404 Project Not Found' } }],
    [
      'GitLab by its header',
      { status: 401, headers: { 'x-gitlab-meta': '{}' }, body: { message: '401 Unauthorized' } },
    ],
    ['GitLab’s old API', { status: 410, body: { error: 'API V3 is no longer supported. Use API V4 instead.' } }],
    ['a captive portal', { status: 422, body: {} }],
  ]

  test.each(failures)('changes nothing of a link that has worked: %s', async (_, reply) => {
    otherwise = reply
    const platform = connect()
    for (const call of [
      () => platform.profile(),
      () => platform.sshKeys(),
      () => platform.organizations(FIRST),
      () => platform.searchRepositories({ words: [], forks: false, user: 'acme' }, FIRST),
      () => platform.searchPullRequests({ words: [], state: null, repo: 'o/r' }, FIRST),
      () => platform.branches('o/r', FIRST),
    ]) {
      const failure = await failureOf(call())
      expect([failure.code, failure.message]).toEqual([
        'scm_bad_response',
        expect.stringContaining('not as the platform does'),
      ])
      expect(failure.message).not.toMatch(/GitLab|revoked|blocked|suspended/)
    }
  })

  test.each(failures.filter(([name]) => !name.startsWith('GitLab')))(
    'is no GitLab on a trial: %s',
    async (_, reply) => {
      otherwise = reply
      const failure = await failureOf(connect(false).profile())
      expect([failure.code, failure.message]).toEqual(['scm_bad_response', expect.not.stringContaining('GitLab')])
    },
  )

  test('does not hide a GitLab that is tried as a GitHub', async () => {
    otherwise = { status: 404, headers: { 'content-type': 'text/html' }, body: '<html>404</html>' }
    replies = { '/api/v4/version': { status: 401, body: { message: '401 Unauthorized' } } }
    const failure = await failureOf(connect(false).profile())
    expect(failure.message).toContain('It seems to be GitLab: use the scm_type gitlab-self-hosted.')
    expect(asked.at(-1)?.headers.authorization).toBeUndefined()
  })
})
