// Lists tell the truth: names that have changed, pages that nothing tells of, pages that are too large, and what is not there.

import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { Sandbox, SandboxPlatform } from '../sandbox/sandbox.ts'
import { linkAccount, SELF_HOSTED, startPlatforms } from './support/platforms.ts'
import { type Account, type Answer, type Service, startService } from './support/service.ts'

const GITLABS = ['gitlab-self-hosted', 'gitlab-subpath'] as const

/** In place of 8 MiB: a page that large takes seconds to make. */
const MAX_BODY_BYTES = 512 * 1024

let sandbox: Sandbox
let service: Service
let people = 0

beforeAll(async () => {
  const platforms = await startPlatforms()
  sandbox = platforms.sandbox
  service = await startService('SQLite', platforms.settings, { limits: { body: MAX_BODY_BYTES } })
})
afterEach(() => sandbox.reset())
afterAll(async () => {
  await service.close()
  await sandbox.close()
})

/** Asks over a link of its own, so that nothing is remembered of another test's. */
async function link(platform: SandboxPlatform, purpose = 'full'): Promise<(path: string) => Promise<Answer>> {
  people += 1
  const me: Account = await service.addAccount(`lists-${people}`)
  const id = await linkAccount(me, platform, 'alice', purpose)
  platform.requests.length = 0
  return (path) => me.call('GET', `/v1/scm_integrations/${id}/${path}`)
}

function repositoryOf(platform: SandboxPlatform, name: string) {
  const found = platform.state.repositories.find((one) => `${one.owner}/${one.name}` === name)
  if (!found) throw new Error(`the sandbox has no ${name}`)
  return found
}

/** Copies a repository of the sandbox under another id, owner and name. */
function addRepository(platform: SandboxPlatform, id: number, owner: string, name: string, own: object = {}): void {
  const model = repositoryOf(platform, 'john-diggle/arrow-tools')
  platform.state.repositories.push({ ...structuredClone(model), id, owner, name, title: name, ...own })
}

/** Every item of a list, page by page until there is no next one; pages before the last are full. */
async function walk(ask: (path: string) => Promise<Answer>, path: string, perPage: number): Promise<unknown[]> {
  const items: unknown[] = []
  for (let page = 1; ; page++) {
    const { status, json, text } = await ask(`${path}&per_page=${perPage}&page=${page}`)
    if (status !== 200) throw new Error(text)
    const [found] = Object.values(json).filter(Array.isArray)
    items.push(...(found ?? []))
    if (json.meta.pagination.next_page === null) return items
    expect([found?.length, json.meta.warnings]).toEqual([perPage, []])
  }
}

const LISTS = [
  'search_repos?query=service+user:alice',
  'search_repos?query=service+user:alice+fork:true',
  'orgs?',
  'search_pull_requests?query=repo:alice/example-repository',
  'search_pull_requests?query=change+repo:alice/example-repository',
  'search_pull_requests?query=is:closed+repo:alice/example-repository',
  'branches?repo_name=alice/many-branches',
]

describe.each(SELF_HOSTED)('on %s', (name) => {
  const isGitLab = name !== 'github-enterprise'

  // Proxies drop what they do not know, or what is too long: `Link` first of all.
  it.each(['no-link', 'no-paging-headers'] as const)('lists are whole behind %s', async (fault) => {
    const platform = sandbox.platforms[name]
    const ask = await link(platform)
    for (const list of LISTS) {
      platform.faults.clear()
      const expected = await walk(ask, list, 100)
      platform.faults.set({ fault })
      expect(await walk(await link(platform), list, list === 'orgs?' ? 3 : 20), list).toEqual(expected)
    }
  })

  it('a full page that is the only one has no next one, though nothing tells', async () => {
    const platform = sandbox.platforms[name]
    const ask = await link(platform)
    platform.faults.set({ fault: 'no-paging-headers' })
    const { json } = await ask('search_pull_requests?query=repo:john-diggle/example-repository&per_page=8')
    expect([json.pull_requests.length, json.meta.pagination.next_page]).toEqual([8, null])
  })

  it('pages that are too large are asked for smaller, and lose and repeat nothing', async () => {
    const platform = sandbox.platforms[name]
    const lists = isGitLab ? LISTS.slice(0, 2) : LISTS.slice(6)
    for (const list of lists) {
      platform.faults.clear()
      const expected = await walk(await link(platform), list, 100)
      platform.faults.set({ fault: 'long-texts', value: 8 })
      const ask = await link(platform)
      for (const perPage of [100, 75]) expect(await walk(ask, list, perPage), list).toEqual(expected)
      expect(platform.requests.some(({ path }) => path.includes('per_page=50&'))).toBe(true)
    }
  })

  // https://github.com/renovatebot/renovate/issues/43750
  it('a 404 to more than 50 a page is not taken for an unknown repository', async () => {
    const platform = sandbox.platforms[name]
    const list = 'search_pull_requests?query=repo:alice/example-repository'
    const expected = await walk(await link(platform), list, 100)
    const found = await walk(await link(platform), 'search_pull_requests?query=change', 100)
    platform.faults.set({ fault: 'page-over-50-is-404', path: '/(pulls|merge_requests|branches)\\?' })
    const ask = await link(platform)
    for (const perPage of [100, 51, 20]) expect(await walk(ask, list, perPage)).toEqual(expected)
    expect((await ask('search_pull_requests?query=repo:alice/nothing&per_page=100')).json.meta.warnings).toEqual([
      expect.stringContaining('"alice/nothing"'),
    ])
    if (isGitLab) return
    expect(await walk(ask, 'search_pull_requests?query=change', 50)).toEqual(found)
    expect((await ask('branches?repo_name=alice/many-branches&per_page=100')).json.branches).toHaveLength(100)
  })

  it.each([
    ['alice/many-branches', 130],
    ['alice/example-repository', 0],
    ['alice/empty-repository', 0],
  ])('branches of %s are those that exist, without the default one that does not', async (repository) => {
    const platform = sandbox.platforms[name]
    const there = repositoryOf(platform, repository)
    there.defaultBranch = 'gone'
    const names = there.branches.map((branch) => branch.name)
    const ask = await link(platform)
    for (const perPage of [30, 100]) {
      const found = await walk(ask, `branches?repo_name=${repository}`, perPage)
      expect(found.map((branch) => (branch as { name: string }).name)).toEqual(names)
    }
  })
})

describe('on github-enterprise', () => {
  const github = () => sandbox.platforms['github-enterprise']

  it('a renamed repository is found by words, and an unknown one stays unknown', async () => {
    const [model] = github().state.pullRequests
    if (!model) throw new Error('the sandbox has no pull request')
    github().state.pullRequests.push({ ...model, id: 9_001, repositoryId: 30, number: 4, title: 'Add horn' })
    const ask = await link(github())
    const found = await ask('search_pull_requests?query=horn+repo:alice/original-name')
    expect([found.status, found.json.pull_requests[0]?.id, found.json.meta.warnings]).toEqual([200, 9_001, []])
    const listed = await ask('search_pull_requests?query=repo:alice/original-name')
    expect(listed.json.pull_requests.map(({ id }: { id: number }) => id)).toEqual([9_001])
    const unknown = await ask('search_pull_requests?query=horn+repo:alice/nothing')
    expect([unknown.status, unknown.json.pull_requests]).toEqual([200, []])
    expect(unknown.json.meta.warnings).toEqual(['GitHub has no repository "alice/nothing" that this account can see.'])
  })

  // The scopes that GitHub accepts are told at the repository itself, not at its lists: ../shared/data/recorded.
  it('a private repository and a token without repo: says which scope it needs', async () => {
    const ask = await link(github(), 'public-only')
    const hint = 'If it is private, the token needs the scope repo, which it lacks.'
    for (const query of ['repo:alice/private-notes', 'notes+repo:alice/private-notes']) {
      const { status, json } = await ask(`search_pull_requests?query=${query}`)
      expect([status, json.pull_requests]).toEqual([200, []])
      expect(json.meta.warnings).toEqual([
        `GitHub has no repository "alice/private-notes" that this account can see. ${hint}`,
      ])
    }
    const branches = await ask('branches?repo_name=alice/private-notes')
    expect([branches.status, branches.json]).toEqual([404, { resource: 'repository', error: `not found. ${hint}` }])
    const withScope = await link(github())
    const absent = await withScope('branches?repo_name=alice/nothing')
    expect([absent.status, absent.json]).toEqual([404, { resource: 'repository', error: 'not found' }])
    const fineGrained = await link(github(), 'fine-grained')
    expect((await fineGrained('branches?repo_name=alice/nothing')).json.error).toBe('not found')
  })
})

describe.each(GITLABS)('on %s', (name) => {
  const gitlab = () => sandbox.platforms[name]
  const namesIn = ({ json }: Answer) => json.repositories.map(({ fullName }: { fullName: string }) => fullName)

  // https://github.com/python-gitlab/python-gitlab/issues/3299
  it.each(['alice/old-name', 'alice/old.name', 'old.group/sub/old.name.js'])(
    'a project moved from %s is found',
    async (old) => {
      gitlab().state.moved.set(old, 21)
      const ask = await link(gitlab())
      expect((await ask(`branches?repo_name=${old}`)).json.branches[0]).toEqual({ name: 'main' })
      for (const query of ['repo:', 'change+repo:', 'is:closed+repo:']) {
        expect((await ask(`search_pull_requests?query=${query}${old}`)).json.pull_requests.length).toBeGreaterThan(10)
      }
    },
  )

  it('a project with a dot in its name is found', async () => {
    addRepository(gitlab(), 9_100, 'alice', 'site.example.js')
    const ask = await link(gitlab())
    expect((await ask('branches?repo_name=alice/site.example.js')).status).toBe(200)
  })

  it('a group and a user named by digits alone are found, not those with that id', async () => {
    const { organizations, users } = gitlab().state
    const [group] = organizations
    const [user] = users
    if (!group || !user) throw new Error('the sandbox is empty')
    organizations.push(
      { ...group, id: 801, path: '566', fullPath: '566', parentId: null, visibility: 'public', members: [] },
      { ...group, id: 566, path: 'other', fullPath: 'other', parentId: null, visibility: 'public', members: [] },
      { ...group, id: 802, path: '5667', fullPath: '5667', parentId: null, visibility: 'public', members: [] },
    )
    users.push({ ...user, id: 803, username: '777' }, { ...user, id: 777, username: 'somebody' })
    addRepository(gitlab(), 9_201, '566', 'right')
    addRepository(gitlab(), 9_202, 'other', 'wrong')
    addRepository(gitlab(), 9_203, '777', 'mine')
    addRepository(gitlab(), 9_204, 'somebody', 'theirs')
    const ask = await link(gitlab())
    for (const forks of ['', '+fork:true']) {
      expect(namesIn(await ask(`search_repos?query=user:566${forks}`))).toEqual(['566/right'])
      expect(namesIn(await ask(`search_repos?query=user:777${forks}`))).toEqual(['777/mine'])
    }
    const unknown = await ask('search_repos?query=user:567')
    expect([unknown.json.repositories, unknown.json.meta.warnings]).toEqual([
      [],
      ['GitLab has no user or group "567" that this account can see.'],
    ])
  })

  it('group/name typed whole finds the project', async () => {
    const ask = await link(gitlab())
    expect(namesIn(await ask('search_repos?query=acme/tools/hammer'))).toEqual(['acme/tools/hammer'])
    expect(namesIn(await ask('search_repos?query=tools/hammer'))).toEqual(['acme/tools/hammer'])
  })

  // https://docs.gitlab.com/user/project/working_with_projects/#delete-a-project
  it('projects that wait for deletion are not listed, archived ones are', async () => {
    addRepository(gitlab(), 9_301, 'carol', 'kept', { archived: true })
    addRepository(gitlab(), 9_302, 'carol', 'marked', { markedForDeletionOn: '2026-12-01' })
    addRepository(gitlab(), 9_303, 'carol', 'renamed-deletion_scheduled-9303')
    const ask = await link(gitlab())
    for (const forks of ['', '+fork:true']) {
      expect(namesIn(await ask(`search_repos?query=user:carol${forks}`)).sort()).toEqual([
        'carol/hello-world',
        'carol/kept',
      ])
    }
  })

  it('merge requests that are switched off are an empty list that says so', async () => {
    repositoryOf(gitlab(), 'alice/example-repository').mergeRequestsDisabled = true
    const ask = await link(gitlab())
    for (const query of ['', 'logo+', 'is:closed+']) {
      const { status, json } = await ask(`search_pull_requests?query=${query}repo:alice/example-repository`)
      expect([status, json.pull_requests, json.meta.warnings]).toEqual([
        200,
        [],
        ['Merge requests are switched off in project "alice/example-repository".'],
      ])
    }
  })

  it('a project of which nothing may be read is refused as before', async () => {
    const ask = await link(gitlab())
    const { status, json } = await ask('search_pull_requests?query=repo:bob/guest-only')
    expect([status, json.code]).toEqual([403, 'scm_forbidden'])
  })

  it('950 projects without forks, 20 a page, cost at most 58 calls', async () => {
    gitlab().state.repositories = gitlab().state.repositories.filter(({ owner }) => owner !== 'acme')
    const ids = Array.from({ length: 950 }, (_, index) => 20_000 + index)
    for (const id of ids) addRepository(gitlab(), id, 'acme', `p${id}`, { fork: false, markedForDeletionOn: null })
    for (let id = 30_000; id < 30_040; id++) addRepository(gitlab(), id, 'acme', `f${id}`, { fork: true })
    const ask = await link(gitlab())
    const found = await walk(ask, 'search_repos?query=user:acme', 20)
    const calls = gitlab().requests.filter(({ path }) => path.includes('/projects?')).length
    const others = ['acme/tools/hammer', 'acme/tools/deep/drill', 'acme/tools/project-docs-example']
    expect(found).toHaveLength(950 + others.length)
    expect(new Set(found.map((one) => (one as { id: number }).id)).size).toBe(950 + others.length)
    expect(calls).toBeLessThanOrEqual(58)
  })
})
