// Administrators over the API: accounts found, made, changed and removed, by a session, a bearer and a service.

import { afterAll, beforeAll, expect, it } from 'vitest'
import { setUserRole } from '../../src/accounts/roles.ts'
import type { ServiceScope } from '../../src/accounts/scopes.ts'
import { createServiceToken } from '../../src/accounts/service-tokens/service-tokens.ts'
import { COMMAND_LINE } from '../../src/audit/events.ts'
import { type Browser, openBrowser, ownAddress } from '../support/browser.ts'
import {
  type Account,
  type Answer,
  describeOnBothEngines,
  type Service,
  send,
  startService,
} from '../support/service.ts'

const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/

describeOnBothEngines('accounts, for administrators', (engine) => {
  let service: Service
  let admin: Account
  let browser: Browser
  let member: Account

  beforeAll(async () => {
    service = await startService(engine, await ownAddress())
    admin = await service.addAccount('root')
    browser = openBrowser(service)
    await browser.signIn(admin)
    member = await service.addAccount('member')
  })
  afterAll(() => service.close())

  async function serviceToken(
    ...scopes: ServiceScope[]
  ): Promise<(method: string, path: string, body?: unknown) => Promise<Answer>> {
    const { token } = await service.services.database
      .transaction()
      .execute((transaction) =>
        createServiceToken(transaction, COMMAND_LINE, null, { name: 'the PaaS', scopes, issuers: [], expiresAt: null }),
      )
    return (method, path, body) => send(method, `${service.url}${path}`, body, { authorization: `Bearer ${token}` })
  }

  it('shows an account with its role, whether it is active, and its identities', async () => {
    const { status, json } = await admin.call('GET', `/v1/admin/users/${member.id.toUpperCase()}`)
    expect(status).toBe(200)
    expect(json).toEqual({
      user: {
        id: member.id,
        uuid: member.id.slice(3),
        username: 'member',
        fullname: 'member',
        avatar_url: null,
        email: 'member@example.test',
        created_at: expect.stringMatching(TIME),
        updated_at: expect.stringMatching(TIME),
        flags: {},
        limits: {},
        company: null,
        location: null,
        role: 'member',
        github: null,
        active: true,
        identities: [],
      },
    })
  })

  it('is for administrators only', async () => {
    const forbidden = await member.call('GET', '/v1/admin/users')
    expect([forbidden.status, forbidden.json.code]).toEqual([403, 'admin_required'])
    const reader = await serviceToken('admin:read')
    expect((await reader('GET', '/v1/admin/users')).status).toBe(200)
    const write = await reader('POST', '/v1/admin/users', { user: { username: 'x' } })
    expect([write.status, write.json.code, write.json.scope]).toEqual([403, 'insufficient_scope', 'admin:write'])
  })

  it('makes an account with identities, which is found by them', async () => {
    const identities = [{ issuer: 'https://paas.example', subject: '42' }]
    const writer = await serviceToken('admin:read', 'admin:write')
    const made = await writer('POST', '/v1/admin/users', { user: { email: null, username: 'ada', identities } })
    expect(made.status, made.text).toBe(201)
    expect(made.json.user).toMatchObject({ email: null, username: 'ada', role: 'member', active: true })
    expect(made.json.user.identities).toEqual([
      {
        id: expect.any(String),
        issuer: 'https://paas.example',
        subject: '42',
        created_at: expect.stringMatching(TIME),
        last_used_at: null,
      },
    ])
    const found = await writer('GET', '/v1/admin/users?issuer=https%3A%2F%2Fpaas.example&subject=42')
    expect(found.json.users.map(({ username }: { username: string }) => username)).toEqual(['ada'])
    const events = await writer('GET', `/v1/admin/events?user=${made.json.user.id}&type=new_identity`)
    expect(events.json.events).toMatchObject([
      { type: 'new_identity', via: 'service_token', act: { type: 'service', name: 'the PaaS' } },
    ])
  })

  it.each([
    [{ username: 'new', email: 'MEMBER@example.test' }, 409, { code: 'email_taken' }],
    [{ username: 'MEMBER', email: 'new@example.test' }, 409, { code: 'conflict' }],
    [{ username: 'new', identities: [{ issuer: 'https://taken.example', subject: '1' }] }, 409, { code: 'conflict' }],
    [{ email: 'new@example.test' }, 422, { errors: { username: ['is missing'] } }],
    [{ username: 'a b', email: 'x' }, 422, { errors: { username: [expect.any(String)], email: [expect.any(String)] } }],
    [{ username: 'new', email: 1 }, 422, { errors: { email: ['must be a string or null'] } }],
    [{ username: 'new', role: 'owner' }, 422, { errors: { role: ['must be one of admin, member'] } }],
    [{ username: 'new', identities: 'x' }, 422, { errors: { identities: [expect.any(String)] } }],
    [{ username: 'new', identities: [{ issuer: 'x' }] }, 422, { errors: { identities: [expect.any(String)] } }],
    [{ username: 'new', identities: [null] }, 422, { errors: { identities: [expect.any(String)] } }],
  ])('makes nobody of %j', async (user, status, body) => {
    const identities = [{ issuer: 'https://taken.example', subject: '1' }]
    await admin.call('POST', '/v1/admin/users', { user: { username: 'first-one', identities } })
    const answer = await admin.call('POST', '/v1/admin/users', { user })
    expect([answer.status, answer.json]).toEqual([status, expect.objectContaining(body)])
    expect((await admin.call('GET', '/v1/admin/users?search=new')).json.users).toEqual([])
  })

  it('finds by part of the e-mail address, user name or name, where nothing is a wildcard', async () => {
    for (const username of ['per_cent', 'percent', 'Other.Percy']) {
      await admin.call('POST', '/v1/admin/users', { user: { username, email: `${username}@wild.test` } })
    }
    const found = async (search: string) => {
      const { json } = await admin.call('GET', `/v1/admin/users?search=${encodeURIComponent(search)}`)
      return json.users.map(({ username }: { username: string }) => username)
    }
    expect(await found('PERC')).toEqual(['percent', 'Other.Percy'])
    expect(await found('r_c')).toEqual(['per_cent'])
    expect(await found('%')).toEqual([])
    expect(await found('\\')).toEqual([])
    const { database } = service.services
    await database.updateTable('users').set({ fullName: 'Percy_Shelley' }).where('username', '=', 'percent').execute()
    expect([await found('y_shel'), await found('yxshel')]).toEqual([['percent'], []])
    expect(await found('@WILD.')).toEqual(['per_cent', 'percent', 'Other.Percy'])
  })

  it('pages, and filters by role and activity', async () => {
    const first = await admin.call('GET', '/v1/admin/users?per_page=1')
    expect(first.json.users.map(({ id }: { id: string }) => id)).toEqual([admin.id])
    expect(first.json.meta.pagination).toMatchObject({ current_page: 1, prev_page: null, next_page: 2 })
    const admins = await admin.call('GET', '/v1/admin/users?role=admin&active=true')
    expect(admins.json.users).toHaveLength(1)
    expect(admins.json.meta.pagination).toMatchObject({ next_page: null, total_pages: 1, total_count: 1 })
    expect((await admin.call('GET', '/v1/admin/users?active=false')).json.users).toEqual([])
  })

  it.each([
    ['users?role=owner', 'role'],
    ['users?search=a%00b', 'search'],
    ['users?active=1', 'active'],
    ['users?issuer=https://x', 'subject'],
    ['users?subject=1', 'issuer'],
    ['users?page=501', 'page'],
    ['users?page=0', 'page'],
    ['users?per_page=101', 'per_page'],
    ['integrations?status=broken', 'status'],
    ['integrations?scm_type=svn', 'scm_type'],
    ['integrations?user=alice', 'user'],
    ['integrations?host=https://gitlab.corp.lan', 'host'],
    ['integrations?host=x:y', 'host'],
    ['events?type=nothing', 'type'],
    ['events?user=us-1', 'user'],
    ['events?from=yesterday', 'from'],
    ['events?to=2026-13-01', 'to'],
    ['events?page=501', 'page'],
  ])('says what is wrong with %s', async (path, field) => {
    const { status, json } = await admin.call('GET', `/v1/admin/${path}`)
    expect([status, Object.keys(json.errors)]).toEqual([422, [field]])
  })

  it('changes address, name and role, all or nothing', async () => {
    const { id } = await service.addAccount('changing')
    const path = `/v1/admin/users/${id}`
    const both = await admin.call('PATCH', path, { user: { username: 'changed', email: 'member@example.test' } })
    expect([both.status, both.json.code]).toEqual([409, 'email_taken'])
    const name = await admin.call('PATCH', path, { user: { username: 'Member', email: 'c@example.test' } })
    expect([name.status, name.json.code]).toEqual([409, 'conflict'])
    const wrong = await admin.call('PATCH', path, { user: { active: 'false', email: 'x' } })
    expect([wrong.status, Object.keys(wrong.json.errors)]).toEqual([422, ['email', 'active']])
    expect((await admin.call('GET', path)).json.user).toMatchObject({
      username: 'changing',
      email: 'changing@example.test',
    })
    const done = await admin.call('PATCH', path, { user: { username: 'changed', email: null } })
    expect(done.json).toEqual({ user: expect.objectContaining({ username: 'changed', email: null }) })
    const events = await admin.call('GET', `${path}/events?per_page=1`)
    expect(events.json.events).toMatchObject([
      { type: 'edit_user', act: { type: 'administrator', id: admin.id, name: 'root' } },
    ])
    expect((await admin.call('PATCH', '/v1/admin/users/us-nobody', { user: {} })).json.resource).toBe('user')
  })

  it('makes an administrator only in the fresh session of one', async () => {
    const { id } = await service.addAccount('promoted')
    const path = `/v1/admin/users/${id}`
    const role = { user: { role: 'admin' } }
    const writer = await serviceToken('admin:read', 'admin:write')
    for (const answer of [
      await writer('PATCH', path, role),
      await admin.call('PATCH', path, role),
      await writer('POST', '/v1/admin/users', { user: { username: 'sudo', role: 'admin' } }),
    ]) {
      expect([answer.status, answer.json.code]).toEqual([403, 'admin_required'])
    }
    const { database } = service.services
    const old = new Date(Date.now() - 301_000).toISOString()
    await database.updateTable('sessions').set({ createdAt: old }).where('userId', '=', admin.id).execute()
    const stale = await browser.call('PATCH', path, role)
    expect([stale.status, stale.json.code]).toEqual([403, 'password_required'])
    browser = openBrowser(service)
    await browser.signIn(admin)
    expect((await browser.call('PATCH', path, role)).json.user.role).toBe('admin')
    // To take the role away, no session is needed.
    expect((await writer('PATCH', path, { user: { role: 'member' } })).json.user.role).toBe('member')
  })

  it.each([
    ['demotes', 'PATCH', { user: { role: 'member' } }],
    ['deactivates', 'PATCH', { user: { active: false } }],
    ['removes', 'DELETE', undefined],
  ])('never %s the last active administrator', async (_does, method, body) => {
    const path = `/v1/admin/users/${admin.id}`
    const answer = await admin.call(method, path, body)
    expect([answer.status, answer.json.code]).toEqual([409, 'last_administrator'])
    expect((await admin.call('GET', path)).json.user).toMatchObject({ role: 'admin', active: true })
  })

  it('removes one of two administrators', async () => {
    const other = await service.addAccount('other-admin')
    const { database } = service.services
    await database.transaction().execute((transaction) => setUserRole(transaction, COMMAND_LINE, other.id, 'admin'))
    expect((await admin.call('DELETE', `/v1/admin/users/${other.id}`)).status).toBe(204)
    expect((await other.call('GET', '/v1/users/self')).status).toBe(401)
    expect((await admin.call('GET', `/v1/admin/users/${other.id}`)).json.resource).toBe('user')
    const trail = await admin.call('GET', `/v1/admin/events?user=${other.id}&type=delete_user`)
    expect(trail.json.events).toMatchObject([
      { user: { id: other.id, email: null, username: 'other-admin' }, act: { id: admin.id } },
    ])
  })
})
