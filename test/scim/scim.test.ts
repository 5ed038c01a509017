// SCIM 2.0 as Okta and Entra ID send it, and as the RFCs have it.
// https://developer.okta.com/docs/api/openapi/okta-scim/guides/scim-20/
// https://learn.microsoft.com/entra/identity/app-provisioning/use-scim-to-provision-users-and-groups

import { afterAll, beforeAll, expect, it } from 'vitest'
import { findOrAddUser } from '../../src/accounts/identities/identities.ts'
import { COMMAND_LINE } from '../../src/audit/events.ts'
import {
  type Account,
  type Answer,
  describeOnBothEngines,
  type Service,
  send,
  startService,
} from '../support/service.ts'
import { addService } from '../support/service-tokens.ts'

const ISSUER = 'https://idp.example'
const USER = 'urn:ietf:params:scim:schemas:core:2.0:User'
const PATCH_OP = 'urn:ietf:params:scim:api:messages:2.0:PatchOp'
const ERROR = 'urn:ietf:params:scim:api:messages:2.0:Error'
const LIST = 'urn:ietf:params:scim:api:messages:2.0:ListResponse'
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/

describeOnBothEngines('SCIM', (engine) => {
  let service: Service
  let admin: Account
  let token: string
  let number = 0

  beforeAll(async () => {
    service = await startService(engine, { SCIM_ISSUER: ISSUER })
    admin = await service.addAccount('root')
    token = (await addService(service, { scopes: ['scim'] })).token
  })
  afterAll(() => service.close())

  async function scim(method: string, path: string, body?: unknown, bearer = token): Promise<Answer> {
    const headers = { authorization: `Bearer ${bearer}`, 'content-type': 'application/scim+json' }
    const answer = await send(method, `${service.url}/scim/v2${path}`, body, headers)
    if (answer.status !== 204) {
      expect([path, answer.headers.get('content-type')]).toEqual([path, 'application/scim+json; charset=utf-8'])
    }
    return answer
  }

  function person(more: object = {}) {
    number += 1
    const name = `person${number}.${engine.toLowerCase()}`
    return {
      schemas: [USER],
      userName: `${name}@corp.example`,
      externalId: `00u-${name}`,
      emails: [{ primary: true, value: `${name}@corp.example`, type: 'work' }],
      active: true,
      ...more,
    }
  }

  async function added(more: object = {}) {
    const sent = person(more)
    const { status, json, text } = await scim('POST', '/Users', sent)
    expect(status, text).toBe(201)
    return { sent, id: json.id as string, json }
  }

  const account = async (id: string) => (await admin.call('GET', `/v1/admin/users/${id}`)).json.user
  const replace = (value: unknown, path?: string) => ({
    schemas: [PATCH_OP],
    Operations: [{ op: 'replace', ...(path && { path }), value }],
  })

  it('makes a user as Okta asks, who is our user with the identity of the provider', async () => {
    const sent = {
      ...person({ userName: 'Test.User@okta.local' }),
      name: { givenName: 'Test', familyName: 'User' },
      displayName: 'Test User',
      locale: 'en-US',
      groups: [],
      password: '1mz050nq',
      roles: [{ value: 'admin' }],
    }
    const answer = await scim('POST', '/Users', sent)
    expect(answer.status, answer.text).toBe(201)
    const { id } = answer.json
    expect(answer.json).toEqual({
      schemas: [USER],
      id: expect.stringMatching(/^us-/),
      externalId: sent.externalId,
      userName: 'Test.User@okta.local',
      active: true,
      emails: [{ value: sent.emails[0]?.value, type: 'work', primary: true }],
      meta: {
        resourceType: 'User',
        created: expect.stringMatching(TIME),
        lastModified: expect.stringMatching(TIME),
        location: `http://localhost:4600/scim/v2/Users/${id}`,
      },
    })
    expect(answer.headers.get('location')).toBe(answer.json.meta.location)
    expect(await account(id)).toMatchObject({
      username: 'Test.User',
      email: sent.emails[0]?.value,
      role: 'member',
      active: true,
      identities: [{ issuer: ISSUER, subject: sent.externalId }],
    })
    expect((await scim('GET', `/Users/${id}`)).json).toEqual(answer.json)
    const { json } = await admin.call('GET', `/v1/admin/users/${id}/events`)
    expect(json.events.map(({ act, via }: { act: object; via: string }) => [via, act])).toEqual(
      new Array(2).fill(['service_token', expect.objectContaining({ type: 'service' })]),
    )
  })

  it('adopts who has signed in already, and nobody by e-mail', async () => {
    const { database } = service.services
    const sent = person()
    const identity = { issuer: ISSUER, subject: sent.externalId }
    const known = await findOrAddUser(database, COMMAND_LINE, identity, { username: 'came-first', email: null })
    const adopted = await scim('POST', '/Users', sent)
    expect([adopted.status, adopted.json.id]).toEqual([201, known.id])
    expect(await account(known.id)).toMatchObject({ username: 'came-first', email: sent.emails[0]?.value })

    const emails = [{ primary: true, value: admin.email.toUpperCase() }]
    const forbidden = await scim('POST', '/Users', person({ emails }))
    expect([forbidden.status, forbidden.json]).toEqual([
      409,
      { schemas: [ERROR], status: '409', scimType: 'uniqueness', detail: expect.any(String) },
    ])
  })

  it('keeps userName as it was sent, and unique in any case of letters', async () => {
    const { sent, id } = await added()
    const upper = sent.userName.toUpperCase()
    const again = await scim('POST', '/Users', person({ userName: upper, emails: [] }))
    expect([again.status, again.json.scimType]).toEqual([409, 'uniqueness'])
    const same = await scim('POST', '/Users', person({ externalId: sent.externalId, emails: [] }))
    expect([same.status, same.json.scimType]).toEqual([409, 'uniqueness'])
    const found = await scim('GET', `/Users?filter=${encodeURIComponent(`userName eq "${upper}"`)}`)
    expect(found.json).toMatchObject({ schemas: [LIST], totalResults: 1, startIndex: 1, itemsPerPage: 1 })
    expect(found.json.Resources[0]).toMatchObject({ id, userName: sent.userName })
    const other = await added()
    const renamed = await scim('PATCH', `/Users/${other.id}`, replace(upper, 'userName'))
    expect([renamed.status, renamed.json.scimType]).toEqual([409, 'uniqueness'])
  })

  it('of many requests for one externalId, one makes the user', async () => {
    const sent = person()
    const answers = await Promise.all(Array.from({ length: 5 }, () => scim('POST', '/Users', sent)))
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 409, 409, 409, 409])
  })

  // Each body as the provider sends it, and what becomes of the user.
  it.each<[string, string, (sent: ReturnType<typeof person>) => object, object]>([
    ['Okta: deactivate', 'PATCH', () => replace({ active: false }), { active: false }],
    [
      'Okta: new profile by PUT',
      'PUT',
      (sent) => ({ ...sent, userName: 'put@corp.example', name: { givenName: 'X' } }),
      { userName: 'put@corp.example' },
    ],
    ['Okta: deactivate by PUT', 'PUT', (sent) => ({ ...sent, active: false }), { active: false }],
    [
      'Entra ID: Replace, active is the text "False"',
      'PATCH',
      () => ({ schemas: [PATCH_OP], Operations: [{ op: 'Replace', path: 'active', value: 'False' }] }),
      { active: false },
    ],
    [
      'Entra ID: without a path',
      'PATCH',
      () => ({
        schemas: [PATCH_OP],
        Operations: [{ op: 'Replace', value: { displayName: 'Bjfe', active: 'False', 'name.familyName': 'X' } }],
      }),
      { active: false },
    ],
    [
      'Entra ID: the e-mail address for work',
      'PATCH',
      () => ({
        schemas: [PATCH_OP],
        Operations: [
          { op: 'Replace', path: 'emails[type eq "work"].value', value: 'work@corp.example' },
          { op: 'Replace', path: 'name.familyName', value: 'updatedFamilyName' },
          { op: 'Add', path: 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department', value: 'x' },
        ],
      }),
      { emails: [{ value: 'work@corp.example', type: 'work', primary: true }] },
    ],
    [
      'with the schema before the attribute',
      'PATCH',
      () => replace('urn@corp.example', `${USER}:userName`),
      { userName: 'urn@corp.example' },
    ],
    [
      'names in any case of letters',
      'PATCH',
      () => replace({ USERNAME: 'case@corp.example' }),
      { userName: 'case@corp.example' },
    ],
    [
      'what is not stored',
      'PATCH',
      () => replace({ roles: ['x'], groups: [], password: 'x', title: 'x' }),
      { active: true },
    ],
    [
      'nothing outside of the user',
      'PATCH',
      () => ({
        schemas: [PATCH_OP],
        Operations: [
          { op: 'add', path: '__proto__.admin', value: true },
          { op: 'add', path: 'constructor.prototype.admin', value: true },
          { op: 'add', value: { '__proto__.admin': true, 'constructor.prototype.admin': true } },
        ],
      }),
      { active: true },
    ],
  ])('%s', async (_what, method, body, expected) => {
    const { sent, id } = await added()
    const answer = await scim(method, `/Users/${id}`, body(sent))
    expect(answer.status, answer.text).toBe(200)
    expect(answer.json).toMatchObject({ id, externalId: sent.externalId, ...expected })
    expect((await scim('GET', `/Users/${id}`)).json).toEqual(answer.json)
    expect(({} as { admin?: boolean }).admin).toBeUndefined()
    await scim('DELETE', `/Users/${id}`)
    await admin.call('DELETE', `/v1/admin/users/${id}`)
  })

  it.each([
    ['not an object', 'POST', '[]', 'invalidSyntax'],
    ['not JSON', 'POST', '{', 'invalidSyntax'],
    ['no userName', 'POST', { userName: undefined }, 'invalidValue'],
    ['userName of another type', 'POST', { userName: 1 }, 'invalidValue'],
    ['userName with control characters', 'POST', { userName: 'a\u0000b' }, 'invalidValue'],
    ['a bad e-mail address', 'POST', { emails: [{ value: 'x' }] }, 'invalidValue'],
    ['emails no list', 'POST', { emails: 'x' }, 'invalidValue'],
    ['active maybe', 'POST', { active: 'maybe' }, 'invalidValue'],
    ['no operations', 'PATCH', { schemas: [PATCH_OP] }, 'invalidSyntax'],
    ['another op', 'PATCH', { Operations: [{ op: 'move', path: 'active' }] }, 'invalidSyntax'],
    ['remove without path', 'PATCH', { Operations: [{ op: 'remove' }] }, 'invalidPath'],
    ['remove the userName', 'PATCH', { Operations: [{ op: 'remove', path: 'userName' }] }, 'invalidValue'],
    ['no value', 'PATCH', { Operations: [{ op: 'replace', path: 'active' }] }, 'invalidSyntax'],
    ['a value that is no object', 'PATCH', { Operations: [{ op: 'replace', value: 'x' }] }, 'invalidSyntax'],
  ] as const)('answers 400 to %s', async (_what, method, body, scimType) => {
    const { id } = await added()
    const sent = typeof body === 'string' || method === 'PATCH' ? body : { ...person(), ...body }
    const answer = await scim(method, method === 'POST' ? '/Users' : `/Users/${id}`, sent)
    expect([answer.status, answer.json]).toEqual([
      400,
      { schemas: [ERROR], status: '400', scimType, detail: expect.any(String) },
    ])
  })

  it.each([
    'userName co "x"',
    'userName eq x',
    'userName eq "x" or active eq true',
    'emails.value eq "x"',
    'active eq true',
    'userName eq "x\\"',
    '',
    `userName eq "${'x'.repeat(2_000)}"`,
  ])('answers invalidFilter to %j', async (filter) => {
    const { status, json } = await scim('GET', `/Users?filter=${encodeURIComponent(filter)}`)
    expect([status, json.scimType, json.schemas]).toEqual([400, 'invalidFilter', [ERROR]])
  })

  it('lists in pages', async () => {
    const { sent, id } = await added()
    const all = (await scim('GET', '/Users')).json
    const last = (await scim('GET', `/Users?startIndex=${all.totalResults}&count=1`)).json
    expect(last).toMatchObject({ totalResults: all.totalResults, startIndex: all.totalResults, itemsPerPage: 1 })
    expect(last.Resources[0].id).toBe(id)
    expect((await scim('GET', '/Users?count=0')).json).toMatchObject({ itemsPerPage: 0, Resources: [] })
    expect((await scim('GET', '/Users?startIndex=-5&count=1000')).json).toMatchObject({ startIndex: 1 })
    expect((await scim('GET', '/Users?count=x')).status).toBe(400)
    const found = await scim('GET', `/Users?filter=${encodeURIComponent(`externalId eq "${sent.externalId}"`)}`)
    expect(found.json.Resources.map((one: { id: string }) => one.id)).toEqual([id])
    const none = await scim('GET', `/Users?filter=${encodeURIComponent('userName eq "nobody"')}`)
    expect(none.json).toEqual({ schemas: [LIST], totalResults: 0, startIndex: 1, itemsPerPage: 0, Resources: [] })
  })

  it('deactivates who is deleted, and makes them active again by the same externalId', async () => {
    const { sent, id } = await added()
    expect((await scim('DELETE', `/Users/${id}`)).status).toBe(204)
    for (const method of ['GET', 'DELETE']) {
      const gone = await scim(method, `/Users/${id}`)
      expect([gone.status, gone.json]).toEqual([404, { schemas: [ERROR], status: '404', detail: 'not found' }])
    }
    expect(await account(id)).toMatchObject({ active: false, identities: [{ subject: sent.externalId }] })
    const again = await scim('POST', '/Users', { ...sent, userName: `again-${sent.userName}` })
    expect([again.status, again.json.id, again.json.active]).toEqual([201, id, true])
    expect(await account(id)).toMatchObject({ active: true })
  })

  it('says what it can', async () => {
    const config = (await scim('GET', '/ServiceProviderConfig')).json
    expect(config).toMatchObject({ patch: { supported: true }, filter: { supported: true, maxResults: 100 } })
    const types = (await scim('GET', '/ResourceTypes')).json
    expect(types.Resources).toMatchObject([{ id: 'User', endpoint: '/Users', schema: USER }])
    expect((await scim('GET', '/ResourceTypes/User')).json).toEqual(types.Resources[0])
    const schemas = (await scim('GET', '/Schemas')).json
    expect((await scim('GET', `/Schemas/${USER}`)).json).toEqual(schemas.Resources[0])
    for (const path of ['/Groups', '/Groups/1', '/Bulk', '/Schemas/x', '/']) {
      const { status, json } = await scim('GET', path)
      expect([path, status, json.status]).toEqual([path, 404, '404'])
    }
  })

  it('is for service tokens with its scope only, and says so in its own form', async () => {
    const other = (await addService(service, { scopes: ['admin:write'] })).token
    for (const path of ['/Users', '/Groups', '/ServiceProviderConfig']) {
      for (const [bearer, status] of [
        ['x', 401],
        [admin.bearer, 401],
        [other, 403],
      ] as const) {
        const answer = await scim('GET', path, undefined, bearer)
        expect([path, answer.status, answer.json]).toEqual([
          path,
          status,
          { schemas: [ERROR], status: String(status), detail: expect.any(String) },
        ])
        expect(answer.headers.get('www-authenticate')).toBe(status === 401 ? 'Bearer' : null)
      }
    }
  })

  it('never deactivates the last administrator', async () => {
    const { database } = service.services
    const identity = { issuer: ISSUER, subject: 'root' }
    await database
      .insertInto('identities')
      .values({ id: crypto.randomUUID(), ...identity, userId: admin.id, createdAt: new Date().toISOString() })
      .execute()
    expect((await scim('POST', '/Users', person({ externalId: 'root', emails: [] }))).json.id).toBe(admin.id)
    for (const answer of [
      await scim('PATCH', `/Users/${admin.id}`, replace({ active: false })),
      await scim('DELETE', `/Users/${admin.id}`),
    ]) {
      expect([answer.status, answer.json.status]).toEqual([409, '409'])
    }
    expect((await admin.call('GET', '/v1/users/self')).status).toBe(200)
  })

  it('is limited as services are, and nowhere without SCIM_ISSUER', async () => {
    const limited = await startService(engine, { SCIM_ISSUER: ISSUER, SERVICE_RATE_LIMIT: '2', RATE_LIMIT: '1' })
    const bearer = (await addService(limited, { scopes: ['scim'] })).token
    const ask = (url: string) => send('GET', `${url}/scim/v2/Users`, undefined, { authorization: `Bearer ${bearer}` })
    const answers = [await ask(limited.url), await ask(limited.url), await ask(limited.url)]
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 429])
    expect(answers[2]?.json).toMatchObject({ schemas: [ERROR], status: '429' })
    expect(Number(answers[2]?.headers.get('retry-after'))).toBeGreaterThan(0)
    await limited.close()
    const without = await startService(engine)
    const token = (await addService(without, { scopes: ['scim'] })).token
    const answer = await send('GET', `${without.url}/scim/v2/Users`, undefined, { authorization: `Bearer ${token}` })
    expect(answer.status).toBe(404)
    await without.close()
  })
})
