// GitHub's search as its callers see it, traps included.

import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type Answer, ask, column, fieldsOf, linkTo, rowsOf } from '../../test/support/sandbox-client.ts'
import { type Sandbox, type SandboxPlatform, startSandbox } from '../sandbox.ts'
import type { Repository } from '../state.ts'

let sandbox: Sandbox
let github: SandboxPlatform

beforeAll(async () => {
  sandbox = await startSandbox({ ports: 'free' })
  github = sandbox.platforms.github
})
beforeEach(() => sandbox.reset())
afterAll(() => sandbox.close())

function search(q: string, more = '', purpose = 'full'): Promise<Answer> {
  const query = new URLSearchParams({ q })
  return ask(github, `/search/repositories?${query}${more}`, { token: github.token('alice', purpose) })
}

function issues(q: string, purpose = 'full'): Promise<Answer> {
  return ask(github, `/search/issues?${new URLSearchParams({ q })}`, { token: github.token('alice', purpose) })
}

describe('repositories', () => {
  test('the documented query finds both, with their documented ids', async () => {
    const answer = await search('example fork:true user:john-diggle')
    expect(rowsOf(answer).map(({ id, full_name, description }) => ({ id, full_name, description }))).toEqual([
      { id: 89341704, full_name: 'john-diggle/example-repository', description: 'Example Repository' },
      { id: 275241792, full_name: 'john-diggle/project-docs-example', description: 'Project documentation example' },
    ])
    expect(fieldsOf(answer)).toMatchObject({ total_count: 2, incomplete_results: false })
  })

  test.each([
    ['example user:john-diggle', ['example-repository']],
    ['example fork:only user:john-diggle', ['project-docs-example']],
    ['example fork:false user:john-diggle', ['example-repository']],
    ['"documentation example" fork:true user:john-diggle', ['project-docs-example']],
    ['"example documentation" fork:true user:john-diggle', []],
    ['logo user:john-diggle', ['example-repository']],
    ['logo in:name user:john-diggle', []],
    ['website org:acme', ['website']],
    ['user:alice private notes', ['private-notes']],
    ['user:alice private NOT notes in:name', []],
    ['user:alice unicode-samples OR archived-repository', ['unicode-samples', 'archived-repository']],
    ['検索 user:alice', ['unicode-samples']],
    ['core user:secret-org user:alice', []],
  ])('%s', async (q, names) => {
    expect(column(await search(q), 'name')).toEqual(names)
  })

  test('more than 250 services come in pages', async () => {
    const answer = await search('service user:alice', '&per_page=100')
    expect(fieldsOf(answer).total_count).toBe(261)
    expect(rowsOf(answer)).toHaveLength(100)
    expect(linkTo(answer, 'last')).toContain('page=3')
  })

  test('private ones need the repo scope', async () => {
    expect(fieldsOf(await search('service-010', '', 'public-only')).total_count).toBe(0)
    expect(fieldsOf(await search('service-010')).total_count).toBe(1)
  })

  test('sorted by stars, most first', async () => {
    const stars = column(await search('service user:alice', '&sort=stars&per_page=5'), 'stargazers_count')
    expect(stars).toEqual([6, 6, 6, 6, 6])
  })

  test.each([
    ['', 'missing'],
    ['user:nobody', 'invalid'],
    ['user:secret-org', 'invalid'],
    ['x'.repeat(257), 'invalid'],
    ['a OR b OR c OR d OR e OR f OR g', 'invalid'],
  ])('%j is a 422', async (q, code) => {
    const answer = await search(q)
    expect(answer.status).toBe(422)
    expect(fieldsOf(answer)).toMatchObject({ message: 'Validation Failed', errors: [{ field: 'q', code }] })
  })

  test('an organisation behind single sign-on cannot be named without it', async () => {
    expect((await search('user:sso-corp', '', 'no-sso')).status).toBe(422)
    expect(column(await search('user:sso-corp'), 'name')).toEqual(['vault'])
    const partial = await search('example', '', 'no-sso')
    expect(partial.headers.get('x-github-sso')).toBe('partial-results; organizations=20582480')
  })

  test('only the first thousand can be had', async () => {
    const model = github.state.repositories.find(({ name }) => name === 'service-001')
    if (model === undefined) throw new Error('the seed has no service-001')
    const copies = Array.from({ length: 1100 }, (_, n): Repository => ({ ...model, id: 50_000 + n, name: `mass-${n}` }))
    github.state.repositories.push(...copies)
    const first = await search('mass in:name', '&per_page=100')
    expect(fieldsOf(first).total_count).toBe(1100)
    expect(linkTo(first, 'last')).toContain('page=10')
    expect(rowsOf(await search('mass in:name', '&per_page=100&page=10'))).toHaveLength(100)
    const past = await search('mass in:name', '&per_page=100&page=11')
    expect(past.status).toBe(422)
    expect(fieldsOf(past).message).toBe('Only the first 1000 search results are available')
  })
})

describe('pull requests', () => {
  const repo = 'repo:john-diggle/example-repository'

  test.each([
    [`is:pr is:open ${repo}`, [8, 3]],
    [`is:pr is:closed ${repo}`, [7, 6, 5, 4, 2, 1]],
    [`is:pr is:merged ${repo}`, [6, 4, 1]],
    [`is:pr logo in:title ${repo}`, [7, 5, 3]],
    [`is:pr "second logo" in:title ${repo}`, [7]],
    [`is:pr author:@me ${repo}`, [8, 7]],
    [`is:issue ${repo}`, []],
  ])('%s', async (q, numbers) => {
    expect(column(await issues(q), 'number')).toEqual(numbers)
  })

  test('an item is no pull request: other id, no head', async () => {
    const [item] = rowsOf(await issues(`is:pr "Add logo" ${repo}`))
    expect(item).toMatchObject({
      id: 405_003,
      number: 3,
      repository_url: `${github.apiUrl}/repos/john-diggle/example-repository`,
      pull_request: { html_url: `${github.url}/john-diggle/example-repository/pull/3` },
    })
    expect(item).not.toHaveProperty('head')
    const real = await ask(github, '/repos/john-diggle/example-repository/pulls/3')
    expect(fieldsOf(real)).toMatchObject({ id: 5003, merged: false })
  })

  test('an unknown or hidden repository is a 422, unless another one is known', async () => {
    expect((await issues('is:pr repo:nobody/nothing')).status).toBe(422)
    expect((await issues('is:pr repo:secret-org/core')).status).toBe(422)
    expect((await issues(`is:pr repo:nobody/nothing ${repo}`)).status).toBe(200)
  })

  test('a locked one counts as open', async () => {
    const q = 'is:pr is:open "Being merged" repo:alice/example-repository'
    expect(rowsOf(await issues(q))).toMatchObject([{ number: 46, state: 'open', locked: true }])
  })

  test('an App user token must say what it looks for', async () => {
    expect((await issues(repo, 'app-user')).status).toBe(422)
    expect((await issues(`is:pr ${repo}`, 'app-user')).status).toBe(200)
  })
})
