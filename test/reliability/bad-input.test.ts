// Reliability section 9: whatever is sent, on every route: a status below 500, an answer in our own form, and no secret repeated.

import fc from 'fast-check'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { openBrowser, ownAddress } from '../support/browser.ts'
import { callsOf, type DescribedRoute, describedRoutes } from '../support/described-routes.ts'
import type { TestServer } from '../support/fault-server.ts'
import { addCustomer, RETURN_URLS } from '../support/link-sessions.ts'
import { startMarkedPlatform } from '../support/marked-platform.ts'
import { ed25519Key } from '../support/public-keys.ts'
import {
  type Account,
  type Answer,
  describeOnBothEngines,
  type Service,
  send,
  startService,
} from '../support/service.ts'
import { addService, ISSUER } from '../support/service-tokens.ts'

/** How many requests are made up for a route: `FORGELINK_TEST_CASES=10000` for a thorough run. */
const CASES = Number(process.env.FORGELINK_TEST_CASES ?? 300)
const NIL_UUID = '00000000-0000-0000-0000-000000000000'
/** Of every route that needs one: what a route does not know it leaves alone. */
const QUERY = '?query=x&repo_name=a/b'
const JSON_TYPE = { 'content-type': 'application/json' }

describeOnBothEngines('bad input', (engine) => {
  // What is read is read alike; PostgreSQL has its own mind about odd text in queries.
  const cases = engine === 'SQLite' ? CASES : Math.ceil(CASES / 10)
  let platform: TestServer
  let service: Service
  let alice: Account
  let routes: DescribedRoute[]
  let visitors = 0
  /** Ids that are the caller's, by what names them. */
  let ids: { key: string; scm_integration: string; token: string }

  beforeAll(async () => {
    platform = await startMarkedPlatform()
    // Made-up names are looked up, and nobody here knows them.
    const oauth = { GITHUB_CLIENT_ID: 'id', GITHUB_CLIENT_SECRET: 'secret' }
    const inFront = { RETURN_URLS, SCIM_ISSUER: 'https://login.corp.example' }
    const settings = { ...(await ownAddress()), ...oauth, ...inFront, ALLOWED_HOSTS: platform.origin }
    service = await startService(engine, settings, { limits: { dns: 20, connect: 200 } })
    routes = await describedRoutes(service.url)
    alice = await service.addAccount('alice')
    const link = { scm_type: 'github-enterprise', url: platform.origin, access_token: 'token-1' }
    ids = {
      key: (await alice.call('POST', '/v1/keys', { name: 'key', content: ed25519Key(7) })).json.key.id,
      scm_integration: (await alice.call('POST', '/v1/scm_integrations', link)).json.scm_integration.id,
      token: (await alice.call('POST', '/v1/tokens', { name: 'spare' })).json.token.id,
    }
  })
  afterAll(async () => {
    await service.close()
    await platform.close()
  })

  function idFor({ path }: DescribedRoute): string {
    if (path.startsWith('/v1/keys')) return ids.key
    if (path.startsWith('/v1/tokens')) return ids.token
    return /^\/v1(\/admin)?\/users/.test(path) ? alice.id : ids.scm_integration
  }

  /** Every failure has one of the contract's forms, whatever it is about. */
  function expectOurForm({ status, json, headers }: Answer): void {
    if (status < 400) return
    expect(typeof json?.error).toBe('string')
    expect(json.error).not.toBe('')
    if (status === 401) expect(headers.get('www-authenticate')).toBe('Bearer')
    if (status === 422) {
      const messages = Object.values<string[]>(json.errors)
      expect(messages.length).toBeGreaterThan(0)
      for (const each of messages) expect(each.length).toBeGreaterThan(0)
    }
    if (status === 429 || status === 503) expect(Number(headers.get('retry-after'))).toBeGreaterThan(0)
  }

  it.each<[string, string | Uint8Array, Record<string, string>, number]>([
    ['{', '{', JSON_TYPE, 400],
    ['a trailing comma', '{"a":1,}', JSON_TYPE, 400],
    ['two objects', '{}{}', JSON_TYPE, 400],
    ['invalid UTF-8', new Uint8Array([0x7b, 0x22, 0xff, 0x22, 0x7d]), JSON_TYPE, 400],
    ['depth 40', `${'{"a":'.repeat(40)}1${'}'.repeat(40)}`, JSON_TYPE, 400],
    ['65 kB', JSON.stringify({ a: 'x'.repeat(65_536) }), JSON_TYPE, 413],
    ['multipart', '--x--', { 'content-type': 'multipart/form-data; boundary=x' }, 415],
    ['a form', 'a=b', { 'content-type': 'application/x-www-form-urlencoded' }, 415],
    ['an encoded body', '{}', { ...JSON_TYPE, 'content-encoding': 'gzip' }, 415],
    ['[]', '[]', JSON_TYPE, 422],
    ['null', 'null', JSON_TYPE, 422],
    ['a string', '"x"', JSON_TYPE, 422],
    ['nothing', '', JSON_TYPE, 422],
    ['__proto__', '{"__proto__":{"name":"x"}}', JSON_TYPE, 422],
    ['another root', '{"nobody_knows":{}}', JSON_TYPE, 422],
    ['a BOM and nothing in it', '\uFEFF{}', JSON_TYPE, 422],
    ['a list under the root', '{"ROOT":[]}', JSON_TYPE, 422],
  ])('a body that is %s is refused by every route that takes one', async (_case, body, headers, status) => {
    // They take no bearer token, and look at the credentials that they do take first.
    const others = ['POST /v1/tokens/exchange', 'POST /v1/admin/service_tokens']
    // They look at who asks before the members of the body: nobody may but whoever acts for a user.
    const ofDelegates = ['POST /v1/link_sessions', 'POST /v1/link_sessions/{id}/complete']
    const left = [...others, ...(status === 422 ? ofDelegates : [])]
    const taking = routes.filter((route) => route.body && !left.includes(route.name))
    expect(taking.length).toBeGreaterThan(5)
    for (const route of taking) {
      const [root = ''] = Object.keys(route.body?.properties ?? {})
      const sent = typeof body === 'string' ? body.replace('ROOT', root) : body
      const answer = await alice.call(route.method, route.path.replace('{id}', idFor(route)), sent, headers)
      expect([route.name, answer.status]).toEqual([route.name, status])
      expectOurForm(answer)
      if (status === 422)
        expect(answer.json).toEqual({ errors: { [root]: ['missing field'] }, error: `${root} missing field` })
    }
  })

  it.each([
    ['the nil UUID', NIL_UUID],
    ['..', '%2e%2e'],
    ['a path', '..%2F..%2Fetc'],
    ['%00', '%00'],
    ['quotes', '%27%20or%20%271%27%3D%271'],
    ['101 characters', 'x'.repeat(101)],
    ['8,000 characters', 'x'.repeat(8_000)],
    ['half a character', '%ff'],
    ['another type', 'bitbucket'],
    ['a name of every object', 'constructor'],
    ['somebody else’s kind of id', 'KIND'],
  ])('an id that is %s is not found on every route that takes one', async (_case, id) => {
    const taking = routes.filter(({ path }) => path.includes('{id}'))
    expect(taking.length).toBeGreaterThan(10)
    for (const route of taking) {
      const other = idFor(route) === ids.key ? ids.token : ids.key
      const path = route.path.replace('{id}', id.replace('KIND', other)) + QUERY
      const body = route.body
        ? { [Object.keys(route.body.properties ?? {})[0] ?? '']: { access_token: 'x' } }
        : undefined
      // A client resolves `..` itself, which may name another route: that is not asked for here.
      const resolved = new URL(path, service.url).pathname
      if (routes.some((other) => other.method === route.method && other.path === resolved)) continue
      const answer = await alice.call(route.method, path, body)
      expect([route.name, answer.status]).toEqual([route.name, 404])
      expectOurForm(answer)
    }
  })

  it('takes an id in capitals wherever it takes one', async () => {
    // Only who acts for a user has link sessions: test/link-sessions.
    const taking = routes.filter(({ name }) => /^GET .*\{id\}/.test(name) && name !== 'GET /v1/link_sessions/{id}')
    expect(taking.length).toBeGreaterThan(10)
    for (const route of taking) {
      const answer = await alice.call('GET', route.path.replace('{id}', idFor(route).toUpperCase()) + QUERY)
      expect([route.name, answer.status]).toEqual([route.name, 200])
    }
  })

  it.each(['0', '-1', '1.5', '1e2', 'x', '', ' 1', '٣', '101', '99999999999', '1&per_page=1'])(
    'per_page=%s is refused at its field by every route with pages',
    async (value) => {
      const paged = routes.filter(({ query }) => query.some(({ name }) => name === 'per_page'))
      expect(paged.length).toBeGreaterThan(5)
      for (const route of paged) {
        const path = `${route.path.replace('{id}', ids.scm_integration)}?query=x&repo_name=a/b&per_page=${encodeURIComponent(value).replace('%26', '&').replace('%3D', '=')}`
        const answer = await alice.call(route.method, path)
        expect([route.name, answer.status, Object.keys(answer.json.errors)]).toEqual([route.name, 422, ['per_page']])
        expectOurForm(answer)
      }
    },
  )

  it('refuses a parameter that is there twice, by name, on every route that knows it', async () => {
    for (const route of routes) {
      for (const { name } of route.query) {
        const path = `${route.path.replace('{id}', ids.scm_integration)}?${name}=a&${name}=b`
        const answer = await alice.call(route.method, path)
        expect([route.name, answer.status, answer.json.errors?.[name]]).toEqual([route.name, 422, ['is there twice']])
      }
    }
  })

  it.each([
    ['none', undefined],
    ['Basic', `Basic ${Buffer.from('alice:correct horse').toString('base64')}`],
    ['of a scheme nobody knows', 'Token x'],
    ['two words', 'Bearer a b'],
    ['12 kB', `Bearer ${'x'.repeat(12_000)}`],
    ['no JWT', 'Bearer x.y.z'],
  ])('credentials that are %s get 401 from every route that asks for a bearer token', async (_case, authorization) => {
    const open = ['/healthz', '/readyz', '/v1/regions', '/v1/tokens/exchange']
    for (const route of routes.filter(({ path }) => !open.includes(path))) {
      // An API token is also made with login and password.
      if (route.name === 'POST /v1/tokens' && authorization?.startsWith('Basic')) continue
      const headers: Record<string, string> = authorization === undefined ? {} : { authorization }
      const answer = await send(
        route.method,
        `${service.url}${route.path.replace('{id}', idFor(route))}`,
        undefined,
        headers,
      )
      expect([route.name, answer.status]).toEqual([route.name, 401])
      expectOurForm(answer)
    }
  })

  it(
    `answers ${cases} made-up requests a route without one 5xx, and repeats no secret`,
    async () => {
      const secret = 'canary-0123456789'
      for (const route of routes) {
        // Its own token is not renewed or revoked, nor are the objects deleted, or the rest would only see 401 and 404.
        const some =
          route.method === 'DELETE'
            ? [NIL_UUID]
            : [ids.key, ids.scm_integration, ids.token, 'github-enterprise', NIL_UUID]
        await fc.assert(
          fc.asyncProperty(callsOf(route, some), async ({ path, headers, body }) => {
            const sent = typeof body === 'string' ? body.replace('"access_token":"', `"access_token":"${secret}`) : body
            const answer = await alice.call(route.method, path, sent, headers)
            expect(answer.status, `${route.name} ${path} ${answer.text}`).toBeLessThan(500)
            // Only the exchange wants other credentials than a bearer token.
            if (route.path !== '/v1/tokens/exchange') expect(answer.status).not.toBe(401)
            expect(answer.text).not.toContain(secret)
            expectOurForm(answer)
          }),
          { numRuns: cases },
        )
      }
      expect((await alice.call('GET', '/v1/users/self')).status).toBe(200)
    },
    Math.max(240_000, cases * 2_000),
  )

  const JUNK = ['x', '[]', 'null', '"x"', '{"a":1,}', '{"user":"x"}', '{"link_session":[]}', '{"user":{"active":"no"}}']
  const return_url = 'https://paas.example/account'
  const user = { issuer: ISSUER, subject: 'junk' }

  it.each<[string, string, string, unknown[]]>([
    [
      'the exchange for a user',
      'POST',
      '/v1/tokens/exchange',
      [
        // Without a user they are 403 user_required.
        ...JUNK.filter((body) => body !== '[]' && !/^(null|"x"|.*link)/.test(body)),
        { user: [] },
        { user: {} },
        { user: { id: 1 } },
        { user: { ...user, id: 'us-1' } },
        { user: { issuer: ISSUER } },
        { user: { issuer: ISSUER, subject: 7, username: 'junk' } },
        { user: { ...user, username: 'a b' } },
        { user: { ...user, username: 'junk', email: 'x' } },
        { user, scopes: 'read' },
        { user, scopes: ['root'] },
        { user, expires_in: 299 },
        { user, expires_in: 3601 },
        { user, expires_in: '600' },
      ],
    ],
    [
      'link sessions',
      'POST',
      '/v1/link_sessions',
      [
        ...JUNK,
        { link_session: {} },
        { link_session: { return_url: 1 } },
        { link_session: { return_url: 'https://evil.example/' } },
        { link_session: { return_url, scm_type: 'bitbucket' } },
        { link_session: { return_url, scm_type: ['github'] } },
        { link_session: { return_url, url: 'file:///etc/passwd' } },
        { link_session: { return_url, scm_type: 'github', url: 'https://github.com' } },
      ],
    ],
    [
      'completing a link session',
      'POST',
      '/v1/link_sessions/LINK_SESSION/complete',
      [...JUNK, { code: '' }, { code: 1 }, { link_session: { code: null } }],
    ],
    [
      'users of administrators',
      'POST',
      '/v1/admin/users',
      [
        ...JUNK,
        { user: { username: 'a b' } },
        { user: { username: 'junk', email: 'x' } },
        { user: { username: 'junk', role: 'root' } },
        { user: { username: 'junk', identities: 'x' } },
        { user: { username: 'junk', identities: [{ issuer: ISSUER }] } },
      ],
    ],
    [
      'a user of administrators',
      'PATCH',
      '/v1/admin/users/USER',
      [
        ...JUNK,
        { user: { email: 'x', active: false } },
        { user: { username: '', active: false } },
        { user: { role: 1 } },
      ],
    ],
    [
      'users of SCIM',
      'POST',
      '/scim/v2/Users',
      [
        ...JUNK,
        {},
        { userName: 1 },
        { userName: '' },
        { userName: 'junk', active: 'perhaps' },
        { userName: 'junk', emails: 'x' },
      ],
    ],
    [
      'a user of SCIM, put',
      'PUT',
      '/scim/v2/Users/PROVISIONED',
      [...JUNK, {}, { userName: null }, { userName: 'junk', active: 'perhaps' }],
    ],
    [
      'a user of SCIM, patched',
      'PATCH',
      '/scim/v2/Users/PROVISIONED',
      [
        ...JUNK,
        {},
        { Operations: 'x' },
        { Operations: [] },
        { Operations: [{ op: 'explode' }] },
        { Operations: [{ op: 'replace', path: 'userName', value: { a: 1 } }] },
        { Operations: [{ op: 'replace', path: 'active', value: 'perhaps' }] },
      ],
    ],
  ])('a wrong body for %s is 400 or 422 and changes nothing', async (_name, method, path, bodies) => {
    const front = await platformInFront()
    const before = await front.stored()
    for (const body of bodies) {
      const answer = await front.call(method, path, body)
      expect([body, answer.status, answer.text]).toEqual([body, expect.toBeOneOf([400, 422]), expect.any(String)])
      if (!path.startsWith('/scim')) expectOurForm(answer)
    }
    expect(await front.stored()).toEqual(before)
  })

  /** A service that has a user, a link session and a provisioned user, and calls as whoever may call at that path. */
  async function platformInFront() {
    const console = await addService(service)
    const provisioner = await addService(service, { scopes: ['scim'] })
    const name = `customer-${++visitors}`
    const customer = await addCustomer(console, name)
    const linkSession = await customer.make()
    const provisioned = await provisioner.call('POST', '/scim/v2/Users', { userName: `scim-${name}`, externalId: name })
    const ids = { USER: customer.id, LINK_SESSION: linkSession.id, PROVISIONED: provisioned.json.id }
    const { database } = service.services

    return {
      call(method: string, path: string, body: unknown): Promise<Answer> {
        const address = path.replace(/USER|LINK_SESSION|PROVISIONED/, (kind) => ids[kind as keyof typeof ids])
        if (path === '/v1/tokens/exchange') return console.exchange(body)
        if (path.startsWith('/v1/admin')) return alice.call(method, address, body)
        return path.startsWith('/scim') ? provisioner.call(method, address, body) : customer.call(method, address, body)
      },
      async stored() {
        const tables = ['users', 'identities', 'scimUsers', 'linkSessions', 'serviceTokens', 'sessions'] as const
        return Promise.all(tables.map((table) => database.selectFrom(table).selectAll().execute()))
      },
    }
  }

  const query = (...names: string[]) => names.map((name) => ({ name, schema: { type: 'string' } }))
  it.each([
    { method: 'GET', path: '/sign-in', query: query('return_to') },
    { method: 'GET', path: '/users/github/link', query: query('again') },
    { method: 'GET', path: '/users/github/callback', query: query('state', 'code', 'error', 'iss') },
    { method: 'GET', path: '/profile', query: query('linked') },
    { method: 'GET', path: '/avatars/{id}', query: [] },
    { method: 'GET', path: '/{id}', query: [] },
  ])(
    `$method $path answers ${cases} made-up requests as a page of ours, and leads nowhere else`,
    async (page) => {
      const browser = openBrowser(service)
      // Not the account whose name the made-up requests may have changed.
      await browser.signIn(await service.addAccount(`visitor${++visitors}`))
      const route = { ...page, name: page.path, body: null }
      await fc.assert(
        fc.asyncProperty(callsOf(route, [ids.scm_integration, NIL_UUID]), async ({ path }) => {
          // A path of two slashes is another host to the browser, not a request to us.
          const answer = await browser.get(path.replace(/^\/\/+/, '/'))
          expect(
            [200, 303, 400, 404, 414].includes(answer.status) || answer.text.includes('not built'),
            `${path} ${answer.status}`,
          ).toBe(true)
          expect(answer.text).not.toContain('<script>alert')
          const location = answer.headers.get('location')
          if (location) expect(new URL(location, service.url).origin).toBe(service.url)
        }),
        { numRuns: cases },
      )
    },
    Math.max(60_000, cases * 200),
  )

  it(
    `POST /sign-in answers ${cases} made-up forms below 500, and repeats no password`,
    async () => {
      const browser = openBrowser(service)
      const fields = fc.dictionary(
        fc.constantFrom('login', 'csrf', 'return_to', 'password', 'x', '__proto__'),
        fc.oneof(
          fc.string({ unit: 'binary' }),
          fc.constantFrom('//evil.example', 'https://evil.example', '<script>alert(1)</script>'),
        ),
      )
      await fc.assert(
        fc.asyncProperty(fields, async (form) => {
          const answer = await browser.post('/sign-in', { ...form, password: `canary-${form.password ?? ''}` })
          expect(answer.status).toBeLessThan(500)
          expect(answer.text).not.toContain('canary-')
          expect(answer.text).not.toContain('<script>alert')
        }),
        { numRuns: cases },
      )
    },
    Math.max(60_000, cases * 200),
  )
})
