// Linking github and gitlab by OAuth through HTTP, with the sandbox as both platforms.

import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type Sandbox, startSandbox } from '../../sandbox/sandbox.ts'
import { type Browser, openBrowser, ownAddress } from '../support/browser.ts'
import {
  beginLinking,
  decide,
  goesTo,
  headingOf,
  linkByOAuth,
  livingTokens,
  OAUTH_NAMES,
  type OAuthName,
  oauthSettings,
  tokenCalls,
} from '../support/oauth.ts'
import type { Account, Service } from '../support/service.ts'
import { describeOnBothEngines, startService } from '../support/service.ts'
import { until } from '../support/until.ts'

describeOnBothEngines('linking by OAuth', (engine) => {
  let sandbox: Sandbox
  let service: Service
  let count = 0
  let account: Account
  let browser: Browser

  beforeAll(async () => {
    sandbox = await startSandbox({ ports: 'free' })
    service = await startService(engine, { ...(await ownAddress()), ...oauthSettings(sandbox) })
  })
  beforeEach(async () => {
    sandbox.reset()
    account = await service.addAccount(`user${++count}`)
    browser = openBrowser(service)
    await browser.signIn(account)
  })
  afterAll(async () => {
    await service.close()
    await sandbox.close()
  })

  async function links(of = account) {
    return (await of.call('GET', '/v1/scm_integrations')).json.scm_integrations
  }

  /** The id of the only link. */
  async function onlyLink(of = account) {
    const found = await links(of)
    expect(found).toHaveLength(1)
    return found[0]
  }

  describe.each(OAUTH_NAMES)('%s', (name: OAuthName) => {
    const isGitHub = name === 'github'
    const scopes = isGitHub ? ['user:email', 'read:org', 'read:public_key'] : ['read_api']

    it('links an account for somebody who is not signed in yet', async () => {
      const platform = sandbox.platforms[name]
      const fresh = openBrowser(service)
      const asked = await fresh.get(`/users/${name}/link`)
      expect([asked.status, asked.headers.get('location')]).toEqual([
        303,
        `/sign-in?return_to=${encodeURIComponent(`/users/${name}/link`)}`,
      ])
      const signedIn = await fresh.signIn(account, `/users/${name}/link`)
      expect(signedIn.headers.get('location')).toBe(`/users/${name}/link`)
      const page = await fresh.get(`/users/${name}/link`)
      for (const scope of scopes) expect(page.text).toContain(`<code>${scope}</code>`)

      const sent = await fresh.submit(page)
      expect(sent.headers.get('cache-control')).toBe('no-store')
      const address = new URL(goesTo(sent))
      expect(address.origin + address.pathname).toBe(
        `${platform.url}${isGitHub ? '/login/oauth/authorize' : '/oauth/authorize'}`,
      )
      expect(Object.fromEntries(address.searchParams)).toEqual({
        client_id: platform.oauth.id,
        redirect_uri: `${service.url}/users/${name}/callback`,
        scope: scopes.join(' '),
        state: expect.stringMatching(/^[A-Za-z0-9_-]{43}$/),
        code_challenge: expect.stringMatching(/^[A-Za-z0-9_-]{43}$/),
        code_challenge_method: 'S256',
        ...(isGitHub ? { allow_signup: 'false', prompt: 'select_account' } : { response_type: 'code' }),
      })

      const back = await fresh.get(await decide(fresh, address.href))
      const link = await onlyLink()
      expect([back.status, back.headers.get('location')]).toEqual([303, `/profile?linked=${link.id}`])
      expect(back.headers.get('cache-control')).toBe('no-store')
      const issued = platform.state.tokens.find((token) => token.oauth !== null)
      expect(link).toMatchObject({
        scm_type: name,
        url: platform.url,
        uid: '42',
        username: 'alice',
        email: 'alice@example.test',
        status: 'ok',
        access_token: issued?.value,
        scopes: expect.arrayContaining(scopes),
        token_expires_at: issued?.expiresAt === null ? null : expect.any(String),
        owner: { id: account.id },
      })
      const [exchange, ...more] = tokenCalls(platform)
      expect(more).toEqual([])
      expect(Object.fromEntries(new URLSearchParams(exchange?.body))).toEqual({
        client_id: platform.oauth.id,
        client_secret: platform.oauth.secret,
        code: expect.any(String),
        redirect_uri: `${service.url}/users/${name}/callback`,
        code_verifier: expect.stringMatching(/^[A-Za-z0-9_-]{43}$/),
        ...(isGitHub ? {} : { grant_type: 'authorization_code' }),
      })
    })

    it('makes a link that everything of the API works on', async () => {
      const id = await linkByOAuth(browser, name)
      const path = `/v1/scm_integrations/${id}`
      const repository = 'alice/example-repository'
      for (const [method, call] of [
        ['GET', '/search_repos?query=example'],
        ['GET', '/orgs'],
        ['GET', `/search_pull_requests?query=repo:${repository}`],
        ['GET', `/branches?repo_name=${repository}`],
        ['GET', '/health'],
      ] as const) {
        const answer = await account.call(method, path + call)
        expect([call, answer.status, answer.text]).toEqual([call, 200, expect.any(String)])
      }
      const imported = await account.call('POST', `${path}/import_keys`)
      expect([imported.status, imported.json.keys.length > 5]).toEqual([201, true])
      expect((await account.call('GET', `/v1/scm_integrations/${name}`)).json.scm_integration.id).toBe(id)
      const health = (await account.call('GET', `${path}/health`)).json.health
      expect(health).toMatchObject({ status: 'ok', problems: [] })
      for (const asked of ['/v1/scm_integrations', path]) {
        const seen = await browser.get(asked)
        expect([seen.status, seen.text.includes('access_token')]).toEqual([200, false])
      }
      const rejected = await account.call('PATCH', path, { access_token: 'x' })
      expect([rejected.status, Object.keys(rejected.json.errors)]).toEqual([422, ['access_token']])
    })

    it('renews the same link when the account is linked again, and revokes the token before', async () => {
      const platform = sandbox.platforms[name]
      const first = await linkByOAuth(browser, name)
      const before = await onlyLink()
      const second = await linkByOAuth(browser, name)
      const after = await onlyLink()
      expect([second, after.created_at]).toEqual([first, before.created_at])
      expect(after.access_token).not.toBe(before.access_token)
      await until(() => livingTokens(platform).length === 1)
      expect(livingTokens(platform)).toEqual([after.access_token])
    })

    it('makes a second link of another account', async () => {
      const first = await linkByOAuth(browser, name)
      const second = await linkByOAuth(browser, name, { user: 'carol' })
      expect(second).not.toBe(first)
      expect((await links()).map(({ username }: { username: string }) => username)).toEqual(['alice', 'carol'])
      expect(livingTokens(sandbox.platforms[name])).toHaveLength(2)
    })

    it('makes a link again only for its own account', async () => {
      const id = await linkByOAuth(browser, name)
      const before = await onlyLink()
      const page = await browser.get(`/users/${name}/link?again=${id}`)
      expect(page.text).toContain('<strong>alice</strong>')
      const other = await browser.get(await decide(browser, await beginLinking(browser, name, id), { user: 'carol' }))
      expect([other.status, headingOf(other)]).toEqual([400, 'That is another account'])
      expect(other.text).toContain(`href="/users/${name}/link?again=${id}"`)
      expect(await onlyLink()).toEqual(before)
      await until(() => livingTokens(sandbox.platforms[name]).length === 1)
      expect(await linkByOAuth(browser, name, { again: id })).toBe(id)
    })

    it('keeps the links of two users to one account apart', async () => {
      const other = await service.addAccount(`other${count}`)
      const theirs = openBrowser(service)
      await theirs.signIn(other)
      const ids = [await linkByOAuth(browser, name), await linkByOAuth(theirs, name)]
      expect([(await onlyLink()).id, (await onlyLink(other)).id]).toEqual(ids)
      const page = await theirs.get(`/users/${name}/link?again=${ids[0]}`)
      expect([headingOf(page), page.text.includes('alice')]).toEqual([`Link ${isGitHub ? 'GitHub' : 'GitLab'}`, false])
    })

    it('says when fewer scopes are granted than needed', async () => {
      const id = await linkByOAuth(browser, name, { granted: isGitHub ? ['user:email'] : [] }).catch((error) => error)
      if (!isGitHub) {
        // Without any scope not even the profile can be read.
        expect(String(id)).toContain('Nothing was linked')
        return
      }
      expect(await onlyLink()).toMatchObject({ id, status: 'scope_missing', scopes: ['user:email'] })
      const { health } = (await account.call('GET', `/v1/scm_integrations/${id}/health`)).json
      expect(health).toMatchObject({
        status: 'scope_missing',
        scopes: { granted: ['user:email'], missing: ['read:org', 'read:public_key'] },
      })
      expect(health.problems[0].fix_url).toBe(`${service.url}/users/github/link?again=${id}`)
      const keys = await account.call('POST', `/v1/scm_integrations/${id}/import_keys`)
      expect([keys.status, keys.json.code]).toEqual([403, 'scm_scope_missing'])
      await linkByOAuth(browser, name)
      expect(await onlyLink()).toMatchObject({ id, status: 'ok' })
    })

    it.each([
      ['no CSRF token', { csrf: '' }, {}],
      ['another CSRF token', { csrf: 'x'.repeat(43) }, {}],
      ['another Origin', {}, { origin: 'https://evil.example' }],
    ])('does not begin with %s', async (_case, fields, headers) => {
      const page = await browser.get(`/users/${name}/link`)
      const answer = await browser.submit(page, fields as Record<string, string>, headers as Record<string, string>)
      expect([answer.status, answer.headers.get('location')]).toEqual([403, null])
      expect(
        await service.services.database
          .selectFrom('oauthStates')
          .selectAll()
          .where('userId', '=', account.id)
          .execute(),
      ).toEqual([])
    })
  })

  it('links without a lifetime where the platform tells none, and with the usual one where it should have told it', async () => {
    sandbox.platforms.github.state.settings.oauth.expiring = false
    await linkByOAuth(browser, 'github')
    expect((await onlyLink()).token_expires_at).toBeNull()
    sandbox.platforms.gitlab.faults.set({ fault: 'oauth-no-expires-in' })
    await linkByOAuth(browser, 'gitlab')
    const gitlab = (await links())[1]
    expect(Date.parse(gitlab.token_expires_at) - Date.now()).toBeGreaterThan(7_100_000)
  })

  it('links with what the platform tells elsewhere when the answer has no scope', async () => {
    for (const name of OAUTH_NAMES) {
      sandbox.platforms[name].faults.set({ fault: 'oauth-no-scope' })
      await linkByOAuth(browser, name)
    }
    expect((await links()).map(({ status }: { status: string }) => status)).toEqual(['ok', 'ok'])
  })

  it('notices a scope that an operator asks for and a person takes out', async () => {
    const wide = await startService(engine, {
      ...(await ownAddress()),
      ...oauthSettings(sandbox),
      GITHUB_SCOPES: 'repo user read:org read:public_key offline_access',
    })
    const own = await wide.addAccount('wide')
    const fresh = openBrowser(wide)
    await fresh.signIn(own)
    await linkByOAuth(fresh, 'github')
    expect((await onlyLink(own)).status).toBe('ok')
    const id = await linkByOAuth(fresh, 'github', { granted: ['user', 'read:org', 'read:public_key'] })
    expect(await onlyLink(own)).toMatchObject({ id, status: 'scope_missing' })
    const { health } = (await own.call('GET', `/v1/scm_integrations/${id}/health`)).json
    expect(health.scopes.missing).toEqual(['repo'])
    await wide.close()
  })

  it('keeps no secret of OAuth in the open in its database', async () => {
    for (const name of OAUTH_NAMES) {
      await linkByOAuth(browser, name)
      await beginLinking(browser, name)
    }
    const { database } = service.services
    const rows = JSON.stringify([
      await database.selectFrom('scmIntegrations').selectAll().execute(),
      await database.selectFrom('oauthStates').selectAll().execute(),
      await database.selectFrom('sessions').selectAll().execute(),
    ])
    const secrets = OAUTH_NAMES.flatMap((name) => {
      const { state, oauth, requests } = sandbox.platforms[name]
      const verifiers = requests.map(({ body }) => new URLSearchParams(body).get('code_verifier'))
      const states = requests.map(({ path }) => new URLSearchParams(path.split('?')[1]).get('state'))
      const tokens = [...state.tokens.filter((token) => token.oauth), ...state.refreshTokens].map(({ value }) => value)
      return [oauth.secret, ...tokens, ...verifiers, ...states].filter((secret) => secret !== null)
    })
    expect(secrets.length).toBeGreaterThan(8)
    for (const secret of secrets) expect(rows).not.toContain(secret)
  })

  it('says which settings are missing where a platform is not set up', async () => {
    const bare = await startService(engine, await ownAddress())
    const fresh = openBrowser(bare)
    await fresh.signIn(await bare.addAccount('bare'))
    const page = await fresh.get('/users/gitlab/link')
    expect([page.status, headingOf(page)]).toEqual([404, 'GitLab is not set up here'])
    for (const text of ['GITLAB_CLIENT_ID', 'GITLAB_CLIENT_SECRET', `${bare.url}/users/gitlab/callback`]) {
      expect(page.text).toContain(text)
    }
    expect((await fresh.get('/users/gitlab/callback?state=x&code=y')).status).toBe(404)
    await bare.close()
  })
})
