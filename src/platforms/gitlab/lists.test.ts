// One odd field never loses a whole list, and what a platform says of a query reaches whoever asked it. Of GitLab.

import { afterEach, describe, expect, test } from 'vitest'
import { startSandbox } from '../../../sandbox/sandbox.ts'
import type { RecordedPlatform, Recording } from '../../../test/support/recorded-platform.ts'
import { startRecordedPlatform } from '../../../test/support/recorded-platform.ts'
import type { Failure } from '../../failure.ts'
import type { Platform } from '../platform.ts'
import { createTransport } from '../transport/transport.ts'
import { createPlatform } from '../vendors.ts'

const FIRST = { page: 1, perPage: 20 }
let recorded: RecordedPlatform | undefined

async function at(scmType: 'github-enterprise' | 'gitlab-self-hosted', recordings: Recording[]): Promise<Platform> {
  recorded = await startRecordedPlatform(scmType, recordings)
  return recorded.platform
}

const gitlab = (...recordings: Recording[]) => at('gitlab-self-hosted', recordings)

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

describe('of GitLab', () => {
  const projects = '/projects?order_by=last_activity_at&sort=desc&per_page=100&page=1'
  const project = (id: unknown, own: object = {}) => ({
    id,
    path: `p${id}`,
    path_with_namespace: `a/p${id}`,
    visibility: 'public',
    ...own,
  })
  const query = { words: [], forks: false, user: null }

  test('projects with odd fields keep the rest, and one without an id is left out', async () => {
    const body = [
      project(1, { description: 7, default_branch: {} }),
      project(0),
      project(3, { visibility: 9, path: null }),
    ]
    const page = await (await gitlab({ path: projects, headers: { 'x-next-page': '' }, body })).searchRepositories(
      query,
      FIRST,
    )
    expect(page.items).toMatchObject([
      { id: 1, description: null, defaultBranch: null, private: false },
      { id: 3, name: 'p3', private: null },
    ])
    expect(page.warnings).toEqual(leftOut('GitLab'))
  })

  test('groups with odd fields keep the rest, and one without a path is left out', async () => {
    const path = '/groups?min_access_level=10&active=true&order_by=name&sort=asc&per_page=20&page=1'
    const body = [{ id: 1, full_path: 'a', avatar_url: 7, web_url: null }, { id: 2 }, { id: 3, full_path: 'c' }]
    const page = await (await gitlab({ path, body })).organizations(FIRST)
    expect(page.items.map(({ login }) => login)).toEqual(['a', 'c'])
    expect(page.warnings).toEqual(leftOut('GitLab'))
  })

  test('groups that wait for deletion are left out, with what is in them', async () => {
    const path = '/groups?min_access_level=10&active=true&order_by=name&sort=asc&per_page=20&page=1'
    const gone = 'old-deletion_scheduled-7'
    const body = [
      { id: 1, full_path: 'a' },
      { id: 2, full_path: 'b', marked_for_deletion_on: '2026-11-20' },
      { id: 3, full_path: gone },
      { id: 4, full_path: `${gone}/sub` },
    ]
    expect((await (await gitlab({ path, body })).organizations(FIRST)).items.map(({ login }) => login)).toEqual(['a'])
  })

  // https://docs.gitlab.com/api/groups/#list-groups: `search` finds parts of names, in the order of names.
  test('a group named by digits is found behind a hundred others with these digits', async () => {
    const search = (page: number) =>
      `/groups?search=566&all_available=true&top_level_only=true&per_page=100&page=${page}`
    const others = Array.from({ length: 100 }, (_, index) => ({ id: index + 1, full_path: `1566${index}` }))
    const inGroup = '/groups/801/projects?include_subgroups=true&with_shared=false&per_page=100&page=1'
    const platform = await gitlab(
      { path: '/users?username=566&per_page=100&page=1', body: [] },
      { path: search(1), headers: { 'x-next-page': '2' }, body: others },
      { path: search(2), headers: { 'x-next-page': '' }, body: [{ id: 801, full_path: '566' }] },
      { path: inGroup, headers: { 'x-next-page': '' }, body: [project(5)] },
    )
    const page = await platform.searchRepositories({ ...query, user: '566' }, FIRST)
    expect(page.items.map(({ id }) => id)).toEqual([5])
  })

  test('a page of more values than are read is asked for in halves', async () => {
    const path = (perPage: number, page: number) =>
      `/projects?order_by=last_activity_at&sort=desc&per_page=${perPage}&page=${page}`
    const many = (from: number, count: number) =>
      Array.from({ length: count }, (_, index) => project(from + index, { topics: new Array(3_000).fill(1) }))
    const platform = await gitlab(
      { path: path(100, 1), headers: { 'x-next-page': '' }, body: many(1, 80) },
      { path: path(50, 1), headers: { 'x-next-page': '2' }, body: many(1, 50) },
      { path: path(50, 2), headers: { 'x-next-page': '' }, body: many(51, 30) },
    )
    const page = await platform.searchRepositories({ ...query, forks: true }, { page: 1, perPage: 100 })
    expect(page.items.map(({ id }) => id)).toEqual(Array.from({ length: 80 }, (_, index) => index + 1))
    expect(page.hasNext).toBe(false)
  })

  test('merge requests with an odd created_at stay in the order of their list', async () => {
    const path = (state: string) =>
      `/projects/a%2Fb/merge_requests?state=${state}&order_by=created_at&sort=desc&per_page=100&page=1`
    const request = (iid: number, created_at: unknown) => ({ id: iid, iid, title: 'x', state: 'closed', created_at })
    const platform = await gitlab(
      {
        path: path('closed'),
        body: [request(4, '2026-01-04T00:00:00Z'), request(3, 'soon'), request(1, '2026-01-01T00:00:00Z')],
      },
      { path: path('merged'), body: [request(2, '2026-01-02T00:00:00Z'), request(0, null)] },
    )
    const page = await platform.searchPullRequests({ words: [], state: 'closed', repo: 'a/b' }, FIRST)
    expect(page.items.map(({ number }) => number)).toEqual([4, 3, 2, 1])
    expect(page.warnings).toEqual(leftOut('GitLab'))
  })

  test.each([
    [
      { error: 'search does not have a valid value' },
      { query: ['is refused by GitLab: "search does not have a valid value"'] },
    ],
    [{ message: { search: ['is too short'] } }, { query: ['is refused by GitLab: "search is too short"'] }],
    [{ error: 'page is invalid' }, { page: ['is further into the list than GitLab gives pages; narrow the query'] }],
    [{ message: 'Bad' }, { query: ['is nothing that GitLab searches for'] }],
  ])('a query that is refused with %j', async (body, errors) => {
    const platform = await gitlab({ path: projects, status: 400, headers: { 'x-gitlab-meta': '{}' }, body })
    expect((await failureOf(platform.searchRepositories(query, FIRST))).details.errors).toEqual(errors)
  })

  test('a slow server gives what it can in time, and goes on from there', async () => {
    const sandbox = await startSandbox({ ports: 'free' })
    const there = sandbox.platforms['gitlab-self-hosted']
    const { hostname, port } = new URL(there.url)
    const entry = { kind: 'host', host: hostname, port: Number(port), plainHttp: true, text: there.url } as const
    const transport = createTransport({ allowedHosts: [entry], extraCaCerts: null, httpsProxy: null, noProxy: [] })
    const ask = (time: number) =>
      createPlatform(transport, {
        scmType: 'gitlab-self-hosted',
        webUrl: there.url,
        apiUrl: there.apiUrl,
        token: there.token('alice'),
        link: 'slow',
        account: 'a',
        hasWorked: true,
        deadline: Date.now() + time,
      }).searchRepositories({ words: [], forks: false, user: 'alice' }, { page: 13, perPage: 20 })
    there.faults.set({ fault: 'headers-late', value: 1.2 })
    const late = await ask(4_500)
    expect(late).toMatchObject({ items: [], hasNext: true, totalCount: null })
    expect(late.warnings).toEqual([expect.stringContaining('Ask for the same page again')])
    there.faults.clear()
    const before = there.requests.length
    expect((await ask(20_000)).items).toHaveLength(20)
    // Which pages came in time depends on the machine; the first did.
    expect(there.requests[before]?.path).toMatch(/[?&]page=[23]$/)
    await transport.close()
    await sandbox.close()
  })
})
