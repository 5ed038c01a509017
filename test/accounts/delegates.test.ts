// What somebody who acts for a user may do, what is recorded of it, and when it ends.

import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import type { Sandbox } from '../../sandbox/sandbox.ts'
import { setUserActive } from '../../src/accounts/roles.ts'
import { isOpenToDelegates, scopeFor } from '../../src/accounts/scopes.ts'
import { COMMAND_LINE } from '../../src/audit/events.ts'
import { eventList } from '../../src/commands/events.ts'
import { serviceTokenRemove } from '../../src/commands/service-tokens.ts'
import { userRemove } from '../../src/commands/users.ts'
import { openBrowser, ownAddress } from '../support/browser.ts'
import { linkAccount, startPlatforms } from '../support/platforms.ts'
import { ed25519Key } from '../support/public-keys.ts'
import { listRoutes } from '../support/routes.ts'
import {
  type Account,
  basic,
  describeOnBothEngines,
  type Service,
  send,
  startReplica,
  startService,
} from '../support/service.ts'
import { addService, ISSUER } from '../support/service-tokens.ts'

/** They need no caller, or one of their own. */
const OPEN = ['GET /v1/regions', 'POST /v1/tokens/exchange']

// The API's contract allows 10 s; each try takes a password, of which ten wrong ones are refused unchecked.
const ON_EVERY_REPLICA = { timeout: 5_000, interval: 600 }

describeOnBothEngines('who acts for a user', (engine) => {
  let sandbox: Sandbox
  let service: Service
  let alice: Account
  let count = 0

  beforeAll(async () => {
    const started = await startPlatforms()
    sandbox = started.sandbox
    service = await startService(engine, { ...started.settings, ...(await ownAddress()) })
    await service.addAccount('administrator')
    alice = await service.addAccount('alice')
  })
  afterAll(async () => {
    await service.close()
    await sandbox.close()
  })

  it('is told of every route whether it is open, and a route without a rule is closed', async () => {
    const routes = (await listRoutes(service)).filter((route) => / \/v1\//.test(route) && !OPEN.includes(route))
    const without = routes.filter((route) => {
      const [method = '', path = ''] = route.split(' ')
      return isOpenToDelegates(method, path) === undefined
    })
    expect(without).toEqual([])
    expect(isOpenToDelegates('GET', '/v1/new')).toBe(undefined)
    expect(isOpenToDelegates('GET', '/v1/keysets')).toBe(undefined)
    expect([isOpenToDelegates('HEAD', '/v1/users/self'), isOpenToDelegates('PUT', '/v1/users/self')]).toEqual([
      true,
      false,
    ])
  })

  it('is refused what outlives them before the scope is looked at, however few scopes there are', async () => {
    const console = await addService(service)
    for (const scopes of [['read'], ['write'], ['read', 'write']]) {
      const call = await console.actFor({ id: alice.id }, { scopes })
      for (const route of (await listRoutes(service)).filter((each) => / \/v1\//.test(each) && !OPEN.includes(each))) {
        const [method = '', path = ''] = route.split(' ')
        const answer = await call(method, path.replace(':id', 'x'), method === 'GET' ? undefined : { x: 1 })
        const needed = scopeFor(method, path)
        const expected = !isOpenToDelegates(method, path)
          ? 'forbidden_for_delegate'
          : scopes.includes(needed)
            ? answer.json?.code
            : 'insufficient_scope'
        expect([scopes, route, answer.json?.code]).toEqual([scopes, route, expected])
      }
    }
  })

  it('never has the role of the user, who is an administrator', async () => {
    const console = await addService(service, { scopes: ['users:act', 'admin:read', 'admin:write', 'read', 'write'] })
    const { id } = await service.services.database
      .selectFrom('users')
      .select('id')
      .where('role', '=', 'admin')
      .executeTakeFirstOrThrow()
    const call = await console.actFor({ id })
    expect((await call('GET', '/v1/users/self')).json.user).toMatchObject({ id, role: null })
    const answer = await call('GET', '/v1/admin/service_tokens')
    expect([answer.status, answer.json.code]).toEqual([403, 'forbidden_for_delegate'])
    // The token itself is that of the service, not of the user.
    expect((await console.call('GET', '/v1/admin/service_tokens')).status).toBe(200)
  })

  it('is shown platform tokens with the scope for it alone', async () => {
    const link = await linkAccount(alice, sandbox.platforms['gitlab-self-hosted'])
    const showing = await addService(service, { scopes: ['users:act', 'read', 'access_tokens'] })
    const [reading, seeing] = [
      await showing.actFor({ id: alice.id }),
      await showing.actFor({ id: alice.id }, { scopes: ['read', 'access_tokens'] }),
    ]
    for (const path of ['/v1/scm_integrations', `/v1/scm_integrations/${link}`]) {
      expect((await reading('GET', path)).text).not.toContain('access_token')
      expect((await seeing('GET', path)).text).toContain('"access_token":"glpat-')
    }
    const [event] = (await reading('GET', '/v1/events?type=show_access_tokens')).json.events
    expect(event).toMatchObject({ via: 'service_token', act: { type: 'service', id: showing.id, name: 'console' } })
  })

  it('is named in every event of what they did, in the API, the table and the command', async () => {
    const console = await addService(service, { name: 'our “console”' })
    const call = await console.actFor({ id: alice.id })
    const made = await call('POST', '/v1/keys', { name: 'laptop', content: ed25519Key(++count) })
    expect(made.status).toBe(201)
    await alice.call('DELETE', `/v1/keys/${made.json.key.id}`)
    const { json } = await alice.call('GET', '/v1/events?per_page=2')
    const act = { type: 'service', id: console.id, name: 'our “console”' }
    expect(json.events).toMatchObject([
      { type: 'delete_key', user: { id: alice.id }, act: null, via: 'api_token' },
      { type: 'new_key', user: { id: alice.id }, act, via: 'service_token', api_token: null },
    ])
    const printed = await eventList(
      service.services,
      { user: 'alice', type: 'new_key', since: undefined, limit: 1 },
      { json: false },
    )
    expect(printed).toContain('service "our “console”", service token')
    const lines = await eventList(
      service.services,
      { user: 'alice', type: 'new_key', since: undefined, limit: 1 },
      { json: true },
    )
    expect(JSON.parse(lines)).toMatchObject({ user: { id: alice.id }, act })
  })

  it('ends with the service token, at once, and soon on every replica', async () => {
    const console = await addService(service)
    const replica = await startReplica(service)
    try {
      const jwt = (await console.exchange({ user: { id: alice.id } })).json.token
      const headers = { authorization: `Bearer ${jwt}` }
      const urls = [service.url, replica.url]
      const ask = () => Promise.all(urls.map((url) => send('GET', `${url}/v1/keys`, undefined, headers)))
      expect((await ask()).map(({ status }) => status)).toEqual([200, 200])
      await serviceTokenRemove(service.services, console.id, { json: false })
      expect((await ask())[0]?.status).toBe(401)
      await vi.waitFor(async () => expect((await ask())[1]?.status).toBe(401), ON_EVERY_REPLICA)
      for (const url of urls) expect((await console.exchange({ user: { id: alice.id } }, url)).status).toBe(401)
    } finally {
      await replica.close()
    }
  })

  it('ends with the user: every credential of a deactivated one is refused, on every replica; a JWT stays so', async () => {
    const leaver = await service.addAccount('leaver')
    const browser = openBrowser(service)
    await browser.signIn(leaver)
    const console = await addService(service)
    const jwt = (await console.exchange({ user: { id: leaver.id } })).json.token
    const replica = await startReplica(service)
    const setActive = (isActive: boolean) =>
      service.services.database
        .transaction()
        .execute((transaction) => setUserActive(transaction, COMMAND_LINE, leaver.id, isActive))
    const statuses = async () => {
      const calls = [service.url, replica.url].flatMap((url) => [
        send('GET', `${url}/v1/keys`, undefined, { authorization: `Bearer ${leaver.bearer}` }),
        send('GET', `${url}/v1/keys`, undefined, { authorization: `Bearer ${jwt}` }),
        send('POST', `${url}/v1/tokens/exchange`, undefined, basic('', leaver.token)),
      ])
      const password = await send('POST', `${service.url}/v1/tokens`, { name: 'x' }, basic('leaver', leaver.password))
      return [...(await Promise.all(calls)), await browser.call('GET', '/session'), password].map(
        ({ status }) => status,
      )
    }
    try {
      expect(await statuses()).toEqual([200, 200, 200, 200, 200, 200, 200, 201])
      await setActive(false)
      await vi.waitFor(async () => expect(await statuses()).toEqual(new Array(8).fill(401)), ON_EVERY_REPLICA)
      await setActive(true)
      const again = [200, 401, 200, 200, 401, 200, 200, 201]
      await vi.waitFor(async () => expect(await statuses()).toEqual(again), ON_EVERY_REPLICA)
      const { json } = await leaver.call('GET', '/v1/events')
      const types = json.events.map(({ type }: { type: string }) => type)
      expect(types.filter((type: string) => /activate/.test(type))).toEqual(['reactivate_user', 'deactivate_user'])
    } finally {
      await replica.close()
    }
  })

  it('begins anew with the user who is active again, also within the same second', async () => {
    const leaver = await service.addAccount(`back-${++count}`)
    const console = await addService(service)
    const statusOf = async (jwt: string) =>
      (await send('GET', `${service.url}/v1/keys`, undefined, { authorization: `Bearer ${jwt}` })).status
    const exchanged = async () => (await console.exchange({ user: { id: leaver.id } })).json.token
    const before = await exchanged()
    for (const isActive of [false, true]) {
      await service.services.database
        .transaction()
        .execute((transaction) => setUserActive(transaction, COMMAND_LINE, leaver.id, isActive))
    }
    expect([await statusOf(await exchanged()), await statusOf(before)]).toEqual([200, 401])
  })

  it('ends with a user who is removed', async () => {
    const console = await addService(service)
    const call = await console.actFor({ issuer: ISSUER, subject: 'brief', username: 'brief' })
    expect((await call('GET', '/v1/keys')).status).toBe(200)
    await userRemove(service.services, 'brief')
    expect((await call('GET', '/v1/keys')).status).toBe(401)
    expect((await console.exchange({ user: { issuer: ISSUER, subject: 'brief' } })).status).toBe(404)
  })
})
