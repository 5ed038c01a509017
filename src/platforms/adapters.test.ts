// Both adapters on whole platforms: the sandbox, in all five places where a GitHub or GitLab may be.

import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { type FaultName, type Sandbox, type SandboxPlatform, startSandbox } from '../../sandbox/sandbox.ts'
import { serve } from '../../test/support/fault-server.ts'
import type { AllowedHost } from '../config.ts'
import type { Failure, FailureCode } from '../failure.ts'
import type { Page, PageRequest, Platform } from './platform.ts'
import { scmTypes } from './scm-types.ts'
import type { Transport } from './transport/transport.ts'
import { createTransport } from './transport/transport.ts'
import { createPlatform } from './vendors.ts'

const NAMES = ['github', 'github-enterprise', 'gitlab', 'gitlab-self-hosted', 'gitlab-subpath'] as const
const FIRST = { page: 1, perPage: 20 }

let sandbox: Sandbox
let transport: Transport
let links = 0

/** Without a memory of earlier answers, waits and failures: each gets a link and a transport of its own. */
function connect(name: (typeof NAMES)[number], purpose = 'full'): { at: SandboxPlatform; platform: Platform } {
  const at = sandbox.platforms[name]
  links += 1
  const connection = {
    scmType: at.scmType,
    webUrl: at.url,
    apiUrl: at.apiUrl,
    token: at.token('alice', purpose),
    link: `link-${links}`,
    account: 'a',
    hasWorked: false,
  }
  return { at, platform: createPlatform(transport, connection) }
}

function openTransport(whereabouts = Object.values(sandbox.platforms).map(({ url }) => url)): Transport {
  const allowedHosts = whereabouts.map((url): AllowedHost => {
    const { hostname, port } = new URL(url)
    return { kind: 'host', host: hostname, port: Number(port), plainHttp: true, text: url }
  })
  const limits = { retryMin: 1, retryMax: 2, headers: 1_000, idle: 1_000, call: 2_000 }
  return createTransport({ allowedHosts, extraCaCerts: null, httpsProxy: null, noProxy: [], limits })
}

function failureOf(asked: Promise<unknown>): Promise<Failure> {
  return asked.then(
    (answer) => expect.unreachable(JSON.stringify(answer)),
    (failure: Failure) => failure,
  )
}

/** All items of a list, read page by page until it says that there is no further one. */
async function readThrough<T>(perPage: number, read: (page: PageRequest) => Promise<Page<T>>): Promise<T[]> {
  const items: T[] = []
  for (let page = 1; ; page++) {
    const found = await read({ page, perPage })
    items.push(...found.items)
    if (!found.hasNext) return items
    expect(found.items).toHaveLength(perPage)
  }
}

beforeAll(async () => {
  sandbox = await startSandbox({ ports: 'free' })
  transport = openTransport()
})

afterEach(async () => {
  sandbox.reset()
  await transport.close()
  transport = openTransport()
})

afterAll(async () => {
  await transport.close()
  await sandbox.close()
})

describe.each(NAMES)('%s', (name) => {
  const isGitHub = scmTypes[name === 'gitlab-subpath' ? 'gitlab-self-hosted' : name].vendor === 'github'

  test('tells whose the token is', async () => {
    const { at, platform } = connect(name)
    expect(await platform.profile()).toMatchObject({
      uid: '42',
      username: 'alice',
      email: 'alice@example.test',
      profileUrl: `${at.url}/alice`,
      missingScopes: [],
    })
  })

  test('gives the documented search and its repositories', async () => {
    const { at, platform } = connect(name)
    const page = await platform.searchRepositories({ words: ['example'], forks: true, user: 'john-diggle' }, FIRST)
    expect(
      page.items.map(({ id, name, fullName, url, description }) => [id, name, fullName, url, description]),
    ).toEqual(
      expect.arrayContaining([
        [
          89341704,
          'example-repository',
          'john-diggle/example-repository',
          `${at.url}/john-diggle/example-repository`,
          'Example Repository',
        ],
        [
          275241792,
          'project-docs-example',
          'john-diggle/project-docs-example',
          `${at.url}/john-diggle/project-docs-example`,
          'Project documentation example',
        ],
      ]),
    )
  })

  test.each([100, 33])('lists 270 repositories once each in full pages of %i, without forks', async (perPage) => {
    const { at, platform } = connect(name)
    const mine = at.state.repositories.filter(({ owner, fork }) => owner === 'alice' && !fork).map(({ id }) => id)
    const found = await readThrough(perPage, (page) =>
      platform.searchRepositories({ words: [], forks: false, user: 'alice' }, page),
    )
    expect(found.map(({ id }) => id).sort()).toEqual(mine.sort())
    expect(found.some(({ fork }) => fork)).toBe(false)
  })

  test('knows a fork whose parent is hidden', async () => {
    const { platform } = connect(name)
    const page = await platform.searchRepositories({ words: ['hidden'], forks: true, user: 'alice' }, FIRST)
    expect(page.items).toMatchObject([{ name: 'hidden-fork', fork: true, private: true }])
  })

  test('searches a group with all that is below it', async () => {
    const { platform } = connect(name)
    const page = await platform.searchRepositories({ words: [], forks: false, user: 'acme' }, FIRST)
    expect(page.items.map((item) => item.name).sort()).toEqual(['drill', 'hammer', 'project-docs-example', 'website'])
  })

  test.each(['open', 'closed', null] as const)(
    'lists pull requests that are %s newest first, once each',
    async (state) => {
      const { at, platform } = connect(name)
      const repo = 'alice/example-repository'
      // GitLab lists one that is being merged right now neither among the open nor among the closed ones.
      const states = { open: isGitHub ? ['open', 'locked'] : ['open'], closed: ['closed', 'merged'] }
      const expected = at.state.pullRequests
        .filter((pull) => pull.repositoryId === 21 && (state === null || states[state].includes(pull.state)))
        .map(({ number }) => number)
        .sort((one, other) => other - one)
      const found = await readThrough(7, (page) => platform.searchPullRequests({ words: [], state, repo }, page))
      expect(found.map(({ number }) => number)).toEqual(expected)
    },
  )

  test('says where pull requests come from, by list and by words alike', async () => {
    const { at, platform } = connect(name)
    const repo = 'john-diggle/example-repository'
    const byList = await platform.searchPullRequests({ words: [], state: null, repo }, FIRST)
    const byWords = await platform.searchPullRequests({ words: ['logo'], state: null, repo }, FIRST)
    const sources = byList.items.map(({ number, id, sourceRepoName }) => [number, id, sourceRepoName])
    expect(sources).toContainEqual([8, 5008, 'alice/example-fork'])
    expect(sources).toContainEqual([5, 5005, null])
    expect(byWords.items).toEqual(byList.items.filter(({ title }) => title.includes('logo')))
    expect(byList.items[0]?.sourceRepoHtmlUrl).toBe(`${at.url}/alice/example-fork`)
  })

  test('finds the own pull requests without a repository', async () => {
    const { platform } = connect(name)
    const found = await readThrough(30, (page) =>
      platform.searchPullRequests({ words: [], state: null, repo: null }, page),
    )
    expect(found.length).toBeGreaterThan(50)
    expect(new Set(found.map(({ htmlUrl }) => htmlUrl)).size).toBe(found.length)
  })

  test('lists 130 branches in full pages, the default one first', async () => {
    const { platform } = connect(name)
    for (const perPage of [13, 100]) {
      const found = await readThrough(perPage, (page) => platform.branches('alice/many-branches', page))
      expect(found.slice(0, 2)).toEqual([{ name: 'trunk' }, { name: 'feature/001' }])
      expect(new Set(found.map((branch) => branch.name)).size).toBe(130)
    }
  })

  test('follows a repository to its new name, and finds no hidden one', async () => {
    const { platform } = connect(name)
    expect((await platform.branches('alice/original-name', FIRST)).items[0]).toEqual({ name: 'main' })
    expect((await failureOf(platform.branches('secret-org/core', FIRST))).code).toBe('scm_not_found')
  })

  test.each<[FaultName, FailureCode, number?]>([
    ['status-401', 'scm_token_rejected'],
    ['status-429', 'scm_rate_limited', 30],
    ['status-429-garbage', 'scm_rate_limited', 60],
    ['status-500', 'scm_unavailable'],
    ['html-200', 'scm_bad_response'],
    ['json-null', 'scm_bad_response'],
    ['array-for-object', 'scm_bad_response'],
    ['id-null', 'scm_bad_response'],
    ['id-huge', 'scm_bad_response'],
    ['redirect-foreign', 'scm_redirected'],
    ...(isGitHub
      ? ([
          ['rate-limit-primary', 'scm_rate_limited', 60],
          ['rate-limit-secondary', 'scm_rate_limited', 60],
          ['rate-limit-secondary-bare', 'scm_rate_limited', 60],
          ['too-many-logins', 'scm_rate_limited', 60],
          ['sso-required', 'scm_sso_required'],
        ] as [FaultName, FailureCode, number?][])
      : ([['account-blocked', 'scm_forbidden']] as [FaultName, FailureCode][])),
  ])('%s is %s', async (fault, code, retryAfter) => {
    const { at, platform } = connect(name)
    at.faults.set({ fault })
    const failure = await failureOf(platform.profile())
    expect([failure.code, failure.message]).toEqual([code, expect.not.stringContaining(at.token('alice'))])
    if (retryAfter !== undefined)
      expect(Math.abs((failure.details.retryAfter ?? 0) - retryAfter)).toBeLessThanOrEqual(1)
  })
})

test.each([
  ['github-enterprise', 'gitlab-self-hosted', '/api/v3'],
  ['gitlab-self-hosted', 'github-enterprise', '/api/v4'],
] as const)('linking %s at a %s says which it is', async (scmType, there, path) => {
  const at = sandbox.platforms[there]
  const connection = {
    scmType,
    webUrl: at.url,
    apiUrl: `${at.url}${path}`,
    token: at.token('alice'),
    link: 'wrong',
    account: 'a',
    hasWorked: false,
  }
  const failure = await failureOf(createPlatform(transport, connection).profile())
  expect(failure.code).toBe('scm_bad_response')
  expect(failure.message).toContain(`use the scm_type ${there}`)
})

test('a GitHub that refuses to say whose token it is is none', async () => {
  const where = await serve((_request, response) => response.writeHead(422).end('{"message":"Validation Failed"}'))
  const outside = openTransport([where.origin])
  const connection = {
    scmType: 'github-enterprise' as const,
    webUrl: where.origin,
    apiUrl: `${where.origin}/api/v3`,
    token: 't',
    link: 'l',
    account: 'a',
    hasWorked: false,
  }
  const failure = await failureOf(createPlatform(outside, connection).profile())
  expect([failure.code, failure.message]).toEqual([
    'scm_bad_response',
    expect.stringMatching(/^There is no GitHub at .*: it refuses to say whose token this is\.$/),
  ])
  await outside.close()
  await where.close()
})

test.each([
  ['gitlab-self-hosted', 400, '/api/v4', '{"error":"id is invalid"}'],
  ['gitlab-self-hosted', 405, '/api/v4', '{"error":"405 Not Allowed"}'],
  ['gitlab-self-hosted', 422, '/api/v4', '{"message":"422 Unprocessable Entity"}'],
] as const)('a place that answers %s with %i is none', async (scmType, status, path, body) => {
  const where = await serve((_request, response) => response.writeHead(status).end(body))
  const outside = openTransport([where.origin])
  const connection = {
    scmType,
    webUrl: where.origin,
    apiUrl: `${where.origin}${path}`,
    token: 't',
    link: 'l',
    account: 'a',
    hasWorked: false,
  }
  const failure = await failureOf(createPlatform(outside, connection).profile())
  expect([failure.code, failure.message]).toEqual([
    'scm_bad_response',
    expect.stringMatching(
      /^(There is no Git(Hub|Lab) at .*: it refuses to say whose token this is|GitLab answered with the status 405, which we did not expect)\.$/,
    ),
  ])
  await outside.close()
  await where.close()
})

test('organisations behind single sign-on are left out with a warning, and their repositories name it', async () => {
  const { platform } = connect('github-enterprise', 'no-sso')
  const page = await platform.organizations(FIRST)
  expect(page.items.map(({ login }) => login)).not.toContain('sso-corp')
  expect(page.warnings).toHaveLength(1)
  const pulls = platform.searchPullRequests({ words: [], state: null, repo: 'sso-corp/vault' }, FIRST)
  expect((await failureOf(pulls)).code).toBe('scm_sso_required')
})
