// What each refusal of GitLab becomes, and that its message says how to mend it.
import { describe, expect, test } from 'vitest'
import { readErrorSamples } from '../../../test/support/error-samples.ts'
import type { FailureCode } from '../../failure.ts'
import { gitlabFailure } from './errors.ts'

const site = {
  scmType: 'gitlab-self-hosted',
  web: 'https://example.test/gitlab',
  api: 'https://example.test/gitlab/api/v4',
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
    'a permission for this',
  ],
  [
    'a permission of a fine-grained token',
    403,
    {},
    { error: 'insufficient_granular_scope', error_description: 'The token lacks [read_user_ssh_key] here.' },
    'scm_scope_missing',
    'the permission read_user_ssh_key',
  ],
  ['a refusal', 403, {}, { message: '403 Forbidden' }, 'scm_forbidden', 'Sign in at https://example.test/gitlab'],
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

test.each<[string, Record<string, string>, unknown, number]>([
  ['with a time', { 'retry-after': '30' }, undefined, 30],
  ['with a time of days', { 'retry-after': '86400' }, undefined, 3_600],
  ['with garbage for a time', { 'retry-after': 'later' }, undefined, 60],
  ['without headers', {}, { message: { error: 'requested too many times' } }, 60],
])('busy: %s', (_, headers, body, retryAfter) => {
  const failure = read(429, headers, body)
  expect(failure.code).toBe('scm_rate_limited')
  expect(failure.details.retryAfter).toBe(retryAfter)
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
