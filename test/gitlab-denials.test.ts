// Why GitLab refuses an account, a token or a call, as callers are told through HTTP.

import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { Sandbox, SandboxPlatform } from '../sandbox/sandbox.ts'
import type { AccountState } from '../sandbox/state.ts'
import { linkAccount, linkBody, startPlatforms } from './support/platforms.ts'
import { type Account, type Answer, type Service, startService } from './support/service.ts'

let sandbox: Sandbox
let service: Service
let platform: SandboxPlatform
let count = 0

beforeAll(async () => {
  const platforms = await startPlatforms()
  sandbox = platforms.sandbox
  platform = sandbox.platforms['gitlab-self-hosted']
  service = await startService('SQLite', platforms.settings)
})
afterEach(() => sandbox.reset())
afterAll(async () => {
  await service.close()
  await sandbox.close()
})

function freshAccount(): Promise<Account> {
  return service.addAccount(`refused${++count}`)
}

function alice() {
  const user = platform.state.users.find(({ username }) => username === 'alice')
  if (!user) throw new Error('alice is not there')
  return user
}

function group(fullPath: string) {
  const found = platform.state.organizations.find((one) => one.fullPath === fullPath)
  if (!found) throw new Error(`${fullPath} is not there`)
  return found
}

/** As somebody with a link to alice, `spoil`ed after it was made. */
async function ask(path: string, spoil: () => void, purpose = 'full', method = 'GET'): Promise<Answer> {
  const account = await freshAccount()
  const id = await linkAccount(account, platform, 'alice', purpose)
  spoil()
  return account.call(method, `/v1/scm_integrations/${id}/${path}`)
}

const reasons: [failure: AccountState | 'blocked', words: string][] = [
  ['blocked', 'Your account has been blocked'],
  ['deactivated', 'Your account has been deactivated'],
  ['terms-not-accepted', 'must accept the Terms of Service'],
  ['password-expired', 'Your password expired'],
  ['unconfirmed', 'is not confirmed'],
  ['pending-approval', 'pending approval from your administrator'],
  ['internal', 'cannot be performed by internal users'],
]

describe.each(reasons)('an account that is refused as %s', (failure, words) => {
  const unprocessable = () => {
    if (failure === 'blocked') alice().blocked = true
    else alice().accountState = failure
  }

  it('is told so when it is linked', async () => {
    unprocessable()
    const { status, json } = await (await freshAccount()).call('POST', '/v1/scm_integrations', linkBody(platform))
    expect([status, json.errors]).toEqual([422, { access_token: [expect.stringContaining(words)] }])
  })

  it('is told so by lists', async () => {
    const lists = await ask('orgs', unprocessable)
    expect([lists.status, lists.json.code]).toEqual([403, 'scm_forbidden'])
    expect(lists.json.error).toContain(words)
  })

  it('is told so by health', async () => {
    const { health } = (await ask('health', unprocessable)).json
    expect(health.problems).toMatchObject([{ code: 'scm_forbidden', message: expect.stringContaining(words) }])
  })
})

describe('a token', () => {
  it.each([
    ['project_101_bot_0a1b2c', 'bot', 'a bot (a project access token)'],
    ['service_account_group_7_0a1b2c', 'full', 'a service account'],
  ])('of %s is refused as what it is', async (username, purpose, named) => {
    const body = linkBody(platform, username, purpose)
    const { status, json } = await (await freshAccount()).call('POST', '/v1/scm_integrations', body)
    expect(status).toBe(422)
    expect(json.errors.access_token[0]).toContain(`belongs to ${named}; only a person's token can be linked`)
  })

  it('whose owner demands DPoP is good all the same', async () => {
    const demand = () => {
      alice().dpop = true
    }
    const rejected = await ask('orgs', demand)
    expect([rejected.status, rejected.json.code]).toEqual([403, 'scm_forbidden'])
    expect(rejected.json.error).toContain('(DPoP)')
  })

  it('whose owner demands DPoP is not linked', async () => {
    alice().dpop = true
    const linked = await (await freshAccount()).call('POST', '/v1/scm_integrations', linkBody(platform))
    expect([linked.status, linked.json.errors.access_token[0]]).toEqual([422, expect.stringContaining('(DPoP)')])
  })

  it('of DPoP does not become one that was rejected', async () => {
    const account = await freshAccount()
    const id = await linkAccount(account, platform)
    alice().dpop = true
    await account.call('GET', `/v1/scm_integrations/${id}/orgs`)
    const { scm_integration } = (await account.call('GET', `/v1/scm_integrations/${id}`)).json
    expect(scm_integration.status).not.toBe('token_rejected')
  })

  it('that is fine-grained is told the permission that it lacks', async () => {
    const rejected = await ask('import_keys', () => {}, 'fine-grained-no-keys', 'POST')
    expect([rejected.status, rejected.json.code]).toEqual([403, 'scm_scope_missing'])
    expect(rejected.json.error).toContain('the permission read_ssh_key,')
    expect(rejected.json.error).toContain('cannot be changed: make a new one')
  })

  it('that is classic is advised no scope where a group takes only fine-grained ones', async () => {
    const rejected = await ask('branches?repo_name=acme/website', () => {
      group('acme').onlyFineGrained = true
    })
    expect([rejected.status, rejected.json.code]).toEqual([403, 'scm_scope_missing'])
    expect(rejected.json.error).toContain('which GitLab takes from a fine-grained token here')
    expect(rejected.json.error).not.toMatch(/scope|api/)
  })
})

describe('a list', () => {
  it('of merge requests that are switched off is empty and says so', async () => {
    const { status, json } = await ask('search_pull_requests?query=repo:alice/example-repository', () => {
      const project = platform.state.repositories.find(
        ({ name, owner }) => `${owner}/${name}` === 'alice/example-repository',
      )
      if (project) project.mergeRequestsDisabled = true
    })
    expect([status, json.pull_requests]).toEqual([200, []])
    expect(json.meta.warnings).toEqual(['Merge requests are switched off in project "alice/example-repository".'])
  })

  it.each(['gitlab-self-hosted', 'gitlab-subpath'] as const)(
    'of groups leaves out what waits for deletion (%s)',
    async (name) => {
      platform = sandbox.platforms[name]
      const { json } = await ask('orgs', () => {
        group('another-org').markedForDeletionOn = '2026-11-20'
      })
      platform = sandbox.platforms['gitlab-self-hosted']
      const logins = json.organizations.map(({ login }: { login: string }) => login)
      expect(logins).toContain('acme')
      expect(logins).not.toContain('another-org')
    },
  )
})

describe('a limit', () => {
  it('of the server is told as one when an account is linked', async () => {
    platform.state.settings.rateLimits = { core: 0, search: 0 }
    const body = linkBody(platform)
    body.scm_integration.access_token = 'glpat-unknown'
    const { status, json, headers } = await (await freshAccount()).call('POST', '/v1/scm_integrations', body)
    expect([status, json.code]).toEqual([429, 'scm_rate_limited'])
    expect(json.error).toMatch(/^GitLab limits this server/)
    expect(Number(headers.get('retry-after'))).toBeGreaterThan(0)
  })

  it('of the account is told as one', async () => {
    const rejected = await ask('orgs', () => {
      platform.state.settings.rateLimits = { core: 0, search: 0 }
    })
    expect([rejected.status, rejected.json.error]).toEqual([429, expect.stringContaining('answered this account')])
  })
})
