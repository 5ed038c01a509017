// Whether GitHub itself wrote a refusal, or somebody in between, or GitLab on a trial.
import { describe, expect, test } from 'vitest'
import { githubFailure, recognises } from './errors.ts'

const site = {
  scmType: 'github-enterprise',
  webUrl: 'https://ghe.example.test',
  apiUrl: 'https://ghe.example.test/api/v3',
} as const
const docs = { documentation_url: 'https://docs.github.com/rest' }

describe('who wrote it', () => {
  const answer = (status: number, body: unknown, headers: Record<string, string> = {}) => ({ status, headers, body })
  test.each<[string, { status: number; headers: Record<string, string>; body: unknown }]>([
    ['a bad token', answer(401, { message: 'Bad credentials', ...docs, status: '401' })],
    ['any message with where it is documented', answer(409, { message: 'Whatever it is', ...docs })],
    ['an empty object with its header', answer(401, {}, { 'x-github-request-id': 'A' })],
    ['a page with its header', answer(404, undefined, { 'x-github-media-type': 'github.v3' })],
    ['scopes', answer(404, {}, { 'x-oauth-scopes': '' })],
    ['a sentence of 2013', answer(403, { message: 'Max number of login attempt exceeded' })],
    [
      'a suspended account',
      answer(403, { message: 'Your account is suspended. Please check with its administrator.' }),
    ],
    ['a sentence of GitBucket', answer(404, { message: 'Not Found' })],
    ['GitLab’s form with GitHub’s header', answer(404, { message: '404 Not Found' }, { 'x-github-request-id': 'A' })],
  ])('GitHub: %s', (_, given) => {
    for (const hasWorked of [true, false]) expect(recognises({ hasWorked }, given)).toBe(true)
    expect(githubFailure(site, given).message).not.toContain('GitLab')
  })

  test.each<[string, { status: number; headers: Record<string, string>; body: unknown }]>([
    ['a page', answer(404, undefined, { server: 'Apache/2.4.62 (Debian)' })],
    ['nothing', answer(403, undefined)],
    ['an empty object', answer(422, {})],
    ['Kong without a route', answer(404, { message: 'no Route matched with those values' })],
    ['Kong without a route, newer', answer(404, { message: 'no Route matched with those values', request_id: 'a' })],
    ['a gateway', answer(401, { message: 'Unauthorized' })],
    ['a gateway', answer(403, { message: 'Forbidden' })],
    ['AWS', answer(404, { message: 'Not Found' }, { 'apigw-requestid': 'A=' })],
    ['AWS', answer(403, { message: 'Missing Authentication Token' }, { 'x-amzn-errortype': 'X' })],
    ['Spring', answer(404, { timestamp: 't', status: 404, error: 'Not Found', message: 'No message', path: '/' })],
    ['a gateway with a status', answer(401, { status: 401, error: 'Unauthorized' })],
    ['a gateway with a status in text', answer(401, { status: '401', message: 'Unauthorized' })],
    ['a gateway with an error', answer(403, { error: 'access denied' })],
    ['an OAuth gateway', answer(401, { error: 'invalid_token', error_description: 'expired' })],
    ['APISIX', answer(404, { error_msg: '404 Route Not Found' })],
    ['a proxy', answer(404, { message: '404 page not found' })],
    ['a gateway with a code', answer(404, { code: 404, message: '404 Route Not Found' })],
    ['a list', answer(404, ['Not Found'])],
    ['text', answer(404, 'default backend - 404')],
  ])('somebody in between: %s', (_, given) => {
    for (const hasWorked of [true, false]) expect(recognises({ hasWorked }, given)).toBe(false)
  })

  test.each<[string, { status: number; headers: Record<string, string>; body: unknown }]>([
    ['by its header', answer(401, undefined, { 'x-gitlab-meta': '{}' })],
    ['by its words', answer(404, { message: '404 Project Not Found' })],
    ['by a route that it does not know', answer(404, { error: '404 Not Found' })],
    ['by its old API', answer(410, { error: 'API V3 is no longer supported. Use API V4 instead.' })],
  ])('GitLab, %s, is somebody in between once the link has worked', (_, given) => {
    expect(recognises({ hasWorked: false }, given)).toBe(true)
    expect(recognises({ hasWorked: true }, given)).toBe(false)
    expect(githubFailure({ ...site, hasWorked: false }, given).message).toContain('It seems to be GitLab')
    expect(githubFailure({ ...site, hasWorked: true }, given).message).not.toContain('GitLab')
  })
})
