// Link sessions through HTTP, with the sandbox as all platforms: what is linked is nobody's until it is completed.

import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest'
import { type Sandbox, startSandbox } from '../../sandbox/sandbox.ts'
import { userRemove } from '../../src/commands/users.ts'
import { type Browser, openBrowser, ownAddress } from '../support/browser.ts'
import {
  addCustomer,
  backWith,
  begin,
  type Customer,
  goThroughOAuth,
  RETURN_URL,
  RETURN_URLS,
  sendForm,
} from '../support/link-sessions.ts'
import { headingOf, livingTokens, OAUTH_NAMES, oauthSettings } from '../support/oauth.ts'
import { SELF_HOSTED } from '../support/platforms.ts'
import { type Answer, describeOnBothEngines, type Service, startService } from '../support/service.ts'
import { addService, type ServiceAccount } from '../support/service-tokens.ts'
import { until } from '../support/until.ts'

const NIL_UUID = '00000000-0000-0000-0000-000000000000'
const NOT_FOUND = { resource: 'link_session', error: 'not found' }

describeOnBothEngines('link sessions', (engine) => {
  let sandbox: Sandbox
  let service: Service
  let paas: ServiceAccount
  let user: Customer
  let count = 0

  beforeAll(async () => {
    sandbox = await startSandbox({ ports: 'free' })
    const origins = SELF_HOSTED.map((name) => new URL(sandbox.platforms[name].url).origin)
    service = await startService(
      engine,
      {
        ...(await ownAddress()),
        ...oauthSettings(sandbox),
        ALLOWED_HOSTS: origins.join(','),
        RETURN_URLS,
        MAX_LINKS: '3',
      },
      { revocationsEvery: 250 },
    )
    paas = await addService(service, { name: 'Paas & Co' })
  })
  beforeEach(async () => {
    sandbox.reset()
    count += 1
    user = await addCustomer(paas, `customer-${count}-${Date.now()}`)
  })
  afterAll(async () => {
    await service.close()
    await sandbox.close()
  })

  /** The token form for the GitHub Enterprise Server of the sandbox. */
  function sendToken(at: { browser: Browser; page: Answer }, fields: Record<string, string> = {}): Promise<Answer> {
    const platform = sandbox.platforms['github-enterprise']
    const typed = { scm_type: platform.scmType, url: platform.url, access_token: platform.token('alice', 'full') }
    return at.browser.post(/action="([^"]*\/token)"/.exec(at.page.text)?.[1] ?? '', {
      csrf: /name="csrf" value="([^"]*)"/.exec(at.page.text)?.[1] ?? '',
      ...typed,
      ...fields,
    })
  }

  async function linkByToken(customer = user): Promise<{ id: string; code: string }> {
    const { id, url } = await customer.make()
    const { code = '' } = backWith(await sendToken(await begin(service, url)))
    return { id, code }
  }

  async function linkByOAuth(name: 'github' | 'gitlab', person = 'alice', customer = user) {
    const { id, url } = await customer.make({ scm_type: name })
    const at = await begin(service, url)
    const { code = '' } = backWith(await at.browser.get(await goThroughOAuth(at, name, { user: person })))
    return { id, code, browser: at.browser }
  }

  async function links(customer = user) {
    return (await customer.call('GET', '/v1/scm_integrations')).json.scm_integrations
  }

  async function events(customer = user) {
    return (await customer.call('GET', '/v1/events')).json.events
  }

  function revocations() {
    return service.services.database.selectFrom('revocations').selectAll().where('ownerId', '=', user.id).execute()
  }

  /** Lets the time of the user's link sessions, and of what waits for completion, be over. */
  async function letExpire(): Promise<void> {
    const past = new Date(Date.now() - 1000).toISOString()
    const { database } = service.services
    await database.updateTable('linkSessions').set({ expiresAt: past }).where('ownerId', '=', user.id).execute()
    await database.updateTable('revocations').set({ nextAt: past }).where('ownerId', '=', user.id).execute()
  }

  it('are made for ten minutes, and say nothing else', async () => {
    const before = Date.now()
    const answer = await user.call('POST', '/v1/link_sessions', { link_session: { return_url: RETURN_URL } })
    expect(answer.status).toBe(201)
    const { id, expires_at } = answer.json.link_session
    expect(answer.json).toEqual({
      link_session: { id, url: `${service.url}/link-sessions/${id}`, status: 'open', expires_at },
    })
    expect(Math.abs(Date.parse(expires_at) - before - 600_000)).toBeLessThan(30_000)
    expect(await user.show(id)).toEqual({ id, status: 'open', integration: null, error: null })
  })

  it.each(OAUTH_NAMES)('link %s by OAuth, which nobody can use before it is completed', async (name) => {
    const { id, code } = await linkByOAuth(name)
    expect(code).toMatch(/^[A-Za-z0-9_-]{43}$/)
    expect(await user.show(id)).toEqual({ id, status: 'linked', integration: null, error: null })
    expect(await links()).toEqual([])
    for (const path of ['', '/health', '/orgs', '/search_repos?query=x', '/branches?repo_name=a/b']) {
      expect((await user.call('GET', `/v1/scm_integrations/${name}${path}`)).status).toBe(404)
    }
    expect((await user.call('POST', `/v1/scm_integrations/${name}/import_keys`)).status).toBe(404)

    const completed = await user.complete(id, code)
    expect([completed.status, completed.json.scm_integration?.username]).toEqual([200, 'alice'])
    expect(completed.json.scm_integration).not.toHaveProperty('access_token')
    const [link] = await links()
    expect(link).toMatchObject({ id: completed.json.scm_integration.id, scm_type: name, status: 'ok' })
    expect(await user.show(id)).toEqual({ id, status: 'completed', integration: link.id, error: null })
    const search = await user.call('GET', `/v1/scm_integrations/${link.id}/search_repos?query=example`)
    expect([search.status, search.json.repositories?.length > 0]).toEqual([200, true])
    expect(livingTokens(sandbox.platforms[name])).toHaveLength(1)
    expect(await revocations()).toEqual([])
    const again = await user.complete(id, code)
    expect([again.status, again.json.code]).toEqual([409, 'conflict'])
  })

  it('link by URL and token, and name their maker in the trail', async () => {
    const { id, code } = await linkByToken()
    expect(await links()).toEqual([])
    const { status, json } = await user.complete(id, code)
    expect([status, json.scm_integration.scm_type]).toEqual([200, 'github-enterprise'])
    const { id: link } = json.scm_integration
    expect((await user.call('GET', `/v1/scm_integrations/${link}/search_repos?query=example`)).status).toBe(200)
    expect((await events()).find(({ type }: { type: string }) => type === 'new_integration')).toMatchObject({
      via: 'service_token',
      act: { type: 'service', id: paas.id, name: 'Paas & Co' },
      type_data: { integration_id: link },
    })
  })

  it('renew the link to the same account, and revoke the tokens that it had', async () => {
    const first = await linkByOAuth('github')
    const link = (await user.complete(first.id, first.code)).json.scm_integration
    const [old] = livingTokens(sandbox.platforms.github)
    const second = await linkByOAuth('github')
    expect((await user.complete(second.id, second.code)).json.scm_integration.id).toBe(link.id)
    await until(() => !livingTokens(sandbox.platforms.github).includes(old ?? ''))
    expect(livingTokens(sandbox.platforms.github)).toHaveLength(1)
    expect((await user.call('GET', `/v1/scm_integrations/${link.id}/orgs`)).status).toBe(200)

    const pasted = await linkByToken()
    const { id } = (await user.complete(pasted.id, pasted.code)).json.scm_integration
    const again = await linkByToken()
    expect((await user.complete(again.id, again.code)).json.scm_integration.id).toBe(id)
    expect(await links()).toHaveLength(2)
  })

  it('make no link beyond MAX_LINKS, and can be completed once there is room', async () => {
    const waiting = await linkByOAuth('gitlab')
    const others = [await linkByOAuth('github'), await linkByOAuth('github', 'john-diggle'), await linkByToken()]
    for (const { id, code } of others) expect((await user.complete(id, code)).status).toBe(200)
    const { status, json } = await user.complete(waiting.id, waiting.code)
    expect([status, Object.keys(json.errors)]).toEqual([422, ['scm_integration']])
    expect(await user.show(waiting.id)).toMatchObject({ status: 'linked' })
    const [oldest] = await links()
    await user.call('DELETE', `/v1/scm_integrations/${oldest.id}`)
    expect((await user.complete(waiting.id, waiting.code)).status).toBe(200)
  })

  it.each(OAUTH_NAMES)('revoke what %s gave when nobody completes them in time', async (name) => {
    const { id, code } = await linkByOAuth(name)
    expect(livingTokens(sandbox.platforms[name])).toHaveLength(1)
    await letExpire()
    const late = await user.complete(id, code)
    expect([late.status, late.json.code]).toEqual([409, 'conflict'])
    expect(await user.show(id)).toMatchObject({ status: 'expired', integration: null })
    await until(() => livingTokens(sandbox.platforms[name]).length === 0)
    await until(async () => (await revocations()).length === 0)
    expect(await links()).toEqual([])
  })

  it('revoke what was linked for a user who is removed meanwhile', async () => {
    await linkByOAuth('github')
    const [row] = await revocations()
    const { username } = (await user.call('GET', '/v1/users/self')).json.user
    await userRemove(service.services, username)
    expect(await revocations()).toEqual([row])
    await letExpire()
    await until(() => livingTokens(sandbox.platforms.github).length === 0)
  })

  it('end with the fifth wrong code, and revoke', async () => {
    const { id, code } = await linkByOAuth('github')
    for (let attempt = 1; attempt <= 5; attempt++) {
      const { status, json } = await user.complete(id, `${code.slice(0, -2)}!${attempt}`)
      expect([attempt, status, json.code]).toEqual([attempt, 403, 'wrong_code'])
    }
    expect((await user.complete(id, code)).status).toBe(409)
    expect(await user.show(id)).toEqual({ id, status: 'failed', integration: null, error: 'wrong_code' })
    await until(() => livingTokens(sandbox.platforms.github).length === 0)
  })

  it('complete one of twenty calls at once', async () => {
    const { id, code } = await linkByOAuth('github')
    const answers = await Promise.all(Array.from({ length: 20 }, () => user.complete(id, code)))
    expect(answers.map(({ status }) => status).sort()).toEqual([200, ...Array.from({ length: 19 }, () => 409)])
    expect(await links()).toHaveLength(1)
    expect(livingTokens(sandbox.platforms.github)).toHaveLength(1)
  })

  it('are not completed too early', async () => {
    const { id, url } = await user.make()
    expect((await user.complete(id, 'x')).status).toBe(409)
    await begin(service, url)
    expect((await user.complete(id, 'x')).status).toBe(409)
    expect((await user.call('POST', `/v1/link_sessions/${id}/complete`, {})).status).toBe(422)
  })

  it('are nobody else’s, byte for byte', async () => {
    const { id, code } = await linkByToken()
    const other = await addCustomer(paas, `other-${Date.now()}`)
    for (const [method, path] of [
      ['GET', ''],
      ['POST', '/complete'],
    ] as const) {
      const body = method === 'POST' ? { code } : undefined
      const unknown = await other.call(method, `/v1/link_sessions/${NIL_UUID}${path}`, body)
      const theirs = await other.call(method, `/v1/link_sessions/${id}${path}`, body)
      expect([theirs.status, theirs.text, theirs.json]).toEqual([404, unknown.text, NOT_FOUND])
    }
    expect((await user.complete(id, code)).status).toBe(200)
  })

  it('are made only by whoever acts for a user, who else is told what to do', async () => {
    const account = await service.addAccount(`self-${count}`)
    const browser = openBrowser(service)
    await browser.signIn(account)
    const body = { link_session: { return_url: RETURN_URL } }
    for (const caller of [account, browser]) {
      const { status, json } = await caller.call('POST', '/v1/link_sessions', body)
      expect([status, json.code]).toEqual([403, 'delegate_required'])
      expect(json.error).toContain(`${service.url}/profile`)
    }
    const shown = await browser.call('GET', `/v1/link_sessions/${NIL_UUID}`)
    expect([shown.status, shown.json.code]).toEqual([403, 'delegate_required'])
  })

  it('are twenty for a user: one more ends the oldest, and what it holds is revoked', async () => {
    const { id, code } = await linkByOAuth('github')
    for (let made = 0; made < 20; made++) await user.make()
    expect((await user.complete(id, code)).status).toBe(404)
    await until(() => livingTokens(sandbox.platforms.github).length === 0)
  })

  it('begin by a press, in one browser', async () => {
    const { id, url } = await user.make()
    for (let scanner = 0; scanner < 3; scanner++) {
      const page = await openBrowser(service).get(url)
      expect([page.status, headingOf(page)]).toEqual([200, 'Link an account for Paas &#38; Co'])
    }
    expect(await user.show(id)).toMatchObject({ status: 'open' })
    const { browser } = await begin(service, url)
    expect(await user.show(id)).toMatchObject({ status: 'begun' })
    const second = openBrowser(service)
    const page = await second.get(url)
    expect([page.status, headingOf(page)]).toEqual([403, 'Begun in another browser'])
    expect((await browser.get(url)).status).toBe(200)
  })

  it('take no form without its CSRF token, its cookie and its origin', async () => {
    const { id, url } = await user.make()
    const { browser, page } = await begin(service, url)
    const csrf = /name="csrf" value="([^"]*)"/.exec(page.text)?.[1] ?? ''
    const address = `/link-sessions/${id}/refuse`
    expect((await browser.post(address, {})).status).toBe(403)
    expect((await browser.post(address, { csrf: `${csrf}x` })).status).toBe(403)
    expect((await browser.post(address, { csrf }, { origin: 'https://evil.example' })).status).toBe(403)
    expect((await openBrowser(service).post(address, { csrf })).status).toBe(403)
    expect(await user.show(id)).toMatchObject({ status: 'begun' })
  })

  it('go back without a link when their user refuses, here or at the platform', async () => {
    const here = await user.make()
    const at = await begin(service, here.url)
    const back = backWith(await sendForm(at.browser, at.page, 'refuse'))
    expect(back).toEqual({ tab: 'code', link_session: here.id, result: 'refused' })
    expect(await user.show(here.id)).toMatchObject({ status: 'refused', error: null })

    const there = await user.make()
    const begun = await begin(service, there.url)
    const answer = await begun.browser.get(await goThroughOAuth(begun, 'gitlab', { decision: 'refuse' }))
    expect(backWith(answer)).toEqual({ tab: 'code', link_session: there.id, result: 'refused', error: 'access_denied' })
    expect(await user.show(there.id)).toMatchObject({ status: 'refused', error: 'access_denied' })
    expect(await links()).toEqual([])
  })

  it('go back with the reason when the platform fails, and leave no token behind', async () => {
    const { id, url } = await user.make({ scm_type: 'github' })
    const at = await begin(service, url)
    const callback = await goThroughOAuth(at, 'github')
    sandbox.platforms.github.faults.set({ fault: 'status-500', path: '/user' })
    const back = backWith(await at.browser.get(callback))
    expect(back).toMatchObject({ link_session: id, result: 'failed', error: 'scm_unavailable' })
    expect(await user.show(id)).toMatchObject({ status: 'failed', error: 'scm_unavailable' })
    sandbox.platforms.github.faults.clear()
    await until(() => livingTokens(sandbox.platforms.github).length === 0)
    expect((await at.browser.get(callback)).status).toBe(400)
  })

  it('say on the page why a token is not taken, and take another', async () => {
    const { id, url } = await user.make()
    const at = await begin(service, url)
    const wrong = await sendToken(at, { access_token: 'ghp_wrong' })
    expect([wrong.status, /role="alert">([^<]*)</.exec(wrong.text)?.[1]]).toEqual([
      422,
      expect.stringContaining('token'),
    ])
    expect(wrong.text).not.toContain('ghp_wrong')
    expect(await user.show(id)).toMatchObject({ status: 'begun' })
    for (const [url, token] of [
      ['https://169.254.169.254', 'x'],
      ['nonsense', 'x'],
      [sandbox.platforms['github-enterprise'].url, ''],
    ] as const) {
      expect((await sendToken(at, { url, access_token: token })).status).toBe(422)
    }
    expect(backWith(await sendToken({ ...at, page: wrong }))).toMatchObject({ result: 'linked' })
  })

  it('link only what was asked for', async () => {
    const platform = sandbox.platforms['gitlab-self-hosted']
    const { url } = await user.make({ scm_type: platform.scmType, url: platform.url })
    const at = await begin(service, url)
    expect(at.page.text).not.toContain('/oauth"')
    // Another type and address than the link session's are passed over.
    expect((await sendToken(at)).status).toBe(422)
    const typed = { scm_type: platform.scmType, access_token: platform.token('alice', 'full') }
    expect(backWith(await sendToken(at, typed))).toMatchObject({ result: 'linked' })
    const hosted = await user.make({ scm_type: 'github' })
    const other = await begin(service, hosted.url)
    expect([other.page.text.includes('GitLab'), other.page.text.includes('/token"')]).toEqual([false, false])
    const answer = await sendForm(other.browser, other.page, 'oauth')
    expect(answer.status).toBe(200)
  })

  it.each([
    [{ scm_type: 'bitbucket' }, 'scm_type'],
    [{ scm_type: 1 }, 'scm_type'],
    [{ scm_type: 'github', url: 'https://github.com' }, 'url'],
    [{ scm_type: 'gitlab-self-hosted', url: 'gitlab.corp.lan' }, 'url'],
    [{ url: 'http://169.254.169.254' }, 'url'],
    [{ url: ['https://gitlab.corp.lan'] }, 'url'],
    [{ return_url: 'https://evil.example/account' }, 'return_url'],
    [{ return_url: null }, 'return_url'],
  ])('are not made of %j', async (input, field) => {
    const body = { link_session: { return_url: RETURN_URL, ...input } }
    const { status, json } = await user.call('POST', '/v1/link_sessions', body)
    expect([status, Object.keys(json.errors ?? {})]).toEqual([422, [field]])
  })

  it('neither use nor change a session of the dashboard in the same browser', async () => {
    const account = await service.addAccount(`signed-in-${count}`)
    const browser = openBrowser(service)
    await browser.signIn(account)
    const before = [...browser.cookies]
    const { id, url } = await user.make({ scm_type: 'github' })
    const at = await begin(service, url, browser)
    const { code = '' } = backWith(await browser.get(await goThroughOAuth(at, 'github')))
    expect([...browser.cookies].filter(([name]) => !name.endsWith('-linking'))).toEqual(before)
    expect((await user.complete(id, code)).status).toBe(200)
    expect((await account.call('GET', '/v1/scm_integrations')).json.scm_integrations).toEqual([])
    expect((await browser.call('GET', '/v1/users/self')).json.user.id).toBe(account.id)
  })

  it('end when the service token of their maker is revoked', async () => {
    const gone = await addService(service, { name: 'gone' })
    const customer = await addCustomer(gone, `customer-of-gone-${Date.now()}`)
    const { url } = await customer.make()
    const { browser } = await begin(service, url)
    await service.services.database.deleteFrom('serviceTokens').where('id', '=', gone.id).execute()
    expect((await browser.get(url)).status).toBe(404)
  })
})
