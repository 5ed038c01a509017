// A platform that answers `GET /user` and, to all else, what somebody in between or it itself writes as a refusal.

import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { serve, type TestServer } from './support/fault-server.ts'
import { type Account, type Answer, type Service, startService } from './support/service.ts'

interface Reply {
  status: number
  headers?: Record<string, string>
  body: unknown
}

const GITHUB = { 'x-github-request-id': 'A', 'x-github-enterprise-version': '3.19.1' }
const FINE_GRAINED: Reply = {
  status: 200,
  headers: GITHUB,
  body: { id: 42, login: 'alice', type: 'User', email: 'a@example.test' },
}
const USER: Reply = { status: 200, body: { id: 42, username: 'alice', email: 'a@example.test' } }

const PAGE: Reply = {
  status: 403,
  headers: { 'content-type': 'text/html', server: 'awselb/2.0' },
  body: '<html>No</html>',
}
const INGRESS: Reply = { status: 404, headers: { 'content-type': 'text/plain' }, body: 'default backend - 404' }
const docs = { documentation_url: 'https://docs.github.com/rest' }

/** By path; `null` is any other. */
let replies: [path: RegExp | null, reply: Reply][]
let server: TestServer
let service: Service
let me: Account
let people = 0

beforeAll(async () => {
  server = await serve((request, response) => {
    const path = (request.url ?? '').split('?', 1)[0] ?? ''
    const { status, headers, body } =
      replies.find(([pattern]) => pattern === null || pattern.test(path))?.[1] ?? INGRESS
    response.writeHead(status, { 'content-type': 'application/json', ...headers })
    response.end(typeof body === 'string' ? body : JSON.stringify(body))
  })
  service = await startService('SQLite', { ALLOWED_HOSTS: server.origin })
})
beforeEach(async () => {
  people += 1
  me = await service.addAccount(`person-${people}`)
})
afterAll(async () => {
  await service.close()
  await server.close()
})

async function linked(scmType: string): Promise<string> {
  const body = { scm_type: scmType, url: server.origin, access_token: 'a-token' }
  const { status, json } = await me.call('POST', '/v1/scm_integrations', { scm_integration: body })
  expect(status).toBe(201)
  return json.scm_integration.id
}

function use(id: string, path = ''): Promise<Answer> {
  return me.call('GET', `/v1/scm_integrations/${id}${path}`)
}

const OK: [RegExp, Reply][] = [
  [/v3\/user$/, FINE_GRAINED],
  [/v4\/user$/, USER],
  [/self$/, { status: 200, body: { scopes: ['read_user'], expires_at: '2031-01-02' } }],
]

describe.each([
  ['github-enterprise', { status: 403, headers: GITHUB, body: { message: 'Resource protected by policy', ...docs } }],
  ['gitlab-self-hosted', { status: 403, body: { message: '403 Forbidden' } }],
] satisfies [string, Reply][])('%s', (scmType, failure) => {
  it('is not ok where everything but the profile is refused, which the first health finds out', async () => {
    replies = [...OK, [null, failure]]
    const id = await linked(scmType)
    const { health } = (await use(id, '/health')).json
    expect(health).toMatchObject({ status: 'forbidden', problems: [{ code: 'scm_forbidden' }] })
    expect((await use(id)).json.scm_integration).toMatchObject({ status: 'forbidden' })
  })

  it.each([
    ['a page', PAGE],
    ['an ingress', INGRESS],
  ])('is told as answered by %s, which changes nothing of the link', async (_name, foreign) => {
    replies = [...OK, [null, failure]]
    const id = await linked(scmType)
    const before = (await use(id)).json.scm_integration
    replies = [
      [/\/user$/, scmType === 'github-enterprise' ? FINE_GRAINED : USER],
      [null, foreign],
    ]
    const { health } = (await use(id, '/health')).json
    expect(health.problems).toMatchObject([{ code: 'scm_bad_response' }])
    for (const path of ['/orgs', '/search_repos?query=a']) {
      const { status, json } = await use(id, path)
      expect([status, json.code]).toEqual([503, 'scm_bad_response'])
    }
    expect((await use(id)).json.scm_integration).toEqual(before)
  })
})

it('what GitLab said of a token stands while somebody in between answers when it is asked again', async () => {
  replies = [...OK, [/metadata$/, { status: 200, body: { version: '18.0.0' } }], [null, PAGE]]
  const id = await linked('gitlab-self-hosted')
  const before = (await use(id)).json.scm_integration
  expect(before).toMatchObject({ status: 'scope_missing', scopes: ['read_user'] })
  replies = replies.filter(([path]) => path?.source !== 'self$')
  const { health } = (await use(id, '/health')).json
  expect(health).toMatchObject({ status: 'scope_missing', scopes: { granted: ['read_user'], missing: ['read_api'] } })
  expect((await use(id)).json.scm_integration).toEqual(before)
})

it('memberships that somebody in between keeps back are not told as none', async () => {
  replies = [...OK, [/v3\/user\/orgs$/, { status: 200, headers: GITHUB, body: [] }], [null, INGRESS]]
  const { status, json } = await use(await linked('github-enterprise'), '/orgs')
  expect([status, json.code]).toEqual([503, 'scm_bad_response'])
})

it('a link is not given the token of an installation, and told so', async () => {
  replies = [...OK, [null, INGRESS]]
  const id = await linked('github-enterprise')
  const body = { message: 'Resource not accessible by integration', ...docs, status: '403' }
  replies = [[null, { status: 403, headers: GITHUB, body }]]
  const { status, json } = await me.call('PATCH', `/v1/scm_integrations/${id}`, { access_token: 'another' })
  expect([status, json.errors.access_token]).toEqual([422, [expect.stringContaining('a bot or an app installation')]])
})
