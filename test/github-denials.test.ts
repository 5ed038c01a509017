// Why a GitHub refuses, through HTTP: on linking, and on a link that has worked, which what somebody in between wrote
// leaves as it was. The sentences are GitHub's own; their sources stand at src/platforms/github/forbidden.ts.

import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { serve, type TestServer } from './support/fault-server.ts'
import { type Account, type Answer, type Service, startService } from './support/service.ts'

interface Reply {
  status: number
  headers?: Record<string, string>
  body: unknown
}

const USER: Reply = { status: 200, body: { id: 42, login: 'alice', type: 'User', email: 'a@example.test' } }
const GITHUB = { 'x-github-request-id': 'A', 'x-github-enterprise-version': '3.19.1', 'x-oauth-scopes': 'repo, user' }

let server: TestServer
let service: Service
let me: Account
let id: string
/** To every call. */
let reply: Reply
let people = 0

beforeAll(async () => {
  server = await serve((_request, response) => {
    const { status, headers = {}, body } = reply
    response.writeHead(status, { 'content-type': 'application/json', ...headers })
    response.end(typeof body === 'string' ? body : JSON.stringify(body))
  })
  service = await startService('SQLite', { ALLOWED_HOSTS: server.origin })
})
afterAll(async () => {
  await service.close()
  await server.close()
})

/** A link that has worked, of its own for each test: a limit makes a link wait. */
beforeEach(async () => {
  reply = { ...USER, headers: { ...GITHUB, 'x-oauth-scopes': 'repo, user, read:public_key' } }
  people += 1
  me = await service.addAccount(`person-${people}`)
  const made = await link()
  expect(made.status).toBe(201)
  id = made.json.scm_integration.id
})

function link(token = 'a-token'): Promise<Answer> {
  const body = { scm_type: 'github-enterprise', url: server.origin, access_token: token }
  return me.call('POST', '/v1/scm_integrations', { scm_integration: body })
}

async function statusOfLink(): Promise<string> {
  return (await me.call('GET', `/v1/scm_integrations/${id}`)).json.scm_integration.status
}

function rejected(status: number, message: string, headers: Record<string, string> = {}): Reply {
  const body = { message, documentation_url: 'https://docs.github.com/rest', status: String(status) }
  return { status, headers: { ...GITHUB, ...headers }, body }
}

describe('what GitHub wrote', () => {
  const rows: [name: string, reply: Reply, status: number, code: string | null, text: string][] = [
    [
      'an IP allow list',
      rejected(
        403,
        'Although you appear to have the correct authorization credentials, the `acme` organization has an IP allow list enabled, and your IP address is not permitted to access this resource.',
        { 'x-accepted-oauth-scopes': 'read:org' },
      ),
      403,
      'scm_forbidden',
      'The operator of this server has to have its address added there',
    ],
    [
      'a policy on tokens',
      rejected(
        403,
        "The 'acme' organization forbids access via a fine-grained personal access tokens if the token's lifetime is greater than 90 days.",
      ),
      403,
      'scm_forbidden',
      "if the token's lifetime is greater than 90 days.",
    ],
    ['a suspended account', rejected(403, 'Sorry. Your account was suspended.'), 403, 'scm_forbidden', 'suspended'],
    [
      'a limit on logins',
      rejected(403, 'Max number of login attempt exceeded'),
      429,
      'scm_rate_limited',
      'Try again in 60 s.',
    ],
    [
      'a retired version',
      rejected(410, 'Gone'),
      503,
      'scm_bad_response',
      'The operator of this server has to update it.',
    ],
  ]
  it.each(rows)('%s is told as what it is', async (_name, given, status, code, text) => {
    reply = given
    const answer = await me.call('GET', `/v1/scm_integrations/${id}/orgs`)
    expect([answer.status, answer.json.code]).toEqual([status, code])
    expect(answer.json.error).toContain(text)
  })

  it('a limit counts to the reset by the platform’s clock, an hour from ours', async () => {
    const now = Date.now() + 3_600_000
    const date = new Date(now).toUTCString()
    const reset = String(Math.floor(now / 1000) + 90)
    reply = rejected(403, 'API rate limit exceeded for user ID 42.', {
      'x-ratelimit-remaining': '0',
      'x-ratelimit-reset': reset,
      date,
    })
    const answer = await me.call('GET', `/v1/scm_integrations/${id}/orgs`)
    expect(answer.status).toBe(429)
    expect(Math.abs(Number(answer.headers.get('retry-after')) - 90)).toBeLessThanOrEqual(2)
  })
})

describe('what somebody in between wrote', () => {
  const html = { 'content-type': 'text/html' }
  const rows: [name: string, reply: Reply][] = [
    ['Apache’s page', { status: 404, headers: { ...html, server: 'Apache/2.4.62' }, body: '<h1>Not Found</h1>' }],
    ['an ingress', { status: 404, headers: { 'content-type': 'text/plain' }, body: 'default backend - 404' }],
    ['a sign-in page', { status: 401, headers: { ...html, 'www-authenticate': 'Basic' }, body: '<h1>401</h1>' }],
    ['a firewall', { status: 403, headers: html, body: '<h1>Request blocked</h1>' }],
    ['nothing', { status: 400, body: '' }],
    ['a gateway', { status: 401, body: { message: 'Unauthorized' } }],
    ['GitLab’s form', { status: 404, body: { message: '404 Project Not Found' } }],
  ]
  it.each(rows)('%s changes no link and empties no list', async (_name, given) => {
    reply = given
    const query = (text: string) => `?query=${encodeURIComponent(text)}`
    for (const [method, path] of [
      ['GET', 'orgs'],
      ['GET', `search_repos${query('user:acme')}`],
      ['GET', `search_pull_requests${query('repo:o/r')}`],
      ['GET', 'branches?repo_name=o%2Fr'],
      ['POST', 'import_keys'],
    ] as const) {
      const answer = await me.call(method, `/v1/scm_integrations/${id}/${path}`)
      expect([path, answer.status, answer.json.code]).toEqual([path, 503, 'scm_bad_response'])
      expect(answer.json.error).toContain(`answered ${given.status} with `)
      expect(answer.json.error).not.toContain('GitLab')
    }
    expect(await statusOfLink()).toBe('ok')
  })

  it.each(rows.slice(0, -1))('%s keeps a new link from being made, at its url', async (_name, given) => {
    reply = given
    const answer = await link('another-token')
    expect([answer.status, Object.keys(answer.json.errors)]).toEqual([422, ['url']])
    expect(answer.json.errors.url[0]).not.toMatch(/GitLab|revoked/)
  })
})
