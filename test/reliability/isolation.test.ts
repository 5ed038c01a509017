// Reliability section 7: nobody sees or changes what is somebody else's, on any route, in any cache.

import { afterAll, beforeAll, expect, it } from 'vitest'
import { addIdentity } from '../../src/accounts/identities/identities.ts'
import { setUserActive } from '../../src/accounts/roles.ts'
import { SERVICE_SCOPES } from '../../src/accounts/scopes.ts'
import { COMMAND_LINE } from '../../src/audit/events.ts'
import { userRemove } from '../../src/commands/users.ts'
import { type Browser, openBrowser, ownAddress } from '../support/browser.ts'
import type { TestServer } from '../support/fault-server.ts'
import { startIssuer, type TestIssuer, trusting } from '../support/issuer.ts'
import { RETURN_URL, RETURN_URLS } from '../support/link-sessions.ts'
import { startMarkedPlatform } from '../support/marked-platform.ts'
import { ed25519Key } from '../support/public-keys.ts'
import { listRoutes } from '../support/routes.ts'
import {
  type Account,
  type Answer,
  describeOnBothEngines,
  type Service,
  send,
  startService,
} from '../support/service.ts'
import { addService } from '../support/service-tokens.ts'

/** What an id in a path names; the word is the one that "not found" answers with. */
type Noun = 'key' | 'token' | 'scm_integration' | 'link_session' | 'session' | 'identity'

interface Rule {
  /**
   * `open`: the same for everybody. `own`: about the caller alone. `object`: about one object of the caller's.
   * `session`: as `own`, but of a browser. `page`: a page of a browser, which sends others to sign in.
   * `sign-in`: for those who are nobody yet. `linking`: a page of a link session, which has a walk of its own. `admin`:
   * for administrators, and services with the scope
   * for it. `scim`: for services with that scope.
   */
  who: 'open' | 'own' | 'object' | 'session' | 'page' | 'sign-in' | 'linking' | 'admin' | 'scim'
  /** What `:id` stands for, where it is not the caller or an object of the owner's. */
  id?: string
  noun?: Noun
  query?: string
  body?: unknown
  /** What the owner is answered, or an administrator; 200 by default. */
  status?: number
  /** Whether it is closed to those who act for the user: what is made with it would outlive them. */
  noDelegates?: true
  /** What those who act for the user are answered, if it is not the owner's `status`. */
  forDelegates?: number
}

const integration = { who: 'object', noun: 'scm_integration' } as const
const search = { ...integration, query: '?query=hello' }
const page = { who: 'page' } as const
const linking = { who: 'linking' } as const
const linkSession = { who: 'object', noun: 'link_session' } as const
const account = { who: 'own', noDelegates: true } as const
const token = { who: 'object', noun: 'token', noDelegates: true } as const

const scim = { who: 'scim' } as const

const NIL_UUID = '00000000-0000-0000-0000-000000000000'

const rules: Record<string, Rule> = {
  'GET /healthz': { who: 'open' },
  'GET /readyz': { who: 'open' },
  'GET /openapi.json': { who: 'open' },
  'GET /docs': { who: 'open' },
  'GET /favicon.ico': { who: 'open' },
  'GET /pages.css': { who: 'open' },
  'GET /v1/regions': { who: 'open' },

  'GET /sign-in': { who: 'sign-in' },
  'POST /sign-in': { who: 'sign-in' },
  'POST /sign-out': { who: 'sign-in' },
  'GET /invitations/:secret': { who: 'sign-in' },
  'POST /invitations/:secret': { who: 'sign-in' },
  'POST /v1/tokens/exchange': { who: 'sign-in' },
  'GET /doctor': { who: 'sign-in' },

  'GET /v1/users/self': { who: 'own' },
  'PUT /v1/users/account': { ...account, body: { user: {} } },
  'PATCH /v1/account/profile': { ...account, body: { user: {} } },
  'GET /v1/tokens': account,
  'POST /v1/tokens': { ...account, body: { token: { name: 'another' } }, status: 201 },
  'GET /v1/keys': { who: 'own' },
  'POST /v1/keys': { who: 'own', body: { key: { name: 'x', content: 'x' } }, status: 422 },
  'GET /v1/events': { who: 'own' },
  'GET /v1/sessions': { who: 'own', noDelegates: true },
  'DELETE /v1/sessions/:id': { who: 'object', noun: 'session', status: 204, noDelegates: true },
  'GET /v1/identities': { who: 'own', noDelegates: true },
  // Only in a session.
  'POST /v1/identities': { who: 'own', status: 403, noDelegates: true },
  'DELETE /v1/identities/:id': { who: 'object', noun: 'identity', status: 204, noDelegates: true },
  'GET /v1/scm_integrations': { who: 'own' },
  'POST /v1/scm_integrations': { who: 'own', body: { scm_integration: {} }, status: 422 },

  'PATCH /v1/users/:id': { ...account, body: { user: {} } },
  'GET /v1/tokens/:id': token,
  'PATCH /v1/tokens/:id/renew': token,
  'PUT /v1/tokens/:id/renew': token,
  'DELETE /v1/tokens/:id': { ...token, status: 204 },
  'GET /v1/keys/:id': { who: 'object', noun: 'key' },
  'DELETE /v1/keys/:id': { who: 'object', noun: 'key', status: 204 },
  'GET /v1/scm_integrations/:id': integration,
  'PATCH /v1/scm_integrations/:id': { ...integration, body: { scm_integration: { access_token: 'token-1-replaced' } } },
  'DELETE /v1/scm_integrations/:id': { ...integration, status: 204 },
  'POST /v1/scm_integrations/:id/import_keys': { ...integration, status: 201 },
  'GET /v1/scm_integrations/:id/health': integration,
  'GET /v1/scm_integrations/:id/search_repos': search,
  'POST /v1/scm_integrations/:id/search_repos': search,
  'GET /v1/scm_integrations/:id/search_pull_requests': search,
  'POST /v1/scm_integrations/:id/search_pull_requests': search,
  'GET /v1/scm_integrations/:id/orgs': integration,
  'POST /v1/scm_integrations/:id/orgs': integration,
  'GET /v1/scm_integrations/:id/branches': { ...integration, query: '?repo_name=alice/hello-world' },

  'POST /v1/link_sessions': { who: 'own', body: { link_session: {} }, status: 403, forDelegates: 422 },
  'GET /v1/link_sessions/:id': linkSession,
  'POST /v1/link_sessions/:id/complete': { ...linkSession, body: { code: 'x' }, status: 409 },

  'GET /v1/admin/service_tokens': { who: 'admin' },
  // Made in a session only.
  'POST /v1/admin/service_tokens': { who: 'admin', body: {}, status: 403 },
  'DELETE /v1/admin/service_tokens/:id': { who: 'admin', status: 404 },
  'GET /v1/admin/users': { who: 'admin' },
  // Nobody is made of nothing.
  'POST /v1/admin/users': { who: 'admin', body: { user: {} }, status: 422 },
  'GET /v1/admin/users/:id': { who: 'admin' },
  'PATCH /v1/admin/users/:id': { who: 'admin', body: { user: {} } },
  'POST /v1/admin/users/:id/invitation': { who: 'admin', id: `us-${NIL_UUID}`, status: 404 },
  'DELETE /v1/admin/users/:id': { who: 'admin', id: `us-${NIL_UUID}`, status: 404 },
  'GET /v1/admin/users/:id/integrations': { who: 'admin' },
  'GET /v1/admin/users/:id/tokens': { who: 'admin' },
  'GET /v1/admin/users/:id/sessions': { who: 'admin' },
  'GET /v1/admin/users/:id/identities': { who: 'admin' },
  'GET /v1/admin/users/:id/events': { who: 'admin' },
  'DELETE /v1/admin/users/:id/integrations/:one': { who: 'admin', status: 404 },
  'DELETE /v1/admin/users/:id/tokens/:one': { who: 'admin', status: 404 },
  'DELETE /v1/admin/users/:id/sessions/:one': { who: 'admin', status: 404 },
  'DELETE /v1/admin/users/:id/identities/:one': { who: 'admin', status: 404 },
  'GET /v1/admin/integrations': { who: 'admin' },
  'GET /v1/admin/events': { who: 'admin' },
  'GET /v1/admin/overview': { who: 'admin' },

  'GET /scim/v2/ServiceProviderConfig': scim,
  'GET /scim/v2/ResourceTypes': scim,
  'GET /scim/v2/ResourceTypes/:id': { ...scim, id: 'User' },
  'GET /scim/v2/Schemas': scim,
  'GET /scim/v2/Schemas/:id': { ...scim, id: 'urn:ietf:params:scim:schemas:core:2.0:User' },
  'GET /scim/v2/Users': scim,
  'POST /scim/v2/Users': { ...scim, body: {}, status: 400 },
  // Who was not provisioned is not there.
  'GET /scim/v2/Users/:id': { ...scim, status: 404 },
  'PUT /scim/v2/Users/:id': { ...scim, body: {}, status: 404 },
  'PATCH /scim/v2/Users/:id': { ...scim, body: {}, status: 404 },
  'DELETE /scim/v2/Users/:id': { ...scim, status: 404 },

  'GET /session': { who: 'session' },
  'PUT /session/password': { who: 'session', body: {}, status: 422 },
  'POST /session/confirm': { who: 'session', body: {}, status: 422 },
  'GET /avatars/:id': { who: 'session', noun: 'scm_integration' },
  'GET /': page,
  'GET /profile': page,
  'GET /repositories': page,
  'GET /pull-requests': page,
  'GET /keys': page,
  'GET /tokens': page,
  'GET /activity': page,
  'GET /link-sessions/:id': linking,
  'POST /link-sessions/:id/begin': linking,
  'POST /link-sessions/:id/oauth': linking,
  'POST /link-sessions/:id/token': linking,
  'POST /link-sessions/:id/refuse': linking,
  'GET /account': page,
  'GET /administration': page,
  'GET /administration/users': page,
  'GET /administration/users/:id': page,
  'GET /administration/links': page,
  'GET /administration/activity': page,
  'GET /administration/service-tokens': page,
  'GET /users/github/link': page,
  'POST /users/github/link': page,
  'GET /users/github/callback': { who: 'session', status: 400 },
  'GET /users/gitlab/link': page,
  'POST /users/gitlab/link': page,
  'GET /users/gitlab/callback': { who: 'session', status: 400 },
}

/** A status, and a code where the status alone could mean something else; empty where another test says it. */
type Expected = (number | string)[]

const resources: Record<Noun, string> = {
  key: 'keys',
  token: 'tokens',
  scm_integration: 'scm_integrations',
  link_session: 'link_sessions',
  session: 'sessions',
  identity: 'identities',
}

describeOnBothEngines('isolation', (engine) => {
  let platform: TestServer
  let issuer: TestIssuer
  let service: Service
  let owner: Account
  let other: Account
  let removed: Account
  let deactivated: Account
  let administrator: Account
  /** What those call with who are no user of their own. */
  const bearers: Record<string, string> = {}
  const browsers = new Map<Account, Browser>()

  beforeAll(async () => {
    platform = await startMarkedPlatform()
    issuer = await startIssuer()
    service = await startService(engine, {
      ...trusting(issuer),
      ...(await ownAddress()),
      ALLOWED_HOSTS: platform.origin,
      RETURN_URLS,
      GITHUB_CLIENT_ID: 'id',
      GITHUB_CLIENT_SECRET: 'secret',
      GITLAB_CLIENT_ID: 'id',
      GITLAB_CLIENT_SECRET: 'secret',
      SCIM_ISSUER: 'https://idp.example',
    })
    // The first user is one.
    administrator = await service.addAccount('administrator')
    owner = await service.addAccount('owner')
    other = await service.addAccount('other')
    removed = await service.addAccount('removed')
    deactivated = await service.addAccount('deactivated')
    for (const account of [administrator, owner, other, removed, deactivated]) {
      const browser = openBrowser(service)
      await browser.signIn(account)
      browsers.set(account, browser)
    }
    await linkNumber(1, owner)
    expect((await removed.call('GET', '/v1/users/self')).status).toBe(200)
    await userRemove(service.services, 'removed')
    await service.services.database
      .transaction()
      .execute((transaction) => setUserActive(transaction, COMMAND_LINE, deactivated.id, false))
    await prepareServices()
    await prepareIssuer()
  })
  afterAll(async () => {
    await service.close()
    await issuer.close()
    await platform.close()
  })

  async function prepareServices(): Promise<void> {
    const powerful = await addService(service, { scopes: [...SERVICE_SCOPES] })
    const acting = await addService(service, { scopes: ['users:act', 'read', 'write'] })
    const jwtFor = async ({ id }: Account) => (await acting.exchange({ user: { id } })).json.token
    bearers.serviceWithScopes = powerful.token
    bearers.serviceWithout = acting.token
    bearers.delegateOfOther = await jwtFor(other)
    bearers.delegateOfOwner = await jwtFor(owner)
    bearers.delegateOfAdministrator = await jwtFor(administrator)
  }

  async function prepareIssuer(): Promise<void> {
    for (const [name, { id }] of Object.entries({ Owner: owner, Other: other, Deactivated: deactivated })) {
      await service.services.database
        .transaction()
        .execute((transaction) => addIdentity(transaction, COMMAND_LINE, id, { issuer: issuer.issuer, subject: name }))
      bearers[`issuerOf${name}`] = await issuer.sign({ sub: name })
    }
  }

  async function linkNumber(n: number, account: Account): Promise<string> {
    const body = { scm_type: 'github-enterprise', url: platform.origin, access_token: `token-${n}` }
    const { status, json } = await account.call('POST', '/v1/scm_integrations', body)
    expect(status).toBe(201)
    return json.scm_integration.id
  }

  /** The id of one of the owner's; a new one where the last was deleted. */
  async function idOf(noun: Noun): Promise<string> {
    if (noun === 'link_session') return idOfLinkSession()
    if (noun === 'session') await openBrowser(service).signIn(owner)
    if (noun === 'identity') await connectIdentity()
    const { json } = await owner.call('GET', `/v1/${resources[noun]}`)
    if (noun === 'session') return json.sessions[0].id
    // Not the oldest token: that is the one the owner calls with.
    const found = json[resources[noun]].slice(noun === 'token' ? 1 : 0).at(-1)
    if (found) return found.id
    if (noun === 'scm_integration') return linkNumber(1, owner)
    const body = { token: { name: 'spare' }, key: { name: 'spare', content: ed25519Key(99) } }
    return (await owner.call('POST', `/v1/${resources[noun]}`, body)).json[noun].id
  }

  async function idOfLinkSession(): Promise<string> {
    const authorization = `Bearer ${bearers.delegateOfOwner}`
    const body = { link_session: { return_url: RETURN_URL } }
    return (await send('POST', `${service.url}/v1/link_sessions`, body, { authorization })).json.link_session.id
  }

  async function connectIdentity(): Promise<void> {
    const identity = { issuer: 'https://login.example.test', subject: `owner-${Math.random()}` }
    await service.services.database
      .transaction()
      .execute((transaction) => addIdentity(transaction, COMMAND_LINE, owner.id, identity))
  }

  /** One call by a browser or a program, as the route has it. */
  function ask(rule: Rule, method: string, path: string, who: Account | null): Promise<Answer> {
    const isBrowsers = rule.who === 'session' || rule.who === 'page'
    if (!isBrowsers) return who?.call(method, path, rule.body) ?? send(method, `${service.url}${path}`, rule.body)
    const browser = (who && browsers.get(who)) ?? openBrowser(service)
    return browser.call(method, path, rule.body)
  }

  async function ownersMarks(): Promise<string[]> {
    return [
      'owner@example.test',
      owner.id,
      'user-1',
      await idOf('scm_integration'),
      await idOf('token'),
      await idOf('key'),
    ]
  }

  it('has a rule for every route there is, and no other', async () => {
    expect(await listRoutes(service)).toEqual(Object.keys(rules).sort())
  })

  const routes = Object.entries(rules).map(([route, rule]) => {
    const [method = '', path = ''] = route.split(' ')
    return { route, method, path: `${path}${rule.query ?? ''}`, rule }
  })
  const about = (...who: Rule['who'][]) => routes.filter(({ rule }) => who.includes(rule.who))

  it.each(about('own', 'object', 'session', 'admin', 'scim'))(
    '$route answers 401 to nobody, to a removed and to a deactivated user',
    async ({ method, path, rule }) => {
      const asked = path.replace(':id', rule.noun ? await idOf(rule.noun) : owner.id)
      for (const who of [null, removed, deactivated]) {
        const answer = await ask(rule, method, asked, who)
        expect([answer.status, answer.headers.get('www-authenticate')]).toEqual([401, answer.json ? 'Bearer' : null])
        // A callback takes no HEAD: whoever looks first would use the attempt up.
        const hasHead = method === 'GET' && !path.endsWith('/callback')
        if (hasHead) expect((await ask(rule, 'HEAD', asked, who)).status).toBe(401)
        for (const mark of await ownersMarks()) expect(answer.text).not.toContain(mark)
      }
    },
  )

  it.each(about('page'))('$route sends nobody and who is gone to sign in', async ({ method, path, rule }) => {
    for (const who of [null, removed, deactivated]) {
      const answer = await ask(rule, method, path, who)
      expect([answer.status, answer.headers.get('location')]).toEqual([
        303,
        expect.stringMatching(/^\/sign-in\?return_to=/),
      ])
      expect(answer.text).toBe('')
    }
    expect((await ask(rule, method, path, owner)).status).not.toBe(303)
  })

  it.each(about('own', 'open', 'page', 'sign-in'))(
    '$route shows somebody else nothing of the owner',
    async ({ method, path, rule }) => {
      const answer = await ask(rule, method, path.replace(':id', other.id), other)
      for (const mark of await ownersMarks()) expect(answer.text).not.toContain(mark)
    },
  )

  it.each(about('own'))('$route serves the caller', async ({ method, path, rule }) => {
    const answer = await ask(rule, method, path.replace(':id', owner.id), owner)
    expect(answer.status, answer.text).toBe(rule.status ?? 200)
  })

  // Who calls with something else than a token or session of their own: what each kind of route answers them. A new way to
  // act for somebody is a line here.
  const closed = (rule: Rule) => rule.noDelegates && [403, 'forbidden_for_delegate']
  const delegate = (own: (rule: Rule) => Expected) => ({
    own: (rule: Rule) => closed(rule) || [rule.forDelegates ?? rule.status ?? 200],
    object: (rule: Rule) => closed(rule) || own(rule),
    session: () => [401],
    admin: () => [403, 'forbidden_for_delegate'],
    scim: () => [401],
  })
  const callers: Record<string, Record<'own' | 'object' | 'session' | 'admin' | 'scim', (rule: Rule) => Expected>> = {
    serviceWithScopes: {
      ...{ own: () => [401], object: () => [401], session: () => [401] },
      admin: (rule) => [rule.status ?? 200],
      scim: (rule) => [rule.status ?? 200],
    },
    serviceWithout: {
      ...{ own: () => [401], object: () => [401], session: () => [401] },
      admin: () => [403, 'insufficient_scope'],
      scim: () => [403],
    },
    delegateOfOther: delegate(() => [404]),
    delegateOfOwner: delegate((rule) => [rule.status ?? 200]),
    delegateOfAdministrator: delegate(() => [404]),
    issuerOfOther: delegate(() => [404]),
    issuerOfOwner: delegate((rule) => [rule.status ?? 200]),
    issuerOfDeactivated: {
      ...{ own: () => [401], object: () => [401], session: () => [401] },
      ...{ admin: () => [401], scim: () => [401] },
    },
    administrator: {
      own: (rule) => [rule.status ?? 200],
      object: () => [404],
      session: () => [401],
      admin: (rule) => [rule.status ?? 200],
      scim: () => [401],
    },
    member: {
      own: () => [],
      object: () => [],
      session: () => [],
      admin: () => [403, 'admin_required'],
      scim: () => [401],
    },
  }

  it.each(about('own', 'object', 'session', 'admin', 'scim'))(
    '$route answers whoever acts for somebody by what they may do',
    async ({ method, path, rule }) => {
      const tokens = { ...bearers, administrator: administrator.bearer, member: other.bearer }
      for (const [name, expected] of Object.entries(callers)) {
        const kind = rule.who as keyof typeof expected
        const [status, code] = expected[kind](rule)
        if (status === undefined) continue
        // The one `PATCH /v1/users/:id` names the caller, not an object.
        const own = name === 'administrator' ? administrator.id : owner.id
        const asked = path
          .replace(':id', rule.id ?? (rule.noun ? await idOf(rule.noun) : own))
          .replace(':one', NIL_UUID)
        const authorization = `Bearer ${tokens[name as keyof typeof tokens]}`
        const answer = await send(method, `${service.url}${asked}`, rule.body, { authorization })
        const told = code === undefined ? [] : [answer.json?.code]
        expect([name, answer.status, ...told, answer.text]).toEqual([
          ...[name, status],
          ...(code === undefined ? [] : [code]),
          answer.text,
        ])
        // Administrators see everybody; what they never see is in `test/administration/secrets.test.ts`.
        if (name.endsWith('OfOwner') || (kind === 'admin' && answer.status < 400)) continue
        for (const mark of await ownersMarks())
          expect([name, answer.text]).toEqual([name, expect.not.stringContaining(mark)])
      }
    },
  )

  it('PATCH /v1/users/:id does not take another user’s id', async () => {
    const answer = await other.call('PATCH', `/v1/users/${owner.id}`, { user: { username: 'stolen' } })
    const unknown = await other.call('PATCH', `/v1/users/us-${NIL_UUID}`, { user: { username: 'stolen' } })
    expect([answer.status, answer.text]).toEqual([404, unknown.text])
    expect((await owner.call('GET', '/v1/users/self')).json.user.username).toBe('owner')
  })

  const withNoun = routes.filter(({ rule }) => rule.noun)
  it.each(withNoun)(
    '$route tells somebody else the same bytes as of an unknown id, and serves the owner',
    async ({ method, path, rule }) => {
      const noun = rule.noun as Noun
      const id = await idOf(noun)
      const before = await owner.call('GET', `/v1/${resources[noun]}`)
      const unknown = await ask(rule, method, path.replace(':id', NIL_UUID), other)
      expect([unknown.status, unknown.json]).toEqual([404, { resource: noun, error: 'not found' }])
      const ids = [id, id.toUpperCase(), ...(noun === 'scm_integration' ? ['github-enterprise'] : [])]
      for (const one of ids) {
        const answer = await ask(rule, method, path.replace(':id', one), other)
        expect([one, answer.status, answer.text]).toEqual([one, 404, unknown.text])
      }
      expect((await owner.call('GET', `/v1/${resources[noun]}`)).json).toEqual(before.json)

      const own = await ask(rule, method, path.replace(':id', id), owner)
      expect(own.status, own.text).toBe(rule.status ?? 200)
      if (method !== 'DELETE') return
      const again = await ask(rule, method, path.replace(':id', id), owner)
      expect([again.status, again.text]).toEqual([404, unknown.text])
    },
  )
})
