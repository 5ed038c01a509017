// What is GitHub's own: tokens of all kinds, limits of the search, and who answers at an address.
import { afterEach, describe, expect, test } from 'vitest'
import {
  type RecordedPlatform,
  type Recording,
  startRecordedPlatform,
} from '../../../test/support/recorded-platform.ts'
import type { Failure } from '../../failure.ts'
import type { ScmType } from '../scm-types.ts'

const FIRST = { page: 1, perPage: 20 }
let recorded: RecordedPlatform

async function at(
  recordings: Recording[],
  scmType: ScmType = 'github-enterprise',
): Promise<RecordedPlatform['platform']> {
  recorded = await startRecordedPlatform(scmType, recordings)
  return recorded.platform
}

function failureOf(asked: Promise<unknown>): Promise<Failure> {
  return asked.then(
    (answer) => expect.unreachable(JSON.stringify(answer)),
    (failure: Failure) => failure,
  )
}

afterEach(() => recorded?.close())

const user = {
  id: 42,
  login: 'alice',
  type: 'User',
  avatar_url: null,
  html_url: 'javascript:alert(1)',
  email: 'a@example.test',
}
const EMAILS = '/user/emails?per_page=100'

describe('profile', () => {
  test.each([
    ['user,read:org,read:public_key', []],
    ['repo, user:email, admin:org, admin:public_key', []],
    ['user:email, write:org, write:public_key', []],
    ['read:user', ['user:email', 'read:org', 'read:public_key']],
    ['repo, user', ['read:public_key']],
    ['user, read:public_key', []],
    ['repo, user:email, read:public_key', []],
    ['admin:org, user:email, write:public_key', []],
    ['public_repo, user:email, read:public_key', ['read:org']],
    ['', ['user:email', 'read:org', 'read:public_key']],
  ])('of a token with the scopes "%s" lacks %j', async (scopes, missing) => {
    const platform = await at([{ path: '/user', headers: { 'x-oauth-scopes': scopes }, body: user }])
    expect((await platform.profile()).missingScopes).toEqual(missing)
  })

  test('of a fine-grained token tells no scopes and misses none', async () => {
    const platform = await at([{ path: '/user', body: user }])
    expect(await platform.profile()).toMatchObject({ scopes: null, missingScopes: [], tokenExpiresAt: null })
  })

  test('has no address that a browser must not follow', async () => {
    const platform = await at([{ path: '/user', body: { ...user, avatar_url: 'data:text/html,x' } }])
    expect(await platform.profile()).toMatchObject({ avatarUrl: null, profileUrl: recorded.webUrl })
  })

  test.each([
    ['hidden', { status: 404, body: { message: 'Not Found' } }],
    ['refused', { status: 403, headers: { 'x-accepted-github-permissions': 'emails=read' }, body: {} }],
    ['not verified', { body: [{ email: 'a@example.test', primary: true, verified: false, visibility: null }] }],
    ['none', { body: [] }],
  ])('has no address where the e-mails are %s', async (_, answer) => {
    const platform = await at([
      { path: '/user', body: { ...user, email: null } },
      { path: EMAILS, ...answer },
    ])
    expect((await platform.profile()).email).toBeNull()
  })

  test('does not tell an e-mail address, nor that there is none, where reading them meets the rate limit', async () => {
    const platform = await at([
      { path: '/user', body: { ...user, email: null } },
      { path: EMAILS, status: 429, headers: { 'retry-after': '7' }, body: {} },
    ])
    const profile = await platform.profile()
    expect([profile.uid, profile.email]).toEqual(['42', undefined])
  })

  test.each([
    ['2026-03-01 08:00:00 UTC', '2026-03-01T08:00:00.000Z'],
    ['2026-03-01 08:00:00 -0700', '2026-03-01T15:00:00.000Z'],
    ['tomorrow', null],
  ])('of a token that ends at %s', async (header, expected) => {
    const headers = { 'github-authentication-token-expiration': header }
    const platform = await at([{ path: '/user', headers, body: user }])
    expect((await platform.profile()).tokenExpiresAt).toBe(expected)
  })

  test.each([
    ['a bot', { body: { ...user, type: 'Bot' } }],
    ['an installation', { status: 403, body: { message: 'Resource not accessible by integration' } }],
  ])('of %s is refused, for only persons are linked', async (_, answer) => {
    const failure = await failureOf((await at([{ path: '/user', ...answer }])).profile())
    expect(failure.code).toBe('scm_token_rejected')
    expect(failure.message).toContain("only a person's token can be linked")
  })

  test.each<[string, Omit<Recording, 'path'>, string]>([
    ['nothing', { status: 404, body: { message: 'Not Found' } }, 'it does not know /user.'],
    [
      'GitLab by its status',
      { status: 410, body: { error: 'API V3 is no longer supported.' } },
      'use the scm_type gitlab-self-hosted',
    ],
    [
      'GitLab by its header',
      { status: 404, headers: { 'x-gitlab-meta': '{}' }, body: 'x' },
      'use the scm_type gitlab-self-hosted',
    ],
    ['GitLab by its names', { body: { id: 1, username: 'alice' } }, 'use the scm_type gitlab-self-hosted'],
    ['no id', { body: { ...user, id: null } }, 'has no id or login.'],
    ['an id in text', { body: { ...user, id: '42' } }, 'has no id or login.'],
    ['an id beyond what numbers hold', { body: '{"id":9223372036854775808,"login":"alice"}' }, 'has no id or login.'],
    ['an empty login', { body: { ...user, login: '' } }, 'has no id or login.'],
    ['a list', { body: [] }, 'has no id or login.'],
    ['a page', { headers: { 'content-type': 'text/html' }, body: '<html></html>' }, ''],
  ])('is refused where the address has %s', async (_, answer, text) => {
    const failure = await failureOf((await at([{ path: '/user', ...answer }])).profile())
    expect(failure.code).toBe('scm_bad_response')
    expect(failure.message).toContain(text)
  })
})

test('who is there instead is asked without the token', async () => {
  const platform = await at([
    { path: '/user', status: 404, body: { message: 'Not Found' } },
    { path: '^/api/v4/version', status: 401, body: { message: '401 Unauthorized' } },
  ])
  expect((await failureOf(platform.profile())).message).toContain('use the scm_type gitlab-self-hosted')
  expect(recorded.asked).toEqual(['/user', '^/api/v4/version'])
  expect(recorded.lastHeaders().authorization).toBeUndefined()
})

test('keys that are not there are a missing scope and not an empty list, also without headers', async () => {
  const hidden = { status: 404, body: { message: 'Not Found' } }
  const failure = await failureOf((await at([{ path: '/user/keys?per_page=100', ...hidden }])).sshKeys())
  expect(failure.code).toBe('scm_scope_missing')
  expect(failure.message).toContain(`lacks the scope read:public_key. Tick it at ${recorded.webUrl}/settings/tokens`)
})

describe('organisations', () => {
  const path = '/user/orgs?per_page=20&page=1'

  test('are none for a fine-grained token, which is said', async () => {
    const memberships = '/user/memberships/orgs?state=active&per_page=20&page=1'
    const rejected = { path: memberships, status: 403, body: { message: 'Resource not accessible by token' } }
    const page = await (await at([{ path, body: [] }, rejected])).organizations(FIRST)
    expect(page.warnings).toEqual([
      'GitHub lists no organisations for fine-grained and App tokens; a classic token shows them.',
    ])
  })

  test('are none for somebody without any, which needs no words', async () => {
    const page = await (await at([{ path, headers: { 'x-oauth-scopes': 'read:org' }, body: [] }])).organizations(FIRST)
    expect(page).toEqual({ items: [], hasNext: false, totalCount: null, warnings: [] })
  })

  test.each([
    ['organizations=21955855,20582480', '2 organisations'],
    ['organizations=1', '1 organisation'],
    ['', 'organisations'],
  ])('held back by single sign-on are counted: "%s"', async (ids, whose) => {
    const headers = { 'x-oauth-scopes': 'read:org', 'x-github-sso': `partial-results; ${ids}` }
    const page = await (await at([{ path, headers, body: [] }])).organizations(FIRST)
    expect(page.warnings).toEqual([
      `GitHub left out what belongs to ${whose} wanting the token authorised for single sign-on.`,
    ])
  })
})

describe('a search', () => {
  const query = { words: ['x'], forks: false, user: null }
  const path = (page: number, perPage: number) => `/search/repositories?q=x&per_page=${perPage}&page=${page}`

  test('that ran out of time says so, and its total stays', async () => {
    const body = { total_count: 3, incomplete_results: true, items: [] }
    const page = await (await at([{ path: path(1, 20), body }])).searchRepositories(query, FIRST)
    expect(page.totalCount).toBe(3)
    expect(page.warnings).toEqual(['GitHub ran out of time for this search, so results may be missing.'])
  })

  test('ends at its first 1,000 results, and nothing is asked beyond', async () => {
    const link = `<{api}${path(11, 100)}>; rel="next"`
    const body = { total_count: 4_000, incomplete_results: false, items: [] }
    const platform = await at([{ path: path(10, 100), headers: { link }, body }])
    expect(await platform.searchRepositories(query, { page: 10, perPage: 100 })).toMatchObject({
      hasNext: false,
      totalCount: 4_000,
    })
    for (const beyond of [
      { page: 11, perPage: 100 },
      { page: 1_001, perPage: 1 },
    ]) {
      const page = await platform.searchRepositories(query, beyond)
      expect(page).toEqual({
        items: [],
        hasNext: false,
        totalCount: null,
        warnings: ['GitHub gives only the first 1000 results of a search; narrow the query.'],
      })
    }
    expect(recorded.asked).toEqual([path(10, 100)])
  })

  test('that GitHub refuses is our failure where it names nobody', async () => {
    const platform = await at([{ path: path(1, 20), status: 422, body: { message: 'Validation Failed' } }])
    expect((await failureOf(platform.searchRepositories(query, FIRST))).code).toBe('scm_query_refused')
  })

  test('in a path of groups finds nobody, and is not sent', async () => {
    const page = await (await at([])).searchRepositories({ ...query, user: 'acme/tools' }, FIRST)
    expect(page.warnings).toEqual(['GitHub has no user or organisation "acme/tools" that this account can see.'])
    expect(recorded.asked).toEqual([])
  })
})

describe('pull requests', () => {
  const search = '/search/issues?q=is%3Apr+author%3A%40me&sort=created&order=desc&per_page=20&page=1'
  const list = (repo: string) => `/repos/${repo}/pulls?state=all&sort=created&direction=desc&per_page=100&page=1`
  const issue = (repo: string, number: number) => ({
    id: 500_000 + number,
    number,
    title: `Change ${number}`,
    state: 'open',
    html_url: `https://example.test/${repo}/pull/${number}`,
    repository_url: `{api}/repos/${repo}`,
    pull_request: { merged_at: null },
  })
  const found = (...items: object[]) => ({
    path: search,
    body: { total_count: items.length, incomplete_results: false, items },
  })
  const own = { words: [], state: null, repo: null }
  const LOOKUP_FAILED = 'Where some of these pull requests come from could not be looked up.'

  test('of several repositories cost one look-up each, and at most ten', async () => {
    const repositories = Array.from({ length: 12 }, (_, index) => `o/r${index}`)
    const items = repositories.flatMap((repo) => [issue(repo, 1), issue(repo, 2)])
    const platform = await at([found(...items), ...repositories.map((repo) => ({ path: list(repo), body: [] }))])
    const page = await platform.searchPullRequests(own, FIRST)
    expect(page.items).toHaveLength(24)
    expect(page.warnings).toEqual(['Where some of these pull requests come from could not be looked up.'])
    expect(recorded.asked.slice(1).sort()).toEqual(repositories.slice(0, 10).map(list).sort())
  })

  test.each([
    ['hidden', { status: 404, body: { message: 'Not Found' } }, []],
    ['hidden by somebody in between', { status: 404, body: {} }, [LOOKUP_FAILED]],
    ['refused', { status: 403, headers: { 'x-github-sso': 'required; url=https://example.test/sso' }, body: {} }, []],
    ['nonsense', { body: {} }, [LOOKUP_FAILED]],
  ])('have neither id nor source where the look-up is %s', async (_, answer, warnings) => {
    const platform = await at([found(issue('o/r', 1)), { path: list('o/r'), ...answer }])
    const page = await platform.searchPullRequests(own, FIRST)
    expect(page.items[0]).toMatchObject({ id: null, number: 1, sourceRepoName: null, sourceRepoHtmlUrl: null })
    expect(page.warnings).toEqual(warnings)
  })

  test('are not looked up in a repository whose name leads elsewhere', async () => {
    const items = ['..', 'a/../../user', ''].map((repo) => issue(repo, 1))
    await (await at([found(...items)])).searchPullRequests(own, FIRST)
    expect(recorded.asked).toEqual([search])
  })

  test.each(['a', 'a/b/c'])('of "%s" are a query that GitHub has no form for', async (repo) => {
    const failure = await failureOf((await at([])).searchPullRequests({ ...own, repo }, FIRST))
    expect(failure.details.errors).toEqual({ query: ['has a repo: that is not OWNER/NAME; GitHub has no other form'] })
  })
})

describe('health', () => {
  const limits = { resources: { core: { limit: 60, remaining: 0, reset: 1_893_456_000 } } }

  test('of github.com asks for no version', async () => {
    const platform = await at([{ path: '/rate_limit', body: limits }], 'github')
    expect(await platform.health()).toEqual({
      name: 'GitHub',
      version: null,
      rateLimit: { limit: 60, remaining: 0, resetAt: '2030-01-01T00:00:00.000Z' },
      isTold: true,
      unknownCalls: [],
    })
  })

  test('of a server without limits has none', async () => {
    const platform = await at([
      { path: '/meta', body: { installed_version: '3.19.0' } },
      { path: '/rate_limit', status: 404, body: { message: 'Rate limiting is not enabled.' } },
    ])
    expect(await platform.health()).toMatchObject({ version: '3.19.0', rateLimit: null })
  })

  test('of a link whose token is no longer taken is that failure', async () => {
    const platform = await at([{ path: '/meta', status: 401, body: { message: 'Bad credentials' } }])
    expect((await failureOf(platform.health())).code).toBe('scm_token_rejected')
  })
})
