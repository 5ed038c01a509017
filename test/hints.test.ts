// What a failure tells programs of mending it: the `hint` beside the sentence, in answers and in health.

import { afterAll, beforeAll, expect, it } from 'vitest'
import type { FaultName } from '../sandbox/faults/table.ts'
import type { Sandbox } from '../sandbox/sandbox.ts'
import { type Description, expectDescribed, readDescription } from './support/description.ts'
import { linkAccount, linkBody, startPlatforms } from './support/platforms.ts'
import { type Account, type Service, startService } from './support/service.ts'

let sandbox: Sandbox
let service: Service
let alice: Account
let description: Description

beforeAll(async () => {
  const { sandbox: started, settings } = await startPlatforms()
  sandbox = started
  service = await startService('SQLite', settings)
  alice = await service.addAccount('alice')
  description = await readDescription(service.url)
})
afterAll(async () => {
  await service.close()
  await sandbox.close()
})

type Platform = 'github-enterprise' | 'gitlab-self-hosted'

/** What a fault makes of a search and of health: status, code, and what can be done. `{url}` is the platform's address. */
const troubles: [Platform, FaultName, number, string, { action: string; url?: string }][] = [
  [
    'github-enterprise',
    'sso-required',
    403,
    'scm_sso_required',
    { action: 'authorise', url: '{url}/orgs/sso-corp/sso?authorization_request=SANDBOX' },
  ],
  [
    'github-enterprise',
    'status-403',
    403,
    'scm_scope_missing',
    { action: 'authorise', url: '{url}/settings/personal-access-tokens' },
  ],
  [
    'github-enterprise',
    'status-401',
    403,
    'scm_token_rejected',
    { action: 'replace_token', url: '{url}/settings/tokens' },
  ],
  [
    'gitlab-self-hosted',
    'status-401',
    403,
    'scm_token_rejected',
    { action: 'replace_token', url: '{url}/-/user_settings/personal_access_tokens' },
  ],
  ['gitlab-self-hosted', 'account-blocked', 403, 'scm_forbidden', { action: 'open_platform', url: '{url}' }],
]

it.each(troubles)('%s, %s', async (name, fault, status, code, { action, url }) => {
  const platform = sandbox.platforms[name]
  const id = await linkAccount(alice, platform)
  const page = url?.replace('{url}', platform.url)
  const hint = { action, url: page }
  platform.faults.set({ fault })
  const answer = await alice.call('GET', `/v1/scm_integrations/${id}/search_repos?query=hello`)
  const health = await alice.call('GET', `/v1/scm_integrations/${id}/health`)
  platform.faults.clear()
  await alice.call('DELETE', `/v1/scm_integrations/${id}`)
  expect([answer.status, answer.json.code, answer.json.hint]).toEqual([status, code, hint])
  expect(health.json.health.problems).toMatchObject([{ fix_url: page ?? null, hint }])
  expectDescribed(description, 'searchRepositories', answer)
  expectDescribed(description, 'checkHealth', health)
})

it.each([
  ['ghe.example.com', { action: 'use_address', field: 'url', url: 'https://ghe.example.com' }],
  ['https://ghe.example.com/api/v3', { action: 'use_address', field: 'url', url: 'https://ghe.example.com' }],
  ['http://ghe.example.com', { action: 'use_address', field: 'url', url: 'https://ghe.example.com' }],
  ['https://10.1.2.3', { action: 'ask_operator', field: 'url' }],
  ['https://169.254.169.254', undefined],
  ['nonsense:', undefined],
])('a link to %s', async (url, hint) => {
  const answer = await alice.call('POST', '/v1/scm_integrations', {
    scm_type: 'github-enterprise',
    url,
    access_token: 'x',
  })
  expect([answer.status, answer.json.hint]).toEqual([422, hint])
  expectDescribed(description, 'linkAccount', answer)
})

it.each([
  [
    'the other platform',
    () => ({ ...linkBody(sandbox.platforms['gitlab-self-hosted']).scm_integration, scm_type: 'github-enterprise' }),
    { action: 'use_scm_type', scm_type: 'gitlab-self-hosted', field: 'url' },
  ],
  [
    'a platform that is linked in the browser',
    () => ({ ...linkBody(sandbox.platforms['github-enterprise']).scm_integration, scm_type: 'github' }),
    { action: 'link', url: 'http://localhost:4600/users/github/link', field: 'scm_type' },
  ],
  [
    'a platform with a token that it refuses',
    () => ({ ...linkBody(sandbox.platforms['github-enterprise']).scm_integration, access_token: 'x' }),
    { action: 'replace_token', url: '{url}/settings/tokens', field: 'access_token' },
  ],
])('a link to %s', async (_name, input, hint) => {
  const url = sandbox.platforms['github-enterprise'].url
  const answer = await alice.call('POST', '/v1/scm_integrations', { scm_integration: input() })
  const wanted = { ...hint, ...('url' in hint && { url: hint.url?.replace('{url}', url) }) }
  expect([answer.status, answer.json.hint]).toEqual([422, wanted])
  expectDescribed(description, 'linkAccount', answer)
})

it('tells nothing where there is nothing to do', async () => {
  const missing = await alice.call('GET', '/v1/keys/00000000-0000-0000-0000-000000000000')
  expect(missing.text).toBe('{"resource":"key","error":"not found"}')
  const blank = await alice.call('POST', '/v1/keys', { key: { name: ' ', content: 'x' } })
  expect(Object.keys(blank.json)).toEqual(['errors', 'error'])
})
