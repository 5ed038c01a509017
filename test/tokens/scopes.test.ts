// What an API token and its JWTs may do, and until when. Contract section 2.

import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { Sandbox } from '../../sandbox/sandbox.ts'
import { SCOPES, type Scope, scopeFor } from '../../src/accounts/scopes.ts'
import { ownAddress } from '../support/browser.ts'
import { linkAccount, startPlatforms } from '../support/platforms.ts'
import { listRoutes } from '../support/routes.ts'
import {
  type Account,
  type Answer,
  basic,
  describeOnBothEngines,
  exchange,
  type Service,
  send,
  startService,
} from '../support/service.ts'

const DAY = 86_400_000
const IN_A_DAY = new Date(Date.now() + DAY).toISOString()
const IN_A_WEEK = new Date(Date.now() + 7 * DAY).toISOString()

/** By hand from the contract's table; a route that is not here is open, of a browser, or forgotten. */
const routes: Record<Scope, string[]> = {
  read: [
    'GET /v1/scm_integrations',
    'GET /v1/scm_integrations/:id',
    'GET /v1/scm_integrations/:id/health',
    'GET /v1/scm_integrations/:id/search_repos',
    'POST /v1/scm_integrations/:id/search_repos',
    'GET /v1/scm_integrations/:id/orgs',
    'POST /v1/scm_integrations/:id/orgs',
    'GET /v1/scm_integrations/:id/search_pull_requests',
    'POST /v1/scm_integrations/:id/search_pull_requests',
    'GET /v1/scm_integrations/:id/branches',
    'GET /v1/keys',
    'GET /v1/keys/:id',
    'GET /v1/events',
    'GET /v1/sessions',
    'GET /v1/identities',
    'GET /v1/users/self',
    'GET /v1/link_sessions/:id',
    'GET /v1/admin/service_tokens',
    // For administrators only, which is said after the scope.
    'GET /v1/admin/users',
    'GET /v1/admin/users/:id',
    'GET /v1/admin/users/:id/integrations',
    'GET /v1/admin/users/:id/tokens',
    'GET /v1/admin/users/:id/sessions',
    'GET /v1/admin/users/:id/identities',
    'GET /v1/admin/users/:id/events',
    'GET /v1/admin/integrations',
    'GET /v1/admin/events',
    'GET /v1/admin/overview',
  ],
  write: [
    'POST /v1/scm_integrations',
    'PATCH /v1/scm_integrations/:id',
    'DELETE /v1/scm_integrations/:id',
    'POST /v1/scm_integrations/:id/import_keys',
    'POST /v1/keys',
    'DELETE /v1/keys/:id',
    // For those who act for a user only, which is said after the scope.
    'POST /v1/link_sessions',
    'POST /v1/link_sessions/:id/complete',
    // In a session only, which is said after the scope.
    'POST /v1/admin/service_tokens',
    'DELETE /v1/admin/service_tokens/:id',
    // For administrators only, which is said after the scope.
    'POST /v1/admin/users',
    'PATCH /v1/admin/users/:id',
    'POST /v1/admin/users/:id/invitation',
    'DELETE /v1/admin/users/:id',
    'DELETE /v1/admin/users/:id/integrations/:one',
    'DELETE /v1/admin/users/:id/tokens/:one',
    'DELETE /v1/admin/users/:id/sessions/:one',
    'DELETE /v1/admin/users/:id/identities/:one',
  ],
  tokens: [
    'GET /v1/tokens',
    'GET /v1/tokens/:id',
    'POST /v1/tokens',
    'PATCH /v1/tokens/:id/renew',
    'PUT /v1/tokens/:id/renew',
    'DELETE /v1/tokens/:id',
  ],
  account: [
    'PUT /v1/users/account',
    'PATCH /v1/users/:id',
    'PATCH /v1/account/profile',
    'DELETE /v1/sessions/:id',
    'POST /v1/identities',
    'DELETE /v1/identities/:id',
  ],
  access_tokens: [],
}

it('a new route that nobody gave a scope needs "read" to look and "write" for anything else', () => {
  expect([scopeFor('GET', '/v1/new'), scopeFor('POST', '/v1/new/:id/search'), scopeFor('DELETE', '')]).toEqual([
    ...['read', 'write', 'write'],
  ])
})

describeOnBothEngines('API tokens', (engine) => {
  let service: Service
  let alice: Account
  let sandbox: Sandbox
  let link: string

  beforeAll(async () => {
    const platforms = await startPlatforms()
    sandbox = platforms.sandbox
    service = await startService(engine, { ...platforms.settings, ...(await ownAddress()), MAX_API_TOKENS: '40' })
    alice = await service.addAccount('alice')
    link = await linkAccount(alice, sandbox.platforms['gitlab-self-hosted'])
  })
  afterAll(async () => {
    await service.close()
    await sandbox.close()
  })

  interface Made {
    id: string
    bearer: string
    call(method: string, path: string, body?: unknown): Promise<Answer>
  }

  async function make(token: object, by: Pick<Account, 'call'> = alice): Promise<Made> {
    const { status, json, text } = await by.call('POST', '/v1/tokens', { token: { name: 'n', ...token } })
    if (status !== 201) throw new Error(`making a token answered ${status}: ${text}`)
    const bearer = await exchange(service.url, json.token.token)
    const headers = { authorization: `Bearer ${bearer}` }
    return {
      id: json.token.id,
      bearer,
      call: (method, path, body) => send(method, `${service.url}${path}`, body, headers),
    }
  }

  const errorsOf = ({ status, json }: Answer) => [status, json.errors]

  it('open every route of their scopes and no other, which is answered before anything is looked for', async () => {
    const all = Object.entries(routes).flatMap(([scope, names]) => names.map((name) => [name, scope] as const))
    const registered = (await listRoutes(service)).filter((name) => / \/v1\//.test(name))
    const open = ['GET /v1/regions', 'POST /v1/tokens/exchange']
    expect(all.map(([name]) => name).sort()).toEqual(registered.filter((name) => !open.includes(name)).sort())

    for (const scope of SCOPES) {
      const made = await make({ scopes: [scope] })
      for (const [name, needed] of all) {
        const [method = '', path = ''] = name.split(' ')
        if (scope === needed) continue
        const answer = await made.call(method, path.replace(':id', 'x'), method === 'GET' ? undefined : {})
        expect([scope, name, answer.status, answer.json]).toEqual([
          ...[scope, name, 403],
          { error: expect.stringContaining(`"${needed}"`), code: 'insufficient_scope', scope: needed },
        ])
      }
      for (const name of routes[scope]) {
        const [method = '', path = ''] = name.split(' ')
        const answer = await made.call(method, path.replace(':id', 'x'), method === 'GET' ? undefined : { x: 1 })
        expect([name, answer.status === 403, answer.json?.code]).not.toEqual([name, true, 'insufficient_scope'])
      }
      expect((await made.call('GET', '/v1/unknown')).status).toBe(404)
      expect((await made.call('GET', '/v1/regions')).status).toBe(200)
    }
  })

  it('made without scopes have all five and no end, as existing clients expect', async () => {
    const { status, json } = await alice.call('POST', '/v1/tokens', { token: { name: 'plain' } })
    expect([status, json.token.scopes, json.token.expires_at]).toEqual([
      201,
      ['read', 'write', 'tokens', 'account', 'access_tokens'],
      null,
    ])
    const own = (await alice.call('GET', '/v1/tokens')).json.tokens[0]
    expect([own.name, own.scopes.length, own.expires_at]).toEqual(['forgelink user add', 5, null])
    const byPassword = await send('POST', `${service.url}/v1/tokens`, { name: 'x' }, basic('alice', alice.password))
    expect(byPassword.json.token.scopes).toHaveLength(5)
  })

  it('show platform tokens with the scope for it, and leave the member out without', async () => {
    const [seeing, reading] = [await make({ scopes: ['read', 'access_tokens'] }), await make({ scopes: ['read'] })]
    const path = `/v1/scm_integrations/${link}`
    expect((await seeing.call('GET', path)).json.scm_integration.access_token).toMatch(/^glpat-/)
    expect((await seeing.call('GET', '/v1/scm_integrations')).json.scm_integrations[0].access_token).toMatch(/^glpat-/)
    const shown = await reading.call('GET', path)
    expect([shown.status, Object.keys(shown.json.scm_integration)]).toEqual([
      200,
      expect.not.arrayContaining(['access_token']),
    ])
    expect((await reading.call('GET', '/v1/scm_integrations')).text).not.toContain('access_token')
  })

  it('are in the JWT with their scopes, and end it with themselves', async () => {
    const end = new Date(Date.now() + 600_000).toISOString()
    const made = await make({ scopes: ['write', 'read'], expires_at: end })
    const claims = JSON.parse(Buffer.from(made.bearer.split('.')[1] ?? '', 'base64url').toString())
    expect([claims.scope, claims.exp]).toEqual(['read write', Math.floor(Date.parse(end) / 1000)])
    expect((await made.call('GET', '/v1/keys')).status).toBe(200)
    await service.services.database
      .updateTable('apiTokens')
      .set({ expiresAt: new Date(Date.now() - 1).toISOString() })
      .where('id', '=', made.id)
      .execute()
    // At once, whatever leeway a JWT has.
    expect((await made.call('GET', '/v1/keys')).status).toBe(401)
  })

  it('give their children at most their own scopes and end', async () => {
    const parent = await make({ scopes: ['read', 'tokens'], expires_at: IN_A_DAY })
    const child = await parent.call('POST', '/v1/tokens', { token: { name: 'child' } })
    expect([child.json.token.scopes, child.json.token.expires_at]).toEqual([['read', 'tokens'], IN_A_DAY])
    const fewer = await parent.call('POST', '/v1/tokens', { name: 'fewer', scopes: ['read'], expires_at: null })
    expect([fewer.json.token.scopes, fewer.json.token.expires_at]).toEqual([['read'], IN_A_DAY])
    const more = await parent.call('POST', '/v1/tokens', {
      name: 'more',
      scopes: ['read', 'write'],
      expires_at: IN_A_WEEK,
    })
    expect(errorsOf(more)).toEqual([
      422,
      {
        scopes: ['must be among those of the token that makes it: read, tokens'],
        expires_at: [`must not be later than that of the token that makes it: ${IN_A_DAY}`],
      },
    ])
  })

  it('get no more by renewing another: neither its scopes nor its end', async () => {
    const weak = await make({ scopes: ['tokens', 'read'], expires_at: IN_A_DAY })
    const strong = await make({ scopes: ['tokens', 'read', 'write'], expires_at: IN_A_DAY })
    const rejected = await weak.call('PUT', `/v1/tokens/${strong.id}/renew`)
    expect([rejected.status, rejected.json.code, rejected.json.scope]).toEqual([403, 'insufficient_scope', 'write'])
    const lasting = await make({ scopes: ['tokens', 'read'] })
    expect(errorsOf(await weak.call('PATCH', `/v1/tokens/${lasting.id}/renew`))).toEqual([
      422,
      { expires_at: ['is later than that of the token which asks for this'] },
    ])
    expect((await strong.call('GET', '/v1/keys')).status).toBe(200)
    const renewed = await weak.call('PUT', `/v1/tokens/${weak.id}/renew`)
    expect([renewed.status, renewed.json.token.scopes, renewed.json.token.expires_at]).toEqual([
      200,
      ['read', 'tokens'],
      IN_A_DAY,
    ])
    expect((await alice.call('PUT', `/v1/tokens/${strong.id}/renew`)).status).toBe(200)
  })

  it('that have expired are neither exchanged nor renewed, and are still listed and deleted', async () => {
    const { json } = await alice.call('POST', '/v1/tokens', { token: { name: 'short', expires_at: IN_A_DAY } })
    const { id, token } = json.token
    const expiresAt = new Date(Date.now() - 1000).toISOString()
    await service.services.database.updateTable('apiTokens').set({ expiresAt }).where('id', '=', id).execute()
    const exchanged = await send('POST', `${service.url}/v1/tokens/exchange`, undefined, basic('', token))
    expect([exchanged.status, exchanged.json]).toEqual([401, { error: 'This API token is not valid, or no longer.' }])
    expect(errorsOf(await alice.call('PUT', `/v1/tokens/${id}/renew`))).toEqual([
      422,
      { expires_at: ['is over: make another token instead'] },
    ])
    expect((await alice.call('GET', `/v1/tokens/${id}`)).json.token.expires_at).toBe(expiresAt)
    expect((await alice.call('DELETE', `/v1/tokens/${id}`)).status).toBe(204)
  })

  it.each<[string, object, string]>([
    ['no list', { scopes: 'read' }, 'scopes'],
    ['an empty list', { scopes: [] }, 'scopes'],
    ['an unknown scope', { scopes: ['read', 'admin'] }, 'scopes'],
    ['a scope twice', { scopes: ['read', 'read'] }, 'scopes'],
    ['a number', { scopes: [1] }, 'scopes'],
    ['an object', { scopes: { read: true } }, 'scopes'],
    ['an end that is over', { expires_at: '2020-01-01T00:00:00Z' }, 'expires_at'],
    ['an end that is no day', { expires_at: '2099-02-31x' }, 'expires_at'],
    ['an end that is a number', { expires_at: 4_102_444_800 }, 'expires_at'],
    ['an end in words', { expires_at: 'tomorrow' }, 'expires_at'],
    ['an empty end', { expires_at: '' }, 'expires_at'],
    ['an end in the year 10000', { expires_at: '9999-12-31T23:59:59-10:00' }, 'expires_at'],
    ['an end of which nobody knows where it is', { expires_at: '2099-01-01T00:00' }, 'expires_at'],
  ])('are not made with %s', async (_case, token, field) => {
    const { status, json } = await alice.call('POST', '/v1/tokens', { token: { name: 'n', ...token } })
    expect([status, Object.keys(json.errors ?? {})]).toEqual([422, [field]])
  })

  it.each([
    ['2099-01-31T12:00:00Z', '2099-01-31T12:00:00.000Z'],
    ['2099-01-31T12:00:00.5+02:00', '2099-01-31T10:00:00.500Z'],
    ['2099-01-31', '2099-01-31T00:00:00.000Z'],
  ])('may end at %s', async (given, stored) => {
    const { json } = await alice.call('POST', '/v1/tokens', { token: { name: 'n', expires_at: given } })
    expect(json.token.expires_at).toBe(stored)
  })

  it('are at most MAX_API_TOKENS that have not expired, also when they are made at once', async () => {
    const bob = await service.addAccount('bob')
    const soon = new Date(Date.now() + 600_000).toISOString()
    for (let n = 0; n < 5; n++) await bob.call('POST', '/v1/tokens', { name: `expired ${n}`, expires_at: soon })
    const { database } = service.services
    const past = new Date(Date.now() - 1000).toISOString()
    await database.updateTable('apiTokens').set({ expiresAt: past }).where('expiresAt', '=', soon).execute()
    const answers = await Promise.all(
      Array.from({ length: 45 }, (_, n) => bob.call('POST', '/v1/tokens', { name: `token ${n}` })),
    )
    const statuses = answers.map(({ status }) => status).sort()
    expect(statuses).toEqual([...new Array(39).fill(201), ...new Array(6).fill(422)])
    expect(answers.find(({ status }) => status === 422)?.json.errors).toEqual({
      token: [expect.stringContaining('40')],
    })
  })

  it('are listed with a bound: whoever has more is shown the oldest', async () => {
    const carol = await service.addAccount('carol')
    const rows = Array.from({ length: 150 }, (_, n) => ({
      id: randomUUID(),
      userId: carol.id,
      name: `old ${n}`,
      tokenHash: `hash ${n}`,
      createdAt: '2020-01-01T00:00:00.000Z',
      issuedAt: '2020-01-01T00:00:00.000Z',
      scopes: 'read',
    }))
    await service.services.database.insertInto('apiTokens').values(rows).execute()
    const { json } = await carol.call('GET', '/v1/tokens')
    expect([json.tokens.length, json.meta?.warnings]).toEqual([
      140,
      ['Only the oldest 140 are listed: you have more than an account may have (MAX_API_TOKENS).'],
    ])
  })
})
