// A service exchanges its token for a JWT of the user that it acts for. docs/platforms-in-front.md.

import { afterAll, beforeAll, expect, it } from 'vitest'
import { addIdentity } from '../../src/accounts/identities/identities.ts'
import { setUserActive } from '../../src/accounts/roles.ts'
import { COMMAND_LINE } from '../../src/audit/events.ts'
import { type Account, basic, describeOnBothEngines, type Service, send, startService } from '../support/service.ts'
import { addService, claimsOf, ISSUER, type ServiceAccount } from '../support/service-tokens.ts'

const OTHER_ISSUER = 'https://other.example'

describeOnBothEngines('an exchange for a user', (engine) => {
  let service: Service
  let known: Account
  let inactive: Account
  const by: Record<string, ServiceAccount> = {}

  beforeAll(async () => {
    service = await startService(engine)
    await service.addAccount('first')
    known = await service.addAccount('known')
    inactive = await service.addAccount('inactive')
    const { database } = service.services
    await database.transaction().execute(async (transaction) => {
      await addIdentity(transaction, COMMAND_LINE, known.id, { issuer: ISSUER, subject: 'known' })
      await addIdentity(transaction, COMMAND_LINE, known.id, { issuer: OTHER_ISSUER, subject: 'known' })
      await addIdentity(transaction, COMMAND_LINE, inactive.id, { issuer: ISSUER, subject: 'inactive' })
      await setUserActive(transaction, COMMAND_LINE, inactive.id, false)
    })
    by.full = await addService(service)
    by.showing = await addService(service, { scopes: ['users:act', 'read', 'access_tokens'] })
    by.acting = await addService(service, { scopes: ['users:act', 'write'] })
    by.administering = await addService(service, { scopes: ['admin:read', 'admin:write', 'scim'] })
    by.scopeless = await addService(service, { scopes: ['users:act'] })
    by.expired = await addService(service, { expiresAt: '2020-01-01T00:00:00.000Z' })
    by.issuerless = await addService(service, { issuers: [] })
  })
  afterAll(() => service.close())

  const user = { issuer: ISSUER, subject: 'known' }
  const nobody = { issuer: ISSUER, subject: 'nobody' }
  const fresh = { issuer: ISSUER, subject: 'fresh' }
  const lacks = (scope: string) => ({ code: 'insufficient_scope', scope })
  const field = (name: string) => ({ errors: { [name]: [expect.any(String)] } })

  /** A case a line: by which service, the body, the status, and what is in the answer. */
  const rejected: [name: string, service: string, body: unknown, status: number, answer: object][] = [
    ['without a body', 'full', undefined, 403, { code: 'user_required' }],
    ['with an empty body', 'full', {}, 403, { code: 'user_required' }],
    ['with a user that is null', 'full', { user: null }, 403, { code: 'user_required' }],
    ['without users:act', 'administering', { user }, 403, lacks('users:act')],
    ['by a token that has expired', 'expired', { user }, 401, {}],
    [
      'of an issuer that is not listed',
      'full',
      { user: { ...user, issuer: OTHER_ISSUER } },
      403,
      { code: 'issuer_not_allowed' },
    ],
    [
      'of the same, for nobody',
      'full',
      { user: { ...nobody, issuer: OTHER_ISSUER } },
      403,
      { code: 'issuer_not_allowed' },
    ],
    [
      'of an issuer with another case',
      'full',
      { user: { ...user, issuer: ISSUER.toUpperCase() } },
      403,
      { code: 'issuer_not_allowed' },
    ],
    [
      'of an issuer with a slash',
      'full',
      { user: { ...user, issuer: `${ISSUER}/` } },
      403,
      { code: 'issuer_not_allowed' },
    ],
    ['of any issuer, where none is listed', 'issuerless', { user }, 403, { code: 'issuer_not_allowed' }],
    [
      'for an unknown id',
      'full',
      { user: { id: 'us-00000000-0000-0000-0000-000000000000' } },
      404,
      { resource: 'user' },
    ],
    ['for something that is no id', 'full', { user: { id: '../x' } }, 404, { resource: 'user' }],
    ['for an unknown subject', 'full', { user: nobody }, 404, { resource: 'user' }],
    ['for a subject with another case', 'full', { user: { ...user, subject: 'Known' } }, 404, { resource: 'user' }],
    ['for an inactive user', 'full', { user: { issuer: ISSUER, subject: 'inactive' } }, 403, { code: 'user_inactive' }],
    [
      'for an inactive user with a name',
      'full',
      { user: { issuer: ISSUER, subject: 'inactive', username: 'x' } },
      403,
      { code: 'user_inactive' },
    ],
    [
      'with a scope that the token lacks',
      'full',
      { user, scopes: ['read', 'access_tokens'] },
      403,
      lacks('access_tokens'),
    ],
    ['with a scope that none has', 'full', { user, scopes: ['tokens'] }, 403, lacks('tokens')],
    ['with the profile', 'full', { user, scopes: ['account'] }, 403, lacks('account')],
    ['with no scope to pass on', 'scopeless', { user }, 403, lacks('read')],
    [
      'that makes a user without users:create',
      'acting',
      { user: { ...fresh, username: 'fresh' } },
      403,
      lacks('users:create'),
    ],
    [
      'with an e-mail address that another has',
      'full',
      { user: { ...fresh, username: 'fresh', email: 'KNOWN@example.test' } },
      409,
      { code: 'email_taken' },
    ],
    ['with a wrong scope', 'full', { user, scopes: ['everything'] }, 422, field('scopes')],
    ['with a scope of services', 'full', { user, scopes: ['admin:read'] }, 422, field('scopes')],
    ['with no scopes', 'full', { user, scopes: [] }, 422, field('scopes')],
    ['with a scope twice', 'full', { user, scopes: ['read', 'read'] }, 422, field('scopes')],
    ['with scopes as text', 'full', { user, scopes: 'read' }, 422, field('scopes')],
    ['that is too short', 'full', { user, expires_in: 299 }, 422, field('expires_in')],
    ['that is too long', 'full', { user, expires_in: 3601 }, 422, field('expires_in')],
    ['of part of a second', 'full', { user, expires_in: 300.5 }, 422, field('expires_in')],
    ['with a time as text', 'full', { user, expires_in: '600' }, 422, field('expires_in')],
    ['without a subject', 'full', { user: { issuer: ISSUER } }, 422, field('subject')],
    ['without an issuer', 'full', { user: { subject: 'known' } }, 422, field('issuer')],
    [
      'with a user of nothing',
      'full',
      { user: {} },
      422,
      { errors: { issuer: ['is missing'], subject: ['is missing'] } },
    ],
    ['with a user that is text', 'full', { user: 'us-1' }, 422, field('user')],
    ['with a user that is a list', 'full', { user: [user] }, 422, field('user')],
    ['with an id that is a number', 'full', { user: { id: 42 } }, 422, field('id')],
    ['with id and subject', 'full', { user: { id: 'us-1', ...user } }, 422, field('id')],
    ['with a subject that is a number', 'full', { user: { ...user, subject: 42 } }, 422, field('subject')],
    ['with a blank subject', 'full', { user: { ...user, subject: ' ' } }, 422, field('subject')],
    ['with NUL in the subject', 'full', { user: { ...user, subject: 'known\0' } }, 422, field('subject')],
    [
      'with a subject of 256 characters',
      'full',
      { user: { ...user, subject: 'x'.repeat(256) } },
      422,
      field('subject'),
    ],
    ['with a wrong user name', 'full', { user: { ...fresh, username: 'no spaces' } }, 422, field('username')],
    [
      'with a wrong e-mail address',
      'full',
      { user: { ...fresh, username: 'fresh', email: 'nowhere' } },
      422,
      field('email'),
    ],
  ]

  it.each(rejected)('%s by %s is refused', async (_name, name, body, status, answer) => {
    const users = await service.services.database.selectFrom('users').select('id').execute()
    const given = await by[name]?.exchange(body)
    expect([given?.status, given?.json]).toEqual([status, expect.objectContaining(answer)])
    expect(await service.services.database.selectFrom('users').select('id').execute()).toHaveLength(users.length)
  })

  const granted: [name: string, service: string, body: object, scope: string, seconds: number][] = [
    ['of a subject', 'full', { user }, 'read write', 3600],
    ['of an id', 'full', { user: 'ID' }, 'read write', 3600],
    ['with nulls', 'full', { user: { ...user, id: null }, scopes: null, expires_in: null }, 'read write', 3600],
    ['of fewer scopes', 'full', { user, scopes: ['read'] }, 'read', 3600],
    ['of a shorter life', 'full', { user, expires_in: 300 }, 'read write', 300],
    ['by a token with fewer scopes', 'acting', { user }, 'write', 3600],
    ['that shows tokens only when asked', 'showing', { user }, 'read', 3600],
    ['that shows tokens', 'showing', { user, scopes: ['access_tokens'] }, 'access_tokens', 3600],
    ['with limits within user', 'full', { user: { ...user, scopes: ['read'], expires_in: 600 } }, 'read', 600],
  ]

  it.each(granted)('%s by %s gives a JWT of the user with act', async (_name, name, body, scope, seconds) => {
    const asked = 'user' in body && body.user === 'ID' ? { ...body, user: { id: known.id } } : body
    const { status, json } = (await by[name]?.exchange(asked)) ?? { status: 0, json: {} }
    expect([status, Object.keys(json)]).toEqual([200, ['token']])
    const claims = claimsOf(json.token)
    expect(claims).toMatchObject({ sub: known.id, act: { sub: by[name]?.id }, scope, aud: 'forgelink' })
    expect(Number(claims.exp) - Number(claims.iat)).toBe(seconds)
    const headers = { authorization: `Bearer ${json.token}` }
    const self = await send('GET', `${service.url}/v1/users/self`, undefined, headers)
    if (scope.includes('read')) expect(self.json.user).toMatchObject({ id: known.id, role: null })
    else expect([self.status, self.json.code]).toEqual([403, 'insufficient_scope'])
  })

  it('makes the user once, of many first uses at once, with the identity and no password', async () => {
    const fresh = { issuer: ISSUER, subject: 'crowd', username: 'crowd', email: 'crowd@example.test' }
    const answers = await Promise.all(Array.from({ length: 20 }, () => by.full?.exchange({ user: fresh })))
    expect(answers.map((answer) => answer?.status)).toEqual(new Array(20).fill(200))
    const subjects = new Set(answers.map((answer) => claimsOf(answer?.json.token).sub))
    expect(subjects.size).toBe(1)
    const [id = ''] = [...subjects] as string[]
    const { database } = service.services
    const row = await database.selectFrom('users').selectAll().where('id', '=', id).executeTakeFirstOrThrow()
    expect(row).toMatchObject({
      ...{ email: 'crowd@example.test', username: 'crowd', passwordHash: null, role: 'member', active: 1 },
    })
    const made = await database.selectFrom('events').selectAll().where('userId', '=', id).orderBy('id').execute()
    expect(made.map(({ type, via, actType, actId, actName }) => [type, via, actType, actId, actName])).toEqual([
      ['new_user', 'service_token', 'service', by.full?.id, 'console'],
      ['new_identity', 'service_token', 'service', by.full?.id, 'console'],
    ])
  })

  it('makes a user without an e-mail address, who is null in every answer', async () => {
    const call = await by.full?.actFor({ issuer: ISSUER, subject: 'mailless', username: 'mailless' })
    const self = await call?.('GET', '/v1/users/self')
    expect([self?.status, self?.json.user.email, self?.json.user.username]).toEqual([200, null, 'mailless'])
    const events = await call?.('GET', '/v1/events')
    expect(events?.json.events[0].user).toEqual({ id: self?.json.user.id, email: null, username: 'mailless' })
  })

  it('makes a user name that is taken unique, also at its greatest length', async () => {
    for (const name of ['known', 'x'.repeat(48), 'x'.repeat(48)]) {
      const call = await by.full?.actFor({ issuer: ISSUER, subject: `taken ${Math.random()}`, username: name })
      const { username } = (await call?.('GET', '/v1/users/self'))?.json.user ?? {}
      expect(username.slice(0, 5)).toBe(name.slice(0, 5))
      expect(username.length).toBeLessThanOrEqual(48)
    }
  })

  it('never joins by e-mail address: nobody is made, and whom it belongs to stays as they were', async () => {
    const taken = { issuer: ISSUER, subject: 'thief', username: 'thief', email: known.email }
    expect((await by.full?.exchange({ user: taken }))?.json.code).toBe('email_taken')
    expect((await by.full?.exchange({ user: { issuer: ISSUER, subject: 'thief' } }))?.status).toBe(404)
  })

  it('passes over name and address of a user who is there', async () => {
    const call = await by.full?.actFor({ ...user, username: 'renamed', email: 'renamed@example.test' })
    expect((await call?.('GET', '/v1/users/self'))?.json.user).toMatchObject({ username: 'known', email: known.email })
  })

  it('ends a JWT with the service token, which is sooner than asked for', async () => {
    const end = new Date(Date.now() + 400_000).toISOString()
    const ending = await addService(service, { expiresAt: end })
    const { json } = await ending.exchange({ user })
    expect(claimsOf(json.token).exp).toBe(Math.floor(Date.parse(end) / 1000))
    const call = await ending.actFor(user)
    expect((await call('GET', '/v1/keys')).status).toBe(200)
    const { database } = service.services
    const over = { expiresAt: new Date(Date.now() - 1).toISOString() }
    await database.updateTable('serviceTokens').set(over).where('id', '=', ending.id).execute()
    expect((await call('GET', '/v1/keys')).status).toBe(401)
  })

  it('is no way for an API token, which acts for its own user only', async () => {
    const url = `${service.url}/v1/tokens/exchange`
    for (const named of [user, { id: known.id }, {}, 'x']) {
      const answer = await send('POST', url, { user: named }, basic('', known.token))
      expect([answer.status, answer.json]).toEqual([403, expect.objectContaining(lacks('users:act'))])
    }
    for (const body of [undefined, {}, { scopes: ['read'] }, { user: null }]) {
      expect((await send('POST', url, body, basic('', known.token))).status).toBe(200)
    }
  })
})
