// A link's status and its reason through HTTP: what speaks for the whole link, what does not, and how it mends.

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import type { Sandbox, SandboxPlatform } from '../sandbox/sandbox.ts'
import { serve, type TestServer } from './support/fault-server.ts'
import { answerMarked } from './support/marked-platform.ts'
import { linkAccount, startPlatforms } from './support/platforms.ts'
import { ed25519Key } from './support/public-keys.ts'
import type { Account, Service } from './support/service.ts'
import { describeOnBothEngines, startService } from './support/service.ts'

/** What somebody in between writes: none of it is in GitHub's form. */
const FOREIGN: [name: string, status: number, headers: Record<string, string>, body: string][] = [
  ['a 401 page', 401, { server: 'nginx', 'content-type': 'text/html' }, '<html>401 Authorization Required</html>'],
  ['a 403 page', 403, { server: 'awselb/2.0', 'content-type': 'text/html' }, '<html>403 Forbidden</html>'],
  ['a 404 page', 404, { server: 'Apache/2.4.62 (Debian)', 'content-type': 'text/html' }, '<html>Not Found</html>'],
  ['404 as text', 404, { 'content-type': 'text/plain' }, 'default backend - 404'],
  ['an empty 403', 403, {}, ''],
  ['401 as foreign JSON', 401, { 'content-type': 'application/json' }, '{"status":401,"error":"Unauthorized"}'],
  ['400 for slashes', 400, { 'content-type': 'text/html' }, '<html>Bad Request</html>'],
]

const NEW_EMAIL = { email: 'new@example.test', primary: true, verified: true, visibility: null }

describeOnBothEngines('the status of a link', (engine) => {
  let sandbox: Sandbox
  let service: Service
  /** A GitHub Enterprise Server with something before it that may answer in its place. */
  let front: TestServer
  let says: (typeof FOREIGN)[number] | null = null
  let me: Account
  let people = 0

  beforeAll(async () => {
    const platforms = await startPlatforms()
    sandbox = platforms.sandbox
    front = await serve((request, response) => {
      if (says === null) return answerMarked(request, response)
      response.writeHead(says[1], says[2]).end(says[3])
    })
    service = await startService(engine, { ALLOWED_HOSTS: `${platforms.settings.ALLOWED_HOSTS},${front.origin}` })
  })
  beforeEach(async () => {
    sandbox.reset()
    says = null
    people += 1
    me = await service.addAccount(`person-${people}`)
  })
  afterEach(() => vi.useRealTimers())
  afterAll(async () => {
    await service.close()
    await front.close()
    await sandbox.close()
  })

  function use(id: string, path: string) {
    return me.call(path === 'import_keys' ? 'POST' : 'GET', `/v1/scm_integrations/${id}/${path}`)
  }

  async function shown(id: string) {
    const { status, status_reason } = (await me.call('GET', `/v1/scm_integrations/${id}`)).json.scm_integration
    const listed = (await me.call('GET', '/v1/scm_integrations')).json.scm_integrations
    expect(listed.find((one: { id: string }) => one.id === id)).toMatchObject({ status, status_reason })
    return [status, status_reason]
  }

  async function health(id: string) {
    return (await use(id, 'health')).json.health
  }

  function tokenOf(platform: SandboxPlatform, purpose = 'full') {
    const token = platform.state.tokens.find(({ value }) => value === platform.token('alice', purpose))
    if (!token) throw new Error(`no token ${purpose}`)
    return token
  }

  describe.each([
    ['github-enterprise', 'alice/example-repository'],
    ['gitlab-self-hosted', 'alice/example-repository'],
  ] as const)('on %s', (name, repository) => {
    it('is forbidden while the platform refuses the account, says why, and mends with the next call', async () => {
      const platform = sandbox.platforms[name]
      const id = await linkAccount(me, platform)
      expect(await shown(id)).toEqual(['ok', null])
      const alice = platform.state.users.find(({ username }) => username === 'alice')
      if (!alice) throw new Error('no alice')
      alice.blocked = true
      const rejected = await use(id, 'orgs')
      expect([rejected.status, rejected.json.code]).toEqual([403, 'scm_forbidden'])
      expect(await shown(id)).toEqual(['forbidden', rejected.json.error])
      const found = await health(id)
      expect(found).toMatchObject({
        status: 'forbidden',
        problems: [{ code: 'scm_forbidden', message: expect.any(String), fix_url: platform.url }],
      })
      expect(await shown(id)).toEqual(['forbidden', found.problems[0].message])

      alice.blocked = false
      expect((await use(id, 'orgs')).status).toBe(200)
      expect(await shown(id)).toEqual(['ok', null])
      expect(await health(id)).toMatchObject({ status: 'ok', problems: [] })
    })

    it.each(['health', 'import_keys', 'orgs', 'search_repos?query=a', 'search_pull_requests?query=is:open'])(
      'is not ok when %s is refused, which asks for nothing but the account',
      async (path) => {
        const platform = sandbox.platforms[name]
        const id = await linkAccount(me, platform)
        platform.faults.set({ fault: 'status-403' })
        await use(id, path)
        const [status, reason] = await shown(id)
        expect([status, reason]).toEqual([
          name === 'github-enterprise' ? expect.stringMatching(/^(scope_missing|forbidden)$/) : 'forbidden',
          expect.stringMatching(/^\S.{20,}\.$/),
        ])
        expect((await health(id)).status).not.toBe('ok')
        platform.faults.clear()
        expect((await use(id, 'orgs')).status).toBe(200)
        expect(await shown(id)).toEqual(['ok', null])
        expect((await health(id)).status).toBe('ok')
      },
    )

    it('stays as it is when one repository, user or organisation is refused', async () => {
      const platform = sandbox.platforms[name]
      const id = await linkAccount(me, platform)
      platform.faults.set({ fault: 'status-403', path: 'repos|projects|search|users|groups' })
      const calls = [
        `branches?repo_name=${repository}`,
        `search_pull_requests?query=repo:${repository}`,
        'search_repos?query=user:acme',
      ]
      for (const path of calls) {
        expect((await use(id, path)).status).toBe(403)
        expect(await shown(id)).toEqual(['ok', null])
      }
      platform.faults.clear()
      expect((await health(id)).status).toBe('ok')
    })

    it('is not ok when the profile can be read and nothing else', async () => {
      const platform = sandbox.platforms[name]
      const id = await linkAccount(me, platform)
      platform.faults.set({ fault: 'status-403', path: 'orgs|groups|keys|search|projects' })
      await use(id, 'orgs')
      const [status] = await shown(id)
      expect(status).not.toBe('ok')
      // Reading the profile alone does not mend it.
      expect((await health(id)).status).toBe(status)
      expect((await shown(id))[0]).toBe(status)
    })

    it('is not asked with a token again that was refused, and tells how to mend it', async () => {
      const platform = sandbox.platforms[name]
      const id = await linkAccount(me, platform)
      tokenOf(platform).revoked = true
      const first = await use(id, 'orgs')
      expect([first.status, first.json.code]).toEqual([403, 'scm_token_rejected'])
      expect(await shown(id)).toEqual(['token_rejected', first.json.error])
      platform.requests.length = 0
      const paths = ['orgs', 'import_keys', 'search_repos?query=a', `branches?repo_name=${repository}`]
      for (const path of paths) {
        const again = await use(id, path)
        expect([path, again.status, again.json]).toEqual([path, 403, first.json])
      }
      expect(platform.requests).toEqual([])
    })

    it('is asked with a refused token again by health alone, which is kept for a minute', async () => {
      const platform = sandbox.platforms[name]
      const id = await linkAccount(me, platform)
      tokenOf(platform).revoked = true
      await use(id, 'orgs')
      platform.requests.length = 0
      expect(await health(id)).toMatchObject({
        status: 'token_rejected',
        problems: [{ code: 'scm_token_rejected', fix_url: expect.stringContaining(platform.url) }],
      })
      const asked = platform.requests.length
      expect(asked).toBeGreaterThan(0)
      expect((await health(id)).status).toBe('token_rejected')
      expect(platform.requests.length).toBe(asked)
    })

    it('is asked again before the minute is over with no-cache, but not again and again', async () => {
      const platform = sandbox.platforms[name]
      const id = await linkAccount(me, platform)
      const { checked_at } = await health(id)
      const anew = async (cacheControl: string) => {
        const path = `/v1/scm_integrations/${id}/health`
        return (await me.call('GET', path, undefined, { 'cache-control': cacheControl })).json.health
      }
      // Without waiting: the clock alone is moved, and what was kept has no timer of its own.
      vi.useFakeTimers({ toFake: ['Date'], now: Date.parse(checked_at) + 9_000 })
      expect((await anew('no-cache')).checked_at).toBe(checked_at)
      vi.setSystemTime(Date.parse(checked_at) + 11_000)
      expect((await anew('max-age=60')).checked_at).toBe(checked_at)
      tokenOf(platform).revoked = true
      const second = await anew('max-age=0, No-Cache')
      expect(second.status).toBe('token_rejected')
      expect(Date.parse(second.checked_at) - Date.parse(checked_at)).toBeGreaterThanOrEqual(11_000)
      tokenOf(platform).revoked = false
      expect((await anew('no-cache')).status).toBe('token_rejected')
    })

    it('mends when health finds that a refused token is taken again', async () => {
      const platform = sandbox.platforms[name]
      const id = await linkAccount(me, platform)
      tokenOf(platform).revoked = true
      await use(id, 'orgs')
      tokenOf(platform).revoked = false
      expect((await use(id, 'orgs')).status).toBe(403)
      expect((await health(id)).status).toBe('ok')
      expect(await shown(id)).toEqual(['ok', null])
      expect((await use(id, 'orgs')).status).toBe(200)
    })

    it('mends at once with another token, and with the same one when the platform takes it again', async () => {
      const platform = sandbox.platforms[name]
      const id = await linkAccount(me, platform)
      const token = tokenOf(platform)
      token.revoked = true
      await use(id, 'orgs')
      const replace = () => me.call('PATCH', `/v1/scm_integrations/${id}`, { access_token: token.value })
      expect((await replace()).status).toBe(422)
      token.revoked = false
      const mended = await replace()
      expect([mended.status, mended.json.scm_integration.status, mended.json.scm_integration.status_reason]).toEqual([
        200,
        'ok',
        null,
      ])
      expect((await use(id, 'orgs')).status).toBe(200)
    })

    it('names the scopes that a token lacks as its reason', async () => {
      const id = await linkAccount(me, sandbox.platforms[name], 'alice', 'profile-only')
      const [status, reason] = await shown(id)
      expect([status, reason]).toEqual([
        'scope_missing',
        name === 'github-enterprise'
          ? 'The token lacks user:email, read:org, read:public_key.'
          : 'The token lacks read_api.',
      ])
    })

    it('follows what the platform calls the account', async () => {
      const platform = sandbox.platforms[name]
      const id = await linkAccount(me, platform)
      const alice = platform.state.users.find(({ username }) => username === 'alice')
      if (!alice) throw new Error('no alice')
      Object.assign(alice, { username: 'alice-renamed', emails: [NEW_EMAIL] })
      await health(id)
      const { json } = await me.call('GET', `/v1/scm_integrations/${id}`)
      expect(json.scm_integration).toMatchObject({
        uid: '42',
        username: 'alice-renamed',
        profile_url: `${platform.url}/alice-renamed`,
        email: 'new@example.test',
      })
    })
  })

  it('is forbidden when GitLab refuses the account, whatever was asked', async () => {
    const platform = sandbox.platforms['gitlab-self-hosted']
    const id = await linkAccount(me, platform)
    // https://gitlab.com/gitlab-org/gitlab/-/blob/master/lib/gitlab/auth/user_access_denied_reason.rb
    platform.faults.set({ fault: 'account-blocked' })
    expect((await use(id, 'branches?repo_name=alice/example-repository')).json.code).toBe('scm_forbidden')
    expect((await shown(id))[0]).toBe('forbidden')
  })

  it('leads to the page for single sign-on, which is not kept', async () => {
    const platform = sandbox.platforms['github-enterprise']
    const id = await linkAccount(me, platform)
    platform.faults.set({ fault: 'sso-required' })
    const page = `${platform.url}/orgs/sso-corp/sso`
    expect(await health(id)).toMatchObject({
      status: 'forbidden',
      problems: [{ code: 'scm_sso_required', fix_url: `${page}?authorization_request=SANDBOX` }],
    })
    const [status, reason] = await shown(id)
    expect([status, reason]).toEqual(['forbidden', expect.stringContaining(page)])
    expect(reason).not.toContain('authorization_request')
  })

  it('is expired with the day when the token’s time is over', async () => {
    const platform = sandbox.platforms['gitlab-self-hosted']
    const id = await linkAccount(me, platform)
    await service.services.database
      .updateTable('scmIntegrations')
      .set({ tokenExpiresAt: '2026-01-31T00:00:00.000Z' })
      .where('id', '=', id)
      .execute()
    expect(await shown(id)).toEqual(['expired', 'The token ended on 2026-01-31.'])
  })

  it('is ok for a GitHub App’s user token, whose scopes are not told', async () => {
    const id = await linkAccount(me, sandbox.platforms['github-enterprise'], 'alice', 'app-user')
    expect(await shown(id)).toEqual(['ok', null])
    const found = await health(id)
    expect(found).toMatchObject({ status: 'ok', problems: [], scopes: { granted: null, missing: [] } })
    expect(await shown(id)).toEqual(['ok', null])
  })

  it('is forbidden with a server that is only like GitHub, whose missing calls health names', async () => {
    // GitBucket 4.x: it knows /user, and answers what it does not know with a page.
    const user = { id: 7, login: 'alice', type: 'User', html_url: `${front.origin}/alice` }
    const branches = [{ name: 'main' }]
    const known: Record<string, unknown> = {
      '/api/v3/user': user,
      '/api/v3/user/orgs': [],
      '/api/v3/repos/a/b': { id: 1, name: 'b', full_name: 'a/b', default_branch: 'main' },
      '/api/v3/repos/a/b/branches': branches,
    }
    const gitBucket = await serve((request, response) => {
      const body = known[(request.url ?? '').split('?')[0] ?? '']
      response.writeHead(body === undefined ? 404 : 200, { 'content-type': body ? 'application/json' : 'text/html' })
      response.end(body === undefined ? '<html>Not Found</html>' : JSON.stringify(body))
    })
    const other = await startService(engine, { ALLOWED_HOSTS: gitBucket.origin })
    const somebody = await other.addAccount('somebody')
    const made = await somebody.call('POST', '/v1/scm_integrations', {
      scm_type: 'github-enterprise',
      url: gitBucket.origin,
      access_token: 'gitbucket-token',
    })
    expect(made.status).toBe(201)
    const { id } = made.json.scm_integration
    const found = (await somebody.call('GET', `/v1/scm_integrations/${id}/health`)).json.health
    const message = expect.stringMatching(
      /does not know GET \/user\/keys, GET \/search\/repositories: it is no GitHub Enterprise Server/,
    )
    expect(found).toMatchObject({ status: 'forbidden', problems: [{ code: 'api_incomplete', message, fix_url: null }] })
    expect((await somebody.call('GET', `/v1/scm_integrations/${id}`)).json.scm_integration).toMatchObject({
      status: 'forbidden',
      status_reason: message,
    })
    const imported = await somebody.call('POST', `/v1/scm_integrations/${id}/import_keys`)
    expect([imported.status, imported.json.error]).toEqual([503, expect.not.stringContaining('scope')])
    await other.close()
    await gitBucket.close()
  })

  it('waits for as long as the platform’s own clock says', async () => {
    const made = await me.call('POST', '/v1/scm_integrations', {
      scm_type: 'github-enterprise',
      url: front.origin,
      access_token: 'token-900',
    })
    // An hour behind ours: RFC 9110 section 6.6.1 has Date tell when the answer was made.
    const then = Date.now() - 3_600_000
    const clock = { date: new Date(then).toUTCString(), 'retry-after': new Date(then + 45_000).toUTCString() }
    says = ['', 429, { 'content-type': 'text/html', ...clock }, '<html>']
    const { id } = made.json.scm_integration
    const first = await use(id, 'orgs')
    expect([first.status, first.json.code]).toEqual([429, 'scm_rate_limited'])
    expect(Number(first.headers.get('retry-after'))).toBeGreaterThanOrEqual(44)
    says = null
    const second = await use(id, 'orgs')
    expect(second.status).toBe(429)
    expect(Number(second.headers.get('retry-after'))).toBeGreaterThan(30)
    expect(await shown(id)).toEqual(['ok', null])
  })

  describe('when somebody in between answers', () => {
    let account = 0

    function body() {
      account += 1
      return { scm_type: 'github-enterprise', url: front.origin, access_token: `token-${account}` }
    }

    it.each(FOREIGN)('%s: changes nothing of a link, and says what was seen', async (_name, status, ...answer) => {
      const id = (await me.call('POST', '/v1/scm_integrations', body())).json.scm_integration.id
      const other = await linkAccount(me, sandbox.platforms['gitlab-self-hosted'])
      const before = await me.call('GET', '/v1/scm_integrations')
      says = [_name, status, ...answer]
      for (const path of ['orgs', 'import_keys', 'search_repos?query=user:x', 'branches?repo_name=a/b']) {
        const rejected = await use(id, path)
        expect([path, rejected.status, rejected.json.code]).toEqual([path, 503, 'scm_bad_response'])
        expect(rejected.json.error).toContain(`answered ${status} with `)
        expect(rejected.json.error).not.toContain('GitLab')
        expect(rejected.headers.get('retry-after')).toMatch(/^\d+$/)
      }
      expect(await health(id)).toMatchObject({
        status: 'ok',
        problems: [{ code: 'scm_bad_response', message: expect.stringContaining(`answered ${status} with `) }],
      })
      const replaced = await me.call('PATCH', `/v1/scm_integrations/${id}`, { access_token: `token-${account}` })
      expect([replaced.status, replaced.json.code]).toEqual([503, 'scm_bad_response'])
      expect((await me.call('GET', '/v1/scm_integrations')).text).toBe(before.text)
      expect((await use(other, 'orgs')).status).toBe(200)
      says = null
      expect((await use(id, 'orgs')).status).toBe(200)
    })

    it.each(FOREIGN)('%s: is 422 at url on create, and nothing is stored', async (...answer) => {
      says = answer
      const rejected = await me.call('POST', '/v1/scm_integrations', body())
      expect([rejected.status, Object.keys(rejected.json.errors)]).toEqual([422, ['url']])
      expect(rejected.json.errors.url[0]).toContain(String(answer[1]))
      expect((await me.call('GET', '/v1/scm_integrations')).json.scm_integrations).toEqual([])
    })

    it.each([
      [429, 429, 'scm_rate_limited'],
      [500, 503, 'scm_unavailable'],
      [502, 503, 'scm_unavailable'],
      [503, 503, 'scm_unavailable'],
    ])('%d is the platform’s trouble on create too, whoever wrote it', async (status, answered, code) => {
      says = ['', status, { 'content-type': 'text/html', 'retry-after': '7' }, '<html>']
      const rejected = await me.call('POST', '/v1/scm_integrations', body())
      expect([rejected.status, rejected.json.code, rejected.headers.get('retry-after')]).toEqual([answered, code, '7'])
    })
  })

  it('names a key without a title by its fingerprint, and makes spaces of control characters', async () => {
    const platform = sandbox.platforms['github-enterprise']
    const alice = platform.state.users.find(({ username }) => username === 'alice')
    if (!alice) throw new Error('no alice')
    const key = (n: number, title: string) => ({
      id: 700 + n,
      title,
      key: ed25519Key(n),
      createdAt: '2026-01-01T00:00:00Z',
      expiresAt: null,
      usage: 'auth' as const,
    })
    alice.keys.splice(0, alice.keys.length, key(1, ''), key(2, ' \u0007 '), key(3, 'work\u0007\nlaptop'))
    const id = await linkAccount(me, platform)
    const { json } = await use(id, 'import_keys')
    expect(json.meta.skipped).toEqual([])
    const [one, two, three] = json.keys
    expect([one.name, one.content]).toEqual([`github-enterprise-${one.fingerprint}`, ed25519Key(1)])
    expect([two.name, two.content]).toEqual([`github-enterprise-${two.fingerprint}`, ed25519Key(2)])
    expect([three.name, three.content]).toEqual(['github-enterprise-work  laptop', `${ed25519Key(3)} work  laptop`])
  })
})
