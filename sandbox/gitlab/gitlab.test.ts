// The simulated GitLab as its callers see it, at the root and under a path.

import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type Answer, type Asking, ask, column, fieldsOf, linkTo, rowsOf } from '../../test/support/sandbox-client.ts'
import { type Sandbox, type SandboxPlatform, startSandbox } from '../sandbox.ts'
import type { Repository } from '../state.ts'

let sandbox: Sandbox
let gitlab: SandboxPlatform
let subpath: SandboxPlatform

beforeAll(async () => {
  sandbox = await startSandbox({ ports: 'free' })
  gitlab = sandbox.platforms.gitlab
  subpath = sandbox.platforms['gitlab-subpath']
})
beforeEach(() => sandbox.reset())
afterAll(() => sandbox.close())

function get(path: string, purpose = 'full', username = 'alice'): Promise<Answer> {
  return ask(gitlab, path, { token: gitlab.token(username, purpose) })
}

describe('tokens', () => {
  test('a good one, as Bearer and as PRIVATE-TOKEN', async () => {
    const headers = { 'private-token': gitlab.token('alice') }
    for (const asking of [{ token: gitlab.token('alice') }, { headers }] satisfies Asking[]) {
      const body = fieldsOf(await ask(gitlab, '/user', asking))
      expect(body).toMatchObject({ id: 42, username: 'alice', bot: false, email: 'alice@example.test' })
    }
  })

  test('expired and revoked ones say so, unknown ones do not', async () => {
    const expired = await get('/user', 'expired')
    expect([expired.status, fieldsOf(expired).error]).toEqual([401, 'invalid_token'])
    expect(fieldsOf(expired).error_description).toContain('Token is expired')
    expect(expired.headers.get('www-authenticate')).toContain('error="invalid_token"')
    expect(fieldsOf(await get('/user', 'revoked')).error_description).toContain('Token was revoked')
    const unknown = await ask(gitlab, '/user', { token: 'glpat-unknown' })
    expect([unknown.status, unknown.body]).toEqual([401, { message: '401 Unauthorized' }])
  })

  test.each([
    ['read-api', '/user', 200],
    ['read-api', '/user/keys', 200],
    ['read-api', '/projects', 200],
    ['profile-only', '/user', 200],
    ['profile-only', '/user/keys', 200],
    ['profile-only', '/projects', 403],
    ['profile-only', '/groups', 403],
    ['repository-only', '/user', 403],
    ['fine-grained', '/groups', 200],
    ['fine-grained-no-keys', '/user', 200],
    ['fine-grained-no-keys', '/user/keys', 403],
  ])('token %s gets for %s a %i', async (purpose, path, status) => {
    expect((await get(path, purpose)).status).toBe(status)
  })

  test('what is missing is named', async () => {
    expect(fieldsOf(await get('/projects', 'profile-only'))).toMatchObject({
      error: 'insufficient_scope',
      scope: 'api read_api',
    })
  })

  test('it tells about itself', async () => {
    expect(fieldsOf(await get('/personal_access_tokens/self', 'read-api'))).toMatchObject({
      scopes: ['read_api'],
      active: true,
      revoked: false,
      expires_at: '2099-12-31',
    })
    expect(fieldsOf(await get('/personal_access_tokens/self', 'fine-grained')).scopes).toEqual(['granular'])
  })

  test('a bot says that it is one, a blocked person is forbidden', async () => {
    expect(fieldsOf(await get('/user', 'bot', 'project_101_bot_0a1b2c')).bot).toBe(true)
    const blocked = await get('/user', 'full', 'dave')
    expect([blocked.status, fieldsOf(blocked).message]).toEqual([403, '403 Forbidden - Your account has been blocked.'])
  })

  test('bob never confirmed his address', async () => {
    expect(fieldsOf(await get('/user', 'full', 'bob')).confirmed_at).toBeNull()
  })
})

describe('keys', () => {
  test('expired and signing ones are in the list, comments name person and host', async () => {
    const rows = rowsOf(await get('/user/keys'))
    expect(rows).toHaveLength(12)
    expect(rows.filter((row) => row.usage_type === 'signing').map((row) => row.title)).toEqual(['Signing only'])
    expect(rows.filter((row) => row.expires_at !== null).map((row) => row.title)).toEqual(['Expired'])
    expect(rows.filter((row) => row.title === 'Laptop')).toHaveLength(2)
    expect(rows[0]?.key).toMatch(/^ssh-ed25519 \S+ Alice Example \(127\.0\.0\.1\)$/)
  })
})

describe('projects', () => {
  test.each([
    ['example repository', ['john-diggle/example-repository', 'alice/example-fork', 'alice/example-repository']],
    ['hammer', ['acme/tools/hammer']],
    ['EXAMPLE drill', []],
    ['hello in of', ['carol/hello-world']],
    ['website acme', ['acme/website']],
    ['website tool', []],
    ['xy', []],
  ])('search %j', async (text, names) => {
    const answer = await get(`/projects?${new URLSearchParams({ search: text, order_by: 'id', sort: 'desc' })}`)
    expect(column(answer, 'path_with_namespace')).toEqual(names)
  })

  test('a word shorter than three matches only a whole column', async () => {
    const [first] = gitlab.state.repositories
    if (first !== undefined) first.title = 'Xy'
    expect(column(await get('/projects?search=xy'), 'path')).toEqual(['example-repository'])
  })

  test('a fork has mr_default_target_self, and its parent only if that may be seen', async () => {
    const seen = fieldsOf(await get('/projects/alice%2Fexample-fork'))
    expect(seen).toMatchObject({
      mr_default_target_self: false,
      forked_from_project: { path_with_namespace: 'john-diggle/example-repository' },
    })
    const hidden = fieldsOf(await get('/projects/alice%2Fhidden-fork'))
    expect(hidden.mr_default_target_self).toBe(false)
    expect(hidden).not.toHaveProperty('forked_from_project')
    expect(fieldsOf(await get('/projects/alice%2Fexample-repository'))).not.toHaveProperty('mr_default_target_self')
  })

  test('of a user, of a group, with its subgroups, with what is shared', async () => {
    expect(column(await get('/users/john-diggle/projects'), 'path')).toHaveLength(3)
    expect((await get('/users/acme/projects')).body).toEqual({ message: '404 User Not Found' })
    const of = async (query: string) =>
      column(await get(`/groups/acme/projects?order_by=id&sort=asc&${query}`), 'path_with_namespace')
    expect(await of('with_shared=false')).toEqual(['acme/website'])
    expect(await of('')).toEqual(['acme/website', 'partners/shared-with-acme'])
    expect(await of('with_shared=false&include_subgroups=true')).toEqual([
      'acme/tools/project-docs-example',
      'acme/website',
      'acme/tools/hammer',
      'acme/tools/deep/drill',
    ])
    expect(column(await get('/groups/acme%2Ftools%2Fdeep/projects'), 'path')).toEqual(['drill'])
    expect((await get('/groups/nobody/projects')).body).toEqual({ message: '404 Group Not Found' })
  })

  test('unknown, hidden and undecodable ones', async () => {
    expect((await get('/projects/secret-org%2Fcore')).body).toEqual({ message: '404 Project Not Found' })
    expect((await get('/projects/john-diggle/example-repository')).body).toEqual({ error: '404 Not Found' })
  })

  test('a moved one redirects to its number, with what was below', async () => {
    const answer = await get('/projects/alice%2Foriginal-name/repository/branches?per_page=1')
    expect(answer.status).toBe(302)
    expect(answer.headers.get('location')).toBe(`${gitlab.apiUrl}/projects/30/repository/branches?per_page=1`)
  })

  test('anybody sees public ones, in brief', async () => {
    const [row] = rowsOf(await ask(gitlab, '/projects?search=example-repository'))
    expect(row).not.toHaveProperty('permissions')
    expect(column(await ask(gitlab, '/projects?search=hello'), 'path')).toEqual([])
  })
})

describe('branches', () => {
  test('the default one is marked and not the first', async () => {
    const rows = rowsOf(await get('/projects/john-diggle%2Fexample-repository/repository/branches?per_page=100'))
    expect(rows.length).toBeGreaterThan(30)
    expect(rows[0]?.name).toBe('a-first-in-the-alphabet')
    expect(rows.filter((row) => row.default).map((row) => row.name)).toEqual(['main'])
  })

  test('a guest sees no code, a switched-off repository is not there, an empty one has none', async () => {
    expect((await get('/projects/bob%2Fguest-only/repository/branches')).status).toBe(403)
    expect((await get('/projects/alice%2Fcode-disabled/repository/branches')).status).toBe(404)
    expect((await get('/projects/alice%2Fempty-repository/repository/branches')).body).toEqual([])
  })
})

describe('groups', () => {
  const paths = async (query: string, username = 'alice') =>
    column(await get(`/groups?order_by=path&${query}`, 'full', username), 'full_path')

  test('with min_access_level real memberships and what they cover', async () => {
    const alice = ['acme', 'another-org', 'acme/tools/deep', 'sso-corp', 'Test', 'acme/tools']
    expect((await paths('min_access_level=10')).sort()).toEqual(alice.sort())
    expect((await paths('min_access_level=10', 'carol')).sort()).toEqual(['acme/tools/deep', 'partners'])
    expect(await paths('min_access_level=40')).toEqual(['acme', 'acme/tools/deep', 'acme/tools'].sort(byPathEnd))
  })

  test('without it also ancestors, and groups of mere projects', async () => {
    expect((await paths('', 'carol')).sort()).toEqual(['acme', 'acme/tools', 'acme/tools/deep', 'partners'])
    expect(await paths('', 'bob')).toEqual(['acme'])
  })

  test('a wrong level is a 400', async () => {
    expect((await get('/groups?min_access_level=7')).body).toEqual({
      error: 'min_access_level does not have a valid value',
    })
  })
})

function byPathEnd(a: string, b: string): number {
  return (a.split('/').at(-1) ?? '').localeCompare(b.split('/').at(-1) ?? '')
}

describe('merge requests', () => {
  const list = '/projects/john-diggle%2Fexample-repository/merge_requests'

  test.each([
    ['state=opened', [8, 3]],
    ['state=closed', [7, 5, 2]],
    ['state=merged', [6, 4, 1]],
    ['state=all&sort=asc', [1, 2, 3, 4, 5, 6, 7, 8]],
    ['search=logo&in=title', [7, 5, 3]],
    ['state=opened&view=simple', [8, 3]],
  ])('%s', async (query, iids) => {
    expect(column(await get(`${list}?${query}`), 'iid')).toEqual(iids)
  })

  test('a locked one is neither open nor closed', async () => {
    const locked = await get('/projects/alice%2Fexample-repository/merge_requests?state=locked')
    expect(rowsOf(locked)).toMatchObject([{ iid: 46, id: 6046, state: 'locked' }])
  })

  test('without a project they are the caller’s own', async () => {
    const authors = rowsOf(await get('/merge_requests?per_page=100')).map((row) => row.author)
    expect(authors.length).toBeGreaterThan(50)
    expect(authors.every((author) => JSON.stringify(author).includes('"alice"'))).toBe(true)
  })

  test('a wrong state is a 400, and strangers get nothing', async () => {
    expect((await get(`${list}?state=open`)).body).toEqual({ error: 'state does not have a valid value' })
    expect((await ask(gitlab, list)).status).toBe(401)
  })

  test('the source of a deleted fork is null', async () => {
    expect(rowsOf(await get(`${list}?state=closed`))[1]).toMatchObject({ iid: 5, source_project_id: null })
  })
})

describe('pages', () => {
  test('headers tell next and totals', async () => {
    const answer = await get('/users/alice/projects?per_page=100&page=2')
    const { headers } = answer
    expect([headers.get('x-page'), headers.get('x-next-page'), headers.get('x-prev-page')]).toEqual(['2', '3', '1'])
    expect([headers.get('x-total'), headers.get('x-total-pages')]).toEqual(['272', '3'])
    const last = await get(linkTo(answer, 'next') ?? '')
    expect(rowsOf(last)).toHaveLength(72)
    expect(last.headers.get('x-next-page')).toBe('')
  })

  test('above ten thousand records there are no totals, and offsets end at fifty thousand', async () => {
    const [model] = gitlab.state.repositories
    if (model === undefined) throw new Error('the seed has no repository')
    for (let n = 0; n < 10_001; n++) gitlab.state.repositories.push({ ...model, id: 900_000_000 + n } as Repository)
    const answer = await get('/projects?per_page=1')
    expect(answer.headers.get('x-total')).toBeNull()
    expect(linkTo(answer, 'last')).toBeUndefined()
    expect(linkTo(answer, 'next')).toBeDefined()
    expect((await get('/projects?per_page=100&page=501')).status).toBe(405)
  })

  test('keyset goes on by id', async () => {
    const first = await get('/projects?pagination=keyset&order_by=id&sort=asc&per_page=2')
    expect(column(first, 'id')).toEqual([11, 12])
    expect(column(await get(linkTo(first, 'next') ?? ''), 'id')).toEqual([21, 22])
  })

  test('a wrong page is a 400', async () => {
    expect((await get('/projects?page=x')).body).toEqual({ error: 'page is invalid' })
    expect((await get('/projects?page=0')).status).toBe(400)
  })
})

describe('where it lives', () => {
  test('under a path, addresses contain it and avatars come without host', async () => {
    const answer = await ask(subpath, '/user', { token: subpath.token('alice') })
    expect(fieldsOf(answer)).toMatchObject({
      web_url: `${subpath.url}/alice`,
      avatar_url: '/code/gitlab/uploads/-/system/user/avatar/42/avatar.png',
    })
    const projects = await ask(subpath, '/projects?per_page=1', { token: subpath.token('alice') })
    expect(linkTo(projects, 'next')).toMatch(`${subpath.url}/api/v4/projects?`)
    const { origin } = new URL(subpath.url)
    expect((await ask(subpath, `${origin}/api/v4/user`)).status).toBe(404)
  })

  test('addresses of GitHub are gone or not here', async () => {
    expect((await ask(gitlab, `${gitlab.url}/api/v3/user`)).status).toBe(410)
    expect((await ask(gitlab, `${gitlab.url}/graphql`)).status).toBe(302)
  })

  test('it says its version, with the right to know', async () => {
    expect(fieldsOf(await get('/metadata')).version).toBe('19.5.0-pre')
    expect((await ask(gitlab, '/version')).status).toBe(401)
    expect((await get('/user')).headers.get('x-gitlab-meta')).toContain('correlation_id')
  })

  test('gitlab.com counts requests, one’s own does not', async () => {
    expect((await get('/user')).headers.get('ratelimit-limit')).toBe('2000')
    gitlab.state.settings.rateLimits = { core: 1, search: 1 }
    const rejected = await get('/user')
    expect([rejected.status, rejected.text]).toEqual([429, 'Retry later\n'])
    expect(Number(rejected.headers.get('retry-after'))).toBeGreaterThan(0)
    const own = sandbox.platforms['gitlab-self-hosted']
    const answer = await ask(own, '/user', { token: own.token('alice') })
    expect(answer.headers.get('ratelimit-limit')).toBeNull()
  })
})
