// One odd field never loses a whole list, and what a platform says of a query reaches whoever asked it. Of GitHub.

import { afterEach, describe, expect, test } from 'vitest'
import {
  type RecordedPlatform,
  type Recording,
  startRecordedPlatform,
} from '../../../test/support/recorded-platform.ts'
import type { Failure } from '../../failure.ts'
import type { Platform } from '../platform.ts'

const FIRST = { page: 1, perPage: 20 }
let recorded: RecordedPlatform | undefined

async function at(scmType: 'github-enterprise' | 'gitlab-self-hosted', recordings: Recording[]): Promise<Platform> {
  recorded = await startRecordedPlatform(scmType, recordings)
  return recorded.platform
}

const github = (...recordings: Recording[]) => at('github-enterprise', recordings)

function failureOf(asked: Promise<unknown>): Promise<Failure> {
  return asked.then(
    (answer) => expect.unreachable(JSON.stringify(answer)),
    (failure: Failure) => failure,
  )
}

afterEach(async () => {
  await recorded?.close()
  recorded = undefined
})

const leftOut = (label: string) => [
  `1 entry of this page was left out: it came from ${label} in a form that cannot be read.`,
]

describe('of GitHub: repositories found', () => {
  const path = '/search/repositories?q=x&per_page=20&page=1'
  const query = { words: ['x'], forks: false, user: null }
  const item = (id: unknown, own: object = {}) => ({
    id,
    name: `r${id}`,
    full_name: `alice/r${id}`,
    html_url: `https://example.test/alice/r${id}`,
    description: null,
    private: false,
    fork: false,
    default_branch: 'main',
    ...own,
  })
  const found = (...items: unknown[]) => ({
    path,
    body: { total_count: items.length, incomplete_results: false, items },
  })

  test.each([
    ['the id 0', item(0)],
    ['no id', item(undefined)],
    ['an id in text', item('7')],
    ['no name', item(7, { full_name: undefined })],
    ['nothing', null],
    ['no object', 'x'],
  ])('one with %s is left out, which is said', async (_, odd) => {
    const page = await (await github(found(item(1), odd, item(3)))).searchRepositories(query, FIRST)
    expect(page.items.map(({ id }) => id)).toEqual([1, 3])
    expect(page.warnings).toEqual(leftOut('GitHub'))
  })

  test.each([
    [{ private: undefined, visibility: 'internal' }, { private: true }],
    [{ private: undefined, visibility: 'public' }, { private: false }],
    [{ private: 'no' }, { private: null }],
    [{ fork: null }, { fork: false }],
    [{ description: { html: 'x' } }, { description: null }],
    [{ default_branch: 7 }, { defaultBranch: null }],
    [{ html_url: [] }, { url: expect.stringMatching(/^http:\/\/127/) }],
    [{ name: 7 }, { name: 'r1' }],
  ])('with %j keep the rest', async (own, expected) => {
    const page = await (await github(found(item(1, own), item(2)))).searchRepositories(query, FIRST)
    expect([page.items.length, page.warnings]).toEqual([2, []])
    expect(page.items[0]).toMatchObject({ id: 1, fullName: 'alice/r1', ...expected })
  })

  test.each([[undefined], [-1], ['3'], [null]])('have no total where it is %j', async (total_count) => {
    const body = { total_count, incomplete_results: 'no', items: [item(1)] }
    const page = await (await github({ path, body })).searchRepositories(query, FIRST)
    expect(page).toMatchObject({ items: [{ id: 1 }], totalCount: null, hasNext: false, warnings: [] })
  })

  test('that cannot be read, every one, are no answer of GitHub', async () => {
    const failure = await failureOf((await github(found({}, {}))).searchRepositories(query, FIRST))
    expect(failure.code).toBe('scm_bad_response')
  })

  // GitBucket numbers nothing: https://github.com/gitbucket/gitbucket (ApiRepository, `val id = 0`).
  test('with the id 0, every one, are left out and no failure', async () => {
    const page = await (await github(found(item(0), item(0)))).searchRepositories(query, FIRST)
    expect([page.items, page.warnings]).toEqual([
      [],
      ['2 entries of this page were left out: they came from GitHub in a form that cannot be read.'],
    ])
  })

  test('have a next page where only the total tells, and not without', async () => {
    const items = Array.from({ length: 20 }, (_, index) => item(index + 1))
    const told = await github({ path, body: { total_count: 21, items } })
    expect((await told.searchRepositories(query, FIRST)).hasNext).toBe(true)
    await recorded?.close()
    const whole = await github({ path, body: { total_count: 20, items } })
    expect((await whole.searchRepositories(query, FIRST)).hasNext).toBe(false)
  })

  // https://docs.github.com/en/rest/search/search#about-search
  test.each([
    [1_000, []],
    [1_001, ['GitHub gives only the first 1000 results of a search; narrow the query.']],
  ])('on the last page that there is say that more exist: %i', async (total_count, warnings) => {
    const last = '/search/repositories?q=x&per_page=30&page=34'
    const platform = await github({ path: last, body: { total_count, items: [item(1)] } })
    const page = await platform.searchRepositories(query, { page: 34, perPage: 30 })
    expect(page).toMatchObject({ hasNext: false, totalCount: total_count, warnings })
  })
})

test('of GitHub: the last page of a search says that more exist where only its being full tells', async () => {
  const items = Array.from({ length: 100 }, (_, index) => ({ id: index + 1, full_name: `alice/r${index}` }))
  const page = (number: number) => `/search/repositories?q=x&per_page=100&page=${number}`
  const end = { status: 422, body: { message: 'Only the first 1000 search results are available' } }
  const platform = await github({ path: page(10), body: { items } }, { path: page(11), ...end })
  const query = { words: ['x'], forks: false, user: null }
  expect(await platform.searchRepositories(query, { page: 10, perPage: 100 })).toMatchObject({
    hasNext: false,
    totalCount: null,
    warnings: ['GitHub gives only the first 1000 results of a search; narrow the query.'],
  })
})

describe('of GitHub: pull requests', () => {
  const list = '/repos/o/r/pulls?state=all&sort=created&direction=desc&per_page=20&page=1'
  const search = '/search/issues?q=is%3Apr+author%3A%40me&sort=created&order=desc&per_page=20&page=1'
  const own = { words: [], state: null, repo: null }
  const pull = (number: unknown, more: object = {}) => ({
    id: 5_000,
    number,
    title: 'Change',
    state: 'open',
    html_url: 'https://example.test/o/r/pull/1',
    head: { repo: { full_name: 'o/fork', html_url: 'https://example.test/o/fork' } },
    ...more,
  })
  const issue = (number: number, more: object = {}) => ({
    number,
    title: 'Change',
    state: 'open',
    html_url: `https://example.test/o/r/pull/${number}`,
    repository_url: '{api}/repos/o/r',
    pull_request: { merged_at: null },
    ...more,
  })

  test('with an odd id or source have null there, and one without a number is left out', async () => {
    const body = [pull(1, { id: 0 }), pull(2, { head: null }), pull(3, { head: { repo: { full_name: 7 } } }), pull('4')]
    const page = await (await github({ path: list, body })).searchPullRequests({ ...own, repo: 'o/r' }, FIRST)
    expect(page.items).toMatchObject([
      { number: 1, id: null, sourceRepoName: 'o/fork' },
      { number: 2, id: 5_000, sourceRepoName: null },
      { number: 3, id: 5_000, sourceRepoName: null },
    ])
    expect(page.warnings).toEqual(leftOut('GitHub'))
  })

  test('found are never issues, which lack pull_request', async () => {
    const items = [issue(1), issue(2, { pull_request: undefined }), issue(3, { pull_request: null }), issue(4)]
    const platform = await github({ path: search, body: { total_count: 4, items } })
    expect((await platform.searchPullRequests(own, FIRST)).items.map(({ number }) => number)).toEqual([1, 4])
  })

  // So GitHub listed issues in 2014: gh-search-issues-02 of ../shared/data/recorded.
  test('found are no issues with a pull_request of nulls', async () => {
    const nulls = { html_url: null, diff_url: null, patch_url: null }
    const addresses = { html_url: 'https://example.test/o/r/pull/1', diff_url: null, patch_url: null }
    const items = [issue(1, { pull_request: addresses }), issue(2, { pull_request: nulls }), issue(3)]
    const platform = await github({ path: search, body: { total_count: 3, items } })
    expect((await platform.searchPullRequests(own, FIRST)).items.map(({ number }) => number)).toEqual([1, 3])
  })

  // 52 of 747 items found in 2014 have none: ../shared/data/recorded.
  test('found without repository_url are looked up by their page', async () => {
    const look = '/repos/o/r/pulls?state=all&sort=created&direction=desc&per_page=100&page=1'
    const platform = await github(
      { path: search, body: { total_count: 1, items: [issue(1, { repository_url: undefined })] } },
      { path: look, body: [pull(1)] },
    )
    expect((await platform.searchPullRequests(own, FIRST)).items).toMatchObject([
      { id: 5_000, sourceRepoName: 'o/fork' },
    ])
  })

  test('that a repository does not list at all are said to be switched off', async () => {
    const missing = { status: 404, body: { message: 'Not Found' } }
    const platform = await github({ path: list, ...missing }, { path: '/repos/o/r', body: { full_name: 'o/r' } })
    expect(await platform.searchPullRequests({ ...own, repo: 'o/r' }, FIRST)).toMatchObject({
      items: [],
      warnings: ['GitHub lists no pull requests of repository "o/r"; they may be switched off there.'],
    })
  })
})

describe('of GitHub: a search that is refused', () => {
  const words = { words: ['logo'], state: null, repo: 'o/r' }
  const path = '/search/issues?q=logo+in%3Atitle+is%3Apr+repo%3Ao%2Fr&sort=created&order=desc&per_page=20&page=1'
  const invalid = (error: object, message = 'Validation Failed') => ({
    path,
    status: 422,
    body: { message, errors: [{ resource: 'Search', field: 'q', code: 'invalid', ...error }] },
  })
  const hidden =
    'The listed users and repositories cannot be searched either because the resources do not exist or you do not have permission to view them.'

  test('for its repository is an empty list, where that is not there either', async () => {
    const platform = await github(invalid({ message: hidden }), {
      path: '/repos/o/r',
      status: 404,
      body: { message: 'Not Found' },
    })
    expect((await platform.searchPullRequests(words, FIRST)).warnings).toEqual([
      'GitHub has no repository "o/r" that this account can see.',
    ])
  })

  test.each([
    ['o/r', 'GitHub has repository "o/r", but does not search in it for this account.'],
    ['o/r is:issue', 'GitHub has repository "o/r", but does not search in it for this account.'],
  ])('although the repository is there as %s is said so', async (full_name, warning) => {
    const platform = await github(invalid({ message: hidden }), { path: '/repos/o/r', body: { full_name } })
    expect((await platform.searchPullRequests(words, FIRST)).warnings).toEqual([warning])
  })

  test('for anything else is the caller’s query, in GitHub’s words on one line and bounded', async () => {
    const long = `More than five AND / OR / NOT\u0007\noperators were used. ${'x'.repeat(400)}`
    const failure = await failureOf((await github(invalid({ message: long }))).searchPullRequests(words, FIRST))
    expect(failure.code).toBe('scm_query_refused')
    const [message = ''] = failure.details.errors?.query ?? []
    expect(message).toMatch(
      /^is refused by GitHub Enterprise Server: "More than five AND \/ OR \/ NOT operators were used\. x+…"$/,
    )
    expect(message.length).toBeLessThan(360)
  })

  test.each([
    'Only the first 1000 search results are available',
    'Pagination with the page parameter is not supported for large datasets',
  ])('with "%s" is about the page', async (message) => {
    const platform = await github({ path, status: 422, body: { message } })
    const failure = await failureOf(platform.searchPullRequests(words, FIRST))
    expect(failure.details.errors).toEqual({
      page: ['is further into the list than GitHub Enterprise Server gives pages; narrow the query'],
    })
  })
})

describe('of GitHub: health', () => {
  const core = { limit: 60, remaining: 1, reset: 1_893_456_000 }
  const limit = { limit: 60, remaining: 1, resetAt: '2030-01-01T00:00:00.000Z' }

  test.each([
    // The whole answer of 2013: ../shared/data/recorded.
    [{ rate: core }, limit],
    [{ resources: {}, rate: core }, limit],
    [{ resources: { core: { limit: '60' } } }, null],
    [{ resources: [] }, null],
    [{}, null],
  ])('with limits of %j', async (body, expected) => {
    const meta = { installed_version: '3.20.1', hooks: new Array(1_739).fill('192.0.2.0/24') }
    const platform = await github({ path: '/meta', body: meta }, { path: '/rate_limit', body })
    expect(await platform.health()).toMatchObject({ version: '3.20.1', rateLimit: expected })
  })
})

// https://github.com/renovatebot/renovate/issues/43750
test.each([
  ['keys', '/user/keys', (platform: Platform) => platform.sshKeys()],
  [
    'organisations',
    '/user/orgs',
    async (platform: Platform) => (await platform.organizations({ page: 1, perPage: 100 })).items,
  ],
] as const)('of GitHub: %s are asked for in smaller pages where a large one is 404', async (_, path, ask) => {
  const missing = { status: 404, body: { message: 'Not Found' } }
  const body = [{ id: 1, login: 'acme', title: 'Laptop', key: 'ssh-ed25519 AAAA' }]
  const platform = await github(
    { path: `${path}?per_page=100`, ...missing },
    { path: `${path}?per_page=100&page=1`, ...missing },
    { path: `${path}?per_page=30`, body },
    { path: `${path}?per_page=50&page=1`, body },
  )
  expect(await ask(platform)).toHaveLength(1)
})
