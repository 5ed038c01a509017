// What each call of ours costs at GitLab, whose Free plan allows a user 100 calls a minute: the table in docs/gitlab.md.

import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { type Sandbox, type SandboxPlatform, startSandbox } from '../sandbox/sandbox.ts'
import { openBrowser, ownAddress } from './support/browser.ts'
import { linkByOAuth, oauthSettings } from './support/oauth.ts'
import { linkAccount, linkBody } from './support/platforms.ts'
import { type Account, type Service, startService } from './support/service.ts'

let sandbox: Sandbox
let service: Service

beforeAll(async () => {
  sandbox = await startSandbox({ ports: 'free' })
  const own = new URL(sandbox.platforms['gitlab-self-hosted'].url).origin
  service = await startService('SQLite', { ...(await ownAddress()), ...oauthSettings(sandbox), ALLOWED_HOSTS: own })
})
afterAll(async () => {
  await service.close()
  await sandbox.close()
})

/** Paths below the API or web root, without what the token endpoints are asked: those do not count there. */
function asked({ requests, apiUrl, url }: SandboxPlatform): string[] {
  const roots = [apiUrl, url].map((root) => new URL(root).pathname.replace(/\/$/, ''))
  return requests
    .filter(({ path }) => !/\/oauth\/(token|authorize)(\?|$)/.test(path))
    .map(({ path }) =>
      roots.reduce((rest, root) => (rest.startsWith(`${root}/`) ? rest.slice(root.length) : rest), path),
    )
    .map((path) => path.split('?', 1)[0] ?? '')
}

describe('a link that was made', () => {
  let count = 0

  async function freshAccount(): Promise<Account> {
    return service.addAccount(`caller${++count}`)
  }
  afterEach(() => sandbox.reset())

  it('by signing in costs one call, its health two', async () => {
    const platform = sandbox.platforms.gitlab
    const account = await freshAccount()
    const browser = openBrowser(service)
    await browser.signIn(account)
    const id = await linkByOAuth(browser, 'gitlab')
    expect(asked(platform)).toEqual(['/user'])

    platform.requests.length = 0
    const { health } = (await account.call('GET', `/v1/scm_integrations/${id}/health`)).json
    expect(health).toMatchObject({ status: 'ok', scopes: { granted: ['read_api'], missing: [] } })
    expect(asked(platform)).toEqual(['/user', '/metadata'])
  })

  it('with a token costs two calls, its health three', async () => {
    const platform = sandbox.platforms['gitlab-self-hosted']
    const account = await freshAccount()
    const id = await linkAccount(account, platform, 'alice', 'read-api')
    expect(asked(platform)).toEqual(['/user', '/personal_access_tokens/self'])

    platform.requests.length = 0
    const { health } = (await account.call('GET', `/v1/scm_integrations/${id}/health`)).json
    expect(health.scopes.granted).toEqual(['read_api'])
    expect(asked(platform)).toEqual(['/user', '/personal_access_tokens/self', '/metadata'])
    // For a minute it is remembered.
    await account.call('GET', `/v1/scm_integrations/${id}/health`)
    expect(asked(platform)).toHaveLength(3)
  })

  it('with a token that is no good costs one call', async () => {
    const platform = sandbox.platforms['gitlab-self-hosted']
    const account = await freshAccount()
    for (const purpose of ['revoked', 'expired', 'repository-only']) {
      platform.requests.length = 0
      const { status } = await account.call('POST', '/v1/scm_integrations', linkBody(platform, 'alice', purpose))
      expect([status, asked(platform)]).toEqual([422, ['/user']])
    }
  })

  it.each<[string, string, number]>([
    ['POST', 'import_keys', 1],
    ['GET', 'orgs', 1],
    ['GET', 'search_repos?query=example+fork:true', 1],
    ['GET', 'search_repos?query=hammer', 1],
    ['GET', 'search_repos?query=user:john-diggle', 1],
    ['GET', 'search_repos?query=user:acme', 2],
    // One more for each other project that changes come from.
    ['GET', 'search_pull_requests?query=is:open', 1 + 2],
    ['GET', 'search_pull_requests?query=repo:alice/example-repository&per_page=10', 1 + 1],
    ['GET', 'search_pull_requests?query=is:closed+repo:alice/example-repository&per_page=10', 2],
    ['GET', 'branches?repo_name=john-diggle/example-repository', 2],
  ])('%s %s costs at most so many calls: %i', async (method, path, most) => {
    const platform = sandbox.platforms['gitlab-self-hosted']
    const account = await freshAccount()
    const id = await linkAccount(account, platform)
    platform.requests.length = 0
    const answer = await account.call(method, `/v1/scm_integrations/${id}/${path}`)
    expect([answer.status, answer.text]).toEqual([method === 'POST' ? 201 : 200, expect.any(String)])
    expect(asked(platform).length).toBeLessThanOrEqual(most)
  })
})
