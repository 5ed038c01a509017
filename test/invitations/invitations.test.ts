// Links for one use, by which people set a password: made by an administrator or a service, opened in a browser.

import { afterAll, beforeAll, expect, it } from 'vitest'
import { setUserRole } from '../../src/accounts/roles.ts'
import { COMMAND_LINE } from '../../src/audit/events.ts'
import { pruneInvitations } from '../../src/invitations/invitations.ts'
import { type Browser, openBrowser, ownAddress, sessionCookieOf } from '../support/browser.ts'
import {
  type Account,
  type Answer,
  describeOnBothEngines,
  type Service,
  send,
  startService,
} from '../support/service.ts'
import { addService, type ServiceAccount } from '../support/service-tokens.ts'

const NEW_PASSWORD = 'battery staple'
const FORM = { password: NEW_PASSWORD, again: NEW_PASSWORD }
const NO_LINK = 'This link does not work'

describeOnBothEngines('invitations', (engine) => {
  let service: Service
  let admin: Account
  let portal: ServiceAccount

  beforeAll(async () => {
    service = await startService(engine, await ownAddress())
    admin = await service.addAccount('root')
    portal = await addService(service, { name: 'portal', scopes: ['users:act', 'read', 'admin:write'] })
  })
  afterAll(() => service.close())

  function ask({ id }: Pick<Account, 'id'>): Promise<Answer> {
    return admin.call('POST', `/v1/admin/users/${id}/invitation`)
  }

  async function linkFor(user: Pick<Account, 'id'>): Promise<string> {
    const { status, json, text } = await ask(user)
    expect(status, text).toBe(201)
    return json.invitation.url
  }

  async function isOpen(url: string): Promise<boolean> {
    const { status, text } = await openBrowser(service).get(url)
    expect([200, 404]).toContain(status)
    expect(text.includes(NO_LINK)).toBe(status === 404)
    return status === 200
  }

  async function use(url: string, browser: Browser = openBrowser(service)): Promise<Answer> {
    return browser.submit(await browser.get(url), FORM)
  }

  async function signIn(login: string, password: string): Promise<number> {
    const browser = openBrowser(service)
    return (await browser.submit(await browser.get('/sign-in'), { login, password })).status
  }

  const events = async ({ id }: Account, type: string) =>
    (await admin.call('GET', `/v1/admin/users/${id}/events?per_page=100`)).json.events.filter(
      (event: { type: string }) => event.type === type,
    )

  it('are given out once, to be passed on, and end after a day', async () => {
    const user = await service.addAccount('given')
    const { status, json } = await ask(user)
    expect([status, json]).toEqual([
      201,
      {
        invitation: {
          url: expect.stringMatching(`^${service.url}/invitations/[A-Za-z0-9_-]{43}$`),
          sent_to: null,
          expires_at: expect.any(String),
        },
      },
    ])
    const hours = (Date.parse(json.invitation.expires_at) - Date.now()) / 3_600_000
    expect(hours).toBeGreaterThan(23.9)
    expect(hours).toBeLessThanOrEqual(24)
    expect(await events(user, 'new_invitation')).toMatchObject([
      { type_data: { sent_to: null }, via: 'api_token', act: { type: 'administrator', id: admin.id, name: 'root' } },
    ])
  })

  it('set the password, sign in, and end what there was', async () => {
    const user = await service.addAccount('forgetful')
    const old = openBrowser(service)
    await old.signIn(user)
    const url = await linkFor(user)
    const browser = openBrowser(service)
    const page = await browser.get(url)
    expect(page.text).toContain('<strong>forgetful</strong> (forgetful@example.test)')
    expect(page.headers.get('cache-control')).toBe('no-store')
    // The whole address is in no Referer, and a form still has its Origin.
    expect(page.headers.get('referrer-policy')).toBe('strict-origin')

    const done = await browser.submit(page, FORM)
    expect([done.status, done.headers.get('location')]).toEqual([303, '/profile'])
    expect((await browser.get('/session')).json.session.user.id).toBe(user.id)
    expect((await old.get('/session')).status).toBe(401)
    expect((await user.call('GET', '/v1/users/self')).status).toBe(401)
    const basic = `Basic ${Buffer.from(`:${user.token}`).toString('base64')}`
    const exchanged = await send('POST', `${service.url}/v1/tokens/exchange`, undefined, { authorization: basic })
    expect(exchanged.status).toBe(401)
    expect(await signIn('forgetful', user.password)).toBe(401)
    expect(await signIn('forgetful@example.test', NEW_PASSWORD)).toBe(303)

    const { database } = service.services
    const rows = await database.selectFrom('invitations').where('userId', '=', user.id).selectAll().execute()
    expect(rows).toEqual([])
    const again = await browser.get(url)
    expect([again.status, again.text.includes(NO_LINK)]).toEqual([404, true])
    const byAdmin = {
      via: 'invitation',
      act: { type: 'administrator', id: admin.id, name: 'root' },
      remote_ip: '127.0.0.1',
    }
    expect(await events(user, 'password_reset_success')).toMatchObject([byAdmin])
    expect(await events(user, 'delete_token')).toMatchObject([byAdmin])
    expect((await events(user, 'login_success')).slice(1)).toMatchObject([byAdmin, { via: 'password' }])
  })

  it('are only shown by GET and HEAD, and need a form of ours with a good password', async () => {
    const user = await service.addAccount('careful')
    const url = await linkFor(user)
    const browser = openBrowser(service)
    const page = await browser.get(url)
    expect((await send('HEAD', url)).status).toBe(200)

    expect((await browser.post(url, FORM)).status).toBe(403)
    expect((await browser.submit(page, FORM, { origin: 'https://evil.example' })).status).toBe(403)
    const without = await openBrowser(service).submit(page, FORM)
    expect([without.status, without.text.includes('Your browser sent no cookie')]).toEqual([403, true])
    for (const [fields, problem] of [
      [{ password: 'short', again: 'short' }, 'The password must have at least 8 characters.'],
      [{ password: 'x'.repeat(201), again: 'x'.repeat(201) }, 'The password must have at most 200 characters.'],
      [{ password: NEW_PASSWORD, again: 'another one' }, 'The two passwords differ.'],
      [{}, 'The password must have at least 8 characters.'],
    ] as const) {
      const answer = await browser.submit(page, fields)
      expect([answer.status, answer.text.includes(problem)]).toEqual([422, true])
    }
    expect((await user.call('GET', '/v1/users/self')).status).toBe(200)
    expect((await browser.submit(page, FORM)).status).toBe(303)
  })

  it('are one for each user: a new one ends the one before', async () => {
    const user = await service.addAccount('twice')
    const [first, second] = [await linkFor(user), await linkFor(user)]
    expect([await isOpen(first), await isOpen(second)]).toEqual([false, true])
  })

  it('are used once, by one of two browsers at the same time', async () => {
    const url = await linkFor(await service.addAccount('contested'))
    const browsers = [openBrowser(service), openBrowser(service)]
    const pages = await Promise.all(browsers.map((browser) => browser.get(url)))
    const answers = await Promise.all(browsers.map((browser, n) => browser.submit(pages[n] as Answer, FORM)))
    expect(answers.map(({ status }) => status).sort()).toEqual([303, 404])
  })

  it('end with their day, and then go', async () => {
    const user = await service.addAccount('late')
    const url = await linkFor(user)
    const { database } = service.services
    const past = new Date(Date.now() - 1_000).toISOString()
    await database.updateTable('invitations').set({ expiresAt: past }).where('userId', '=', user.id).execute()
    expect(await isOpen(url)).toBe(false)
    await pruneInvitations(database)
    expect(await database.selectFrom('invitations').where('userId', '=', user.id).selectAll().execute()).toEqual([])
  })

  it.each<[string, (user: Account) => Promise<unknown>]>([
    ['is removed', (user) => admin.call('DELETE', `/v1/admin/users/${user.id}`)],
    ['gets another address', (user) => admin.call('PATCH', `/v1/admin/users/${user.id}`, { user: { email: null } })],
    [
      'becomes an administrator',
      (user) =>
        service.services.database
          .transaction()
          .execute((transaction) => setUserRole(transaction, COMMAND_LINE, user.id, 'admin')),
    ],
    [
      'changes the password',
      async (user) => {
        const browser = openBrowser(service)
        await browser.signIn(user)
        await browser.call('PUT', '/session/password', { password: { current: user.password, new: NEW_PASSWORD } })
      },
    ],
    [
      'was deactivated, and is active again',
      async (user) => {
        for (const active of [false, true])
          await admin.call('PATCH', `/v1/admin/users/${user.id}`, { user: { active } })
      },
    ],
  ])('end when the user %s', async (_what, change) => {
    const user = await service.addAccount('changing')
    const url = await linkFor(user)
    expect(await isOpen(url)).toBe(true)
    await change(user)
    expect(await isOpen(url)).toBe(false)
  })

  it('are made by a service with the scope, for a member', async () => {
    const user = await service.addAccount('customer')
    const { status, json } = await portal.call('POST', `/v1/admin/users/${user.id}/invitation`)
    expect(status).toBe(201)
    expect((await use(json.invitation.url)).status).toBe(303)
    expect(await events(user, 'password_reset_success')).toMatchObject([
      { via: 'invitation', act: { type: 'service', id: portal.id, name: 'portal' } },
    ])
  })

  it('say who is not there or not active', async () => {
    const unknown = await ask({ id: 'us-nobody' })
    expect([unknown.status, unknown.json.resource]).toEqual([404, 'user'])
    const { id } = await service.addAccount('inactive')
    await admin.call('PATCH', `/v1/admin/users/${id}`, { user: { active: false } })
    const inactive = await ask({ id })
    expect([inactive.status, inactive.json.code]).toEqual([403, 'user_inactive'])
  })

  it('and address of an administrator: only in the session of one who signed in within five minutes', async () => {
    const path = `/v1/admin/users/${admin.id}`
    const email = { user: { email: 'eve@example.test' } }
    for (const call of [portal.call, admin.call]) {
      for (const answer of [await call('POST', `${path}/invitation`), await call('PATCH', path, email)]) {
        expect([answer.status, answer.json.code]).toEqual([403, 'admin_required'])
      }
      expect((await call('PATCH', path, { user: { email: admin.email } })).status).toBe(200)
    }
    const browser = openBrowser(service)
    await browser.signIn(admin)
    const fresh = await browser.call('POST', `${path}/invitation`)
    expect(fresh.status).toBe(201)
    const old = new Date(Date.now() - 301_000).toISOString()
    await service.services.database
      .updateTable('sessions')
      .set({ createdAt: old })
      .where('userId', '=', admin.id)
      .execute()
    for (const [method, asked, body] of [
      ['POST', `${path}/invitation`, undefined],
      ['PATCH', path, email],
    ] as const) {
      const stale = await browser.call(method, asked, body)
      expect([stale.status, stale.json.code]).toEqual([403, 'password_required'])
    }
    expect((await browser.get(fresh.json.invitation.url)).text).toContain('<strong>root</strong>')
  })

  it('tell whoever is signed in as somebody else, and take their place', async () => {
    const [other, user] = [await service.addAccount('neighbour'), await service.addAccount('newcomer')]
    const browser = openBrowser(service)
    await browser.signIn(other)
    const before = sessionCookieOf(browser) ?? ''
    const page = await browser.get(await linkFor(user))
    expect(page.text).toMatch(/You are signed in as <strong>neighbour<\/strong> in this browser/)
    expect((await browser.submit(page, FORM)).status).toBe(303)
    expect((await browser.get('/session')).json.session.user.id).toBe(user.id)
    expect((await send('GET', `${service.url}/session`, undefined, { cookie: before })).status).toBe(401)
  })

  it('cannot be guessed: wrong ones are slowed, and a right one is not', async () => {
    const url = await linkFor(await service.addAccount('guessed'))
    const statuses: number[] = []
    for (let n = 0; n < 12; n++) statuses.push((await send('GET', `${service.url}/invitations/wrong-${n}`)).status)
    expect(statuses.filter((status) => status === 429).length).toBeGreaterThan(0)
    expect(statuses.at(-1)).toBe(429)
    expect((await send('GET', url)).status).toBe(200)
  })
})
