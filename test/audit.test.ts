// The audit trail: each event as it is told, with its change or not at all, to its owner and the operator, for a time.

import { randomUUID } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { sql } from 'kysely'
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { type Sandbox, type SandboxPlatform, startSandbox } from '../sandbox/sandbox.ts'
import { userPassword, userRemove } from '../src/admin/users.ts'
import { type Browser, openBrowser, ownAddress } from './support/browser.ts'
import { forgelink, prepareCommand } from './support/command.ts'
import { beginLinking, decide, linkByOAuth, oauthSettings, tokenCalls } from './support/oauth.ts'
import { linkAccount, linkBody } from './support/platforms.ts'
import type { Account, Answer, Service } from './support/service.ts'
import { basic, describeOnBothEngines, send, startReplica, startService } from './support/service.ts'

vi.setConfig({ testTimeout: 60_000, hookTimeout: 300_000 })

const UUID_7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/
const DAY = 86_400_000

/** Made for these tests; the private half was thrown away. The fingerprint is ssh-keygen's. */
const KEY = {
  content: 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAfexDk/yLKoUeFUWpuVVL7FUXHbTAUk4z/m3fJMmkNc',
  fingerprint: '4e:0d:78:d0:f4:94:8c:42:df:b4:d8:93:06:a8:93:8f',
}

interface EventJson {
  id: string
  created_at: string
  user: { id: string; email: string; username: string }
  type: string
  type_data: Record<string, unknown>
  via: string
  api_token: { id: string; name: string } | null
  remote_ip: string | null
  request_id: string | null
}

async function eventsOf(account: Account, query = ''): Promise<EventJson[]> {
  const answer = await account.call('GET', `/v1/events${query || '?per_page=100'}`)
  expect(answer.status).toBe(200)
  return answer.json.events
}

describeOnBothEngines('the audit trail', (engine) => {
  let sandbox: Sandbox
  let service: Service
  let count = 0
  let account: Account
  let browser: Browser

  beforeAll(async () => {
    await prepareCommand()
    sandbox = await startSandbox({ ports: 'free' })
    service = await startService(engine, {
      ...(await ownAddress()),
      ...oauthSettings(sandbox),
      ALLOWED_HOSTS: new URL(sandbox.platforms['github-enterprise'].url).origin,
      TRUST_PROXY: '127.0.0.1',
    })
  })
  beforeEach(async () => {
    sandbox.reset()
    account = await service.addAccount(`user${++count}`)
    browser = openBrowser(service)
  })
  afterAll(async () => {
    await service.close()
    await sandbox.close()
  })

  function rows() {
    return service.services.database.selectFrom('events').selectAll().orderBy('id').execute()
  }

  /** What the account's own calls and the browser have left since `before`, oldest first: type, means and data. */
  async function since(before: EventJson[], of = account) {
    const events = (await eventsOf(of)).slice(0, -before.length || undefined).reverse()
    return events.map(({ type, via, type_data }) => ({ type, via, type_data }))
  }

  function linkData(id: string, platform: SandboxPlatform, login: string, uid: number) {
    return {
      integration_id: id,
      integration_type: platform.scmType,
      data: { login, avatar_url: `${platform.url}/avatars/u/${uid}`, url: platform.url },
    }
  }

  async function until(holds: () => Promise<boolean>): Promise<void> {
    const end = Date.now() + 10_000
    while (!(await holds()) && Date.now() < end) await delay(25)
    expect(await holds()).toBe(true)
  }

  it('tells a new user what the command line did, each event with all its members', async () => {
    const answer = await account.call('GET', '/v1/events')
    const { id, email, username } = account
    const common = {
      id: expect.stringMatching(UUID_7),
      created_at: expect.stringMatching(TIME),
      user: { id, email, username },
      via: 'command_line',
      api_token: null,
      remote_ip: null,
      request_id: null,
    }
    const tokenId = (await account.call('GET', '/v1/tokens')).json.tokens[0].id
    expect(answer.json).toEqual({
      events: [
        { ...common, type: 'new_token', type_data: { token_id: tokenId, token_name: 'forgelink user add' } },
        { ...common, type: 'new_user', type_data: { email, username } },
      ],
      meta: { pagination: { current_page: 1, prev_page: null, next_page: null, total_pages: 1, total_count: 2 } },
    })
    expect(Object.keys(answer.json.events[0])).toEqual([
      ...['id', 'created_at', 'user', 'type', 'type_data', 'via', 'api_token', 'remote_ip', 'request_id'],
    ])
  })

  it('tells of SSH keys, with the API token, the address and the request that it was', async () => {
    const headers = { 'x-request-id': 'made-by-the-caller', 'x-forwarded-for': '192.0.2.44' }
    const { id } = (await account.call('POST', '/v1/keys', { name: 'laptop', content: KEY.content }, headers)).json.key
    await account.call('DELETE', `/v1/keys/${id}`)
    const apiToken = (await account.call('GET', '/v1/tokens')).json.tokens[0]
    const [removed, added] = await eventsOf(account)
    expect(added).toEqual({
      id: expect.stringMatching(UUID_7),
      created_at: expect.stringMatching(TIME),
      user: { id: account.id, email: account.email, username: account.username },
      type: 'new_key',
      type_data: { name: 'laptop', fingerprint: KEY.fingerprint },
      via: 'api_token',
      api_token: { id: apiToken.id, name: 'forgelink user add' },
      remote_ip: '192.0.2.44',
      request_id: 'made-by-the-caller',
    })
    expect(removed).toMatchObject({
      type: 'delete_key',
      type_data: { name: 'laptop', fingerprint: KEY.fingerprint },
      remote_ip: '127.0.0.1',
    })
  })

  it('tells of API tokens, those made with a password too, and nothing of what was refused', async () => {
    const before = await eventsOf(account)
    const { id } = (await account.call('POST', '/v1/tokens', { name: 'ci' })).json.token
    await account.call('PATCH', `/v1/tokens/${id}/renew`)
    await account.call('DELETE', `/v1/tokens/${id}`)
    const credentials = basic(account.username, account.password)
    const laptop = await send('POST', `${service.url}/v1/tokens`, { name: 'laptop' }, credentials)
    for (const [method, path] of [
      ['DELETE', `/v1/tokens/${id}`],
      ['PATCH', `/v1/tokens/${id}/renew`],
      ['DELETE', '/v1/keys/x'],
      ['DELETE', '/v1/scm_integrations/x'],
    ] as const) {
      expect((await account.call(method, path)).status).toBe(404)
    }
    const ci = { token_id: id, token_name: 'ci' }
    expect(await since(before)).toEqual([
      { type: 'new_token', via: 'api_token', type_data: ci },
      { type: 'regenerate_token', via: 'api_token', type_data: ci },
      { type: 'delete_token', via: 'api_token', type_data: ci },
      {
        type: 'new_token',
        via: 'password',
        type_data: { token_id: laptop.json.token.id, token_name: 'laptop' },
      },
    ])
  })

  it('tells of signing in and out, of wrong passwords, and of a new password', async () => {
    const before = await eventsOf(account)
    const form = await browser.get('/sign-in')
    expect((await browser.submit(form, { login: account.email, password: 'wrong' })).status).toBe(401)
    await browser.signIn(account)
    const password = { current: account.password, new: 'another horse' }
    await browser.call('PUT', '/session/password', { password: { ...password, current: 'wrong' } })
    expect((await browser.call('PUT', '/session/password', { password })).status).toBe(204)
    expect((await browser.call('POST', '/sign-out')).status).toBe(303)
    await userPassword(service.services, account.username, { json: true })
    const here = { remote_ip: '127.0.0.1' }
    expect(await since(before)).toEqual([
      { type: 'login_failure', via: 'password', type_data: here },
      { type: 'login_success', via: 'password', type_data: here },
      { type: 'login_failure', via: 'session', type_data: here },
      { type: 'password_reset_success', via: 'session', type_data: here },
      { type: 'logout', via: 'session', type_data: here },
      { type: 'password_reset_success', via: 'command_line', type_data: { remote_ip: null } },
    ])
  })

  it('tells the operator alone of names and API tokens that there are not, and not what was typed', async () => {
    const before = (await rows()).length
    await send('POST', `${service.url}/v1/tokens`, { name: 'x' }, basic('typed-in-the-wrong-field', 'wrong'))
    await send('POST', `${service.url}/v1/tokens/exchange`, undefined, basic('', 'tk-us-guessed'))
    const added = (await rows()).slice(before)
    expect(added).toEqual(
      [
        ['login_failure', 'password'],
        ['exchange_failure', 'api_token'],
      ].map(([type, via]) => ({
        id: expect.stringMatching(UUID_7),
        createdAt: expect.stringMatching(TIME),
        type,
        userId: null,
        username: null,
        via,
        tokenId: null,
        tokenName: null,
        remoteIp: '127.0.0.1',
        requestId: expect.any(String),
        typeData: '{"remote_ip":"127.0.0.1"}',
      })),
    )
  })

  it('tells of another e-mail address or user name, and not of one that is the same', async () => {
    const before = await eventsOf(account)
    const { email, username } = account
    const changes = { email: `new-${email}`, username: `new-${username}` }
    await account.call('PUT', '/v1/users/account', { user: changes })
    await account.call('PUT', '/v1/users/account', { user: changes })
    expect((await account.call('PUT', '/v1/users/account', { user: { email: 'x' } })).status).toBe(422)
    const type_data = { ...changes, old_email: email, old_username: username }
    expect(await since(before)).toEqual([{ type: 'edit_user', via: 'api_token', type_data }])
    expect((await eventsOf(account))[0]?.user).toEqual({ id: account.id, ...changes })
  })

  it('tells of a link by token: linked, keys imported, token replaced, unlinked', async () => {
    const platform = sandbox.platforms['github-enterprise']
    const before = await eventsOf(account)
    const id = await linkAccount(account, platform)
    const imported = await account.call('POST', `/v1/scm_integrations/${id}/import_keys`)
    const again = await account.call('POST', `/v1/scm_integrations/${id}/import_keys`)
    expect([imported.json.keys.length, again.json.keys.length]).toEqual([8, 0])
    const token = platform.token('alice', 'full')
    await account.call('PATCH', `/v1/scm_integrations/${id}`, { scm_integration: { access_token: token } })
    await account.call('DELETE', `/v1/scm_integrations/${id}`)

    const data = linkData(id, platform, 'alice', 42)
    expect(await since(before)).toEqual(
      [
        { type: 'new_integration', type_data: data },
        ...imported.json.keys.map(({ name, fingerprint }: Record<string, string>) => ({
          type: 'new_key',
          type_data: { name, fingerprint },
        })),
        { type: 'import_keys', type_data: { ...data, added: 8, skipped: imported.json.meta.skipped.length } },
        { type: 'edit_integration', type_data: data },
        { type: 'delete_integration', type_data: data },
      ].map((event) => ({ ...event, via: 'api_token' })),
    )
  })

  it('tells of links that were refused for where they lead or whose they are', async () => {
    const platform = sandbox.platforms['github-enterprise']
    const id = await linkAccount(account, platform)
    const before = await eventsOf(account)
    const body = (url: string) => ({ scm_type: 'gitlab-self-hosted', url, access_token: 'glpat-x' })
    for (const url of ['https://10.1.2.3/code', 'https://localhost:4443', 'https://[::1]:4443']) {
      expect((await account.call('POST', '/v1/scm_integrations', body(url))).status).toBe(422)
    }
    // Nothing that the policy has to do with.
    await account.call('POST', '/v1/scm_integrations', body('https://gitlab.example.com/api/v4'))
    const carols = { scm_integration: { access_token: platform.token('carol') } }
    expect((await account.call('PATCH', `/v1/scm_integrations/${id}`, carols)).status).toBe(409)

    const refused = { integration_type: 'gitlab-self-hosted', reason: 'address_refused' }
    const { host } = new URL(platform.url)
    expect((await since(before)).map(({ type, type_data }) => [type, type_data])).toEqual([
      ['integration_failure', { ...refused, host: '10.1.2.3' }],
      ['integration_failure', { ...refused, host: 'localhost:4443' }],
      ['integration_failure', { ...refused, host: '[::1]:4443' }],
      ['integration_failure', { integration_type: 'github-enterprise', host, reason: 'another_account' }],
    ])
  })

  it('tells of a link by OAuth: linked, linked again, unlinked, and revoked at the platform', async () => {
    const platform = sandbox.platforms.gitlab
    await browser.signIn(account)
    const before = await eventsOf(account)
    const id = await linkByOAuth(browser, 'gitlab')
    await linkByOAuth(browser, 'gitlab')
    const other = await browser.get(await decide(browser, await beginLinking(browser, 'gitlab', id), { user: 'carol' }))
    expect(other.text).toContain('That is another account')
    await until(async () => (await eventsOf(account, '?type=revoke_success')).length === 2)
    await browser.call('DELETE', `/v1/scm_integrations/${id}`)
    await until(async () => (await eventsOf(account, '?type=revoke_success')).length === 3)

    const data = linkData(id, platform, 'alice', 42)
    const revoked = { integration_type: 'gitlab', url: platform.url }
    const events = await since(before)
    expect(events).toHaveLength(7)
    expect(events.filter(({ via }) => via === 'session')).toEqual(
      [
        { type: 'new_integration', type_data: { ...data, data: { ...data.data, avatar_url: expect.any(String) } } },
        { type: 'renew_integration', type_data: { ...data, data: { ...data.data, avatar_url: expect.any(String) } } },
        {
          type: 'integration_failure',
          type_data: { integration_type: 'gitlab', host: new URL(platform.url).host, reason: 'another_account' },
        },
        { type: 'delete_integration', type_data: { ...data, data: { ...data.data, avatar_url: expect.any(String) } } },
      ].map((event) => ({ ...event, via: 'session' })),
    )
    expect(events.filter(({ via }) => via === 'server')).toEqual(
      [id, null, id].map((integration_id) => ({
        type: 'revoke_success',
        via: 'server',
        type_data: { integration_id, ...revoked },
      })),
    )
  })

  it('tells of a revocation that was given up', async () => {
    await browser.signIn(account)
    const id = await linkByOAuth(browser, 'gitlab')
    await service.services.database
      .updateTable('scmIntegrations')
      .set({ clientId: 'another' })
      .where('id', '=', id)
      .execute()
    await browser.call('DELETE', `/v1/scm_integrations/${id}`)
    const longAgo = { createdAt: new Date(Date.now() - 4 * DAY).toISOString() }
    await service.services.database.updateTable('revocations').set(longAgo).where('integrationId', '=', id).execute()
    await until(async () => (await eventsOf(account, '?type=revoke_failure')).length === 1)
    const [event] = await eventsOf(account, '?type=revoke_failure')
    expect(event).toMatchObject({
      via: 'server',
      type_data: {
        integration_id: id,
        integration_type: 'gitlab',
        url: sandbox.platforms.gitlab.url,
        reason: 'another application is set up for three days',
      },
    })
  })

  it('tells of a token that was refreshed, once for many callers, and of a link that has expired', async () => {
    const platform = sandbox.platforms.gitlab
    platform.state.settings.oauth.expiring = true
    await browser.signIn(account)
    const id = await linkByOAuth(browser, 'gitlab')
    const before = await eventsOf(account)
    const endNow = () =>
      service.services.database
        .updateTable('scmIntegrations')
        .set({ tokenExpiresAt: new Date(Date.now() - 1000).toISOString() })
        .where('id', '=', id)
        .execute()
    const use = () => account.call('GET', `/v1/scm_integrations/${id}/orgs`)
    await endNow()
    const calls = tokenCalls(platform).length
    await Promise.all([use(), use(), use()])
    expect(tokenCalls(platform).length).toBe(calls + 1)
    await endNow()
    platform.faults.set({ fault: 'oauth-bad-refresh-token' })
    expect((await use()).json.code).toBe('scm_token_rejected')
    expect((await use()).json.code).toBe('scm_token_rejected')
    platform.faults.clear()

    const data = { integration_id: id, integration_type: 'gitlab', data: expect.objectContaining({ login: 'alice' }) }
    expect(await since(before)).toEqual([
      { type: 'refresh_integration', via: 'server', type_data: data },
      {
        type: 'expire_integration',
        via: 'server',
        type_data: { ...data, reason: 'GitLab no longer renews its token.' },
      },
    ])
  })

  it('keeps the events of a removed user for the operator, and shows a new user of the same name nothing of them', async () => {
    await browser.signIn(account)
    const platform = sandbox.platforms.gitlab
    const id = await linkByOAuth(browser, 'gitlab')
    const theirs = (await eventsOf(account)).map((event) => event.id)
    await userRemove(service.services, account.username)
    const row = (type: string) =>
      rows().then((all) => all.find((each) => each.userId === account.id && each.type === type))
    await until(async () => (await row('revoke_success')) !== undefined)
    const { email, username } = account
    expect(await row('delete_user')).toMatchObject({ username, typeData: JSON.stringify({ email, username }) })
    expect(await row('delete_integration')).toMatchObject({ username, via: 'command_line' })
    expect(await row('revoke_success')).toMatchObject({
      username,
      typeData: JSON.stringify({ integration_id: id, integration_type: 'gitlab', url: platform.url }),
    })
    expect((await rows()).map((each) => each.id)).toEqual(expect.arrayContaining(theirs))

    const successor = await service.addAccount(username)
    expect((await eventsOf(successor)).map(({ type }) => type)).toEqual(['new_token', 'new_user'])
    const listed = await forgelink(['events', '--user', username, '--type', 'new_user', '--json'], service.environment)
    const users = listed.stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line).user.id)
    expect(users).toEqual([account.id, successor.id])
  })

  it('shows nobody another’s events', async () => {
    const other = await service.addAccount(`other${count}`)
    await other.call('POST', '/v1/keys', { name: 'of the other', content: KEY.content })
    await account.call('POST', '/v1/keys', { name: 'mine', content: KEY.content })
    for (const [mine, theirs] of [
      [account, other],
      [other, account],
    ] as const) {
      const events = await eventsOf(mine)
      expect(events.map(({ user }) => user.id)).toEqual([mine.id, mine.id, mine.id])
      expect(JSON.stringify(events)).not.toContain(theirs.username)
    }
    for (const headers of [{}, { authorization: 'Bearer x' }]) {
      expect((await send('GET', `${service.url}/v1/events`, undefined, headers)).status).toBe(401)
    }
    await browser.signIn(account)
    expect((await browser.get('/v1/events')).json.events).toHaveLength(4)
  })

  it('lists pages, the newest first, and by type and hours', async () => {
    for (let n = 0; n < 23; n++) await account.call('POST', '/v1/tokens', { name: `n${n}` })
    const names = (answer: Answer) => answer.json.events.map((event: EventJson) => event.type_data.token_name)
    const pages = await Promise.all(
      ['', '?page=2', '?per_page=10&page=3', '?page=4&per_page=10', '?type=new_token&per_page=1&page=2'].map((query) =>
        account.call('GET', `/v1/events${query}`),
      ),
    )
    const [first, second, third, past, ofType] = pages as [Answer, Answer, Answer, Answer, Answer]
    const down = (from: number, to: number) => Array.from({ length: from - to + 1 }, (_, n) => `n${from - n}`)
    expect(names(first)).toEqual(down(22, 3))
    expect(names(second)).toEqual([...down(2, 0), 'forgelink user add', undefined])
    expect(names(third)).toEqual([...down(2, 0), 'forgelink user add', undefined])
    expect([names(past), past.json.meta.pagination]).toEqual([
      [],
      { current_page: 4, prev_page: 3, next_page: null, total_pages: 3, total_count: 25 },
    ])
    expect([names(ofType), ofType.json.meta.pagination]).toEqual([
      ['n21'],
      { current_page: 2, prev_page: 1, next_page: 3, total_pages: 24, total_count: 24 },
    ])
    const [newest, ...rest] = (await rows()).filter(({ userId }) => userId === account.id).reverse()
    await service.services.database
      .updateTable('events')
      .set({ createdAt: new Date(Date.now() - 3 * 3_600_000).toISOString() })
      .where(
        'id',
        'in',
        rest.map(({ id }) => id),
      )
      .execute()
    expect((await eventsOf(account, '?from=2')).map(({ id }) => id)).toEqual([newest?.id])
    expect((await account.call('GET', '/v1/events?from=4')).json.meta.pagination.total_count).toBe(25)
  })

  it.each([
    ['page=0', 'page'],
    ['per_page=101', 'per_page'],
    ['type=nothing', 'type'],
    ['type=constructor', 'type'],
    ['type=', 'type'],
    ['from=0', 'from'],
    ['from=73', 'from'],
    ['from=x', 'from'],
    ['type=new_key&type=new_token', 'type'],
  ])('refuses ?%s', async (query, field) => {
    const answer = await account.call('GET', `/v1/events?${query}`)
    expect([answer.status, Object.keys(answer.json.errors)]).toEqual([422, [field]])
  })

  it('cuts what is long, and takes out what would upset a terminal', async () => {
    const platform = sandbox.platforms['github-enterprise']
    const name = `${'ä'.repeat(254)}🔑🔑`
    const before = await eventsOf(account)
    await account.call('POST', '/v1/keys', { name: 'ä'.repeat(255), content: KEY.content })
    await service.services.database
      .updateTable('users')
      .set({ username: 'safe' })
      .where('id', '=', account.id)
      .execute()
    const id = await linkAccount(account, platform)
    await service.services.database
      .updateTable('scmIntegrations')
      .set({ username: `\u001b[31m${name}`, avatarUrl: `https://x.test/${'a'.repeat(300)}` })
      .where('id', '=', id)
      .execute()
    await account.call('DELETE', `/v1/scm_integrations/${id}`)
    const [key, , unlinked] = await since(before)
    expect(key?.type_data.name).toBe('ä'.repeat(255))
    expect(unlinked?.type_data.data).toEqual({ login: ` [31m${'ä'.repeat(250)}`, avatar_url: null, url: platform.url })
  })

  describe('while events cannot be written', () => {
    const away = (isAway: boolean) =>
      sql
        .raw(isAway ? 'alter table events rename to events_away' : 'alter table events_away rename to events')
        .execute(service.services.database)

    /** All that an account has, which has to be the same before and after. */
    async function state(): Promise<unknown> {
      const { database } = service.services
      const [sessions, revocations, links] = await Promise.all([
        database.selectFrom('sessions').select(['idHash']).where('userId', '=', account.id).execute(),
        // Tokens that never became a link's are revoked, whatever else fails.
        database.selectFrom('revocations').selectAll().where('integrationId', 'is not', null).execute(),
        database.selectFrom('scmIntegrations').selectAll().where('ownerId', '=', account.id).execute(),
      ])
      const [keys, tokens, user] = await Promise.all(
        ['/v1/keys', '/v1/tokens', '/v1/users/self'].map((path) => account.call('GET', path)),
      )
      const hashes = await database.selectFrom('apiTokens').select(['id', 'tokenHash']).orderBy('id').execute()
      const password = await database.selectFrom('users').select('passwordHash').where('id', '=', account.id).execute()
      return [sessions, revocations, links, keys?.json, tokens?.json, user?.json, hashes, password]
    }

    it('changes nothing, and answers 5xx', async () => {
      const platform = sandbox.platforms['github-enterprise']
      await browser.signIn(account)
      const oauthId = await linkByOAuth(browser, 'gitlab')
      const id = await linkAccount(account, platform)
      const keyId = (await account.call('POST', '/v1/keys', { name: 'k', content: KEY.content })).json.key.id
      const tokenId = (await account.call('POST', '/v1/tokens', { name: 't' })).json.token.id
      const callback = await decide(browser, await beginLinking(browser, 'gitlab'), { user: 'carol' })
      const token = { scm_integration: { access_token: platform.token('alice') } }
      const password = { current: account.password, new: 'another horse' }
      const ed25519 = Buffer.from('0000000b7373682d6564323535313900000020', 'hex')
      const content = `ssh-ed25519 ${Buffer.concat([ed25519, Buffer.alloc(32, 9)]).toString('base64')}`
      const other = openBrowser(service)
      const form = await other.get('/sign-in')

      const writes: [string, () => Promise<Answer>][] = [
        ['add a key', () => account.call('POST', '/v1/keys', { name: 'new', content })],
        ['remove a key', () => account.call('DELETE', `/v1/keys/${keyId}`)],
        ['make a token', () => account.call('POST', '/v1/tokens', { name: 'new' })],
        ['renew a token', () => account.call('PATCH', `/v1/tokens/${tokenId}/renew`)],
        ['revoke a token', () => account.call('DELETE', `/v1/tokens/${tokenId}`)],
        ['rename', () => account.call('PUT', '/v1/users/account', { username: `renamed${count}` })],
        ['link', () => account.call('POST', '/v1/scm_integrations', linkBody(platform, 'carol'))],
        ['link by OAuth', () => browser.get(callback)],
        ['replace the token', () => account.call('PATCH', `/v1/scm_integrations/${id}`, token)],
        ['import keys', () => account.call('POST', `/v1/scm_integrations/${id}/import_keys`)],
        ['unlink', () => account.call('DELETE', `/v1/scm_integrations/${id}`)],
        ['unlink OAuth', () => account.call('DELETE', `/v1/scm_integrations/${oauthId}`)],
        ['sign in', () => other.submit(form, { login: account.username, password: account.password })],
        ['sign out', () => browser.call('POST', '/sign-out')],
        ['change the password', () => browser.call('PUT', '/session/password', { password })],
      ]
      const before = await state()
      await away(true)
      try {
        for (const [what, write] of writes) {
          expect([what, (await write()).status]).toEqual([what, 500])
          expect([what, await state()]).toEqual([what, before])
        }
        await expect(userRemove(service.services, account.username)).rejects.toThrow()
        expect(await state()).toEqual(before)
      } finally {
        await away(false)
      }
      expect((await account.call('DELETE', `/v1/keys/${keyId}`)).status).toBe(204)
    })
  })

  describe('failures', () => {
    it('are recorded up to the limit of attempts, and the rest is told as a number within a minute', async () => {
      const replica = await startReplica(service)
      const before = await rows()
      const statuses: number[] = []
      for (let n = 0; n < 14; n++) {
        const headers = { ...basic('', `tk-us-${n}`), 'x-forwarded-for': '192.0.2.99' }
        statuses.push((await send('POST', `${replica.url}/v1/tokens/exchange`, undefined, headers)).status)
      }
      expect(statuses).toEqual([...new Array(10).fill(401), ...new Array(4).fill(429)])
      const added = (await rows()).slice(before.length).filter(({ remoteIp }) => remoteIp === '192.0.2.99')
      expect(added.map(({ type }) => type)).toEqual(new Array(10).fill('exchange_failure'))
      await replica.close()
      const told = (await rows()).slice(before.length).find(({ type }) => type === 'omitted_failures')
      expect(told).toMatchObject({ userId: null, via: 'server', typeData: '{"count":4}' })
    })

    it('from many addresses are bounded for each minute, and do not crowd out those at an account', async () => {
      const replica = await startReplica(service)
      const before = await rows()
      const from = (n: number) => ({ 'x-forwarded-for': `198.51.100.${n}` })
      for (let n = 0; n < 50; n++) {
        const headers = { ...basic(`guess${n}`, 'wrong'), ...from(n) }
        expect((await send('POST', `${replica.url}/v1/tokens`, { name: 'x' }, headers)).status).toBe(401)
      }
      const known = { ...basic(account.username, 'wrong'), ...from(200) }
      expect((await send('POST', `${replica.url}/v1/tokens`, { name: 'x' }, known)).status).toBe(401)
      await replica.close()
      const added = (await rows()).slice(before.length)
      expect(added.filter(({ userId, type }) => userId === null && type === 'login_failure')).toHaveLength(30)
      expect(added.filter(({ userId }) => userId === account.id).map(({ remoteIp }) => remoteIp)).toEqual([
        '198.51.100.200',
      ])
      expect(added.find(({ type }) => type === 'omitted_failures')?.typeData).toBe('{"count":20}')
    })
  })

  it('removes what is older than EVENTS_DAYS, and nothing else; two servers at once do no harm', async () => {
    const { database } = service.services
    const template = await database.selectFrom('events').selectAll().executeTakeFirstOrThrow()
    const mark = randomUUID()
    function add(days: number, copies: number) {
      const createdAt = new Date(Date.now() - days * DAY).toISOString()
      const copy = () => ({ ...template, id: randomUUID(), createdAt, userId: null, requestId: mark })
      return database
        .insertInto('events')
        .values(Array.from({ length: copies }, copy))
        .execute()
    }
    await add(366, 1_200)
    await add(364, 3)
    const left = async () => (await rows()).filter(({ requestId }) => requestId === mark).length
    const all = (await rows()).length
    // Two that share a SQLite file in one process block each other, which two processes do not.
    const servers = engine === 'PostgreSQL' ? 2 : 1
    const replicas = await Promise.all(Array.from({ length: servers }, () => startReplica(service)))
    await until(async () => (await left()) === 3)
    await Promise.all(replicas.map((replica) => replica.close()))
    expect((await rows()).length).toBe(all - 1_200)
    await database.deleteFrom('events').where('requestId', '=', mark).execute()
  })

  it('keeps everything with EVENTS_DAYS=0', async () => {
    const forever = await startService(engine, { EVENTS_DAYS: '0' })
    await forever.addAccount('one')
    const { database } = forever.services
    await database.updateTable('events').set({ createdAt: '2001-01-01T00:00:00.000Z' }).execute()
    const replica = await startReplica(forever)
    await delay(300)
    expect(await database.selectFrom('events').select('id').execute()).toHaveLength(2)
    await replica.close()
    await forever.close()
  })

  it('holds no secret', async () => {
    const platform = sandbox.platforms['github-enterprise']
    await browser.signIn(account)
    const cookies = [...browser.cookies.values()]
    const csrf = (await browser.get('/session')).json.session.csrf_token
    const authorize = await beginLinking(browser, 'github')
    const callback = await decide(browser, authorize)
    await browser.get(callback)
    await account.call('PATCH', `/v1/scm_integrations/${await linkAccount(account, platform)}`, {
      access_token: platform.token('alice'),
    })
    const made = await account.call('POST', '/v1/tokens', { name: 'canary' })
    const renewed = await account.call('PATCH', `/v1/tokens/${made.json.token.id}/renew`)
    const password = { current: account.password, new: 'canary of a password' }
    await browser.call('PUT', '/session/password', { password })
    await send('POST', `${service.url}/v1/tokens`, { name: 'x' }, basic('canary-as-name', 'canary-as-password'))
    await send('POST', `${service.url}/v1/tokens/exchange`, undefined, basic('', 'tk-us-canary-token'))
    await account.call('POST', '/v1/scm_integrations', {
      scm_type: 'gitlab-self-hosted',
      url: 'https://10.9.9.9/canary-in-path',
      access_token: 'glpat-canary-refused',
    })
    await browser.call('POST', '/sign-out')
    await userRemove(service.services, account.username)
    const states = [authorize, callback].flatMap((address) => {
      const { searchParams } = new URL(address, service.url)
      return ['state', 'code', 'code_challenge'].map((name) => searchParams.get(name) ?? '')
    })
    const secrets = [
      ...[account.token, account.bearer, account.password, made.json.token.token, renewed.json.token.token],
      ...[platform.token('alice'), ...sandbox.platforms.github.state.tokens.map(({ value }) => value)],
      ...[...cookies, csrf, sandbox.platforms.github.oauth.secret, ...states].filter((text) => text !== ''),
      ...['canary of a password', 'canary-as-name', 'canary-as-password', 'tk-us-', 'glpat-canary', 'canary-in-path'],
    ]
    expect(secrets.length).toBeGreaterThan(15)
    const all = await rows()
    const everything = JSON.stringify(all)
    expect(everything).toContain('10.9.9.9')
    for (const secret of secrets) {
      for (const form of [secret, Buffer.from(secret).toString('base64'), encodeURIComponent(secret)]) {
        expect([form, everything.includes(form)]).toEqual([form, false])
      }
    }
  })

  describe('forgelink events', () => {
    it('prints a table, the newest last', async () => {
      await account.call('POST', '/v1/keys', { name: 'laptop', content: KEY.content })
      const { code, stdout, stderr } = await forgelink(['events', '--user', account.email], service.environment)
      expect([code, stderr]).toEqual([0, ''])
      const name = account.username
      const lines = stdout
        .split('\n')
        .map((line) => line.replace(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}(?= )/, 'TIME'))
      expect(lines.map((line) => line.split(/ {2,}/))).toEqual([
        ['TIME (UTC)', 'USER', 'TYPE', 'BY', 'FROM', 'WHAT'],
        ['TIME', name, 'new_user', 'command line', '-', `user added, ${account.email}`],
        ['TIME', name, 'new_token', 'command line', '-', 'API token "forgelink user add" made'],
        [
          ...['TIME', name, 'new_key', 'API token "forgelink user add"', '127.0.0.1'],
          `SSH key "laptop" added, ${KEY.fingerprint}`,
        ],
        [''],
      ])
    })

    it('prints one JSON object a line, of everybody, as many of the newest as asked for', async () => {
      const { id, username } = account
      await send('POST', `${service.url}/v1/tokens/exchange`, undefined, basic('', 'tk-us-guessed'))
      const all = await forgelink(['events', '--json', '--since', '1h'], service.environment)
      const lines = all.stdout.split('\n')
      expect(lines.pop()).toBe('')
      const events: EventJson[] = lines.map((line) => JSON.parse(line))
      const times = events.map((event) => event.created_at)
      expect(times).toEqual([...times].sort())
      expect(events.find((event) => event.user?.id === id && event.type === 'new_token')).toEqual({
        id: expect.stringMatching(UUID_7),
        created_at: expect.stringMatching(TIME),
        user: { id, username },
        type: 'new_token',
        type_data: { token_id: expect.any(String), token_name: 'forgelink user add' },
        via: 'command_line',
        api_token: null,
        remote_ip: null,
        request_id: null,
      })
      expect(events.findLast(({ type }) => type === 'exchange_failure')).toMatchObject({ user: null, via: 'api_token' })
      const one = await forgelink(['events', '--json', '--type', 'new_user', '--limit', '1'], service.environment)
      expect(JSON.parse(one.stdout)).toMatchObject({ type: 'new_user', user: { id } })
    })

    it('says when there is none, and as JSON nothing', async () => {
      const args = ['events', '--user', account.id, '--type', 'delete_user', '--since', '2026-01-31']
      const runs = await Promise.all([args, [...args, '--json']].map((each) => forgelink(each, service.environment)))
      expect(runs.map(({ code, stdout, stderr }) => [code, stdout, stderr])).toEqual([
        [0, 'There is no such event.\n', ''],
        [0, '', ''],
      ])
    })

    it('ends with 2 and says which option cannot be read', async () => {
      const cases = [
        ['--type', 'nothing', '--type must be one of new_user, '],
        ['--since', 'yesterday', '--since must be a date or time in UTC'],
        ['--since', '2026-13-01', '--since must be a date or time in UTC'],
        ['--limit', '0', '--limit must be a whole number from 1 to 100000'],
      ]
      const runs = await Promise.all(
        cases.map(([option = '', value = '']) => forgelink(['events', option, value], service.environment)),
      )
      for (const [index, { code, stdout, stderr }] of runs.entries()) {
        const [, , message = ''] = cases[index] ?? []
        expect([code, stdout, stderr.includes(`forgelink: ${message}`)]).toEqual([2, '', true])
      }
    })
  })
})
