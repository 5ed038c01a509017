// The same table for both adapters, over recorded answers: what the Platform interface promises, vendor by vendor.

import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type RecordedPlatform, readRecordings, startRecordedPlatform } from '../../test/support/recorded-platform.ts'
import type { Platform } from './platform.ts'

const FIRST = { page: 1, perPage: 20 }
const all = { words: [], forks: false, user: null }
const any = { words: [], state: null, repo: null }
const repo = 'alice/example-repository'

interface Case {
  name: string
  call: (platform: Platform) => Promise<unknown>
  expected: (at: { webUrl: string; apiUrl: string }) => unknown
}

interface Vendor {
  scmType: 'github-enterprise' | 'gitlab-self-hosted'
  recordings: URL
  /** Where a pull request's page is. */
  pull: (webUrl: string, number: number) => string
  /** How the vendor says that it has no such account or repository. */
  unknown: (kind: 'account' | 'repository', name: string) => string
  /** Totals, of which GitHub tells those of searches alone. */
  total: (count: number) => number | null
  cases: Case[]
}

const github: Vendor = {
  scmType: 'github-enterprise',
  recordings: new URL('./github/testdata/', import.meta.url),
  pull: (webUrl, number) => `${webUrl}/${repo}/pull/${number}`,
  unknown: (kind, name) =>
    kind === 'account'
      ? `GitHub has no user or organisation "${name}" that this account can see.`
      : `GitHub has no repository "${name}" that this account can see. If it is private, the token needs the scope repo, which it lacks.`,
  total: () => null,
  cases: [
    {
      name: 'a profile has the primary verified address where the public one is empty',
      call: (platform) => platform.profile(),
      expected: ({ webUrl }) => ({
        uid: '42',
        username: 'alice',
        avatarUrl: `${webUrl}/avatars/u/42?`,
        email: 'alice@example.test',
        profileUrl: `${webUrl}/alice`,
        scopes: ['read:org', 'read:public_key', 'user:email'],
        missingScopes: [],
        tokenExpiresAt: '2026-12-31T00:00:00.000Z',
      }),
    },
    {
      name: 'organisations have the API address as url',
      call: (platform) => platform.organizations(FIRST),
      expected: ({ webUrl, apiUrl }) => ({
        items: [
          {
            id: 7,
            login: 'acme',
            avatarUrl: `${webUrl}/avatars/u/7?`,
            url: `${apiUrl}/orgs/acme`,
            description: 'Acme group',
          },
          { id: 8, login: 'test', avatarUrl: `${webUrl}/avatars/u/8?`, url: `${apiUrl}/orgs/test`, description: null },
        ],
        hasNext: false,
        totalCount: null,
        warnings: [],
      }),
    },
    {
      name: 'a search has a second page, to which the total belongs too',
      call: async (platform) => {
        const query = { words: ['example'], forks: false, user: 'alice' }
        const first = await platform.searchRepositories(query, { page: 1, perPage: 1 })
        const second = await platform.searchRepositories(query, { page: 2, perPage: 1 })
        return [first, second].map(({ items, hasNext, totalCount }) => [items[0]?.name, hasNext, totalCount])
      },
      expected: () => [
        ['example-repository', true, 2],
        ['example-tools', false, 2],
      ],
    },
    {
      name: 'the next page of a list may be linked by the repository number',
      call: async (platform) =>
        (await platform.searchPullRequests({ ...any, state: 'closed', repo }, { page: 1, perPage: 1 })).hasNext,
      expected: () => true,
    },
    {
      name: 'health tells the version and the core limit',
      call: (platform) => platform.health(),
      expected: () => ({
        name: 'GitHub Enterprise Server',
        version: '3.19.0',
        rateLimit: { limit: 5000, remaining: 4999, resetAt: '2030-01-01T00:00:00.000Z' },
        isTold: true,
        unknownCalls: [],
      }),
    },
  ],
}

const gitlab: Vendor = {
  scmType: 'gitlab-self-hosted',
  recordings: new URL('./gitlab/testdata/', import.meta.url),
  pull: (webUrl, number) => `${webUrl}/${repo}/-/merge_requests/${number}`,
  unknown: (kind, name) =>
    `GitLab has no ${kind === 'account' ? 'user or group' : 'project'} "${name}" that this account can see.`,
  total: (count) => count,
  cases: [
    {
      name: 'a profile below a path has its path once in the avatar, and neither public nor commit address',
      call: (platform) => platform.profile(),
      expected: ({ webUrl }) => ({
        uid: '42',
        username: 'alice',
        avatarUrl: `${webUrl}/uploads/-/system/user/avatar/42/avatar.png`,
        email: 'alice@example.test',
        profileUrl: `${webUrl}/alice`,
        scopes: ['read_api'],
        missingScopes: [],
        tokenExpiresAt: '2026-12-31T00:00:00.000Z',
      }),
    },
    {
      name: 'groups have their page as url',
      call: (platform) => platform.organizations(FIRST),
      expected: ({ webUrl }) => ({
        items: [7, 8].map((id) => ({
          id,
          login: id === 7 ? 'acme' : 'test',
          avatarUrl: `${webUrl}/uploads/-/system/group/avatar/${id}/a.png`,
          url: `${webUrl}/groups/${id === 7 ? 'acme' : 'test'}`,
          description: id === 7 ? 'Acme group' : null,
        })),
        hasNext: false,
        totalCount: 2,
        warnings: [],
      }),
    },
    {
      name: 'a page that forks were taken out of is filled from what follows',
      call: async (platform) => {
        const query = { words: ['example'], forks: false, user: 'alice' }
        const first = await platform.searchRepositories(query, { page: 1, perPage: 1 })
        const second = await platform.searchRepositories(query, { page: 2, perPage: 1 })
        return [first, second].map(({ items, hasNext, totalCount }) => [items[0]?.name, hasNext, totalCount])
      },
      expected: () => [
        ['example-repository', true, 2],
        ['example-tools', false, 2],
      ],
    },
    {
      name: 'a name that is no user is a group with its subgroups',
      call: async (platform) => {
        const search = (user: string) => platform.searchRepositories({ words: ['hammer'], forks: false, user }, FIRST)
        return [await search('acme'), await search('acme/tools')].map(({ items }) =>
          items.map(({ fullName }) => fullName),
        )
      },
      expected: () => [['acme/tools/hammer'], ['acme/tools/hammer']],
    },
    {
      name: 'health tells the version and the limit of the headers',
      call: (platform) => platform.health(),
      expected: () => ({
        name: 'GitLab self-hosted',
        version: '18.5.1',
        rateLimit: { limit: 5000, remaining: 4999, resetAt: '2030-01-01T00:00:00.000Z' },
        isTold: true,
        unknownCalls: [],
      }),
    },
  ],
}

function sharedCases({ pull, unknown, total }: Vendor): Case[] {
  const repository = (webUrl: string, id: number, name: string, own: object = {}) => ({
    id,
    name,
    fullName: `alice/${name}`,
    url: `${webUrl}/alice/${name}`,
    description: null,
    private: false,
    fork: false,
    defaultBranch: 'main',
    ...own,
  })
  const example = (webUrl: string) =>
    repository(webUrl, 101, 'example-repository', { description: 'Example Repository', private: true })
  const tools = (webUrl: string) => repository(webUrl, 104, 'example-tools')

  const here = (webUrl: string) => ({ sourceRepoName: repo, sourceRepoHtmlUrl: `${webUrl}/${repo}` })
  const nowhere = { sourceRepoName: null, sourceRepoHtmlUrl: null }
  const titles = ['', 'Add logo', 'Closed one', 'Merged one', 'Add second logo']
  const request = (webUrl: string, number: number, state: string, source: object) => ({
    id: 9000 + number,
    number,
    title: titles[number],
    htmlUrl: pull(webUrl, number),
    state,
    ...source,
    repoName: repo,
    author: number === 4 ? 'bob' : 'alice',
    createdAt: `2026-01-0${number}T00:00:00.000Z`,
    updatedAt: `2026-01-1${number}T00:00:00.000Z`,
  })
  const fromBob = (webUrl: string) =>
    request(webUrl, 4, 'open', { sourceRepoName: 'bob/example-fork', sourceRepoHtmlUrl: `${webUrl}/bob/example-fork` })

  const nothing = (warning: string) => ({ items: [], hasNext: false, totalCount: 0, warnings: [warning] })
  const branches = (...names: string[]) => names.map((name) => ({ name }))

  return [
    {
      name: 'all pages of SSH keys are read',
      call: async (platform) => (await platform.sshKeys()).map(({ title, unusable }) => [title, unusable]),
      expected: () => [
        ['Dev key', null],
        ['Laptop', null],
      ],
    },
    {
      name: 'a search leaves forks out, and tells so many',
      call: (platform) => platform.searchRepositories({ words: ['example'], forks: false, user: 'alice' }, FIRST),
      expected: ({ webUrl }) => ({
        items: [example(webUrl), tools(webUrl)],
        hasNext: false,
        totalCount: 2,
        warnings: [],
      }),
    },
    {
      name: 'a search with forks has them, also one of a hidden parent',
      call: (platform) => platform.searchRepositories({ words: ['example'], forks: true, user: 'alice' }, FIRST),
      expected: ({ webUrl }) => ({
        items: [
          example(webUrl),
          repository(webUrl, 102, 'example-fork', { fork: true }),
          repository(webUrl, 103, 'example-hidden', { fork: true }),
          tools(webUrl),
        ],
        hasNext: false,
        totalCount: 4,
        warnings: [],
      }),
    },
    {
      name: 'nothing found is an empty page without a warning',
      call: (platform) => platform.searchRepositories({ ...all, words: ['two words'] }, FIRST),
      expected: () => ({ items: [], hasNext: false, totalCount: 0, warnings: [] }),
    },
    {
      name: 'an unknown user is an empty page that says so',
      call: (platform) => platform.searchRepositories({ words: ['example'], forks: false, user: 'nobody' }, FIRST),
      expected: () => nothing(unknown('account', 'nobody')),
    },
    {
      name: 'organisations have a next page',
      call: async (platform) => (await platform.organizations({ page: 1, perPage: 1 })).hasNext,
      expected: () => true,
    },
    {
      name: 'open pull requests come newest first and say where they come from',
      call: (platform) => platform.searchPullRequests({ ...any, state: 'open', repo }, FIRST),
      expected: ({ webUrl }) => ({
        items: [fromBob(webUrl), request(webUrl, 1, 'open', here(webUrl))],
        hasNext: false,
        totalCount: total(2),
        warnings: [],
      }),
    },
    {
      name: 'closed pull requests include merged ones, and a deleted source is null',
      call: (platform) => platform.searchPullRequests({ ...any, state: 'closed', repo }, FIRST),
      expected: ({ webUrl }) => ({
        items: [request(webUrl, 3, 'merged', here(webUrl)), request(webUrl, 2, 'closed', nowhere)],
        hasNext: false,
        totalCount: total(2),
        warnings: [],
      }),
    },
    {
      name: 'a repository alone gives all of its pull requests',
      call: (platform) => platform.searchPullRequests({ ...any, repo }, { page: 1, perPage: 100 }),
      expected: ({ webUrl }) => ({
        items: [
          fromBob(webUrl),
          request(webUrl, 3, 'merged', here(webUrl)),
          request(webUrl, 2, 'closed', nowhere),
          request(webUrl, 1, 'open', here(webUrl)),
        ],
        hasNext: false,
        totalCount: total(4),
        warnings: [],
      }),
    },
    {
      name: 'words search titles, and what is found has its own id and source',
      call: (platform) => platform.searchPullRequests({ words: ['logo'], state: null, repo }, FIRST),
      expected: ({ webUrl }) => ({
        items: [fromBob(webUrl), request(webUrl, 1, 'open', here(webUrl))],
        hasNext: false,
        totalCount: 2,
        warnings: [],
      }),
    },
    {
      name: 'without a repository the own ones are found',
      call: (platform) => platform.searchPullRequests({ ...any, state: 'open' }, FIRST),
      expected: ({ webUrl }) => ({
        items: [request(webUrl, 1, 'open', here(webUrl))],
        hasNext: false,
        totalCount: 1,
        warnings: [],
      }),
    },
    {
      name: 'an unknown repository is an empty page that says so',
      call: (platform) => platform.searchPullRequests({ ...any, repo: 'alice/nothing' }, FIRST),
      expected: () => nothing(unknown('repository', 'alice/nothing')),
    },
    {
      name: 'words in an unknown repository are an empty page that says so',
      call: (platform) => platform.searchPullRequests({ words: ['logo'], state: null, repo: 'alice/nothing' }, FIRST),
      expected: () => nothing(unknown('repository', 'alice/nothing')),
    },
    {
      name: 'a repo: of one part is refused as the query it is',
      call: (platform) => platform.searchPullRequests({ ...any, repo: 'alone' }, FIRST).catch(({ code }) => code),
      expected: () => 'invalid',
    },
    {
      name: 'the default branch is first and not again',
      call: (platform) => platform.branches(repo, FIRST),
      expected: () => ({
        items: branches('main', 'develop', 'feature/1', 'release/1.0'),
        hasNext: false,
        totalCount: 4,
        warnings: [],
      }),
    },
    {
      name: 'pages of branches are full and repeat nothing',
      call: async (platform) => {
        const pages = [1, 2].map((page) => platform.branches(repo, { page, perPage: 3 }))
        return (await Promise.all(pages)).map(({ items, hasNext }) => [items.map(({ name }) => name), hasNext])
      },
      expected: () => [
        [['main', 'develop', 'feature/1'], true],
        [['release/1.0'], false],
      ],
    },
    {
      name: 'an empty repository has no branches, not even its default one',
      call: (platform) => platform.branches('alice/empty', FIRST),
      expected: () => ({ items: [], hasNext: false, totalCount: 0, warnings: [] }),
    },
    ...['alice/nothing', '..', 'a/..', '../user', 'a/b?c', '\ud800/x', ''].map((name) => ({
      name: `branches of ${JSON.stringify(name)} are not found`,
      call: (platform: Platform) => platform.branches(name, FIRST).catch(({ code }) => code),
      expected: () => 'scm_not_found',
    })),
  ]
}

describe.each([github, gitlab])('$scmType', (vendor) => {
  let recorded: RecordedPlatform

  beforeAll(async () => {
    recorded = await startRecordedPlatform(vendor.scmType, readRecordings(vendor.recordings))
  })

  afterAll(() => recorded.close())

  test.each([...sharedCases(vendor), ...vendor.cases])('$name', async ({ call, expected }) => {
    expect(await call(recorded.platform)).toEqual(expected(recorded))
  })

  test('the token goes out as a bearer token and in no other header', async () => {
    await recorded.platform.sshKeys()
    const headers = recorded.lastHeaders()
    expect(headers.authorization).toBe('Bearer example-token')
    expect(Object.values(headers).filter((value) => String(value).includes('example-token'))).toHaveLength(1)
    expect(headers['user-agent']).toBeTruthy()
    expect(headers['x-github-api-version']).toBe(vendor === github ? '2022-11-28' : undefined)
  })

  test('nothing was asked that is not recorded', () => {
    const known = new Set(readRecordings(vendor.recordings).map(({ path }) => path))
    expect(recorded.asked.filter((path) => !known.has(path))).toEqual([])
  })
})
