// The simulated GitHub sends the headers that the real one was recorded with, as the table of facts in
// ../shared/data/recorded/README.md counts them. The facts stand here by hand; the recordings themselves are not needed.

import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type Answer, ask, fieldsOf, linkTo } from '../../test/support/sandbox-client.ts'
import { type Sandbox, type SandboxPlatform, startSandbox } from '../sandbox.ts'

let sandbox: Sandbox
let github: SandboxPlatform
let enterprise: SandboxPlatform

beforeAll(async () => {
  sandbox = await startSandbox({ ports: 'free' })
  github = sandbox.platforms.github
  enterprise = sandbox.platforms['github-enterprise']
})
beforeEach(() => sandbox.reset())
afterAll(() => sandbox.close())

const REPOSITORY = '/repos/john-diggle/example-repository'
const SCOPES = 'x-oauth-scopes'
const ACCEPTED = 'x-accepted-oauth-scopes'
const PERMISSIONS = 'x-accepted-github-permissions'
const CLIENT = 'x-oauth-client-id'
const EXPIRY = 'github-authentication-token-expiration'

function get(path: string, purpose = 'full', headers: Record<string, string> = {}): Promise<Answer> {
  return ask(github, path, { token: github.token('alice', purpose), headers })
}

function headersOf({ headers }: Answer, ...names: string[]): (string | null)[] {
  return names.map((name) => headers.get(name))
}

describe('what a token is told of itself', () => {
  test.each(['/user', '/user/orgs', REPOSITORY, '/search/repositories?q=x', '/rate_limit'])(
    "an App's user token: empty scopes and the App's client id, at %s",
    async (path) => {
      const answer = await get(path, 'app-user')
      expect(headersOf(answer, SCOPES, PERMISSIONS)).toEqual(['', null])
      expect(answer.headers.get(CLIENT)).toMatch(/^Iv1\.[0-9a-f]{16}$/)
    },
  )

  test('a classic token without scopes: empty scopes, and no client id', async () => {
    expect(headersOf(await get('/user', 'profile-only'), SCOPES, CLIENT, PERMISSIONS)).toEqual(['', null, null])
  })

  test.each([
    ['/user', 'allows_permissionless_access=true'],
    ['/user/keys', 'keys=read'],
    [REPOSITORY, 'metadata=read'],
  ])('a fine-grained token: no scopes, but accepted permissions on successes too, at %s', async (path, accepted) => {
    const answer = await get(path, 'fine-grained')
    expect([answer.status, ...headersOf(answer, SCOPES, ACCEPTED, PERMISSIONS)]).toEqual([200, null, null, accepted])
  })

  test('the end of a classic token is in UTC, of a fine-grained one by an offset', async () => {
    const token = github.state.tokens.find(({ value }) => value === github.token('alice', 'fine-grained'))
    if (token) token.expiresAt = '2099-01-02T03:04:05Z'
    expect((await get('/user', 'fine-grained')).headers.get(EXPIRY)).toBe('2099-01-02 03:04:05 +0000')
    expect((await get('/user', 'expires-soon')).headers.get(EXPIRY)).toMatch(/ UTC$/)
  })

  test('a plan is told to tokens with user or read:user alone', async () => {
    const token = github.state.tokens.find(({ value }) => value === github.token('alice', 'full'))
    expect(fieldsOf(await get('/user'))).not.toHaveProperty('plan')
    token?.scopes.push('read:user')
    expect(fieldsOf(await get('/user'))).toHaveProperty('plan')
  })
})

test.each([
  ['/user', ''],
  ['/user/emails', 'user, user:email'],
  ['/user/orgs', 'admin:org, read:org, repo, user, write:org'],
  ['/user/memberships/orgs', 'admin:org, read:org, repo, user, write:org'],
  [REPOSITORY, 'repo'],
  [`${REPOSITORY}/pulls`, ''],
  [`${REPOSITORY}/branches`, ''],
  ['/search/repositories?q=x', ''],
  ['/search/issues?q=is:pr', ''],
])('the accepted scopes of %s are "%s"', async (path, accepted) => {
  expect((await get(path)).headers.get(ACCEPTED)).toBe(accepted)
})

describe('ETags', () => {
  test.each([
    '/user',
    '/user/keys',
    '/user/orgs',
    REPOSITORY,
    `${REPOSITORY}/pulls`,
    `${REPOSITORY}/branches`,
    '/meta',
  ])('%s has a weak one', async (path) => {
    expect((await get(path)).headers.get('etag')).toMatch(/^W\/"[0-9a-f]{64}"$/)
  })

  test.each(['/search/repositories?q=x', '/search/issues?q=is:pr', '/rate_limit'])('%s has none', async (path) => {
    expect(headersOf(await get(path), 'etag', 'cache-control')).toEqual([null, 'no-cache'])
  })

  test('a 304 has it and the limits, and no type, links or scopes', async () => {
    const path = '/user/repos?per_page=1'
    const first = await get(path)
    const etag = first.headers.get('etag') ?? ''
    const second = await get(path, 'full', { 'if-none-match': etag })
    expect([second.status, ...headersOf(second, 'etag', 'content-type', 'link', SCOPES, ACCEPTED)]).toEqual([
      304,
      etag,
      null,
      null,
      null,
      null,
    ])
    expect(second.headers.get('x-ratelimit-remaining')).toBe(first.headers.get('x-ratelimit-remaining'))
    expect(first.headers.get('link')).not.toBeNull()
  })
})

describe('every answer', () => {
  const answers: [string, () => Promise<Answer>][] = [
    ['a success', () => get('/user')],
    ['bad credentials', () => get('/user', 'revoked')],
    ['no token', () => ask(github, '/user')],
    ['an unknown path', () => get('/nothing')],
    ['a missing scope', () => get('/user/orgs', 'no-orgs')],
    ['a search that is refused', () => get('/search/repositories')],
    ['an Enterprise Server', () => ask(enterprise, '/user', { token: enterprise.token('alice') })],
  ]
  test.each(answers)('%s: tells the version selected, a request id, and who serves', async (_, send) => {
    const names = ['x-github-api-version-selected', 'x-github-media-type', 'server']
    const answer = await send()
    expect(headersOf(answer, ...names)).toEqual(['2022-11-28', 'github.v3; format=json', 'github.com'])
    expect(answer.headers.get('x-github-request-id')).not.toBeNull()
  })

  test.each(answers.slice(1, -1))('%s: a message, where it is documented, and the status in text', async (_, send) => {
    const answer = await send()
    expect(fieldsOf(answer)).toMatchObject({
      message: expect.any(String),
      documentation_url: expect.stringMatching(/^https:\/\/docs\.github\.com\//),
      status: String(answer.status),
    })
  })

  test.each(['revoked', undefined])('a 401 has neither scopes nor WWW-Authenticate: %s', async (purpose) => {
    const answer = purpose ? await get('/user', purpose) : await ask(github, '/user')
    expect([answer.status, ...headersOf(answer, SCOPES, ACCEPTED, PERMISSIONS, 'www-authenticate')]).toEqual([
      401,
      null,
      null,
      null,
      null,
    ])
  })
})

describe('versions', () => {
  const as = (version: string) => ({ 'x-github-api-version': version })

  test('github.com knows both, and tells which it took', async () => {
    for (const version of ['2022-11-28', '2026-03-10']) {
      const answer = await get('/user', 'full', as(version))
      expect([answer.status, answer.headers.get('x-github-api-version-selected')]).toEqual([200, version])
    }
  })

  // https://github.com/expipiplus1/update-nix-fetchgit/issues/79
  test('an Enterprise Server before 3.22 answers 400 to the newer one, and names what it knows', async () => {
    const token = enterprise.token('alice')
    const answer = await ask(enterprise, '/user', { token, headers: as('2026-03-10') })
    expect(answer.status).toBe(400)
    expect(fieldsOf(answer).message).toContain(
      '"2026-03-10", is not a supported version. The following versions are currently supported: "2022-11-28" (most recent).',
    )
  })
})

test('buckets name themselves', async () => {
  const bucket = async (path: string) => (await get(path)).headers.get('x-ratelimit-resource')
  expect([await bucket('/user'), await bucket('/search/issues?q=is:pr')]).toEqual(['core', 'search'])
})

test('links lead to numbers', async () => {
  expect(linkTo(await get(`${REPOSITORY}/pulls?state=all&per_page=1`), 'next')).toMatch(/\/repositories\/\d+\/pulls\?/)
})

test('a renamed repository leads to its number, in header and body alike', async () => {
  const answer = await get('/repos/alice/original-name')
  expect([answer.status, fieldsOf(answer).message]).toEqual([301, 'Moved Permanently'])
  expect(answer.headers.get('location')).toMatch(/\/repositories\/\d+$/)
  expect(fieldsOf(answer).url).toBe(answer.headers.get('location'))
})

describe('memberships', () => {
  const path = '/user/memberships/orgs?state=active'
  const logins = ({ body }: Answer) =>
    (body as { organization: { login: string } }[]).map((one) => one.organization.login)

  test('are told a fine-grained token with Members: read, which is given no organisations', async () => {
    expect((await get('/user/orgs', 'fine-grained-members')).body).toEqual([])
    expect(logins(await get(path, 'fine-grained-members')).sort()).toEqual(logins(await get(path, 'wide')).sort())
  })

  test('are refused to one without it', async () => {
    const answer = await get(path, 'fine-grained')
    expect([answer.status, fieldsOf(answer).message]).toEqual([403, 'Resource not accessible by personal access token'])
  })
})
