// Tokens of GitHub that tell no scopes, through HTTP: those of a GitHub App and fine-grained ones. Their answers are as
// recorded: 11 of 11 of an App's user token have an empty X-OAuth-Scopes and x-oauth-client-id: Iv1.…

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Sandbox } from '../sandbox/sandbox.ts'
import { type Browser, openBrowser, ownAddress } from './support/browser.ts'
import { linkByOAuth, oauthSettings } from './support/oauth.ts'
import { linkAccount, startPlatforms } from './support/platforms.ts'
import { type Account, type Service, startService } from './support/service.ts'

const APP = { id: 'Iv1.0123456789abcdef', secret: 'the-secret' }
const UNTOLD = 'GitHub lists no organisations for fine-grained and App tokens; a classic token shows them.'

let sandbox: Sandbox
let service: Service
let people = 0

beforeAll(async () => {
  const platforms = await startPlatforms()
  sandbox = platforms.sandbox
  sandbox.platforms.github.state.oauthClients.push(APP)
  service = await startService('SQLite', {
    ...platforms.settings,
    ...(await ownAddress()),
    ...oauthSettings(sandbox),
    GITHUB_CLIENT_ID: APP.id,
    GITHUB_CLIENT_SECRET: APP.secret,
  })
})
afterAll(async () => {
  await service.close()
  await sandbox.close()
})

async function somebody(): Promise<Account> {
  people += 1
  return service.addAccount(`person-${people}`)
}

async function linkApp(me: Account): Promise<string> {
  const browser: Browser = openBrowser(service)
  await browser.signIn(me)
  return linkByOAuth(browser, 'github')
}

/** By token at the Enterprise Server, or by OAuth at github.com. */
const links: [how: string, link: (me: Account) => Promise<string>][] = [
  ['pasted', (me) => linkAccount(me, sandbox.platforms['github-enterprise'], 'alice', 'app-user')],
  ['obtained by OAuth', linkApp],
]

describe.each(links)("an App's user token, %s", (_how, link) => {
  it('is ok without scopes, from its first minute and in health', async () => {
    const me = await somebody()
    const id = await link(me)
    const shown = await me.call('GET', `/v1/scm_integrations/${id}`)
    expect(shown.json.scm_integration).toMatchObject({ status: 'ok', scopes: null })
    const { json } = await me.call('GET', `/v1/scm_integrations/${id}/health`)
    expect(json.health).toMatchObject({ status: 'ok', problems: [], scopes: { granted: null, missing: [] } })
    const later = await me.call('GET', `/v1/scm_integrations/${id}`)
    expect(later.json.scm_integration).toMatchObject({ status: 'ok', scopes: null })
  })

  it('is given no organisations, which is said', async () => {
    const me = await somebody()
    const { json } = await me.call('GET', `/v1/scm_integrations/${await link(me)}/orgs`)
    expect([json.organizations, json.meta.warnings]).toEqual([[], [UNTOLD]])
  })
})

it.each([
  ['app-user-no-keys', 'The operator of this server has to add it to the GitHub App'],
  ['fine-grained-no-keys', 'Add it at '],
])('a %s token lacks a permission, by its name', async (purpose, how) => {
  const me = await somebody()
  const id = await linkAccount(me, sandbox.platforms['github-enterprise'], 'alice', purpose)
  const { status, json } = await me.call('POST', `/v1/scm_integrations/${id}/import_keys`)
  expect([status, json.code]).toEqual([403, 'scm_scope_missing'])
  expect(json.error).toContain('The token lacks the permission Git SSH keys: read.')
  expect(json.error).toContain(how)
})

it.each([
  ['fine-grained-members', 4, []],
  ['fine-grained', 0, [UNTOLD]],
])('a %s token is given %i organisations by its memberships', async (purpose, count, warnings) => {
  const me = await somebody()
  const id = await linkAccount(me, sandbox.platforms['github-enterprise'], 'alice', purpose)
  const { json } = await me.call('GET', `/v1/scm_integrations/${id}/orgs`)
  expect([json.organizations.length, json.meta.warnings]).toEqual([count, warnings])
})

it('a private repository that a token without "repo" asks for is absent with a word on the scope', async () => {
  const me = await somebody()
  const id = await linkAccount(me, sandbox.platforms['github-enterprise'], 'alice', 'public-only')
  const query = encodeURIComponent('repo:alice/private-notes')
  const { status, json } = await me.call('GET', `/v1/scm_integrations/${id}/search_pull_requests?query=${query}`)
  expect([status, json.pull_requests]).toEqual([200, []])
  expect(json.meta.warnings).toEqual([expect.stringContaining('the token needs the scope repo')])
})
