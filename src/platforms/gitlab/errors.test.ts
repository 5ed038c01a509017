// What each refusal of GitLab becomes, and that its message says how to mend it.
import { describe, expect, test } from 'vitest'
import { readErrorSamples } from '../../../test/support/error-samples.ts'
import type { FailureCode } from '../../failure.ts'
import { gitlabFailure, mayBeAboutTheCall, notAPerson, recognises } from './errors.ts'

const site = {
  scmType: 'gitlab-self-hosted',
  webUrl: 'https://example.test/gitlab',
  apiUrl: 'https://example.test/gitlab/api/v4',
  hasWorked: false,
} as const
const read = (status: number, headers: Record<string, string> = {}, body: unknown = { message: 'Something' }) =>
  gitlabFailure(site, { status, headers, body })

const tokens = 'https://example.test/gitlab/-/user_settings/personal_access_tokens'

test.each<[string, number, Record<string, string>, unknown, FailureCode, string]>([
  ['a bad token', 401, {}, { message: '401 Unauthorized' }, 'scm_token_rejected', tokens],
  [
    'an expired token',
    401,
    {},
    { error: 'invalid_token', error_description: 'Token is expired.' },
    'scm_token_rejected',
    'expired',
  ],
  [
    'a missing scope, of which read_api is the least',
    403,
    {},
    { error: 'insufficient_scope', scope: 'api read_api' },
    'scm_scope_missing',
    'lacks the scope read_api',
  ],
  [
    'other scopes',
    403,
    {},
    { error: 'insufficient_scope', scope: 'sudo admin_mode' },
    'scm_scope_missing',
    'one of the scopes sudo, admin_mode',
  ],
  [
    'scopes that are none',
    403,
    {},
    { error: 'insufficient_scope', scope: '<b> 7' },
    'scm_scope_missing',
    'a scope for this',
  ],
  ['a refusal', 403, {}, { message: '403 Forbidden' }, 'scm_forbidden', 'Sign in at https://example.test/gitlab'],
  [
    'an address that is not permitted',
    403,
    {},
    { message: '403 Forbidden - Your IP address is not permitted.' },
    'scm_forbidden',
    "this server's IP address",
  ],
  [
    'a token whose owner demands DPoP (lib/api/api_guard.rb)',
    401,
    {},
    { error: 'dpop_error', error_description: 'DPoP validation error: DPoP header is missing' },
    'scm_forbidden',
    'The token is good, but its owner has GitLab ask for a proof of possession (DPoP)',
  ],
  [
    'a token for language servers alone',
    401,
    {},
    { error: 'restricted_language_server_client_error', error_description: 'x' },
    'scm_forbidden',
    'Sign in at',
  ],
  ['a message that is an object', 403, {}, { message: { base: ['no'] } }, 'scm_forbidden', 'Sign in'],
  ['absent', 404, {}, { message: '404 Project Not Found' }, 'scm_not_found', 'hides it'],
  ['a path without a route', 404, {}, { error: '404 Not Found' }, 'scm_bad_response', 'decodes %2F'],
  [
    'a wrong parameter',
    400,
    {},
    { error: 'state does not have a valid value' },
    'scm_query_refused',
    'query is refused by GitLab: "state does not have a valid value"',
  ],
  [
    'a page too far back',
    405,
    {},
    { error: 'Offset pagination has a maximum' },
    'scm_query_refused',
    'page is further',
  ],
  ['anything else', 409, {}, {}, 'scm_bad_response', 'status 409'],
  [
    'GitHub by its header',
    401,
    { 'x-github-request-id': 'A' },
    {},
    'scm_bad_response',
    'use the scm_type github-enterprise',
  ],
  [
    'GitHub by its body',
    404,
    {},
    { message: 'Not Found', documentation_url: 'https://docs.example.test' },
    'scm_bad_response',
    'It seems to be GitHub',
  ],
])('%s', (_, status, headers, body, code, text) => {
  const failure = read(status, headers, body)
  expect(failure.code).toBe(code)
  expect(failure.message).toContain(text)
})

// lib/gitlab/auth/user_access_denied_reason.rb of GitLab, whole sentences.
test.each([
  ['Your account has been blocked.', 'has been blocked'],
  [
    'Your account has been deactivated by your administrator. Please log back in from a web browser to reactivate your account at https://gitlab.example.test',
    'has been deactivated',
  ],
  [
    'You (@alice) must accept the Terms of Service in order to perform this action. To accept these terms, please access GitLab from a web browser at https://gitlab.example.test.',
    'must accept the Terms of Service',
  ],
  ['Your password expired. Please access GitLab from a web browser to update your password.', 'Your password expired'],
  [
    'Your primary email address is not confirmed. Please check your inbox for the confirmation instructions. In case the link is expired, you can request a new confirmation email at https://gitlab.example.test/users/confirmation/new',
    'is not confirmed',
  ],
  [
    'Your account is pending approval from your administrator and hence blocked.',
    'pending approval from your administrator',
  ],
  ['This action cannot be performed by internal users', 'cannot be performed by internal users'],
])('an account is refused by name: %s', (said, reason) => {
  const failure = read(403, {}, { message: `403 Forbidden - ${said}` })
  expect([failure.code, failure.message]).toEqual([
    'scm_forbidden',
    expect.stringMatching(/^GitLab at https:\/\/example\.test\/gitlab refuses the account: "/),
  ])
  expect(failure.message).toContain(reason)
  expect(failure.message).not.toContain('gitlab.example.test')
})

describe('fine-grained tokens', () => {
  const granular = (description: string, scmType: 'gitlab' | 'gitlab-self-hosted' = 'gitlab-self-hosted') =>
    gitlabFailure(
      { ...site, scmType },
      {
        status: 403,
        headers: {},
        body: { error: 'insufficient_granular_scope', error_description: description },
      },
    )

  // The three sentences of GitLab 18.10 to 19.5, and that of its first beta.
  test.each([
    [
      'Access denied: This operation requires a fine-grained personal access token with the following project permissions: [Merge Request: Read, Project: Read].',
      'the permission Merge Request: Read, Project: Read,',
    ],
    [
      'Access denied: Your Personal Access Token lacks the required permissions: [read_ssh_key].',
      'the permission read_ssh_key,',
    ],
    ['Access denied: something else', 'a permission for this,'],
    ['[<b>, read_user]', 'the permission read_user,'],
  ])('%s', (said, named) => {
    const failure = granular(said)
    expect(failure.code).toBe('scm_scope_missing')
    expect(failure.message).toContain(named)
    expect(failure.message).toContain(`cannot be changed: make a new one at ${tokens}`)
    // A classic token gets the same where a group takes only fine-grained ones: no scope mends that.
    expect(failure.message).not.toMatch(/scope|read_api|</)
  })

  test.each([
    "Access denied: This operation doesn't support fine-grained personal access tokens.",
    'Access denied: Fine-grained personal access tokens are not yet supported.',
  ])('%s', (said) => {
    const failure = granular(said)
    expect(failure.code).toBe('scm_scope_missing')
    expect(failure.message).toMatch(/^GitLab does not support fine-grained tokens for this/)
    expect(failure.message).not.toMatch(/scope|read_api/)
  })

  test('linking an account again is not advised, for that makes no such token', () => {
    expect(granular('[Project: Read]', 'gitlab').message).not.toContain('Link the account again')
  })
})

test('only invalid_token is surely about the token', () => {
  expect(mayBeAboutTheCall(read(401, {}, { message: '401 Unauthorized' }))).toBe(true)
  expect(mayBeAboutTheCall(read(401, {}, { error: 'invalid_token' }))).toBe(false)
  expect(mayBeAboutTheCall(read(403, {}, { message: '403 Forbidden' }))).toBe(false)
})

// https://docs.gitlab.com/user/project/settings/project_access_tokens/ and https://docs.gitlab.com/api/service_accounts/
test.each([
  ['project_101_bot_0a1b2c', 'a bot (a project access token)'],
  ['project_4_bot1', 'a bot (a project access token)'],
  ['group_7_bot_0a1b2c', 'a bot (a group access token)'],
  ['service_account_group_345_0a1b2c', 'a service account'],
  ['deployer', 'a service account'],
])('%s is %s', (username, named) => {
  expect(notAPerson(site, username).message).toMatch(new RegExp(`belongs to ${named.replace(/[()]/g, '\\$&')};`))
})

describe('a limit', () => {
  // GitLab's clock is ten minutes ahead of ours.
  const there = Date.now() + 600_000
  const date = new Date(there).toUTCString()
  const seconds = Math.floor(there / 1000)
  test.each<[string, Record<string, string>, unknown, number]>([
    ['with a time', { 'retry-after': '30' }, undefined, 30],
    ['with a time of days', { 'retry-after': '86400' }, undefined, 3_600],
    ['with garbage for a time', { 'retry-after': 'later' }, undefined, 60],
    ['without headers', {}, { message: { error: 'requested too many times' } }, 60],
    ['in words of an administrator', {}, 'Please come back on Monday', 60],
    ['of a gateway', { 'retry-after': '5' }, { error: 'Rate limit exceeded' }, 5],
    ['with a date', { date, 'retry-after': new Date(there + 40_000).toUTCString() }, undefined, 40],
    ['with a reset alone', { date, 'ratelimit-reset': String(seconds + 45) }, undefined, 45],
    ['with a reset that is over', { date, 'ratelimit-reset': String(seconds - 45) }, undefined, 1],
    ['with garbage and a reset', { date, 'retry-after': '-1', 'ratelimit-reset': String(seconds + 50) }, undefined, 50],
  ])('%s', (_, headers, body, retryAfter) => {
    const failure = read(429, headers, body)
    expect(failure.code).toBe('scm_rate_limited')
    expect(Math.abs((failure.details.retryAfter ?? 0) - retryAfter)).toBeLessThanOrEqual(1)
  })

  // https://docs.gitlab.com/administration/settings/user_and_ip_rate_limits/
  test.each<[string, boolean, string | null, RegExp]>([
    ['linking, and no name', false, null, /^GitLab limits this server/],
    ['linking, of addresses', false, 'throttle_unauthenticated_api', /^GitLab limits this server/],
    ['linking, of the account', false, 'throttle_authenticated_api', /answered this account/],
    ['a link, and no name', true, null, /answered this account/],
    ['a link, of addresses', true, 'throttle_unauthenticated', /^GitLab limits this server/],
    ['a link, of the account', true, 'throttle_authenticated_api', /answered this account/],
  ])('is whose: %s', (_, hasWorked, name, sentence) => {
    const headers: Record<string, string> = name === null ? {} : { 'ratelimit-name': name }
    expect(gitlabFailure({ ...site, hasWorked }, { status: 429, headers, body: undefined }).message).toMatch(sentence)
  })

  test('stays one when GitHub writes it', () => {
    expect(read(429, { 'x-github-request-id': 'A' }, {}).code).toBe('scm_rate_limited')
  })
})

describe('who refused', () => {
  test.each<[number, Record<string, string>, unknown]>([
    [401, {}, { message: '401 Unauthorized' }],
    [403, {}, { message: '403 Forbidden' }],
    [403, {}, { message: '403 Forbidden - Your account has been blocked.' }],
    [404, {}, { message: '404 Project Not Found' }],
    [404, {}, { message: '404 Not found' }],
    [404, {}, { error: '404 Not Found' }],
    [400, {}, { message: 'Merge request is not mergeable' }],
    [400, {}, { message: { name: ['has already been taken'] } }],
    [409, {}, { message: ['Another open merge request already exists for this source branch: !1'] }],
    [409, {}, { message: 'Member already exists' }],
    [400, {}, { error: 'state does not have a valid value' }],
    [400, {}, { error: 'page is invalid' }],
    [401, {}, { error: 'invalid_token', error_description: 'Token is expired.' }],
    [401, {}, { error: 'dpop_error' }],
    [403, {}, { error: 'insufficient_scope', scope: 'api' }],
    [403, {}, { error: 'insufficient_granular_scope' }],
    [405, {}, { error: 'Offset pagination has a maximum allowed offset of 50000 for requests' }],
    [410, {}, { error: 'API V3 is no longer supported. Use API V4 instead.' }],
    [418, { 'x-gitlab-meta': '{}' }, undefined],
  ])('GitLab: %i %j %j', (status, headers, body) => {
    for (const hasWorked of [true, false]) expect(recognises({ hasWorked }, { status, headers, body })).toBe(true)
  })

  test.each<[string, number, unknown]>([
    ['Kong', 404, { message: 'no Route matched with those values' }],
    ['Kong', 401, { message: 'Unauthorized', request_id: 'abc' }],
    ['Kong', 401, { message: 'Invalid authentication credentials' }],
    ['AWS', 403, { message: 'Forbidden' }],
    ['AWS', 403, { message: 'Missing Authentication Token' }],
    ['AWS', 404, { message: 'Not Found' }],
    ['AWS', 400, { message: 'Bad Request' }],
    ['AWS', 403, { message: null }],
    ['Spring', 401, { status: 401, error: 'Unauthorized', path: '/api/v4/user' }],
    ['Spring', 404, { status: 404, error: 'Not Found' }],
    ['APISIX', 404, { error_msg: '404 Route Not Found' }],
    ['a gateway', 401, { error: 'API key is missing' }],
    ['a gateway', 403, { error: 'access to this resource is forbidden' }],
    ['a gateway', 404, { error: 'not found' }],
    ['another status than it has', 403, { message: '404 Not Found' }],
    ['an object', 403, { message: { text: 'no' } }],
    ['a list', 404, []],
    ['a page', 403, undefined],
    ['nothing', 404, undefined],
  ])('not GitLab, but %s: %i %j', (_, status, body) => {
    for (const hasWorked of [true, false]) expect(recognises({ hasWorked }, { status, headers: {}, body })).toBe(false)
  })

  test('GitHub counts while a link is made, and not after', () => {
    const answer = { status: 404, headers: {}, body: { message: 'Not Found', documentation_url: 'https://x.test' } }
    expect(recognises({ hasWorked: false }, answer)).toBe(true)
    expect(recognises({ hasWorked: true }, answer)).toBe(false)
    expect(gitlabFailure({ ...site, hasWorked: true }, answer).message).not.toContain('GitHub')
    const marked = { status: 401, headers: { 'x-github-request-id': 'A' }, body: { message: '401 Unauthorized' } }
    expect(recognises({ hasWorked: true }, marked)).toBe(false)
  })
})

test('no text of the platform is in a message', () => {
  for (const status of [400, 401, 403, 404, 405, 422, 429]) {
    for (const error of ['PWNED', 'insufficient_scope']) {
      const body = { message: 'PWNED', error, error_description: 'PWNED [PWNED<]', scope: 'PWNED' }
      expect(read(status, {}, body).message).not.toMatch(/PWNED|</)
    }
  }
})

const expected: Record<string, FailureCode> = {
  INVALID_TOKEN: 'scm_token_rejected',
  TOKEN_EXPIRED: 'scm_token_rejected',
  RATE_LIMITED: 'scm_rate_limited',
  INSUFFICIENT_SCOPE: 'scm_scope_missing',
  FORBIDDEN: 'scm_forbidden',
  INVALID_QUERY: 'scm_query_refused',
  NOT_FOUND: 'scm_not_found',
  BAD_BASE_URL: 'scm_bad_response',
}

const samples = readErrorSamples('gitlab')

describe.skipIf(samples === null)('collected samples (skipped where ../shared/data is absent)', () => {
  test.each(samples ?? [])('$case', (sample) => {
    expect(gitlabFailure(site, sample).code).toBe(expected[sample.classify_as])
  })
})

test('a 405 is about a page only where one was asked for', () => {
  const site = {
    scmType: 'gitlab-self-hosted',
    webUrl: 'https://g.test',
    apiUrl: 'https://g.test/api/v4',
    hasWorked: true,
  } as const
  const answer = { status: 405, headers: { 'x-gitlab-meta': '{}' }, body: { error: '405 Not Allowed' } }
  expect(gitlabFailure(site, answer, new URL('https://g.test/api/v4/user')).code).toBe('scm_bad_response')
  expect(gitlabFailure(site, answer, new URL('https://g.test/api/v4/projects?page=501')).code).toBe('scm_query_refused')
})
