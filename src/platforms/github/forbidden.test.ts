// Why GitHub answers 403: the words of its message before headers that come with successes too.
import { describe, expect, test } from 'vitest'
import type { FailureCode } from '../../failure.ts'
import { githubFailure } from './errors.ts'

const site = {
  scmType: 'github-enterprise',
  webUrl: 'https://ghe.example.test',
  apiUrl: 'https://ghe.example.test/api/v3',
} as const
const read = (status: number, headers: Record<string, string> = {}, body: unknown = {}, path?: string) =>
  githubFailure(site, { status, headers, body }, path === undefined ? undefined : new URL(`${site.apiUrl}${path}`))

const docs = { documentation_url: 'https://docs.github.com/rest' }
const repoOnly = { 'x-oauth-scopes': 'repo' }
const keyScopes = 'admin:public_key, read:public_key, write:public_key'
const orgScopes = 'admin:org, read:org, repo, user, write:org'
const ofOAuthApp = { 'x-oauth-scopes': 'repo', 'x-oauth-client-id': 'Ov23liAbCdEf01234567' }
const ofApp = {
  'x-oauth-scopes': '',
  'x-accepted-oauth-scopes': keyScopes,
  'x-oauth-client-id': 'Iv1.0123456789abcdef',
}

describe('the message decides before headers that come with successes too', () => {
  test.each<[string, string, Record<string, string>, FailureCode, string]>([
    [
      'the IP allow list of an organisation',
      'Although you appear to have the correct authorization credentials, the `acme` organization has an IP allow list enabled, and your IP address is not permitted to access this resource.',
      { ...repoOnly, 'x-accepted-oauth-scopes': orgScopes },
      'scm_forbidden',
      'The organisation acme lets only the addresses of its IP allow list in. The operator',
    ],
    [
      'the IP allow list of an enterprise, at the last call of the hour',
      'The enterprise `acme` has an IP allow list enabled, and your IP address is not permitted to access this resource.',
      { 'x-accepted-github-permissions': 'metadata=read', 'x-ratelimit-remaining': '0' },
      'scm_forbidden',
      'An organisation or enterprise lets only the addresses of its IP allow list in',
    ],
    [
      // https://github.com/NixOS/org/issues/247
      'the lifetime of a fine-grained token',
      "The 'NixOS' organization forbids access via a fine-grained personal access tokens if the token's lifetime is greater than 90 days. Please adjust your token's lifetime at the following URL: https://github.com/settings/personal-access-tokens/1",
      { 'x-accepted-github-permissions': 'contents=read' },
      'scm_forbidden',
      "lifetime is greater than 90 days. Please adjust your token's lifetime at the following URL: https://github.com/settings/personal-access-tokens/1",
    ],
    [
      // https://github.com/refined-github/refined-github/issues/6951
      'the kind of token',
      'acme forbids access via a personal access token (classic). Please use a GitHub App, OAuth App, or a personal access token with fine-grained permissions.',
      { 'x-oauth-scopes': '', 'x-accepted-oauth-scopes': 'repo' },
      'scm_forbidden',
      '"acme forbids access via a personal access token (classic).',
    ],
    [
      // https://github.com/gitbutlerapp/gitbutler/issues/8594
      'an OAuth app that is not approved',
      'Although you appear to have the correct authorization credentials, the `unit-mesh` organization has enabled OAuth App access restrictions, meaning that data access to third-parties is limited.',
      ofOAuthApp,
      'scm_forbidden',
      "The organisation unit-mesh has not approved this server's OAuth application, and restricts such access. Ask an owner of it to approve the application: https://ghe.example.test/settings/connections/applications/Ov23liAbCdEf01234567",
    ],
    [
      'a suspended account',
      'Sorry. Your account was suspended.',
      { ...repoOnly, 'x-accepted-oauth-scopes': 'user' },
      'scm_forbidden',
      'has suspended the account',
    ],
    [
      'organisations without a scope, where "repo" is accepted and there',
      'You need at least read:org scope or user scope to list your organizations.',
      { ...repoOnly, 'x-accepted-oauth-scopes': orgScopes },
      'scm_scope_missing',
      'lacks the scope read:org',
    ],
    [
      'a missing scope that no header tells',
      'You need at least read:org scope or user scope to list your organizations.',
      {},
      'scm_scope_missing',
      'one of the scopes read:org, user',
    ],
    [
      'anything else, whatever the headers accept',
      'Must have admin rights to Repository.',
      { 'x-oauth-scopes': '', 'x-accepted-oauth-scopes': 'repo', 'x-accepted-github-permissions': 'contents=read' },
      'scm_forbidden',
      'Sign in at https://ghe.example.test',
    ],
    [
      'single sign-on without its header',
      'Resource protected by organization SAML enforcement.',
      {},
      'scm_sso_required',
      'on the page of your tokens',
    ],
    [
      'the `acme` organization has enabled or enforced SAML SSO.',
      'Although you appear to have the correct authorization credentials, the `acme` organization has enabled or enforced SAML SSO.',
      {},
      'scm_sso_required',
      'on the page of your tokens',
    ],
  ])('%s', (_, message, headers, code, text) => {
    const failure = read(403, headers, { message, ...docs })
    expect([failure.code, failure.message]).toEqual([code, expect.stringContaining(text)])
  })

  test('GitHub’s sentence about a policy is kept as one line of text, and no longer than it needs', () => {
    const message = `acme forbids access via\u0000 a token\n\u202e${'x'.repeat(10_000)}`
    const failure = read(403, {}, { message, ...docs })
    expect(failure.message).toContain('"acme forbids access via a token xxx')
    expect(failure.message.length).toBeLessThan(600)
  })
})

describe('a permission is named', () => {
  const by = (who: string) => ({ message: `Resource not accessible by ${who}`, ...docs })
  test.each<[string, Record<string, string>, string, string, string]>([
    [
      'a fine-grained token',
      { 'x-accepted-github-permissions': 'keys=read' },
      'personal access token',
      '/user/keys',
      'Git SSH keys: read',
    ],
    ['an App, which is told none', ofApp, 'integration', '/user/keys?per_page=100', 'Git SSH keys: read'],
    ['an App', ofApp, 'integration', '/user/emails', 'Email addresses: read'],
    ['an App', ofApp, 'integration', '/repos/o/r/pulls', 'Pull requests: read'],
    ['an App', ofApp, 'integration', '/repositories/1/branches', 'Contents: read'],
    ['an App', ofApp, 'integration', '/repos/o/r', 'Metadata: read'],
    [
      'a fine-grained token that is told the marker alone, which is no permission',
      { 'x-accepted-github-permissions': 'allows_permissionless_access=true' },
      'personal access token',
      '/user/keys',
      'Git SSH keys: read',
    ],
    [
      'the marker beside permissions',
      { 'x-accepted-github-permissions': 'allows_permissionless_access=true; contents=read,metadata=read' },
      'personal access token',
      '/repos/o/r/pulls',
      'Contents: read and Metadata: read. ',
    ],
  ])('of %s', (_, headers, who, path, named) => {
    const failure = read(403, headers, by(who), path)
    expect([failure.code, failure.message]).toEqual([
      'scm_scope_missing',
      expect.stringContaining(`lacks the permission ${named}`),
    ])
    expect(failure.message).not.toMatch(/permissionless|scope/)
  })

  test.each<[string, Record<string, string>]>([
    ['an App', ofApp],
    ['a fine-grained token', { 'x-github-request-id': 'A', 'x-accepted-github-permissions': 'keys=read' }],
  ])('where keys are hidden from %s', (_, headers) => {
    const failure = read(404, headers, { message: 'Not Found', ...docs }, '/user/keys')
    expect([failure.code, failure.message]).toEqual([
      'scm_scope_missing',
      expect.stringContaining('lacks the permission Git SSH keys: read'),
    ])
  })

  test('an App gets it from its operator, not by linking again', () => {
    const failure = read(403, ofApp, by('integration'), '/user/keys')
    expect(failure.message).toContain('has to add it to the GitHub App')
    expect(failure.message).not.toMatch(/Link the account again|settings/)
  })
})
