// A user leaves: everything ends on every replica, what OAuth obtained is revoked, the report says what was not, and
// nothing that was going on at that moment brings anything back to life.

import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, beforeEach, expect, it, vi } from 'vitest'
import { type Sandbox, startSandbox } from '../../sandbox/sandbox.ts'
import { userActivate, userDeactivate } from '../../src/commands/users.ts'
import { type Browser, openBrowser, ownAddress } from '../support/browser.ts'
import { beginLinking, decide, linkByOAuth, livingTokens, oauthSettings, revokedTokens } from '../support/oauth.ts'
import { linkAccount } from '../support/platforms.ts'
import { ed25519Key } from '../support/public-keys.ts'
import {
  type Account,
  basic,
  describeOnBothEngines,
  type Service,
  send,
  startReplica,
  startService,
} from '../support/service.ts'
import { addService } from '../support/service-tokens.ts'
import { until } from '../support/until.ts'
import { startWaitingPlatform, type WaitingPlatform } from '../support/waiting-platform.ts'

vi.setConfig({ testTimeout: 120_000 })

// By "ends sessions, API tokens and JWTs on every replica within 10 s" (accounts, section 4).
const SOON = { timeout: 10_000, interval: 50 }
const ISSUER = 'https://idp.example'
const REVOKE_PATH = '/applications/[^/]+/token$|/oauth/revoke$'

describeOnBothEngines('a user who leaves', (engine) => {
  let sandbox: Sandbox
  let service: Service
  let replica: { url: string; close(): Promise<void> }
  let waiting: WaitingPlatform
  let admin: Account
  let alice: Account
  let browser: Browser

  beforeAll(async () => {
    sandbox = await startSandbox({ ports: 'free' })
    waiting = await startWaitingPlatform(/^\/user$/)
    const ghes = new URL(sandbox.platforms['github-enterprise'].url).origin
    service = await startService(engine, {
      ...(await ownAddress()),
      ...oauthSettings(sandbox),
      ALLOWED_HOSTS: `${ghes},${waiting.origin}`,
      SCIM_ISSUER: ISSUER,
    })
    replica = await startReplica(service)
    admin = await service.addAccount('root')
  })
  beforeEach(async () => {
    sandbox.reset()
    alice = await service.addAccount('alice')
    browser = openBrowser(service)
    await browser.signIn(alice)
  })
  afterAll(async () => {
    await replica.close()
    await service.close()
    await sandbox.close()
    await waiting.close()
  })

  const setActive = (active: boolean) => admin.call('PATCH', `/v1/admin/users/${alice.id}`, { user: { active } })
  /** The next answer of a token endpoint is kept back until it is released. */
  function holdAnswer(): { hasCome: () => boolean; release: () => void } {
    const { transport } = service.services
    const { oauth } = transport
    let hasCome = false
    let release = () => {}
    const released = new Promise<void>((resolve) => {
      release = resolve
    })
    transport.oauth = async (call) => {
      transport.oauth = oauth
      const answer = await oauth(call)
      hasCome = true
      await released
      return answer
    }
    return { hasCome: () => hasCome, release }
  }

  const statusAt = async (url: string, bearer = alice.bearer) =>
    (await send('GET', `${url}/v1/users/self`, undefined, { authorization: `Bearer ${bearer}` })).status

  it('is told of, link by link, and comes back without what went', async () => {
    const { github } = sandbox.platforms
    await linkByOAuth(browser, 'github')
    await linkAccount(alice, sandbox.platforms['github-enterprise'])
    await alice.call('POST', '/v1/keys', { key: { name: 'laptop', content: ed25519Key(7) } })
    const { json, status } = await setActive(false)
    expect(status).toBe(200)
    expect(json.user).toMatchObject({ id: alice.id, active: false })
    expect(json.meta).toEqual({
      report: {
        integrations: [
          { scm_type: 'github', url: github.url, username: 'alice', token: 'revoked', revoke_url: null },
          {
            scm_type: 'github-enterprise',
            url: sandbox.platforms['github-enterprise'].url,
            username: 'alice',
            token: 'pasted',
            revoke_url: `${sandbox.platforms['github-enterprise'].url}/settings/tokens`,
          },
        ],
        tokens: 1,
        sessions: 1,
      },
    })
    expect(livingTokens(github)).toEqual([])
    // Every credential is as good as none.
    expect(await statusAt(service.url)).toBe(401)
    expect((await send('POST', `${service.url}/v1/tokens/exchange`, undefined, basic('', alice.token))).status).toBe(
      401,
    )
    expect((await send('POST', `${service.url}/v1/tokens`, { name: 'x' }, basic('alice', alice.password))).status).toBe(
      401,
    )
    expect((await browser.get('/session')).status).toBe(401)

    expect((await setActive(true)).json).toEqual({ user: expect.objectContaining({ active: true }) })
    expect(await statusAt(service.url)).toBe(401)
    expect((await browser.get('/session')).status).toBe(401)
    const made = await send('POST', `${service.url}/v1/tokens`, { name: 'anew' }, basic(alice.username, alice.password))
    const jwt = await send('POST', `${service.url}/v1/tokens/exchange`, undefined, basic('', made.json.token.token))
    const call = (path: string) =>
      send('GET', `${service.url}${path}`, undefined, { authorization: `Bearer ${jwt.json.token}` })
    expect((await call('/v1/scm_integrations')).json.scm_integrations).toEqual([])
    expect((await call('/v1/keys')).json.keys).toHaveLength(1)
    const trail = await admin.call('GET', `/v1/admin/users/${alice.id}/events?per_page=100`)
    const types = trail.json.events.map(({ type }: { type: string }) => type)
    expect(types).toEqual(
      expect.arrayContaining(['reactivate_user', 'deactivation_report', 'revoke_success', 'deactivate_user']),
    )
  })

  it('by SCIM: on two replicas nothing works, OAuth tokens are revoked, and the trail says what was not', async () => {
    const { token } = await addService(service, { scopes: ['scim'] })
    const acting = await addService(service, { scopes: ['users:act', 'read', 'write'] })
    const delegate = (await acting.exchange({ user: { id: alice.id } })).json.token
    await linkByOAuth(browser, 'github')
    await linkByOAuth(browser, 'gitlab')
    await linkAccount(alice, sandbox.platforms['github-enterprise'])
    sandbox.platforms.gitlab.faults.set({ fault: 'status-500', path: REVOKE_PATH })
    const scim = (method: string, path: string, body: object) =>
      send(method, `${service.url}/scim/v2${path}`, body, { authorization: `Bearer ${token}` })
    const { database } = service.services
    const identity = { issuer: ISSUER, subject: alice.id, userId: alice.id }
    await database
      .insertInto('identities')
      .values({ id: crypto.randomUUID(), ...identity, createdAt: new Date().toISOString() })
      .execute()
    const emails = [{ value: alice.email, primary: true }]
    const adopted = await scim('POST', '/Users', { userName: alice.email, externalId: alice.id, emails })
    expect([adopted.status, adopted.json.id]).toEqual([201, alice.id])
    for (const url of [service.url, replica.url]) {
      expect([await statusAt(url), await statusAt(url, delegate)]).toEqual([200, 200])
    }

    const Operations = [{ op: 'Replace', path: 'active', value: 'False' }]
    const done = await scim('PATCH', `/Users/${alice.id}`, { Operations })
    expect([done.status, done.json.active]).toEqual([200, false])
    await vi.waitFor(async () => {
      for (const url of [service.url, replica.url]) {
        expect([await statusAt(url), await statusAt(url, delegate)]).toEqual([401, 401])
        const cookie = [...browser.cookies].map(([name, value]) => `${name}=${value}`).join('; ')
        expect((await send('GET', `${url}/session`, undefined, { cookie })).status).toBe(401)
      }
      expect(livingTokens(sandbox.platforms.github)).toEqual([])
    }, SOON)
    // Once each: wrong tokens are counted.
    for (const url of [service.url, replica.url]) {
      expect((await send('POST', `${url}/v1/tokens/exchange`, undefined, basic('', alice.token))).status).toBe(401)
    }
    await vi.waitFor(async () => {
      const { json } = await admin.call('GET', `/v1/admin/events?user=${alice.id}&type=deactivation_report`)
      expect(json.events.map(({ type_data }: { type_data: object }) => type_data)).toMatchObject([
        {
          integrations: [
            { scm_type: 'github', token: 'revoked', revoke_url: null },
            { scm_type: 'gitlab', token: 'pending' },
            { scm_type: 'github-enterprise', token: 'pasted' },
          ],
          tokens: 1,
          sessions: 1,
        },
      ])
    }, SOON)
    // What is pending is tried again, as for a link that is removed.
    sandbox.platforms.gitlab.faults.clear()
    await vi.waitFor(() => expect(livingTokens(sandbox.platforms.gitlab)).toEqual([]), {
      timeout: 30_000,
      interval: 100,
    })

    // What a service had for the user before does not come back with them.
    await scim('PATCH', `/Users/${alice.id}`, { Operations: [{ op: 'Replace', path: 'active', value: 'True' }] })
    expect(await statusAt(service.url, delegate)).toBe(401)
  })

  it('by the command line, which tells the same', async () => {
    await linkByOAuth(browser, 'github')
    const told = JSON.parse(await userDeactivate(service.services, alice.username, { json: true }))
    expect(told).toMatchObject({
      user: { id: alice.id, active: false },
      meta: { report: { integrations: [{ scm_type: 'github', token: 'revoked', revoke_url: null }] } },
    })
    expect(await statusAt(service.url)).toBe(401)
    expect(JSON.parse(await userActivate(service.services, alice.username, { json: true }))).toMatchObject({
      user: { active: true },
    })
  })

  it('is not made anew: no second account for an identity', async () => {
    const acting = await addService(service, { scopes: ['users:act', 'users:create', 'read'], issuers: [ISSUER] })
    const user = { issuer: ISSUER, subject: 'left', username: 'left', email: null }
    expect((await acting.exchange({ user })).status).toBe(200)
    const [{ id }] = (await admin.call('GET', `/v1/admin/users?issuer=${ISSUER}&subject=left`)).json.users
    await admin.call('PATCH', `/v1/admin/users/${id}`, { user: { active: false } })
    const again = await acting.exchange({ user })
    expect([again.status, again.json.code]).toEqual([403, 'user_inactive'])
    const { json } = await admin.call('GET', '/v1/admin/users?search=left')
    expect(json.users).toHaveLength(1)
  })

  it('while a link is being made: it is not', async () => {
    waiting.hold()
    const link = { scm_type: 'github-enterprise', url: waiting.origin, access_token: 'ghp_waiting' }
    const linking = alice.call('POST', '/v1/scm_integrations', link)
    while (waiting.waiting() === 0) await delay(10)
    expect((await setActive(false)).status).toBe(200)
    waiting.release()
    expect((await linking).status).toBe(401)
    await setActive(true)
    expect((await admin.call('GET', `/v1/admin/users/${alice.id}/integrations`)).json.integrations).toEqual([])
  })

  it('while an OAuth callback is on its way: what it obtains is revoked', async () => {
    const { github } = sandbox.platforms
    const callback = await decide(browser, await beginLinking(browser, 'github'))
    const answer = holdAnswer()
    const finishing = browser.get(callback)
    await until(answer.hasCome)
    expect((await setActive(false)).status).toBe(200)
    answer.release()
    expect((await finishing).status).toBe(401)
    await vi.waitFor(() => expect([revokedTokens(github).length > 0, livingTokens(github)]).toEqual([true, []]), SOON)
    await setActive(true)
    expect((await admin.call('GET', `/v1/admin/users/${alice.id}/integrations`)).json.integrations).toEqual([])
  })

  it('while a token is refreshed: the new pair is revoked as well', async () => {
    const { gitlab } = sandbox.platforms
    const id = await linkByOAuth(browser, 'gitlab')
    const { database } = service.services
    const tokenExpiresAt = new Date(Date.now() - 1_000).toISOString()
    await database.updateTable('scmIntegrations').set({ tokenExpiresAt }).where('id', '=', id).execute()
    const answer = holdAnswer()
    const searching = alice.call('GET', `/v1/scm_integrations/${id}/search_repos?query=x`)
    await until(answer.hasCome)
    expect((await setActive(false)).status).toBe(200)
    answer.release()
    expect((await searching).status).toBe(404)
    await vi.waitFor(() => expect(livingTokens(gitlab)).toEqual([]), { timeout: 90_000, interval: 200 })
    expect((await admin.call('GET', `/v1/admin/users/${alice.id}/integrations`)).json.integrations).toEqual([])
    const { json } = await admin.call('GET', `/v1/admin/users/${alice.id}/events?per_page=5`)
    expect(json.events.map(({ type }: { type: string }) => type)).not.toContain('refresh_integration')
  })

  it('while signing in and making a token: neither is there when they are back', async () => {
    const tries = [
      ...Array.from({ length: 5 }, () => openBrowser(service).signIn(alice)),
      ...Array.from({ length: 5 }, () =>
        send('POST', `${service.url}/v1/tokens`, { name: 'x' }, basic(alice.username, alice.password)),
      ),
    ]
    await delay(20)
    expect((await setActive(false)).status).toBe(200)
    await Promise.all(tries)
    await setActive(true)
    const path = `/v1/admin/users/${alice.id}`
    expect((await admin.call('GET', `${path}/sessions`)).json.sessions).toEqual([])
    expect((await admin.call('GET', `${path}/tokens`)).json.tokens).toEqual([])
  })
})
