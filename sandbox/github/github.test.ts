// The simulated GitHub as its callers see it.

import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type Asking, ask, column, fieldsOf, linkTo, rowsOf } from '../../test/support/sandbox-client.ts'
import { type Sandbox, type SandboxPlatform, startSandbox } from '../sandbox.ts'
import { deleteRepository, findRepository, revokeToken } from '../state.ts'

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

function as(purpose: string, more: Asking = {}): Asking {
  return { token: github.token('alice', purpose), ...more }
}

describe('tokens', () => {
  test('a good one is answered with its scopes', async () => {
    const answer = await ask(github, '/user', as('full'))
    expect(fieldsOf(answer)).toMatchObject({ login: 'alice', id: 42, email: null, html_url: `${github.url}/alice` })
    expect(answer.headers.get('x-oauth-scopes')).toBe('repo, read:org, read:public_key, user:email')
    expect(answer.headers.get('x-accepted-oauth-scopes')).toBe('')
  })

  test.each(['expired', 'revoked'])('a token that is %s is bad credentials', async (purpose) => {
    const answer = await ask(github, '/user', as(purpose))
    expect(answer.status).toBe(401)
    expect(fieldsOf(answer).message).toBe('Bad credentials')
    expect(answer.headers.get('x-ratelimit-limit')).toBe('60')
  })

  test('a token of another platform is bad credentials', async () => {
    expect((await ask(enterprise, '/user', as('full'))).status).toBe(401)
  })

  test('no token on /user is "Requires authentication"', async () => {
    const answer = await ask(github, '/user')
    expect(answer.status).toBe(401)
    expect(fieldsOf(answer).message).toBe('Requires authentication')
  })

  test('the old form "token T" and forty hexadecimal digits work', async () => {
    const headers = { authorization: `token ${github.token('alice', 'legacy')}` }
    expect((await ask(github, '/user', { headers })).status).toBe(200)
    expect(github.token('alice', 'legacy')).toMatch(/^[0-9a-f]{40}$/)
  })

  test('one that will expire says when', async () => {
    const name = 'github-authentication-token-expiration'
    const soon = (await ask(github, '/user', as('expires-soon'))).headers.get(name)
    expect(soon).toMatch(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC$/)
    expect((await ask(github, '/user', as('full'))).headers.get(name)).toBeNull()
  })

  test('an installation token is nobody', async () => {
    const answer = await ask(github, '/user', { token: github.token('acme', 'installation') })
    expect(answer.status).toBe(403)
    expect(fieldsOf(answer).message).toBe('Resource not accessible by integration')
  })

  test('a suspended account is forbidden', async () => {
    expect((await ask(github, '/user', { token: github.token('dave') })).status).toBe(403)
  })

  test('one that a test revokes stops working', async () => {
    revokeToken(github.state, github.token('alice'))
    expect((await ask(github, '/user', as('full'))).status).toBe(401)
  })
})

describe('scopes', () => {
  test.each([
    ['no-keys', '/user/keys', 404, 'admin:public_key, read:public_key, write:public_key'],
    ['no-email', '/user/emails', 404, 'user, user:email'],
    ['no-orgs', '/user/orgs', 403, 'admin:org, read:org, repo, user, write:org'],
  ])('token %s gets for %s a %i', async (purpose, path, status, accepted) => {
    const answer = await ask(github, path, as(purpose))
    expect(answer.status).toBe(status)
    expect(answer.headers.get('x-accepted-oauth-scopes')).toBe(accepted)
    expect((await ask(github, path, as('full'))).status).toBe(200)
  })

  test('a fine-grained token has no scopes, but permissions', async () => {
    const answer = await ask(github, '/user/keys', as('fine-grained-no-keys'))
    expect(answer.status).toBe(403)
    expect(fieldsOf(answer).message).toBe('Resource not accessible by personal access token')
    expect(answer.headers.get('x-oauth-scopes')).toBeNull()
    expect(answer.headers.get('x-accepted-github-permissions')).toBe('keys=read')
  })

  test('a fine-grained token sees no organisation', async () => {
    const answer = await ask(github, '/user/orgs', as('fine-grained'))
    expect([answer.status, answer.body]).toEqual([200, []])
  })

  test('without the repo scope private repositories are not there', async () => {
    expect((await ask(github, '/repos/alice/private-notes', as('full'))).status).toBe(200)
    expect((await ask(github, '/repos/alice/private-notes', as('public-only'))).status).toBe(404)
    expect((await ask(github, '/repos/alice/private-notes', { token: github.token('carol') })).status).toBe(404)
  })
})

describe('single sign-on', () => {
  test('an unauthorised token is told where to authorise', async () => {
    const answer = await ask(github, '/repos/sso-corp/vault', as('no-sso'))
    expect(answer.status).toBe(403)
    const url = `${github.url}/orgs/sso-corp/sso?authorization_request=SANDBOX`
    expect(answer.headers.get('x-github-sso')).toBe(`required; url=${url}`)
  })

  test('lists leave the organisation out and say so', async () => {
    const answer = await ask(github, '/user/orgs', as('no-sso'))
    expect(column(answer, 'login')).toEqual(['Test', 'another-org', 'acme'])
    expect(answer.headers.get('x-github-sso')).toBe('partial-results; organizations=20582480')
    const full = await ask(github, '/user/orgs', as('full'))
    expect(column(full, 'login')).toEqual(['Test', 'another-org', 'acme', 'sso-corp'])
    expect(full.headers.get('x-github-sso')).toBeNull()
  })
})

describe('repositories', () => {
  test('a renamed one redirects to its number, with what was below and asked', async () => {
    const answer = await ask(github, '/repos/alice/original-name/branches?per_page=1', as('full'))
    expect(answer.status).toBe(301)
    const location = answer.headers.get('location') ?? ''
    expect(location).toBe(`${github.apiUrl}/repositories/30/branches?per_page=1`)
    expect(column(await ask(github, location, as('full')), 'name')).toEqual(['main'])
  })

  test('branches come in pages whose links go to the number', async () => {
    const first = await ask(github, '/repos/alice/many-branches/branches?per_page=100', as('full'))
    expect(rowsOf(first)).toHaveLength(100)
    expect(linkTo(first, 'next')).toBe(`${github.apiUrl}/repositories/25/branches?per_page=100&page=2`)
    const second = await ask(github, linkTo(first, 'next') ?? '', as('full'))
    expect(rowsOf(second)).toHaveLength(30)
    expect(linkTo(second, 'next')).toBeUndefined()
    expect(linkTo(second, 'prev')).toContain('page=1')
  })

  test('a branch with a slash is found with and without %2F', async () => {
    const path = '/repos/john-diggle/example-repository/branches/feature'
    expect(fieldsOf(await ask(github, `${path}/add-logo`)).name).toBe('feature/add-logo')
    expect(fieldsOf(await ask(github, `${path}%2Fadd-logo`)).name).toBe('feature/add-logo')
  })

  test('an empty one has no branches', async () => {
    expect((await ask(github, '/repos/alice/empty-repository/branches')).body).toEqual([])
  })

  test('a fork tells its parent only to those who may see it', async () => {
    const seen = fieldsOf(await ask(github, '/repos/alice/example-fork', as('full')))
    expect(seen).toMatchObject({ fork: true, parent: { full_name: 'john-diggle/example-repository' } })
    const hidden = fieldsOf(await ask(github, '/repos/alice/hidden-fork', as('full')))
    expect(hidden.fork).toBe(true)
    expect(hidden).not.toHaveProperty('parent')
  })

  test('/user/repos has those of the organisations too', async () => {
    const names: unknown[] = []
    let next: string | undefined = '/user/repos?per_page=100'
    while (next !== undefined) {
      const answer = await ask(github, next, as('full'))
      names.push(...column(answer, 'full_name'))
      next = linkTo(answer, 'next')
    }
    expect(names.length).toBeGreaterThan(270)
    expect(names).toEqual(expect.arrayContaining(['alice/service-260', 'acme/drill', 'bob/shared-secret']))
    expect(names).not.toContain('secret-org/core')
  })
})

describe('pull requests', () => {
  const pulls = '/repos/john-diggle/example-repository/pulls'

  test('the open ones are the documented ones, newest first', async () => {
    const answer = await ask(github, pulls, as('full'))
    expect(rowsOf(answer).map(({ number, title }) => `${number} ${title}`)).toEqual(['8 Add feature', '3 Add logo'])
    expect(rowsOf(answer)[0]).toMatchObject({ head: { repo: { full_name: 'alice/example-fork' } } })
  })

  test('closed ones include the merged, and a deleted head is null', async () => {
    const rows = rowsOf(await ask(github, `${pulls}?state=closed&direction=asc`, as('full')))
    expect(rows.map((row) => row.number)).toEqual([1, 2, 4, 5, 6, 7])
    expect(rows.filter((row) => row.merged_at !== null).map((row) => row.number)).toEqual([1, 4, 6])
    expect(rows[3]).toMatchObject({ number: 5, head: { repo: null, user: null } })
  })

  test('a wrong state is a 422', async () => {
    expect((await ask(github, `${pulls}?state=opened`)).status).toBe(422)
  })

  test('deleting a fork empties the heads that came from it', async () => {
    deleteRepository(github.state, 'alice/example-fork')
    expect(rowsOf(await ask(github, pulls))[0]).toMatchObject({ number: 8, head: { repo: null } })
    expect(findRepository(github.state, 'alice/example-fork')).toBeUndefined()
  })
})

describe('the door', () => {
  test('an unknown API version is a 400, the newest is on github.com only', async () => {
    const version = (value: string) => as('full', { headers: { 'x-github-api-version': value } })
    expect((await ask(github, '/user', version('2001-01-01'))).status).toBe(400)
    expect((await ask(github, '/user', version('2026-03-10'))).status).toBe(200)
    const old = { token: enterprise.token('alice'), headers: { 'x-github-api-version': '2026-03-10' } }
    expect((await ask(enterprise, '/user', old)).status).toBe(400)
  })

  test('a trailing slash is a 404', async () => {
    expect((await ask(github, '/user/', as('full'))).status).toBe(404)
  })

  test('GHES names its version and has no limits', async () => {
    const answer = await ask(enterprise, '/user', { token: enterprise.token('alice') })
    expect(answer.headers.get('x-github-enterprise-version')).toBe('3.19.1')
    expect(answer.headers.get('x-ratelimit-limit')).toBeNull()
    expect((await ask(enterprise, '/rate_limit', { token: enterprise.token('alice') })).status).toBe(404)
    expect(fieldsOf(await ask(enterprise, '/meta')).installed_version).toBe('3.19.1')
  })

  test('GitLab addresses are not here', async () => {
    expect((await ask(enterprise, `${enterprise.url}/api/v4/user`)).status).toBe(404)
  })

  test('private mode wants a token for everything', async () => {
    enterprise.state.settings.privateMode = true
    expect((await ask(enterprise, '/repos/john-diggle/example-repository')).status).toBe(401)
  })

  test('avatars are pictures', async () => {
    const { headers } = await ask(github, String(fieldsOf(await ask(github, '/user', as('full'))).avatar_url))
    expect(headers.get('content-type')).toBe('image/png')
  })

  test('a call without User-Agent is forbidden', async () => {
    const { request } = await import('node:http')
    const status = await new Promise((resolve) => {
      request(`${github.apiUrl}/meta`, (response) => resolve(response.resume().statusCode)).end()
    })
    expect(status).toBe(403)
  })
})

describe('limits and ETags', () => {
  test('core and search are counted apart', async () => {
    await ask(github, '/search/repositories?q=example', as('full'))
    await ask(github, '/search/repositories?q=example', as('full'))
    const { headers } = await ask(github, '/user', as('full'))
    expect([headers.get('x-ratelimit-resource'), headers.get('x-ratelimit-remaining')]).toEqual(['core', '4999'])
    const { resources } = fieldsOf(await ask(github, '/rate_limit', as('full')))
    expect(resources).toMatchObject({ core: { used: 1 }, search: { limit: 30, remaining: 28 } })
  })

  test('after the last one comes a 403 until the window ends', async () => {
    github.state.settings.rateLimits = { core: 2, search: 30 }
    await ask(github, '/user', as('full'))
    await ask(github, '/user', as('full'))
    const rejected = await ask(github, '/user', as('full'))
    expect([rejected.status, rejected.headers.get('x-ratelimit-remaining')]).toEqual([403, '0'])
    github.state.now = () => Date.now() + 3_600_001
    expect((await ask(github, '/user', as('full'))).status).toBe(200)
  })

  test('a known answer is a 304 and costs nothing', async () => {
    const first = await ask(github, '/user/keys', as('full'))
    const headers = { 'if-none-match': first.headers.get('etag') ?? '' }
    const second = await ask(github, '/user/keys', as('full', { headers }))
    expect([second.status, second.text]).toEqual([304, ''])
    expect(second.headers.get('x-ratelimit-remaining')).toBe(first.headers.get('x-ratelimit-remaining'))
  })
})
