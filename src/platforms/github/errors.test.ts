// What each refusal of GitHub becomes, and that its message says how to mend it.
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { readErrorSamples } from '../../../test/support/error-samples.ts'
import type { FailureCode } from '../../failure.ts'
import { githubFailure } from './errors.ts'

const site = {
  scmType: 'github-enterprise',
  webUrl: 'https://ghe.example.test',
  apiUrl: 'https://ghe.example.test/api/v3',
} as const
const read = (status: number, headers: Record<string, string> = {}, body: unknown = {}, path?: string) =>
  githubFailure(site, { status, headers, body }, path === undefined ? undefined : new URL(`${site.apiUrl}${path}`))

beforeEach(() => {
  vi.useFakeTimers({ now: new Date('2026-01-01T00:00:00Z') })
})

afterEach(() => {
  vi.useRealTimers()
})

const now = Date.UTC(2026, 0, 1) / 1000
const repoOnly = { 'x-oauth-scopes': 'repo' }
const keyScopes = 'admin:public_key, read:public_key, write:public_key'
const tokens = 'https://ghe.example.test/settings/tokens'
const fineGrained = 'https://ghe.example.test/settings/personal-access-tokens'

test.each<[string, number, Record<string, string>, unknown, FailureCode, string]>([
  ['a bad token', 401, {}, { message: 'Bad credentials' }, 'scm_token_rejected', tokens],
  [
    'no orgs scope, told by headers though "repo" is accepted',
    403,
    { ...repoOnly, 'x-accepted-oauth-scopes': 'admin:org, read:org, repo, user, write:org' },
    {},
    'scm_scope_missing',
    'lacks the scope read:org',
  ],
  [
    'a private repository without repo',
    403,
    { 'x-oauth-scopes': '', 'x-accepted-oauth-scopes': 'repo' },
    {},
    'scm_scope_missing',
    `the scope repo. Tick it at ${tokens}`,
  ],
  [
    'keys hidden for lack of a scope',
    404,
    { ...repoOnly, 'x-accepted-oauth-scopes': keyScopes },
    {},
    'scm_scope_missing',
    'lacks the scope read:public_key',
  ],
  [
    'a wider scope that covers it',
    404,
    { 'x-oauth-scopes': 'admin:public_key', 'x-accepted-oauth-scopes': keyScopes },
    {},
    'scm_not_found',
    'hides it',
  ],
  [
    'a hidden repository is not a missing scope',
    404,
    { 'x-oauth-scopes': '', 'x-accepted-oauth-scopes': 'repo' },
    {},
    'scm_not_found',
    'hides it',
  ],
  [
    'a missing permission',
    403,
    { 'x-accepted-github-permissions': 'keys=read' },
    {},
    'scm_scope_missing',
    `the permission Git SSH keys: read. Add it at ${fineGrained}`,
  ],
  [
    'several permissions',
    403,
    { 'x-accepted-github-permissions': 'contents=read,metadata=read; pull_requests=write' },
    {},
    'scm_scope_missing',
    'Contents: read and Metadata: read, or Pull requests: write',
  ],
  [
    'a permission told by words alone',
    403,
    {},
    { message: 'Resource not accessible by integration' },
    'scm_scope_missing',
    'a permission for this',
  ],
  [
    'single sign-on',
    403,
    { 'x-github-sso': 'required; url=https://ghe.example.test/orgs/acme/sso?authorization_request=A' },
    {},
    'scm_sso_required',
    'at https://ghe.example.test/orgs/acme/sso?authorization_request=A,',
  ],
  [
    'single sign-on of a classic token, which may be a 404',
    404,
    { ...repoOnly, 'x-github-sso': 'required; url=https://ghe.example.test/sso' },
    { message: 'Not Found' },
    'scm_sso_required',
    'at https://ghe.example.test/sso,',
  ],
  [
    'single sign-on with another kind of address',
    403,
    { 'x-github-sso': 'required; url=javascript:alert(1)' },
    {},
    'scm_sso_required',
    'on the page of your tokens (Configure SSO)',
  ],
  [
    'single sign-on with a plain address',
    403,
    { 'x-github-sso': 'required; url=http://ghe.example.test/sso' },
    {},
    'scm_sso_required',
    'on the page of your tokens',
  ],
  [
    'single sign-on at the last call of the hour',
    403,
    { 'x-github-sso': 'required; url=https://ghe.example.test/sso', 'x-ratelimit-remaining': '0' },
    {},
    'scm_sso_required',
    'https://ghe.example.test/sso',
  ],
  [
    'any other refusal',
    403,
    { 'x-ratelimit-remaining': '42' },
    {},
    'scm_forbidden',
    'Sign in at https://ghe.example.test',
  ],
  ['absent', 404, {}, { message: 'Not Found' }, 'scm_not_found', 'hides it'],
  [
    'a search',
    422,
    {},
    { message: 'Validation Failed' },
    'scm_query_refused',
    'query is nothing that GitHub Enterprise Server searches for',
  ],
  ['taken down', 451, {}, {}, 'scm_forbidden', 'legal'],
  ['a parameter of ours', 400, {}, { message: 'Problems parsing JSON' }, 'scm_bad_response', 'status 400'],
  ['a body that is no JSON', 404, {}, undefined, 'scm_not_found', 'hides it'],
  ['a body that is a list', 403, {}, ['x'], 'scm_forbidden', 'refuses'],
  [
    'GitLab by its header',
    401,
    { 'x-gitlab-meta': '{}' },
    {},
    'scm_bad_response',
    'use the scm_type gitlab-self-hosted',
  ],
  ['GitLab by its words', 404, {}, { message: '404 Not Found' }, 'scm_bad_response', 'It seems to be GitLab'],
  [
    'GitLab without this version of the API',
    410,
    {},
    { error: 'API V3 is no longer supported.' },
    'scm_bad_response',
    'answered 410 as GitLab does',
  ],
])('%s', (_, status, headers, body, code, text) => {
  const failure = read(status, headers, body)
  expect(failure.code).toBe(code)
  expect(failure.message).toContain(text)
})

test.each<[string, number, Record<string, string>, string, number]>([
  ['the hour is used up', 403, { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': String(now + 90) }, '', 90],
  [
    'the hour is used up, told as 429',
    429,
    { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': String(now + 90) },
    '',
    90,
  ],
  ['the reset is over already', 403, { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': String(now - 5) }, '', 1],
  [
    'the reset is far away',
    403,
    { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': String(now + 86_400) },
    '',
    3_600,
  ],
  ['the reset is no number', 403, { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': 'soon' }, '', 60],
  ['a secondary limit with its time', 403, { 'retry-after': '17', 'x-ratelimit-remaining': '4000' }, '', 17],
  [
    'a secondary limit in words',
    403,
    { 'x-ratelimit-reset': String(now + 900) },
    'You have exceeded a secondary rate limit.',
    60,
  ],
  ['a secondary limit as bare 429', 429, {}, '', 60],
  ['too many bad logins', 403, {}, 'Maximum number of login attempts exceeded.', 60],
])('busy: %s', (_, status, headers, message, retryAfter) => {
  const failure = read(status, headers, { message })
  expect(failure.code).toBe('scm_rate_limited')
  expect(failure.details.retryAfter).toBe(retryAfter)
})

test('no text of the platform is in a message but what it says of a query', () => {
  for (const status of [400, 401, 403, 404, 410, 429, 451]) {
    const headers = {
      'x-accepted-github-permissions': '<b>',
      'x-oauth-scopes': '<i>',
      'x-accepted-oauth-scopes': '<u>',
    }
    expect(read(status, headers, { message: 'PWNED', error: 'PWNED' }).message).not.toMatch(/PWNED|</)
  }
})

const docs = { documentation_url: 'https://docs.github.com/rest' }
const ofApp = {
  'x-oauth-scopes': '',
  'x-accepted-oauth-scopes': keyScopes,
  'x-oauth-client-id': 'Iv1.0123456789abcdef',
}

describe('a private repository', () => {
  const advice = 'If it is private, the token needs the scope repo, which it lacks.'
  test.each<[string, Record<string, string>, boolean]>([
    ['without repo', { 'x-oauth-scopes': 'read:org', 'x-accepted-oauth-scopes': 'repo' }, true],
    [
      'with public_repo alone',
      { 'x-oauth-scopes': 'public_repo', 'x-accepted-oauth-scopes': 'repo, public_repo' },
      true,
    ],
    ['with repo', { 'x-oauth-scopes': 'repo', 'x-accepted-oauth-scopes': 'repo' }, false],
    ['with scopes that are not told', ofApp, false],
    ['with none told', {}, false],
  ])('is as absent to a token %s', (_, headers, isHinted) => {
    const failure = read(404, headers, { message: 'Not Found', ...docs }, '/repos/o/r')
    expect(failure.code).toBe('scm_not_found')
    expect([failure.details.advice, failure.message.includes(advice)]).toEqual([
      isHinted ? advice : undefined,
      isHinted,
    ])
  })
})

describe('the version of the API', () => {
  // https://github.com/expipiplus1/update-nix-fetchgit/issues/79
  const unknown =
    'The version you specified in the "X-GitHub-API-Version" request header, "2022-11-28", is not a supported version.'
  test.each([
    [400, unknown],
    [410, 'Gone'],
  ])('refused with %i is the operator’s to mend, and nothing is absent or refused', (status, message) => {
    const failure = read(status, { 'x-github-request-id': 'A' }, { message, ...docs })
    expect(failure.code).toBe('scm_bad_response')
    expect(failure.message).toContain('version of its API')
    expect(failure.message).toContain('The operator of this server has to update it.')
    expect(failure.details.log).toEqual({ host: 'ghe.example.test', status, fault: 'api_version' })
  })
})

// https://github.com/MeltanoLabs/tap-github/pull/415
test('a page too deep for a large list is the page’s fault, and not the query’s', () => {
  const message =
    'Pagination with the page parameter is not supported for large datasets, please use cursor based pagination (after/before)'
  const failure = read(422, {}, { message, ...docs })
  expect(failure.code).toBe('scm_query_refused')
  expect(failure.details.errors?.page?.[0]).toContain('narrow the query')
})

test('a limit is one whatever its body, GitLab’s too', () => {
  for (const body of [
    undefined,
    'Retry later',
    { message: '429 Too Many Requests' },
    { error: 'Rate limit exceeded' },
  ]) {
    const failure = read(429, { 'retry-after': '9' }, body)
    expect([failure.code, failure.details.retryAfter]).toEqual(['scm_rate_limited', 9])
  }
})

test('a reset is counted from the platform’s clock, and from ours where it tells none', () => {
  const headers = { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': String(now + 600) }
  const date = new Date((now + 540) * 1000).toUTCString()
  const wait = (more: object) =>
    read(403, { ...headers, ...more }, { message: 'API rate limit exceeded' }).details.retryAfter
  expect([wait({ date }), wait({}), wait({ date: 'yesterday' })]).toEqual([60, 600, 600])
})

const expected: Record<string, FailureCode> = {
  INVALID_TOKEN: 'scm_token_rejected',
  RATE_LIMITED: 'scm_rate_limited',
  INSUFFICIENT_SCOPE: 'scm_scope_missing',
  SSO_REQUIRED: 'scm_sso_required',
  INVALID_QUERY: 'scm_query_refused',
  CLIENT_BUG: 'scm_bad_response',
  NOT_FOUND: 'scm_not_found',
  OK_NO_LIMIT: 'scm_not_found', // health reads it as "no limit"
}

const samples = readErrorSamples('github')

describe.skipIf(samples === null)('collected samples (skipped where ../shared/data is absent)', () => {
  test.each(samples ?? [])('$case', (sample) => {
    const isSearch = sample.status === 422 && sample.classify_as === 'NOT_FOUND'
    expect(githubFailure(site, sample).code).toBe(isSearch ? 'scm_query_refused' : expected[sample.classify_as])
  })
})
