// Service tokens: who makes, sees and removes them, by API and command; how they are kept, throttled and limited.

import { afterAll, beforeAll, expect, it } from 'vitest'
import { type Browser, openBrowser, ownAddress } from '../support/browser.ts'
import { forgelinkHere } from '../support/command.ts'
import { type Account, basic, describeOnBothEngines, type Service, send, startService } from '../support/service.ts'
import { addService, ISSUER } from '../support/service-tokens.ts'

const INPUT = { name: 'console', scopes: ['users:act', 'read'], issuers: [ISSUER], expires_at: '2099-01-31' }

describeOnBothEngines('service tokens', (engine) => {
  let service: Service
  let administrator: Account
  let member: Account
  let browser: Browser

  beforeAll(async () => {
    service = await startService(engine, await ownAddress())
    administrator = await service.addAccount('administrator')
    member = await service.addAccount('member')
    browser = openBrowser(service)
    await browser.signIn(administrator)
  })
  afterAll(() => service.close())

  const make = (input: object = INPUT) => browser.call('POST', '/v1/admin/service_tokens', { service_token: input })

  it('are made in the session of an administrator, shown once, listed, used and removed', async () => {
    const made = await make()
    expect(made.status, made.text).toBe(201)
    const { token, ...shown } = made.json.service_token
    expect(token).toMatch(/^tk-svc-[A-Za-z0-9_-]{43}$/)
    expect(shown).toEqual({
      id: expect.stringMatching(/^svc-[0-9a-f-]{36}$/),
      name: 'console',
      scopes: ['users:act', 'read'],
      issuers: [ISSUER],
      created_at: expect.any(String),
      expires_at: '2099-01-31T00:00:00.000Z',
      last_used_at: null,
    })
    const row = await service.services.database
      .selectFrom('serviceTokens')
      .selectAll()
      .where('id', '=', shown.id)
      .executeTakeFirstOrThrow()
    expect(row).toMatchObject({ makerId: administrator.id, tokenHash: expect.stringMatching(/^[A-Za-z0-9_-]{43}$/) })
    expect(JSON.stringify(row)).not.toContain(token.slice(7))

    const exchanged = await send(
      'POST',
      `${service.url}/v1/tokens/exchange`,
      { user: { id: member.id } },
      basic('', token),
    )
    expect(exchanged.status).toBe(200)
    const list = await administrator.call('GET', '/v1/admin/service_tokens')
    expect(list.json).toMatchObject({
      service_tokens: [{ ...shown, last_used_at: expect.any(String) }],
      meta: { pagination: { current_page: 1, total_count: 1 } },
    })
    expect(list.text).not.toContain('tk-svc-')
    expect((await browser.call('DELETE', `/v1/admin/service_tokens/${shown.id}`)).status).toBe(204)
    const again = await administrator.call('DELETE', `/v1/admin/service_tokens/${shown.id}`)
    expect([again.status, again.json]).toEqual([404, { resource: 'service_token', error: 'not found' }])

    const { json } = await administrator.call('GET', '/v1/events?per_page=2')
    const data = { service_token_id: shown.id, service_token_name: 'console' }
    expect(json.events).toMatchObject([
      { type: 'delete_service_token', type_data: data, via: 'session', act: null },
      { type: 'new_service_token', type_data: data, via: 'session', act: null },
    ])
  })

  it('are made by nobody else: no member, no bearer, no service, no session that signed in long ago', async () => {
    const path = '/v1/admin/service_tokens'
    const service_token = INPUT
    const powerful = await addService(service, { scopes: ['admin:read', 'admin:write'] })
    const membersBrowser = openBrowser(service)
    await membersBrowser.signIn(member)
    const told = [
      await administrator.call('POST', path, { service_token }),
      await powerful.call('POST', path, { service_token }),
      await member.call('POST', path, { service_token }),
      await membersBrowser.call('POST', path, { service_token }),
    ]
    expect(told.map(({ status, json }) => [status, json.code])).toEqual(new Array(4).fill([403, 'admin_required']))

    const { database } = service.services
    const old = { createdAt: new Date(Date.now() - 301_000).toISOString() }
    await database.updateTable('sessions').set(old).where('userId', '=', administrator.id).execute()
    const late = await make()
    expect([late.status, late.json.code]).toEqual([403, 'password_required'])
    browser = openBrowser(service)
    await browser.signIn(administrator)
    expect((await make()).status).toBe(201)
  })

  const wrong: [field: string, value: unknown][] = [
    ['name', undefined],
    ['name', ''],
    ['name', 'a\nb'],
    ['name', 7],
    ['scopes', undefined],
    ['scopes', []],
    ['scopes', ['read', 'read']],
    ['scopes', ['everything']],
    ['scopes', ['tokens']],
    // Given by the command alone: a session shows no platform token.
    ['scopes', ['access_tokens']],
    ['scopes', 'read'],
    ['issuers', 'https://paas.example'],
    ['issuers', [7]],
    ['issuers', ['']],
    ['issuers', [ISSUER, ISSUER]],
    ['issuers', Array.from({ length: 21 }, (_, n) => `https://paas${n}.example`)],
    ['expires_at', 'tomorrow'],
    ['expires_at', '2020-01-01'],
    ['expires_at', 7],
  ]

  it.each(wrong)('%s %j is a 422', async (field, value) => {
    const answer = await make({ ...INPUT, [field]: value })
    expect([answer.status, Object.keys(answer.json.errors)]).toEqual([422, [field]])
  })

  it('open the routes of administrators by their own scopes, and no other route at all', async () => {
    const [reading, writing, both] = [
      await addService(service, { scopes: ['admin:read'] }),
      await addService(service, { scopes: ['admin:write'] }),
      await addService(service, { scopes: ['admin:read', 'admin:write'] }),
    ]
    const spare = await addService(service)
    const path = `/v1/admin/service_tokens/${spare.id}`
    expect((await reading.call('GET', '/v1/admin/service_tokens')).status).toBe(200)
    expect((await writing.call('GET', '/v1/admin/service_tokens')).json).toMatchObject({ scope: 'admin:read' })
    expect((await reading.call('DELETE', path)).json).toMatchObject({
      code: 'insufficient_scope',
      scope: 'admin:write',
    })
    expect((await both.call('DELETE', path)).status).toBe(204)
    for (const [method, other] of [
      ['GET', '/v1/users/self'],
      ['GET', '/v1/keys'],
      ['POST', '/v1/tokens'],
      ['GET', '/session'],
    ] as const) {
      expect((await both.call(method, other)).status).toBe(401)
    }
    const events = await service.services.database
      .selectFrom('events')
      .select(['userId', 'via', 'actType', 'actId'])
      .where('type', '=', 'delete_service_token')
      .where('actId', '=', both.id)
      .execute()
    expect(events).toEqual([{ userId: null, via: 'service_token', actType: 'service', actId: both.id }])
  })

  it('that are wrong are throttled like wrong API tokens, and right ones are still served', async () => {
    const right = await addService(service)
    const url = `${service.url}/v1/tokens/exchange`
    const tries = []
    for (let n = 0; n < 12; n++) {
      const wrongToken = `tk-svc-${'x'.repeat(43)}`
      tries.push(
        n % 2
          ? await send('POST', url, { user: { id: member.id } }, basic('', wrongToken))
          : await send('GET', `${service.url}/v1/admin/service_tokens`, undefined, {
              authorization: `Bearer ${wrongToken}`,
            }),
      )
    }
    expect(tries.map(({ status }) => status)).toEqual([...new Array(10).fill(401), 429, 429])
    expect((await right.exchange({ user: { id: member.id } })).status).toBe(200)
  })

  it('have a limit of their own, for exchanges and calls together, and users another', async () => {
    const limited = await startService(engine, { SERVICE_RATE_LIMIT: '3', RATE_LIMIT: '5' })
    try {
      await limited.addAccount('first')
      const console = await addService(limited, { scopes: ['users:act', 'users:create', 'admin:read', 'read'] })
      const call = await console.actFor({ issuer: ISSUER, subject: '1', username: 'one' })
      await console.call('GET', '/v1/admin/service_tokens')
      expect((await console.exchange({ user: { issuer: ISSUER, subject: '1' } })).status).toBe(200)
      const over = await console.exchange({ user: { issuer: ISSUER, subject: '1' } })
      expect([over.status, over.json.code, Number(over.headers.get('retry-after')) > 0]).toEqual([
        429,
        'rate_limited',
        true,
      ])
      expect(over.json.error).toBe('This service may send 3 requests a minute. Wait and try again.')
      const statuses = []
      for (let n = 0; n < 6; n++) statuses.push((await call('GET', '/v1/users/self')).status)
      expect(statuses).toEqual([200, 200, 200, 200, 200, 429])
      const other = await addService(limited)
      expect((await other.exchange({ user: { issuer: ISSUER, subject: '1' } })).status).toBe(200)
    } finally {
      await limited.close()
    }
  })

  it('are added, listed and removed by the command, with access_tokens too', async () => {
    const run = (...args: string[]) =>
      forgelinkHere(['service-token', ...args], { ...service.environment, LOG_LEVEL: 'silent' } as Record<
        string,
        string
      >)
    const scopes = ['--scope', 'users:act', '--scope', 'access_tokens', '--scope', 'read']
    const added = await run(
      ...['add', '--name', 'by command', ...scopes, '--issuer', ISSUER, '--issuer', 'https://b.example'],
      ...['--expires', '2099-01-31', '--json'],
    )
    expect([added.code, added.stderr]).toEqual([0, ''])
    const { token, ...shown } = JSON.parse(added.stdout).service_token
    expect(shown).toMatchObject({
      name: 'by command',
      scopes: ['users:act', 'read', 'access_tokens'],
      issuers: [ISSUER, 'https://b.example'],
      expires_at: '2099-01-31T00:00:00.000Z',
    })
    expect(
      (await send('POST', `${service.url}/v1/tokens/exchange`, { user: { id: member.id } }, basic('', token))).status,
    ).toBe(200)
    const listed = await run('list', '--json')
    expect(JSON.parse(listed.stdout).service_tokens.map(({ id }: { id: string }) => id)).toContain(shown.id)
    expect((await run('list')).stdout).toContain(`${shown.id}  by command  users:act read access_tokens`)
    expect((await run('remove', shown.id)).stdout).toBe(
      'Removed the service token "by command". What it opened has ended.\n',
    )
    const gone = await run('remove', shown.id)
    expect([gone.code, gone.stderr]).toEqual([
      1,
      `forgelink: There is no service token "${shown.id}". "forgelink service-token list" names all.\n`,
    ])
    const spoken = await run('add', '--name', 'plain', '--scope', 'users:act')
    expect(spoken.stdout).toMatch(
      /^Added the service token "plain", svc-\S+\. Keep it: it is shown only once\.\n {2}tk-svc-\S{43}\n$/,
    )
    for (const [args, problem] of [
      [['--scope', 'all'], '--scope must be a list of some of users:act, '],
      [[], '--scope must be a list of some of '],
      [['--scope', 'read', '--expires', 'soon'], '--expires must be a date and time such as '],
      [['--scope', 'read', '--issuer', ''], '--issuer has one that must not be blank'],
    ] as const) {
      const { code, stderr } = await run('add', '--name', 'x', ...args)
      expect([code, stderr]).toEqual([1, expect.stringContaining(problem)])
    }
  })
})
