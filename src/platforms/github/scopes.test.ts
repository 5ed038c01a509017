// Which scopes include which ("Normalized scopes"), and whose scopes GitHub does not tell.
// https://docs.github.com/en/apps/oauth-apps/building-oauth-apps/scopes-for-oauth-apps
import { expect, test } from 'vitest'
import { missingScopes, scopesOf } from './scopes.ts'

/** All that our own calls need. */
const OWN = ['user:email', 'read:org', 'read:public_key']

test.each([
  ['write:packages', 'read:packages'],
  ['repo', 'public_repo'],
  ['repo', 'repo:status'],
  ['repo', 'repo_deployment'],
  ['repo', 'repo:invite'],
  ['repo', 'security_events'],
  ['user', 'read:user'],
  ['user', 'user:follow'],
  ['project', 'read:project'],
  ['admin:repo_hook', 'write:repo_hook'],
  ['admin:repo_hook', 'read:repo_hook'],
  ['admin:gpg_key', 'read:gpg_key'],
  ['write:discussion', 'read:discussion'],
  ['admin:enterprise', 'read:enterprise'],
])('%s covers %s, which was asked for, and not the other way', (granted, asked) => {
  expect(missingScopes([...OWN, granted], [asked])).toEqual([])
  expect(missingScopes([...OWN, asked], [granted])).toEqual([granted])
})

test.each([
  ['read:user', ['user:email']],
  ['repo', ['public_repo']],
  ['delete:packages', ['write:packages']],
])('%s does not come with %j', (asked, granted) => {
  expect(missingScopes([...OWN, ...granted], [asked])).toEqual([asked])
})

test.each([
  [['user', 'read:public_key'], []],
  [['repo', 'user:email', 'read:public_key'], []],
  [['admin:org', 'user', 'admin:public_key'], []],
  [['write:org', 'user:email', 'write:public_key'], []],
  [['public_repo', 'user:email', 'read:public_key'], ['read:org']],
  [[], OWN],
])('%j lacks %j of what our calls need', (granted, missing) => {
  expect(missingScopes(granted)).toEqual(missing)
})

test('offline_access is no scope that a token has', () => {
  expect(missingScopes(OWN, ['offline_access'])).toEqual([])
})

test.each<[Record<string, string>, string[] | null]>([
  [{}, null],
  [{ 'x-oauth-scopes': '' }, []],
  [{ 'x-oauth-scopes': '', 'x-oauth-client-id': 'Iv1.7edb1301ccd70245' }, null],
  [{ 'x-oauth-scopes': '', 'x-oauth-client-id': 'Iv23liAbCdEf01234567' }, null],
  [{ 'x-oauth-scopes': '', 'x-oauth-client-id': '06db90255a95293e865b' }, []],
  [{ 'x-oauth-scopes': '', 'x-oauth-client-id': 'Ov23liAbCdEf01234567' }, []],
  [{ 'x-oauth-scopes': 'gist, read:org', 'x-oauth-client-id': '06db90255a95293e865b' }, ['gist', 'read:org']],
])('%j tells %j', (headers, scopes) => {
  expect(scopesOf(headers)).toEqual(scopes)
  if (scopes === null) expect(missingScopes(scopes, ['repo'])).toEqual([])
})
