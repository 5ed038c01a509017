// Answers that a proxy, gateway or sign-in wall writes in GitLab's place say nothing of link, token or list.

import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { entryFor, serve, type TestServer } from '../../../test/support/fault-server.ts'
import type { Failure } from '../../failure.ts'
import type { Platform } from '../platform.ts'
import type { Transport } from '../transport/transport.ts'
import { createTransport } from '../transport/transport.ts'
import { createPlatform } from '../vendors.ts'

const FIRST = { page: 1, perPage: 20 }

interface Written {
  status: number
  type: string
  headers?: Record<string, string>
  text: string
}

let written: Written
let server: TestServer
let transport: Transport

beforeAll(async () => {
  server = await serve((_request, response) => {
    const { status, type, headers, text } = written
    response.writeHead(status, { 'content-type': type, ...headers }).end(text)
  })
})
afterEach(() => transport.close())
afterAll(() => server.close())

function connect(hasWorked: boolean): Platform {
  const allowedHosts = [entryFor('127.0.0.1', server.port)]
  transport = createTransport({ allowedHosts, extraCaCerts: null, httpsProxy: null, noProxy: [] })
  const at = {
    webUrl: server.origin,
    apiUrl: `${server.origin}/api/v4`,
    token: 'example-token',
    link: 'link',
    account: 'a',
    hasWorked,
  }
  return createPlatform(transport, { scmType: 'gitlab-self-hosted', ...at })
}

function failureOf(asked: Promise<unknown>): Promise<Failure> {
  return asked.then(
    (answer) => expect.unreachable(JSON.stringify(answer)),
    (failure: Failure) => failure,
  )
}

const json = 'application/json'
const page = '<!DOCTYPE HTML><html><body>No</body></html>'
const cases: [name: string, written: Written, seen: string][] = [
  [
    'Apache with AllowEncodedSlashes off',
    { status: 404, type: 'text/html; charset=iso-8859-1', headers: { server: 'Apache/2.4.62 (Debian)' }, text: page },
    'answered 404 with a web page of Apache',
  ],
  ['Tomcat', { status: 400, type: 'text/html', text: page }, 'answered 400 with a web page'],
  [
    'an ingress without a backend',
    { status: 404, type: 'text/plain', text: 'default backend - 404' },
    'answered 404 with plain text',
  ],
  ['an ingress while it restarts', { status: 404, type: 'text/plain', text: '' }, 'answered 404 with an empty answer'],
  [
    'a proxy that wants a password',
    { status: 401, type: 'text/html', headers: { 'www-authenticate': 'Basic realm="x"' }, text: page },
    'answered 401 with a web page',
  ],
  ['a challenge', { status: 403, type: 'text/html', text: page }, 'answered 403 with a web page'],
  [
    'Spring',
    { status: 401, type: json, text: '{"status":401,"error":"Unauthorized"}' },
    'answered 401 with JSON of another form',
  ],
  [
    'Kong',
    { status: 404, type: json, text: '{"message":"no Route matched with those values"}' },
    'answered 404 with JSON',
  ],
  ['AWS', { status: 403, type: json, text: '{"message":"Forbidden"}' }, 'answered 403 with JSON of another form'],
  ['a filter', { status: 403, type: json, text: '{"error":"blocked by policy"}' }, 'answered 403 with JSON'],
  [
    // https://docs.spring.io/spring-security/reference/servlet/exploits/firewall.html
    'Spring’s firewall',
    {
      status: 400,
      type: json,
      text: '{"timestamp":"t","status":400,"error":"Bad Request","message":"The request was rejected because the URL contained a potentially malicious String \\"%2F\\"","path":"/api/v4"}',
    },
    'answered 400 with JSON of another form',
  ],
  [
    'AWS with a sentence',
    {
      status: 400,
      type: json,
      headers: { 'x-amzn-errortype': 'BadRequestException' },
      text: '{"message":"The encoded path is not valid"}',
    },
    'answered 400 with JSON of another form',
  ],
  [
    'a validator',
    { status: 422, type: json, text: '{"statusCode":422,"message":{"path":["is not allowed"]}}' },
    'answered 422 with JSON of another form',
  ],
  ['Traefik as JSON', { status: 404, type: json, text: '{"message":"404 page not found"}' }, 'answered 404 with JSON'],
  [
    'a gateway with a code',
    { status: 404, type: json, text: '{"code":404,"message":"404 Route Not Found"}' },
    'answered 404 with JSON',
  ],
  ['a filter for lengths', { status: 414, type: 'text/html', text: page }, 'answered 414 with a web page'],
]

const calls: [name: string, ask: (platform: Platform) => Promise<unknown>][] = [
  ['profile', (platform) => platform.profile()],
  ['keys', (platform) => platform.sshKeys()],
  ['repositories', (platform) => platform.searchRepositories({ words: ['a'], forks: true, user: null }, FIRST)],
  ["a group's", (platform) => platform.searchRepositories({ words: [], forks: false, user: 'acme/tools' }, FIRST)],
  ['groups', (platform) => platform.organizations(FIRST)],
  ['merge requests', (platform) => platform.searchPullRequests({ words: [], state: null, repo: 'a/b' }, FIRST)],
  ['branches', (platform) => platform.branches('a/b', FIRST)],
]

describe.each(cases)('%s', (_, answer, seen) => {
  test.each(calls)('%s', async (_name, ask) => {
    written = answer
    const failure = await failureOf(ask(connect(true)))
    expect(failure.code).toBe('scm_bad_response')
    expect(failure.message).toContain(seen)
    expect(failure.message).not.toMatch(/GitHub|scm_type|no such thing|expired|revoked|blocked/)
  })

  test('while a link is made', async () => {
    written = answer
    const failure = await failureOf(connect(false).profile())
    expect(failure.code).toBe('scm_bad_response')
    expect(failure.message).toContain(seen)
    expect(failure.message).not.toContain('github')
  })
})

test.each([
  [
    'a gateway',
    { status: 429, type: json, headers: { 'retry-after': '7' }, text: '{"error":"Rate limit exceeded"}' },
    7,
  ],
  ['an administrator', { status: 429, type: 'text/plain', text: 'Langsamer, bitte' }, 60],
  ['a challenge', { status: 429, type: 'text/html', text: page }, 60],
])('a 429 is a limit, whoever wrote it: %s', async (_, answer, retryAfter) => {
  written = answer
  const failure = await failureOf(connect(true).organizations(FIRST))
  expect([failure.code, failure.details.retryAfter]).toEqual(['scm_rate_limited', retryAfter])
})
