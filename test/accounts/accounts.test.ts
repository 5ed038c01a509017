// Accounts through HTTP: exchange, bearer tokens, API tokens, the own user, regions.

import { SignJWT } from 'jose'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { userRemove } from '../../src/commands/users.ts'
import { createVault } from '../../src/secrets/vault.ts'
import type { Account, Service } from '../support/service.ts'
import { basic, describeOnBothEngines, exchange, send, startService } from '../support/service.ts'

function base64(text: string): string {
  return Buffer.from(text).toString('base64')
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/

describeOnBothEngines('accounts', (engine) => {
  let service: Service
  let alice: Account
  let bob: Account

  beforeAll(async () => {
    service = await startService(engine)
    alice = await service.addAccount('alice')
    bob = await service.addAccount('bob')
  })
  afterAll(() => service.close())

  it('exchanges an API token for a JWT of one hour with the named claims', async () => {
    const answer = await send('POST', `${service.url}/v1/tokens/exchange`, undefined, basic('', alice.token))
    expect(answer.status).toBe(200)
    expect(Object.keys(answer.json)).toEqual(['token'])
    const [header, payload] = answer.json.token
      .split('.')
      .slice(0, 2)
      .map((part: string) => JSON.parse(Buffer.from(part, 'base64url').toString()))
    expect(header).toEqual({ alg: 'HS256', typ: 'JWT', kid: 'test' })
    expect(payload).toMatchObject({ sub: alice.id, iss: 'http://localhost:4600', aud: 'forgelink' })
    expect(payload.exp - payload.iat).toBe(3600)
  })

  it.each([
    ['no credentials', {}],
    ['an unknown token', basic('', 'tk-us-unknown')],
    ['the token as user name', basic('tk-us-unknown', '')],
    ['not base64', { authorization: 'Basic %%%' }],
    ['a bearer token', { authorization: 'Bearer x' }],
    ['a password where a token is asked for', basic('alice', 'correct horse')],
    ['a token without a colon before it', { authorization: `Basic ${base64('tk-us-unknown')}` }],
  ])('refuses an exchange with %s', async (_case, headers) => {
    const answer = await send('POST', `${service.url}/v1/tokens/exchange`, undefined, headers as Record<string, string>)
    expect(answer.status).toBe(401)
    expect(answer.headers.get('www-authenticate')).toBe('Bearer')
    expect(Object.keys(answer.json)).toEqual(['error'])
  })

  it('keeps only a hash of the values of API tokens', async () => {
    const rows = await service.services.database.selectFrom('apiTokens').selectAll().execute()
    const [, random = ''] = /^tk-us-(.{43})$/.exec(alice.token) ?? []
    expect(random).not.toBe('')
    expect(JSON.stringify(rows)).not.toContain(random)
    // 256 bits of SHA-256 as base64url.
    for (const { tokenHash } of rows) expect(tokenHash).toMatch(/^[A-Za-z0-9_-]{43}$/)
  })

  it('refuses every bearer token that is not one of ours in force', async () => {
    const [key] = createVault([{ id: 'test', key: Buffer.alloc(32, 7) }]).derive('jwt')
    const [wrongKey] = createVault([{ id: 'test', key: Buffer.alloc(32, 8) }]).derive('jwt')
    const claims = JSON.parse(Buffer.from(alice.bearer.split('.')[1] ?? '', 'base64url').toString())
    const sign = (payload: object, header: object = {}, secret = key?.key ?? new Uint8Array()) =>
      new SignJWT({ ...payload }).setProtectedHeader({ alg: 'HS256', typ: 'JWT', kid: 'test', ...header }).sign(secret)
    const none = [{ alg: 'none', typ: 'JWT', kid: 'test' }, claims]
      .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
      .join('.')
    const seconds = Math.floor(Date.now() / 1000)
    const { exp, ...withoutExp } = claims
    const cases: [string, string][] = [
      ['Basic', basic('alice', 'correct horse').authorization ?? ''],
      ['a raw API token', `Bearer ${alice.token}`],
      ['nothing after Bearer', 'Bearer '],
      ['alg none', `Bearer ${none}.`],
      ['another key', `Bearer ${await sign(claims, {}, wrongKey?.key)}`],
      ['expired beyond the leeway', `Bearer ${await sign({ ...claims, exp: seconds - 31 })}`],
      ['no exp', `Bearer ${await sign(withoutExp)}`],
      ['exp a string', `Bearer ${await sign({ ...claims, exp: `${exp}` })}`],
      ['unknown kid', `Bearer ${await sign(claims, { kid: 'other' })}`],
      ['no kid', `Bearer ${await sign(claims, { kid: undefined })}`],
      ['jku', `Bearer ${await sign(claims, { kid: undefined, jku: 'https://evil.example/keys' })}`],
      ['another issuer', `Bearer ${await sign({ ...claims, iss: 'https://evil.example' })}`],
      ['another audience', `Bearer ${await sign({ ...claims, aud: 'other' })}`],
      ['no API token behind it', `Bearer ${await sign({ ...claims, tid: 'x' })}`],
      ['12 kB', `Bearer ${'x'.repeat(12_000)}`],
    ]
    for (const [name, authorization] of cases) {
      const answer = await send('GET', `${service.url}/v1/users/self`, undefined, { authorization })
      expect([name, answer.status]).toEqual([name, 401])
    }
    const good = await send('GET', `${service.url}/v1/users/self`, undefined, {
      authorization: `Bearer ${await sign({ ...claims, exp: seconds - 20 })}`,
    })
    expect(['expired within the leeway', good.status]).toEqual(['expired within the leeway', 200])
  })

  it('shows the caller', async () => {
    const { status, json } = await alice.call('GET', '/v1/users/self')
    expect(status).toBe(200)
    expect(json).toEqual({
      user: {
        id: alice.id,
        uuid: alice.id.slice(3),
        username: 'alice',
        fullname: 'alice',
        email: 'alice@example.test',
        avatar_url: null,
        created_at: expect.stringMatching(TIME),
        updated_at: expect.stringMatching(TIME),
        flags: {},
        limits: {},
        company: null,
        location: null,
        role: null,
        github: null,
      },
    })
    expect(json.user.id).toMatch(/^us-/)
    expect(json.user.uuid).toMatch(UUID)
  })

  it('makes, lists, shows, renews and revokes API tokens; each value is shown once', async () => {
    const made = await alice.call('POST', '/v1/tokens', { token: { name: 'ci' } })
    expect(made.status).toBe(201)
    expect(made.json.token).toEqual({
      id: expect.stringMatching(UUID),
      name: 'ci',
      created_at: expect.stringMatching(TIME),
      last_used_at: null,
      issued_at: made.json.token.created_at,
      scopes: ['read', 'write', 'tokens', 'account', 'access_tokens'],
      expires_at: null,
      token: expect.stringMatching(/^tk-us-[A-Za-z0-9_-]{43}$/),
    })
    const { id, token } = made.json.token

    const jwt = await exchange(service.url, token)
    const shown = await alice.call('GET', `/v1/tokens/${id.toUpperCase()}`)
    expect(shown.json.token).toMatchObject({ id, name: 'ci', last_used_at: expect.stringMatching(TIME) })
    expect(shown.json.token).not.toHaveProperty('token')
    const listed = await alice.call('GET', '/v1/tokens')
    expect(listed.json.tokens.map((each: { name: string }) => each.name)).toEqual(['forgelink user add', 'ci'])

    for (const method of ['PATCH', 'PUT']) {
      const renewed = await alice.call(method, `/v1/tokens/${id.toUpperCase()}/renew`)
      expect(renewed.status).toBe(200)
      expect(renewed.json.token).toMatchObject({ id, name: 'ci', last_used_at: null })
      expect(renewed.json.token.token).not.toBe(token)
    }
    const old = await send('POST', `${service.url}/v1/tokens/exchange`, undefined, basic('', token))
    expect(old.status).toBe(401)
    const oldJwt = await send('GET', `${service.url}/v1/users/self`, undefined, { authorization: `Bearer ${jwt}` })
    expect(oldJwt.status).toBe(401)

    expect((await alice.call('DELETE', `/v1/tokens/${id.toUpperCase()}`)).status).toBe(204)
    expect((await alice.call('GET', `/v1/tokens/${id}`)).text).toBe('{"resource":"token","error":"not found"}')
    const events: { type: string; type_data: object }[] = (await alice.call('GET', '/v1/events')).json.events
    const named = { token_id: id, token_name: 'ci' }
    expect(events.slice(0, 4).map(({ type, type_data }) => [type, type_data])).toEqual([
      ['delete_token', named],
      ['regenerate_token', named],
      ['regenerate_token', named],
      ['new_token', named],
    ])
  })

  it('makes an API token with login and password, and refuses a wrong one', async () => {
    const url = `${service.url}/v1/tokens`
    for (const login of ['alice', 'ALICE@example.test']) {
      const made = await send('POST', url, { token: { name: 'laptop' } }, basic(login, 'correct horse'))
      expect(made.status).toBe(201)
      expect(await exchange(service.url, made.json.token.token)).toMatch(/^ey/)
    }
    const wrong = await send('POST', url, { token: { name: 'laptop' } }, basic('alice', 'wrong'))
    expect(wrong.status).toBe(401)
    const nobody = await send('POST', url, { token: { name: 'laptop' } }, basic('nobody', 'wrong'))
    expect([nobody.status, nobody.json]).toEqual([wrong.status, wrong.json])
  })

  it('finds people by an e-mail address with capitals of any script', async () => {
    const email = 'Ärzte.ÇELİK@example.test'
    const erin = await service.addAccount('erin-capital')
    expect((await erin.call('PUT', '/v1/users/account', { email })).status).toBe(200)
    const url = `${service.url}/v1/tokens`
    const made = await send('POST', url, { name: 'laptop' }, basic(email, 'correct horse'))
    expect(made.status).toBe(201)
    const taken = await bob.call('PUT', '/v1/users/account', { email })
    expect([taken.status, taken.json.errors]).toEqual([422, { email: ['is taken'] }])
  })

  it('keeps tokens from other users: their ids answer the same bytes as unknown ones', async () => {
    const { json } = await alice.call('GET', '/v1/tokens')
    const foreign = json.tokens[0].id
    const unknown = '00000000-0000-0000-0000-000000000000'
    for (const [method, path] of [
      ['GET', ''],
      ['DELETE', ''],
      ['PATCH', '/renew'],
      ['PUT', '/renew'],
    ] as const) {
      const answers = await Promise.all([foreign, unknown].map((id) => bob.call(method, `/v1/tokens/${id}${path}`)))
      expect(answers.map(({ status, text }) => [status, text])).toEqual(
        new Array(2).fill([404, '{"resource":"token","error":"not found"}']),
      )
    }
    expect((await alice.call('GET', `/v1/tokens/${foreign}`)).status).toBe(200)
  })

  it.each([
    ['PUT', '/v1/users/account'],
    ['PATCH', '/v1/account/profile'],
    ['PATCH', '/v1/users/self'],
  ])('changes e-mail and user name by %s %s', async (method, path) => {
    const carol = await service.addAccount(`carol-${method}-${path.length}`)
    const changed = await carol.call(method, path, {
      user: { email: `new-${carol.email}`, username: `new-${carol.username}`, id: 'us-x' },
    })
    expect(changed.status).toBe(200)
    expect(changed.json.user).toMatchObject({
      id: carol.id,
      email: `new-${carol.email}`,
      username: `new-${carol.username}`,
    })
    const bare = await carol.call(method, path, { username: carol.username })
    expect(bare.json.user).toMatchObject({ email: `new-${carol.email}`, username: carol.username })
  })

  it.each([
    [{ user: { password: 'a new password' } }, { password: [expect.stringContaining('dashboard')] }],
    [{ user: { email: 'x' } }, { email: ['is not an e-mail address'] }],
    [{ user: { email: 'BOB@example.test' } }, { email: ['is taken'] }],
    [{ user: { username: 'Bob' } }, { username: ['is taken'] }],
    [{ user: { username: 'a b' } }, { username: [expect.stringContaining('letters, digits')] }],
    [{ user: { username: 1 } }, { username: ['must be a string'] }],
    [{ other: {} }, { user: ['missing field'] }],
    [{ user: null }, { user: ['missing field'] }],
  ])('refuses the change %j', async (body, errors) => {
    const answer = await alice.call('PUT', '/v1/users/account', body)
    expect(answer.status).toBe(422)
    expect(answer.json.errors).toEqual(errors)
  })

  it('gives a name that two people want at once to one of them', async () => {
    const others = [await service.addAccount('gina'), await service.addAccount('henry')]
    for (let round = 0; round < 5; round++) {
      const username = `wanted-${round}`
      const answers = await Promise.all(others.map((one) => one.call('PUT', '/v1/users/account', { username })))
      expect(answers.map(({ status }) => status).sort()).toEqual([200, 422])
      const rejected = answers.find(({ status }) => status === 422)
      expect(rejected?.json.errors).toEqual({ username: ['is taken'] })
    }
  })

  it('does not change somebody else by their id', async () => {
    const answer = await alice.call('PATCH', `/v1/users/${bob.id}`, { user: { username: 'mallory' } })
    expect([answer.status, answer.text]).toEqual([404, '{"resource":"user","error":"not found"}'])
  })

  it('ends every token of a removed user', async () => {
    const dave = await service.addAccount('dave')
    await userRemove(service.services, 'dave')
    expect((await dave.call('GET', '/v1/users/self')).status).toBe(401)
    const again = await send('POST', `${service.url}/v1/tokens/exchange`, undefined, basic('', dave.token))
    expect(again.status).toBe(401)
  })

  it('answers one default region, with and without credentials', async () => {
    for (const headers of [{}, { authorization: `Bearer ${alice.bearer}` }, { authorization: 'Bearer x' }]) {
      const { status, json } = await send('GET', `${service.url}/v1/regions`, undefined, headers)
      expect(status).toBe(200)
      expect(json.regions).toHaveLength(1)
      expect(json.regions[0]).toMatchObject({
        name: 'osc-fr1',
        api: 'http://localhost:4600',
        ssh: '',
        default: true,
      })
    }
  })

  it('slows guessing down: ten wrong ones a minute, then 429; a right token is still served', async () => {
    const guessed = await startService(engine)
    const erin = await guessed.addAccount('erin')
    const statuses: number[] = []
    for (let n = 0; n < 12; n++) {
      const answer = await send('POST', `${guessed.url}/v1/tokens/exchange`, undefined, basic('', `tk-us-${n}`))
      statuses.push(answer.status)
      if (answer.status === 429) expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0)
    }
    expect(statuses).toEqual([...new Array(10).fill(401), 429, 429])
    expect(await exchange(guessed.url, erin.token)).toMatch(/^ey/)
    // What nobody owns writes nothing.
    await guessed.services.failureTrail.flush()
    const events = await guessed.services.database.selectFrom('events').select('type').orderBy('id').execute()
    expect(events.map(({ type }) => type)).toEqual(['new_user', 'new_token'])
    await guessed.close()
  })

  it('limits the requests of one account, and not those of another', async () => {
    const limited = await startService(engine, { RATE_LIMIT: '4' })
    const [first, second] = [await limited.addAccount('first'), await limited.addAccount('second')]
    const statuses: number[] = []
    for (let n = 0; n < 4; n++) statuses.push((await first.call('GET', '/v1/keys')).status)
    expect(statuses).toEqual([200, 200, 200, 429])
    expect((await first.call('GET', '/v1/keys')).json.code).toBe('rate_limited')
    expect((await first.call('POST', '/v1/tokens', { name: 'x' })).status).toBe(429)
    const exchanged = await send('POST', `${limited.url}/v1/tokens/exchange`, undefined, basic('', first.token))
    expect(exchanged.status).toBe(429)
    expect((await second.call('GET', '/v1/keys')).status).toBe(200)
    await limited.close()
  })
})
