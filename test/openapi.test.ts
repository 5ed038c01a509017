// The description at /openapi.json: valid, complete, without anything written twice, and true of what the service answers.

import { Validator } from '@seriousme/openapi-schema-validator'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Sandbox } from '../sandbox/sandbox.ts'
import { addIdentity } from '../src/accounts/identities/identities.ts'
import { startSession } from '../src/accounts/sessions/sessions.ts'
import { COMMAND_LINE } from '../src/audit/events.ts'
import { type Browser, openBrowser, ownAddress } from './support/browser.ts'
import {
  codesOf,
  type Description,
  expectDescribed,
  operationOf,
  operationsOf,
  readDescription,
  responseOf,
} from './support/description.ts'
import { backWith, begin, RETURN_URL, RETURN_URLS, sendForm } from './support/link-sessions.ts'
import { linkAccount, linkBody, startPlatforms } from './support/platforms.ts'
import { ed25519Key } from './support/public-keys.ts'
import { type Account, type Answer, type Service, startService } from './support/service.ts'
import { addService } from './support/service-tokens.ts'

const METRICS_TOKEN = 'a-token-for-metrics-of-32-letters'

let sandbox: Sandbox
let service: Service
let alice: Account
let browser: Browser
let description: Description
/** The ids that the calls below name. */
const ids = {
  ...{ link: '', key: '', token: '', service: '', linkSession: '', code: '', delegate: '', session: '', identity: '' },
  ...{ bob: '', bobsLink: '', bobsToken: '', bobsSession: '', bobsIdentity: '' },
}

beforeAll(async () => {
  const { sandbox: started, settings } = await startPlatforms()
  sandbox = started
  service = await startService('SQLite', { ...settings, METRICS_TOKEN, RETURN_URLS, ...(await ownAddress()) })
  // The first user is an administrator.
  alice = await service.addAccount('alice')
  browser = openBrowser(service)
  await browser.signIn(alice)
  description = await readDescription(service.url)
  ids.link = await linkAccount(alice, sandbox.platforms['github-enterprise'])
  ids.key = (await alice.call('POST', '/v1/keys', { name: 'first', content: ed25519Key(1) })).json.key.id
  const added = await addService(service)
  ids.service = added.id
  ids.delegate = (await added.exchange({ user: { id: alice.id } })).json.token
  await linkInSession()
  ids.token = (await alice.call('POST', '/v1/tokens', { name: 'first' })).json.token.id
  const identity = { issuer: 'https://login.example.test', subject: 'alice' }
  await service.services.database.transaction().execute(async (transaction) => {
    ids.identity = (await addIdentity(transaction, COMMAND_LINE, alice.id, identity)).id
    await startSession(transaction, alice.id, { beganBy: 'password', remoteIp: null, userAgent: null })
  })
  ids.session = (await alice.call('GET', '/v1/sessions')).json.sessions[0].id
  await addBob()
})

/** Somebody with one of everything, for whom alice is the administrator. */
async function addBob(): Promise<void> {
  const bob = await service.addAccount('bob')
  ids.bob = bob.id
  ids.bobsLink = await linkAccount(bob, sandbox.platforms['github-enterprise'], 'carol')
  const { database } = service.services
  const origin = { beganBy: 'password', remoteIp: null, userAgent: null } as const
  await database.transaction().execute(async (transaction) => {
    await startSession(transaction, bob.id, origin)
    const identity = { issuer: 'https://idp.example', subject: 'bob' }
    ids.bobsIdentity = (await addIdentity(transaction, COMMAND_LINE, bob.id, identity)).id
  })
  const first = async (name: string) => (await alice.call('GET', `/v1/admin/users/${bob.id}/${name}`)).json[name][0].id
  ids.bobsToken = await first('tokens')
  ids.bobsSession = await first('sessions')
}
/** A link session that waits for its completion. */
async function linkInSession(): Promise<void> {
  const body = { link_session: { return_url: RETURN_URL } }
  const made = await alice.call('POST', '/v1/link_sessions', body, asDelegate())
  ids.linkSession = made.json.link_session.id
  const at = await begin(service, made.json.link_session.url)
  const { scm_type, url, access_token } = linkBody(sandbox.platforms['github-enterprise'], 'carol').scm_integration
  ids.code = backWith(await sendForm(at.browser, at.page, 'token', { scm_type, url, access_token })).code ?? ''
}

function asDelegate() {
  return { authorization: `Bearer ${ids.delegate}` }
}

afterAll(async () => {
  await service.close()
  await sandbox.close()
})

describe('the description', () => {
  it('is valid OpenAPI 3.1', async () => {
    const { valid, errors } = await new Validator().validate(description as unknown as Record<string, unknown>)
    expect([valid, errors]).toEqual([true, undefined])
    expect(description.openapi).toBe('3.1.0')
  })

  it('writes no schema twice', () => {
    const seen = new Map<string, number>()
    function walk(value: unknown): void {
      if (typeof value !== 'object' || value === null) return
      if ('enum' in value || ('properties' in value && 'type' in value)) {
        const text = JSON.stringify(value)
        seen.set(text, (seen.get(text) ?? 0) + 1)
      }
      for (const member of Object.values(value)) walk(member)
    }
    walk(description)
    expect([...seen].filter(([, times]) => times > 1)).toEqual([])
  })

  it('gives every operation a name, its credentials with the scope, and what it may fail with', () => {
    for (const { method, path, operation } of operationsOf(description)) {
      const { operationId, security, parameters = [], requestBody, responses } = operation
      const statuses = Object.keys(responses)
      const where = `${method} ${path}`
      expect(operationId, where).toMatch(/^[a-z]+([A-Z][a-z]+)*$/)
      expect(security, where).toBeInstanceOf(Array)
      expect(statuses, where).toEqual(expect.arrayContaining(['500', '503', 'default']))
      if (security.length > 0) expect(statuses, where).toContain('401')
      if (security.some((way) => 'bearer' in way)) {
        expect(security[0]?.bearer, where).toHaveLength(1)
        expect(codesOf(description, operation, 403), where).toContain('insufficient_scope')
        expect(codesOf(description, operation, 429), where).toContain('rate_limited')
      }
      if (method !== 'GET') expect(statuses, where).toEqual(expect.arrayContaining(['400', '413', '415']))
      if (path.includes('{id}')) expect(statuses, where).toContain('404')
      if (requestBody || parameters.some((each) => each.in === 'query')) expect(statuses, where).toContain('422')
      for (const status of ['429', '503']) {
        const response = responseOf(description, operation, Number(status))
        if (response) expect(Object.keys(response.headers ?? {}), where).toEqual(['Retry-After'])
      }
    }
    const names = operationsOf(description).map(({ operation }) => operation.operationId)
    expect(new Set(names).size).toBe(names.length)
  })

  it('tells the codes of what a platform may refuse', () => {
    const { operation } = operationOf(description, 'searchRepositories')
    expect(codesOf(description, operation, 403)).toEqual([
      'insufficient_scope',
      'claim_required',
      'user_unknown',
      'email_taken',
      'scm_token_rejected',
      'scm_scope_missing',
      'scm_sso_required',
      'scm_forbidden',
    ])
    expect(codesOf(description, operation, 429)).toEqual(['rate_limited', 'scm_rate_limited'])
    expect(codesOf(description, operationOf(description, 'linkAccount').operation, 409)).toEqual(['already_linked'])
    expect(codesOf(description, operationOf(description, 'listKeys').operation, 503)).toEqual([
      'issuer_unavailable',
      'overloaded',
      'store_unavailable',
    ])
  })

  it('tells limits as they are checked', () => {
    const query = operationOf(description, 'searchRepositories').operation.parameters ?? []
    expect(query.find(({ name }) => name === 'per_page')?.schema).toMatchObject({ minimum: 1, maximum: 100 })
    expect(query.find(({ name }) => name === 'query')?.schema).toMatchObject({ minLength: 1, maxLength: 1024 })
    const body = operationOf(description, 'linkAccount').operation.requestBody?.content['application/json']?.schema
    expect(body?.properties?.scm_integration?.properties).toMatchObject({
      scm_type: { enum: ['github-enterprise', 'gitlab-self-hosted'] },
      url: { maxLength: 2048 },
      access_token: { maxLength: 4096 },
    })
  })
})

interface Call {
  query?: string
  id?: () => string
  one?: () => string
  body?: () => unknown
  headers?: () => Record<string, string>
  /** In the session of a browser, which alone may do it. */
  inSession?: true
}

const link = { id: () => ids.link }
const key = { id: () => ids.key }
const token = { id: () => ids.token }
const bob = { id: () => ids.bob }
const basic = (name: string, password: string) => `Basic ${Buffer.from(`${name}:${password}`).toString('base64')}`

/** A call of every operation that does what it is for, in an order in which that works. */
const calls: Record<string, Call> = {
  checkProcess: {},
  checkStore: {},
  readMetrics: { headers: () => ({ authorization: `Bearer ${METRICS_TOKEN}` }) },
  listRegions: {},
  exchangeToken: { headers: () => ({ authorization: basic('', alice.token) }) },
  getSelf: {},
  updateAccount: { body: () => ({ user: { email: 'alice@example.test' } }) },
  updateProfile: { body: () => ({ user: {} }) },
  updateUser: { id: () => 'self', body: () => ({ user: { username: 'alice' } }) },
  createToken: { body: () => ({ token: { name: 'say "hello" \\ “ß”', expires_at: '2090-01-31' } }) },
  listTokens: {},
  getToken: token,
  renewToken: token,
  renewTokenByPut: token,
  addKey: { body: () => ({ key: { name: 'say "hello" \\ “ß”', content: ed25519Key(2) } }) },
  listKeys: {},
  getKey: key,
  linkAccount: { body: () => linkBody(sandbox.platforms['gitlab-self-hosted']) },
  listIntegrations: {},
  getIntegration: link,
  replaceAccessToken: { ...link, body: () => linkBody(sandbox.platforms['github-enterprise']) },
  importKeys: link,
  checkHealth: link,
  searchRepositories: { ...link, query: '?query=hello' },
  searchRepositoriesByPost: { ...link, query: '?query=hello' },
  listOrganizations: link,
  listOrganizationsByPost: link,
  searchPullRequests: { ...link, query: '?query=is:open' },
  searchPullRequestsByPost: { ...link, query: '?query=is:open' },
  listBranches: { ...link, query: '?repo_name=alice/example-repository' },
  listEvents: { query: '?type=new_key' },
  createLinkSession: { body: () => ({ link_session: { return_url: RETURN_URL } }), headers: asDelegate },
  getLinkSession: { id: () => ids.linkSession },
  completeLinkSession: { id: () => ids.linkSession, body: () => ({ code: ids.code }) },
  listSessions: {},
  deleteSession: { id: () => ids.session },
  listIdentities: {},
  deleteIdentity: { id: () => ids.identity },
  listServiceTokens: {},
  createServiceToken: {
    inSession: true,
    body: () => ({
      service_token: { name: 'console', scopes: ['users:act', 'read'], issuers: ['https://paas.example'] },
    }),
  },
  deleteServiceToken: { id: () => ids.service },
  deleteToken: token,
  deleteKey: key,
  unlinkAccount: link,
  listUsers: { query: '?search=bob&role=member&active=true' },
  addUser: {
    body: () => ({ user: { username: 'carol', identities: [{ issuer: 'https://idp.example', subject: 'carol' }] } }),
  },
  getUser: bob,
  listUsersIntegrations: bob,
  listUsersTokens: bob,
  listUsersSessions: bob,
  listUsersIdentities: bob,
  listUsersEvents: bob,
  listAllIntegrations: { query: '?status=ok&scm_type=github-enterprise' },
  listAllEvents: { query: '?from=2020-01-01' },
  showOverview: {},
  inviteUser: bob,
  deleteUsersToken: { ...bob, one: () => ids.bobsToken },
  deleteUsersSession: { ...bob, one: () => ids.bobsSession },
  deleteUsersIdentity: { ...bob, one: () => ids.bobsIdentity },
  deleteUsersIntegration: { ...bob, one: () => ids.bobsLink },
  changeUser: { ...bob, body: () => ({ user: { active: false } }) },
  removeUser: bob,
}

function make(id: string, { headers, ...changes }: Call = {}): Promise<Answer> {
  const { method, path } = operationOf(description, id)
  if (calls[id]?.inSession && !headers) return browser.call(method, path, (changes.body ?? calls[id].body)?.())
  const { query = '', body, id: subject, one, headers: own } = { ...calls[id], ...changes }
  const address = path.replace('{id}', subject?.() ?? '').replace('{one}', one?.() ?? '') + query
  return alice.call(method, address, body?.(), { ...own?.(), ...headers?.() })
}

describe('what is answered is what is described', () => {
  it('has a call for every operation', () => {
    const described = operationsOf(description).map(({ operation }) => operation.operationId)
    expect(Object.keys(calls).sort()).toEqual(described.sort())
  })

  it.each(Object.keys(calls))('%s does what it is for', async (id) => {
    const answer = await make(id)
    expect([id, answer.status < 300, answer.text.slice(0, 0)]).toEqual([id, true, ''])
    expectDescribed(description, id, answer)
  })

  it.each(Object.keys(calls))('%s fails as it says', async (id) => {
    const { method, path, operation } = operationOf(description, id)
    if (operation.security.length > 0)
      expectDescribed(description, id, await make(id, { headers: () => ({ authorization: 'x' }) }))
    if (path.includes('{id}')) {
      expectDescribed(description, id, await make(id, { id: () => '00000000-0000-0000-0000-000000000000' }))
    }
    if (method !== 'GET') {
      const headers = () => ({ ...calls[id]?.headers?.(), 'content-type': 'text/plain' })
      expectDescribed(description, id, await make(id, { body: () => 'x', headers }))
      expectDescribed(description, id, await make(id, { body: () => '{' }))
    }
    if (operation.requestBody) expectDescribed(description, id, await make(id, { body: () => ({}) }))
    if (calls[id]?.query)
      expectDescribed(description, id, await make(id, { query: '?query=&page=x&repo_name=x&type=x' }))
  })

  it('conflicts are what they say', async () => {
    const ghes = sandbox.platforms['github-enterprise']
    const id = await linkAccount(alice, ghes)
    const conflicts = {
      linkAccount: { body: () => linkBody(ghes) },
      replaceAccessToken: { id: () => id, body: () => linkBody(ghes, 'carol') },
      addKey: {},
    }
    for (const [operation, changes] of Object.entries(conflicts)) {
      const answer = await make(operation, changes)
      expect([operation, answer.status]).toEqual([operation, 409])
      expectDescribed(description, operation, answer)
    }
    await alice.call('DELETE', `/v1/scm_integrations/${id}`)
  })
})
