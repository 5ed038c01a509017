// What is GitLab's own of projects: forks, groups, merge requests and branches, and what somebody in between does to their paths.

import { afterEach, describe, expect, test } from 'vitest'
import {
  type RecordedPlatform,
  type Recording,
  startRecordedPlatform,
} from '../../../test/support/recorded-platform.ts'
import type { Failure } from '../../failure.ts'

const FIRST = { page: 1, perPage: 20 }
let recorded: RecordedPlatform

async function at(
  recordings: Recording[],
  own?: Parameters<typeof startRecordedPlatform>[2],
): Promise<RecordedPlatform['platform']> {
  recorded = await startRecordedPlatform('gitlab-self-hosted', recordings, own)
  return recorded.platform
}

function failureOf(asked: Promise<unknown>): Promise<Failure> {
  return asked.then(
    (answer) => expect.unreachable(JSON.stringify(answer)),
    (failure: Failure) => failure,
  )
}

afterEach(() => recorded?.close())

describe('repositories', () => {
  const project = (id: number, own: object = {}) => ({
    id,
    name: 'Display name',
    path: `p${id}`,
    path_with_namespace: `alice/p${id}`,
    web_url: `https://example.test/alice/p${id}`,
    description: null,
    visibility: 'public',
    default_branch: 'main',
    ...own,
  })
  const all = (page: number, perPage = 100) =>
    `/projects?order_by=last_activity_at&sort=desc&per_page=${perPage}&page=${page}`
  const none = { words: [], user: null }

  test('are read on until ours is full, and no further', async () => {
    const forks = Array.from({ length: 100 }, (_, index) => project(1_000 + index, { mr_default_target_self: true }))
    const headers = { 'x-next-page': '2' }
    const platform = await at([
      { path: all(1), headers, body: forks },
      { path: all(2), headers: { 'x-next-page': '3' }, body: [project(1), project(2), ...forks.slice(2)] },
    ])
    const page = await platform.searchRepositories({ ...none, forks: false }, { page: 1, perPage: 1 })
    expect(page).toMatchObject({ items: [{ id: 1 }], hasNext: true, totalCount: null, warnings: [] })
    expect(recorded.asked).toEqual([all(1), all(2)])
  })

  test('are cut after ten pages, which is said', async () => {
    const fork = project(1, { forked_from_project: { id: 2 } })
    const pages = Array.from({ length: 11 }, (_, index) => ({
      path: all(index + 1),
      headers: { 'x-next-page': String(index + 2) },
      body: Array.from({ length: 100 }, () => fork),
    }))
    const page = await (await at(pages)).searchRepositories({ ...none, forks: false }, FIRST)
    expect(page).toMatchObject({ items: [], hasNext: false, totalCount: null })
    expect(page.warnings).toEqual([
      'GitLab has more projects than were looked through for ones that are no forks; narrow the query.',
    ])
    expect(recorded.asked).toHaveLength(10)
  })

  test('with forks are paged upstream, with a total where GitLab tells one', async () => {
    const platform = await at([
      { path: all(7, 5), headers: { 'x-total': '99', link: `<{api}${all(8, 5)}>; rel="next"` }, body: [project(1)] },
      { path: all(8, 5), headers: { 'x-next-page': '' }, body: [project(2)] },
    ])
    const query = { ...none, forks: true }
    expect(await platform.searchRepositories(query, { page: 7, perPage: 5 })).toMatchObject({
      hasNext: true,
      totalCount: 99,
    })
    expect(await platform.searchRepositories(query, { page: 8, perPage: 5 })).toMatchObject({
      hasNext: false,
      totalCount: null,
    })
  })

  test('of a group ask once whether the name is a user', async () => {
    const group = (page: number) =>
      `/groups/acme/projects?include_subgroups=true&with_shared=false&per_page=100&page=${page}`
    const platform = await at([
      { path: '/users/acme/projects?per_page=100&page=1', status: 404, body: { message: '404 User Not Found' } },
      { path: group(1), headers: { 'x-next-page': '2' }, body: [project(1)] },
      { path: group(2), body: [project(2)] },
    ])
    const page = await platform.searchRepositories({ words: [], forks: false, user: 'acme' }, FIRST)
    expect(page).toMatchObject({ items: [{ id: 1 }, { id: 2 }], totalCount: 2 })
    expect(recorded.asked).toEqual(['/users/acme/projects?per_page=100&page=1', group(1), group(2)])
  })

  test.each(['..', 'a/../b', ''])('of "%s" are nobody\'s, and nothing is asked', async (name) => {
    const page = await (await at([])).searchRepositories({ words: [], forks: false, user: name }, FIRST)
    expect(page.warnings).toHaveLength(1)
    expect(recorded.asked).toEqual([])
  })

  test('are named by path, and private unless public', async () => {
    const body = [project(1, { visibility: 'internal' }), project(2, { web_url: 'javascript:alert(1)' })]
    const page = await (await at([{ path: all(1, 20), body }])).searchRepositories({ ...none, forks: true }, FIRST)
    expect(page.items).toMatchObject([
      { name: 'p1', private: true },
      { name: 'p2', private: false, url: recorded.webUrl },
    ])
  })
})

describe('merge requests', () => {
  const list = '/projects/a%2Fb%2Fc/merge_requests?state=all&order_by=created_at&sort=desc&per_page=20&page=1'
  const query = { words: [], state: null, repo: 'a/b/c' }
  const request = (iid: number, own: object = {}) => ({
    id: 9_000 + iid,
    iid,
    title: 'Change',
    state: 'opened',
    created_at: '2026-01-01T00:00:00Z',
    target_project_id: 101,
    source_project_id: 101,
    references: { full: `a/b/c!${iid}` },
    web_url: `{web}/a/b/c/-/merge_requests/${iid}`,
    ...own,
  })

  test('that are being merged are open', async () => {
    const page = await (await at([{ path: list, body: [request(1, { state: 'locked' })] }])).searchPullRequests(
      query,
      FIRST,
    )
    expect(page.items[0]?.state).toBe('open')
  })

  test('of an older server have their source from the address', async () => {
    const old = request(1, { references: undefined, web_url: '{web}/a/b/c/merge_requests/1' })
    const page = await (await at([{ path: list, body: [old] }])).searchPullRequests(query, FIRST)
    expect(page.items[0]).toMatchObject({ sourceRepoName: 'a/b/c', sourceRepoHtmlUrl: `${recorded.webUrl}/a/b/c` })
  })

  test('from forks cost one look-up for each fork, at most ten, and a hidden one is null', async () => {
    const items = Array.from({ length: 24 }, (_, index) =>
      request(index + 1, { source_project_id: 200 + (index % 12) }),
    )
    const projects = Array.from({ length: 12 }, (_, index) => ({
      path: `/projects/${200 + index}`,
      body: { path_with_namespace: `fork/${index}`, web_url: `{web}/fork/${index}` },
    }))
    const hidden = { path: '/projects/200', status: 404, body: { message: '404 Project Not Found' } }
    const platform = await at([{ path: list, body: items }, hidden, ...projects.slice(1)])
    const page = await platform.searchPullRequests(query, FIRST)
    const names = Array.from({ length: 12 }, (_, index) => (index === 0 || index > 9 ? null : `fork/${index}`))
    expect(page.items.map(({ sourceRepoName }) => sourceRepoName)).toEqual([...names, ...names])
    expect(page.warnings).toEqual(['Where some of these merge requests come from could not be looked up.'])
    expect(recorded.asked).toHaveLength(11)
  })

  const switchedOff = { path: list, status: 403, body: { message: '403 Forbidden' } }

  test.each([
    { merge_requests_access_level: 'disabled', merge_requests_enabled: false },
    { merge_requests_access_level: 'disabled' },
    { merge_requests_enabled: false },
  ])('that are switched off are an empty list that says so: %j', async (own) => {
    const body = { id: 101, path_with_namespace: 'a/b/c', ...own }
    const platform = await at([switchedOff, { path: '/projects/a%2Fb%2Fc', body }])
    expect(await platform.searchPullRequests(query, FIRST)).toMatchObject({
      items: [],
      hasNext: false,
      totalCount: 0,
      warnings: ['Merge requests are switched off in project "a/b/c".'],
    })
  })

  test.each<[string, Omit<Recording, 'path'>]>([
    ['they are on', { body: { id: 101, merge_requests_access_level: 'private', merge_requests_enabled: true } }],
    ['a guest is not told', { body: { id: 101 } }],
    ['the project is hidden', { status: 404, body: { message: '404 Project Not Found' } }],
  ])('that are refused though %s stay refused', async (_, answer) => {
    const platform = await at([switchedOff, { path: '/projects/a%2Fb%2Fc', ...answer }])
    expect((await failureOf(platform.searchPullRequests(query, FIRST))).code).toBe('scm_forbidden')
  })

  test('behind a proxy that decodes %2F fail with words on the proxy, and are not an empty page', async () => {
    const platform = await at([{ path: list, status: 404, body: { error: '404 Not Found' } }])
    const failure = await failureOf(platform.searchPullRequests(query, FIRST))
    expect(failure.code).toBe('scm_bad_response')
    expect(failure.message).toContain('decodes %2F')
  })
})

test('branches that a guest may not see are refused, and not an empty list', async () => {
  const platform = await at([
    { path: '/projects/bob%2Fguest-only', body: { path_with_namespace: 'bob/guest-only' } },
    {
      path: '/projects/bob%2Fguest-only/repository/branches?per_page=100&page=1',
      status: 403,
      body: { message: '403 Forbidden' },
    },
  ])
  expect((await failureOf(platform.branches('bob/guest-only', FIRST))).code).toBe('scm_forbidden')
})
