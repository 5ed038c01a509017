// What is GitLab's own of accounts: kinds of tokens, keys that are no use, groups, and who answers at an address.

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

const user = {
  id: 42,
  username: 'alice',
  bot: false,
  avatar_url: null,
  email: 'a@example.test',
  confirmed_at: '2024-01-01',
}
const SELF = '/personal_access_tokens/self'
const INFO = '^/oauth/token/info'

describe('profile', () => {
  const withToken = (...token: Recording[]) => at([{ path: '/user', body: user }, ...token])

  test.each([
    [['api'], []],
    [['read_api'], []],
    [['read_user'], ['read_api']],
    [['read_repository', 'sudo'], ['read_api']],
    [['granular'], []],
    [[], ['read_api']],
  ])('of a token with %j lacks %j', async (scopes, missing) => {
    const platform = await withToken({ path: SELF, body: { scopes, expires_at: null } })
    expect(await platform.profile()).toMatchObject({ scopes, missingScopes: missing, tokenExpiresAt: null })
  })

  test.each([
    [400, { message: '400 Bad request' }],
    [401, { message: '401 Unauthorized' }],
    [404, { message: '404 Not found' }],
    [404, { error: '404 Not Found' }],
  ])('of an OAuth token comes from the token info after a %i %j', async (status, body) => {
    const info = { resource_owner_id: 42, scope: ['read_user'], expires_in: 7_100, application: { uid: 'x' } }
    const platform = await withToken({ path: SELF, status, body }, { path: INFO, body: info })
    const { tokenExpiresAt, ...profile } = await platform.profile()
    expect(profile).toMatchObject({ scopes: ['read_user'], missingScopes: ['read_api'] })
    expect(Math.abs(Date.parse(tokenExpiresAt ?? '') - Date.now() - 7_100_000)).toBeLessThan(60_000)
  })

  test('of a server that tells nothing of tokens has no scopes and misses none', async () => {
    const platform = await withToken({ path: SELF, status: 404, body: {} }, { path: INFO, status: 401, body: {} })
    expect(await platform.profile()).toMatchObject({ scopes: null, missingScopes: [], tokenExpiresAt: null })
  })

  test.each([
    ['unconfirmed', { confirmed_at: null }, null],
    ['confirmed', {}, 'a@example.test'],
    ['of an older server', { confirmed_at: undefined }, 'a@example.test'],
    ['empty', { email: '' }, null],
  ])('has an address that is %s', async (_, own, email) => {
    const platform = await at([
      { path: '/user', body: { ...user, ...own } },
      { path: SELF, body: { scopes: ['api'] } },
    ])
    expect((await platform.profile()).email).toBe(email)
  })

  test('of a bot is refused, for only persons are linked', async () => {
    const failure = await failureOf((await at([{ path: '/user', body: { ...user, bot: true } }])).profile())
    expect(failure.code).toBe('scm_token_rejected')
    expect(failure.message).toContain("only a person's token can be linked")
  })

  test('of a service account is refused as what it is', async () => {
    const body = { ...user, username: 'service_account_group_345_0a1b2c', bot: true }
    const failure = await failureOf((await at([{ path: '/user', body }])).profile())
    expect(failure.message).toMatch(/^The token belongs to a service account; only a person's token can be linked\./)
  })

  test('of a fine-grained token that may not be described has no scopes, and nothing else is asked', async () => {
    const body = {
      error: 'insufficient_granular_scope',
      error_description:
        'Access denied: This operation requires a fine-grained personal access token with the following user permissions: [Personal Access Token: Read].',
    }
    const platform = await withToken({ path: SELF, status: 403, body })
    expect(await platform.profile()).toMatchObject({ scopes: null, missingScopes: [], tokenExpiresAt: null })
    expect(recorded.asked).toEqual(['/user', SELF])
  })

  test('of a link made by OAuth asks for nothing but the account', async () => {
    const granted = { scopes: ['read_user'], expiresAt: '2026-11-26T12:00:00.000Z' }
    const platform = await at([{ path: '/user', body: user }], { hasWorked: true, granted })
    expect(await platform.profile()).toMatchObject({
      scopes: ['read_user'],
      missingScopes: ['read_api'],
      tokenExpiresAt: '2026-11-26T12:00:00.000Z',
    })
    expect(recorded.asked).toEqual(['/user'])
  })

  test('of a link whose grant told no scopes asks only where OAuth tells them', async () => {
    const body = { scope: ['read_api'], expires_in: 7_000 }
    const own = { hasWorked: true, granted: { scopes: null, expiresAt: null } }
    const platform = await at(
      [
        { path: '/user', body: user },
        { path: INFO, body },
      ],
      own,
    )
    expect(await platform.profile()).toMatchObject({ scopes: ['read_api'], missingScopes: [] })
    expect(recorded.asked).toEqual(['/user', INFO])
  })

  test.each<[string, Omit<Recording, 'path'>]>([
    ['a page of a proxy', { status: 404, body: '<html></html>' }],
    ['GitHub', { status: 404, body: { message: 'Not Found', documentation_url: 'https://x.test' } }],
    ['GitHub by its names', { body: { id: 1, login: 'alice' } }],
    ['its own words', { status: 404, body: { message: '404 Not found' } }],
  ])("of a link that has worked never becomes another platform's: %s", async (_, answer) => {
    const failure = await failureOf((await at([{ path: '/user', ...answer }], { hasWorked: true })).profile())
    expect(failure.code).toBe('scm_bad_response')
    expect(failure.message).not.toMatch(/GitHub|github/)
    expect(recorded.asked).toEqual(['/user'])
  })

  test('of a token that may not even read its own profile names the scope', async () => {
    const body = { error: 'insufficient_scope', scope: 'read_user api read_api' }
    const failure = await failureOf((await at([{ path: '/user', status: 403, body }])).profile())
    expect(failure.code).toBe('scm_scope_missing')
    expect(failure.message).toContain('the scope read_api')
  })

  test.each<[string, Omit<Recording, 'path'>, string]>([
    ['nothing', { status: 404, body: { message: '404 Not found' } }, 'it does not know /user.'],
    ['no such path', { status: 404, body: { error: '404 Not Found' } }, 'it does not know /user.'],
    ['somebody else', { status: 404, body: {} }, 'answered 404 with JSON of another form'],
    [
      'a web server',
      { status: 404, body: '<html></html>', headers: { server: 'Apache/2.4.62' } },
      'answered 404 with a web page of Apache, not as the platform does: a proxy, gateway or sign-in wall',
    ],
    [
      'GitHub by its body',
      { status: 404, body: { message: 'Not Found', documentation_url: 'https://x.test' } },
      'use the scm_type github-enterprise',
    ],
    ['GitHub by its names', { body: { id: 1, login: 'alice' } }, 'use the scm_type github-enterprise'],
    ['no id', { body: { ...user, id: null } }, 'has no id or username.'],
    ['an empty name', { body: { ...user, username: '' } }, 'has no id or username.'],
  ])('is refused where the address has %s', async (_, answer, text) => {
    const failure = await failureOf((await at([{ path: '/user', ...answer }])).profile())
    expect(failure.code).toBe('scm_bad_response')
    expect(failure.message).toContain(text)
  })
})

test.each<[string, Omit<Recording, 'path'>]>([
  ['shows itself to strangers', { body: { installed_version: '3.19.0' } }],
  ['refuses strangers', { status: 401, body: { message: 'Must authenticate', documentation_url: 'https://x.test' } }],
])('who is there instead is asked without the token, and %s', async (_, answer) => {
  const platform = await at([
    { path: '/user', status: 404, body: '<html></html>' },
    { path: '^/api/v3/meta', ...answer },
  ])
  expect((await failureOf(platform.profile())).message).toContain('use the scm_type github-enterprise')
  expect(recorded.asked).toEqual(['/user', '^/api/v3/meta'])
  expect(recorded.lastHeaders().authorization).toBeUndefined()
})

describe('"401 Unauthorized" outside /user', () => {
  const rejected = { status: 401, body: { message: '401 Unauthorized' } }
  const KEYS = '/user/keys?per_page=100'

  test('is a permission when GitLab takes the token', async () => {
    const failure = await failureOf(
      (
        await at([
          { path: KEYS, ...rejected },
          { path: '/user', body: user },
        ])
      ).sshKeys(),
    )
    expect([failure.code, recorded.asked]).toEqual(['scm_forbidden', [KEYS, '/user']])
    expect(failure.message).toMatch(/^GitLab takes the token, but does not permit/)
  })

  test.each<[string, Omit<Recording, 'path'>, string]>([
    ['no longer takes it', rejected, 'scm_token_rejected'],
    [
      'says that the account is blocked',
      { status: 403, body: { message: '403 Forbidden - blocked' } },
      'scm_forbidden',
    ],
    ['cannot be reached for a page of a proxy', { status: 401, body: '<html></html>' }, 'scm_bad_response'],
    ['has a limit', { status: 429, body: 'Retry later' }, 'scm_rate_limited'],
  ])('is what /user says when GitLab %s', async (_, answer, code) => {
    const platform = await at([
      { path: KEYS, ...rejected },
      { path: '/user', ...answer },
    ])
    expect((await failureOf(platform.sshKeys())).code).toBe(code)
  })

  test('is not asked about when the token is named', async () => {
    const body = { error: 'invalid_token', error_description: 'Token was revoked.' }
    const failure = await failureOf((await at([{ path: KEYS, status: 401, body }])).sshKeys())
    expect([failure.code, recorded.asked]).toEqual(['scm_token_rejected', [KEYS]])
  })
})

test('groups that wait for deletion are left out, also by servers that do not know `active`', async () => {
  const path = '/groups?min_access_level=10&active=true&order_by=name&sort=asc&per_page=20&page=1'
  const body = [
    { id: 7, full_path: 'acme', marked_for_deletion_on: null },
    { id: 8, full_path: 'old-deletion_scheduled-8', marked_for_deletion_on: '2026-11-20' },
    { id: 9, full_path: 'tools' },
  ]
  const platform = await at([{ path, headers: { 'x-total': '3', 'x-next-page': '' }, body }])
  const page = await platform.organizations(FIRST)
  expect(page.items.map(({ login }) => login)).toEqual(['acme', 'tools'])
  expect(page.totalCount).toBeNull()
})

test('a phrase reaches GitLab as one term, and a word alone as it is', async () => {
  const query = { words: ['two words', 'three'], forks: true, user: null }
  const path = '/projects?order_by=last_activity_at&sort=desc&search=%22two+words%22+three&per_page=20&page=1'
  expect((await (await at([{ path, body: [] }])).searchRepositories(query, FIRST)).items).toEqual([])
})

test('keys say why they are no use: expired, or for signing only', async () => {
  const key = (title: string, own: object) => ({ id: 1, title, key: 'ssh-ed25519 AAAA', ...own })
  const body = [
    key('auth', { usage_type: 'auth', expires_at: null }),
    key('both', { usage_type: 'auth_and_signing', expires_at: '2099-01-01T00:00:00.000Z' }),
    key('older server', {}),
    key('signing', { usage_type: 'signing', expires_at: null }),
    key('expired', { usage_type: 'auth', expires_at: '2021-01-01T00:00:00.000Z' }),
  ]
  const keys = await (await at([{ path: '/user/keys?per_page=100', body }])).sshKeys()
  expect(keys.map(({ title, unusable }) => [title, unusable])).toEqual([
    ['auth', null],
    ['both', null],
    ['older server', null],
    ['signing', 'signing only'],
    ['expired', 'expired'],
  ])
})

describe('health', () => {
  test('of an older server has its version from /version, and no limit without headers', async () => {
    const platform = await at([
      { path: '/metadata', status: 404, body: { error: '404 Not Found' } },
      { path: '/version', body: { version: '14.10.5', revision: 'abc' } },
    ])
    expect(await platform.health()).toMatchObject({ name: 'GitLab self-hosted', version: '14.10.5', rateLimit: null })
  })

  test('of a link whose token is no longer taken is that failure', async () => {
    const body = { message: '401 Unauthorized' }
    const platform = await at([
      { path: '/metadata', status: 401, body },
      { path: '/user', status: 401, body },
    ])
    expect((await failureOf(platform.health())).code).toBe('scm_token_rejected')
  })
})
