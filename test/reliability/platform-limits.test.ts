// Reliability section 4: whatever a platform does, callers are told so in time, nothing is written, nothing is left open, and the next call works.
//
// What is proved at the transport itself, and not repeated here:
// - redirects without a place, odd statuses, too many headers, 204, servers that speak no HTTP: src/platforms/transport/api-client-faults.test.ts
// - at most four calls at once for a link, identical reads are one call, ten pages and 1,000 items: src/platforms/transport/api-client.test.ts
// - Retry-After in all its forms, nothing sent before it is over, the probe after a pause: src/platforms/transport/api-client-waiting.test.ts
// - names, addresses, certificates in detail, proxies: src/platforms/transport/api-client-network.test.ts
// - 8 MiB decoded and as it comes, ratio, one encoding: src/platforms/transport/body/body.test.ts
// - 64 levels of JSON, 4 kB of text, NUL and lone surrogates anywhere: src/platforms/transport/body/json.test.ts

import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import type { FaultName, Sandbox, SandboxPlatform } from '../../sandbox/sandbox.ts'
import { cookieName } from '../../src/accounts/sessions/session-cookie.ts'
import { startSession } from '../../src/accounts/sessions/sessions.ts'
import { type Browser, openBrowser, ownAddress } from '../support/browser.ts'
import { watchDialled } from '../support/dialled.ts'
import { json, serve, type TestServer } from '../support/fault-server.ts'
import { beginLinking, decide, headingOf, linkByOAuth, oauthSettings, tokenCalls } from '../support/oauth.ts'
import { linkAccount, linkBody, startPlatforms } from '../support/platforms.ts'
import { ed25519Key } from '../support/public-keys.ts'
import { type Account, type Answer, describeOnBothEngines, type Service, startService } from '../support/service.ts'
import { type FaultCase, faultCases } from './platform-faults.ts'

/** Short enough for tests; what the real limits are is tested at the transport itself. */
const LIMITS = { headers: 400, idle: 400, call: 1_200, retryMin: 1, retryMax: 5, breakerFailures: 1_000_000 }
/** What a busy machine may add. */
const PATIENCE = 3_000

const TOKEN_PATH = '/oauth/(access_)?token$'
const PROFILE_PATH = '/user$'

const vendors = [
  { vendor: 'github', label: 'GitHub', own: 'github-enterprise' },
  { vendor: 'gitlab', label: 'GitLab', own: 'gitlab-self-hosted' },
] as const

describeOnBothEngines('a platform that misbehaves', (engine) => {
  let sandbox: Sandbox
  let service: Service
  /** Where platforms point and nobody may go. */
  let elsewhere: TestServer
  let people = 0
  const dialled = watchDialled()

  beforeAll(async () => {
    elsewhere = await serve((_request, response) => json(response, {}))
    const platforms = await startPlatforms()
    sandbox = platforms.sandbox
    for (const { state } of Object.values(sandbox.platforms)) {
      state.settings.oauth.expiring = true
      state.settings.rateLimits = null
    }
    const settings = { ...platforms.settings, ...oauthSettings(sandbox), ...(await ownAddress()) }
    service = await startService(engine, settings, { limits: LIMITS })
  })
  afterAll(async () => {
    dialled.end()
    await service.close()
    await sandbox.close()
    await elsewhere.close()
  })

  function outcome({ status, json }: Answer): string {
    if (status === 422) return `422 ${Object.keys(json.errors)[0]}`
    return json?.code ? `${status} ${json.code}` : String(status)
  }

  async function newUser(): Promise<{ me: Account; browser: Browser }> {
    people += 1
    const me = await service.addAccount(`person-${people}`)
    const browser = openBrowser(service)
    const origin = { beganBy: 'password', remoteIp: null, userAgent: null } as const
    const cookie = await service.services.database
      .transaction()
      .execute((transaction) => startSession(transaction, me.id, origin))
    browser.cookies.set(cookieName(service.config.publicUrl), cookie)
    return { me, browser }
  }

  async function linkedUser(platform: SandboxPlatform): Promise<{ me: Account; id: string }> {
    const { me } = await newUser()
    return { me, id: await linkAccount(me, platform) }
  }

  /** A link whose token has run out, so that the next call renews it. */
  async function expiredLink(browser: Browser, name: 'github' | 'gitlab', user: string): Promise<string> {
    const id = await linkByOAuth(browser, name, { user })
    const { database } = service.services
    const tokenExpiresAt = new Date(Date.now() - 1_000).toISOString()
    await database.updateTable('scmIntegrations').set({ tokenExpiresAt }).where('id', '=', id).execute()
    return id
  }

  /** By id. */
  async function linksOf(me: Account) {
    const { json } = await me.call('GET', '/v1/scm_integrations')
    const links: { id: string; access_token: string; status: string }[] = json.scm_integrations
    return new Map(links.map((link) => [link.id, link]))
  }

  /** The calls while the fault is on: together, or one by one where each shall meet it so often. */
  async function during(
    platform: SandboxPlatform,
    { fault, rule }: Pick<FaultCase, 'fault' | 'rule'>,
    path: string | undefined,
    calls: (() => Promise<Answer>)[],
  ): Promise<Answer[]> {
    const value = fault === 'redirect-foreign' ? { value: `${elsewhere.origin}/api` } : {}
    async function under(some: (() => Promise<Answer>)[]): Promise<Answer[]> {
      if (fault === 'refused') await platform.stop()
      else platform.faults.set({ fault, ...value, ...rule, ...(path !== undefined && { path }) })
      const answers = await Promise.all(some.map(timed))
      platform.faults.clear()
      await platform.start()
      return answers
    }
    if (rule.times === undefined) return under(calls)
    const answers: Answer[] = []
    for (const call of calls) answers.push(...(await under([call])))
    return answers
  }

  async function timed(call: () => Promise<Answer>): Promise<Answer> {
    const began = Date.now()
    const answer = await call()
    expect(Date.now() - began).toBeLessThan(LIMITS.call + PATIENCE)
    return answer
  }

  describe.each(vendors)('($vendor)', ({ vendor, label, own: ownName }) => {
    it.each(faultCases(vendor, engine))('$fault $rule: $expected', async ({ fault, rule, expected }) => {
      const own = sandbox.platforms[ownName]
      const hosted = sandbox.platforms[vendor]
      const { me, browser } = await newUser()
      const searching = await linkAccount(me, own, 'john-diggle')
      const importing = await linkAccount(me, own, 'alice')
      const renewing = await expiredLink(browser, vendor, 'carol')
      const attempt = async () => decide(browser, await beginLinking(browser, vendor))
      const [exchanged, profiled] = [await attempt(), await attempt()]
      const before = await linksOf(me)
      // What is revoked in the inFlight may spend tokens of its own.
      const secrets = [new URL(exchanged).searchParams.get('code'), refreshTokenOf(hosted, 'carol')]
      for (const { requests } of [own, hosted]) requests.length = 0

      const create = () => me.call('POST', '/v1/scm_integrations', linkBody(own, 'bob'))
      const search = () => me.call('GET', `/v1/scm_integrations/${searching}/search_repos?query=example`)
      const importKeys = () => me.call('POST', `/v1/scm_integrations/${importing}/import_keys`)
      const refresh = () => me.call('GET', `/v1/scm_integrations/${renewing}/orgs`)
      const callback = (address: string) => () => browser.get(address)
      const none = expected.map((each) => each === '-')
      const chosen = (calls: (() => Promise<Answer>)[], from: number) => calls.filter((_call, n) => !none[from + n])

      const [ofApi, ofTokens] = await Promise.all([
        during(own, { fault, rule }, undefined, chosen([create, search, importKeys], 0)),
        during(hosted, { fault, rule }, TOKEN_PATH, chosen([refresh, callback(exchanged)], 3)),
      ])
      const sent = tokenCalls(hosted).map(({ body }) => new URLSearchParams(body))
      const spent = sent.filter((form) => secrets.includes(form.get('code') ?? form.get('refresh_token')))
      const ofProfile = await during(hosted, { fault, rule }, PROFILE_PATH, chosen([callback(profiled)], 5))
      const answers = [...ofApi, ...ofTokens, ...ofProfile]
      expect(answers.map(outcome)).toEqual(expected.filter((each) => each !== '-'))

      for (const { status, headers, text, json } of answers) {
        expect(text).not.toContain(own.token('alice'))
        expect(text).not.toContain(hosted.oauth.secret)
        const wait = Number(headers.get('retry-after'))
        const mustWait = status === 429 || (status === 503 && json !== undefined)
        if (mustWait) expect([wait >= 1, wait <= 3_600]).toEqual([true, true])
        if (json !== undefined) continue
        if (status === 303) expect(headers.get('location')).toMatch(/^\/profile\?linked=[0-9a-f-]{36}$/)
        else expect(headingOf({ status, headers, text, json })).toBe(`Linking ${label} did not work`)
      }

      // A token endpoint is never asked again once bytes were sent; anything else three times at most.
      const asksTokens = fault === 'refused' ? 0 : none.slice(3, 5).filter((isNone) => !isNone).length
      expect(spent).toHaveLength(asksTokens)
      const paths = own.requests.map(({ method, path }) => `${method} ${path}`)
      const mostOften = Math.max(0, ...paths.map((path) => paths.filter((each) => each === path).length))
      expect(mostOften).toBeLessThanOrEqual(fault === 'redirect-loop' ? 4 : 3)

      // Nothing was written but what was answered with success.
      const after = await linksOf(me)
      for (const [id, { access_token }] of before) {
        const isRenewed = id === renewing && expected[3] === '200'
        expect(after.get(id)?.access_token === access_token).toBe(!isRenewed)
      }
      const isLinked = expected[4] === '303' || expected[5] === '303'
      expect(after.size - before.size).toBe(Number(expected[0] === '201') + Number(isLinked))
      expect(after.get(renewing)?.status).toBe(expected[3].startsWith('403') ? 'expired' : 'ok')
      const { json: keys } = await me.call('GET', '/v1/keys')
      expect(keys.keys).toHaveLength(expected[2] === '201' ? 8 : 0)

      // Nothing is left open, and the next call works.
      await vi.waitFor(() => expect([own.inFlight, hosted.inFlight]).toEqual([0, 0]), { timeout: 5_000 })
      const waits = expected[1].startsWith('429')
      // A token that was refused is not sent again but by health.
      if (expected[1].endsWith('token_rejected')) {
        for (const id of [searching, importing]) {
          expect((await me.call('GET', `/v1/scm_integrations/${id}/health`)).json.health.status).toBe('ok')
        }
      }
      expect((await create()).status).toBe(expected[0] === '201' ? 409 : 201)
      const found = await search()
      expect([found.status, found.json.repositories?.length > 0]).toEqual(waits ? [429, false] : [200, true])
      expect((await importKeys()).status).toBe(waits ? 429 : 201)
      expect(await linkByOAuth(browser, vendor)).not.toBe('')
    })

    it('is told on linking where it points, and nothing is contacted there', async () => {
      const platform = sandbox.platforms[ownName]
      const { me } = await newUser()
      platform.faults.set({ fault: 'redirect-foreign', value: `${elsewhere.origin}/elsewhere` })
      const answer = await me.call('POST', '/v1/scm_integrations', linkBody(platform))
      platform.faults.clear()
      expect(answer.json.errors.url[0]).toContain(elsewhere.origin)
      expect(elsewhere.seen).toEqual([])
    })

    it.each<[FaultName, value: number, code: string, wait: string]>([
      ['status-429', 77, '429 scm_rate_limited', '77'],
      ['status-429', 0, '429 scm_rate_limited', '1'],
      ['status-429', 99_999, '429 scm_rate_limited', '3600'],
      ['status-503', 77, '503 scm_unavailable', '77'],
      ['status-503', 99_999, '503 scm_unavailable', '3600'],
    ])('%s with Retry-After %d: %s, and nothing is sent for that link for %s s', async (fault, value, told, wait) => {
      const platform = sandbox.platforms[ownName]
      const { me, id } = await linkedUser(platform)
      platform.faults.set({ fault, value })
      const first = await me.call('GET', `/v1/scm_integrations/${id}/orgs`)
      platform.faults.clear()
      expect([outcome(first), first.headers.get('retry-after')]).toEqual([told, wait])
      if (wait === '1') return
      const before = platform.requests.length
      const second = await me.call('GET', `/v1/scm_integrations/${id}/orgs`)
      expect([outcome(second), platform.requests.length]).toEqual([told, before])
      const { me: other, id: otherId } = await linkedUser(platform)
      expect((await other.call('GET', `/v1/scm_integrations/${otherId}/orgs`)).status).toBe(200)
    })

    it('lists the same key twice: it is imported once', async () => {
      const platform = sandbox.platforms[ownName]
      const { me, id } = await linkedUser(platform)
      platform.faults.set({ fault: 'list-doubled' })
      const { status, json } = await me.call('POST', `/v1/scm_integrations/${id}/import_keys`)
      platform.faults.clear()
      expect([status, json.keys.length]).toEqual([201, 8])
    })

    it.each(['link-loop', 'link-foreign'] as const)('%s: not followed elsewhere, nor for ever', async (fault) => {
      const platform = sandbox.platforms[ownName]
      const { me, id } = await linkedUser(platform)
      const before = platform.requests.length
      const value = fault === 'link-foreign' ? { value: `${elsewhere.origin}/keys?page=2` } : {}
      platform.faults.set({ fault, ...value, path: 'keys' })
      const answer = await me.call('POST', `/v1/scm_integrations/${id}/import_keys`)
      platform.faults.clear()
      expect(outcome(answer)).toBe('503 scm_bad_response')
      expect(platform.requests.length - before).toBeLessThanOrEqual(11)
      expect((await me.call('GET', '/v1/keys')).json.keys).toEqual([])
      expect(elsewhere.seen).toEqual([])
    })

    it('fails at the third page: no key of the first two is imported, and all are the next time', async () => {
      const platform = sandbox.platforms[ownName]
      const { me, id } = await linkedUser(platform)
      const keys = platform.state.users.find(({ username }) => username === 'alice')?.keys ?? []
      const [one] = keys
      const more = Array.from({ length: 210 }, (_, n) => ({
        ...one,
        id: 90_000 + n,
        key: ed25519Key(n),
        usage: 'auth',
      }))
      keys.push(...(more as typeof keys))
      platform.faults.set({ fault: 'page-3-fails' })
      const failed = await me.call('POST', `/v1/scm_integrations/${id}/import_keys`)
      platform.faults.clear()
      const between = await me.call('GET', '/v1/keys')
      const imported = await me.call('POST', `/v1/scm_integrations/${id}/import_keys`)
      keys.splice(-more.length)
      expect([outcome(failed), between.json.keys.length]).toEqual(['503 scm_unavailable', 0])
      expect([imported.status, imported.json.keys.length]).toEqual([201, 218])
    })

    it.skipIf(engine === 'PostgreSQL').each<FaultName>(['endless-body', 'gzip-bomb'])(
      '%s, four times at once, takes less than 96 MB',
      async (fault) => {
        const platform = sandbox.platforms[ownName]
        const { me, id } = await linkedUser(platform)
        platform.faults.set({ fault })
        const used = memory()
        const calls = ['a', 'b', 'c', 'd'].map((word) =>
          me.call('GET', `/v1/scm_integrations/${id}/search_repos?query=${word}`),
        )
        const outcomes = (await Promise.all(calls)).map(outcome)
        platform.faults.clear()
        // Each is asked for three times, ever smaller, and 8 MB are read each time; the sandbox that sends them is in this process.
        expect(used()).toBeLessThan(96 * 1024 * 1024)
        expect(outcomes).toEqual(new Array(4).fill('503 scm_bad_response'))
      },
    )
  })

  it('says of GitHub which organisations it left out, and that a search was incomplete', async () => {
    const platform = sandbox.platforms['github-enterprise']
    const { me, id } = await linkedUser(platform)
    platform.faults.set({ fault: 'sso-partial-results' })
    const orgs = await me.call('GET', `/v1/scm_integrations/${id}/orgs`)
    platform.faults.set({ fault: 'incomplete-results' })
    const search = await me.call('GET', `/v1/scm_integrations/${id}/search_repos?query=example`)
    platform.faults.clear()
    for (const { status, json } of [orgs, search]) {
      expect([status, json.meta.warnings.length]).toEqual([200, 1])
    }
  })

  it('gives the SSO page to visit', async () => {
    const platform = sandbox.platforms['github-enterprise']
    const { me, id } = await linkedUser(platform)
    platform.faults.set({ fault: 'sso-required' })
    const answer = await me.call('GET', `/v1/scm_integrations/${id}/orgs`)
    platform.faults.clear()
    expect(answer.json.error).toMatch(/https?:\/\/\S+sso/)
  })

  it('keeps its odd text from breaking anything: NUL and lone surrogates are replaced', async () => {
    const platform = sandbox.platforms['gitlab-self-hosted']
    const { me, id } = await linkedUser(platform)
    platform.faults.set({ fault: 'odd-text' })
    const imported = await me.call('POST', `/v1/scm_integrations/${id}/import_keys`)
    const found = await me.call('GET', `/v1/scm_integrations/${id}/search_repos?query=example`)
    platform.faults.clear()
    expect([imported.status, found.status]).toEqual([201, 200])
    expect(found.text).not.toMatch(/\\u0000|\\ud800/)
  })

  it('has had no socket left open by all this, and nobody else was contacted', async () => {
    const platforms = Object.values(sandbox.platforms)
    const open = () => Promise.all(platforms.map((platform) => platform.connections()))
    // Idle ones are kept for four seconds.
    await vi.waitFor(async () => expect(await open()).toEqual(platforms.map(() => 0)), { timeout: 12_000 })
    expect(elsewhere.seen).toEqual([])
    const hosts = [...dialled.addresses].filter((address) => !address.startsWith('127.0.0.1 '))
    expect(hosts).toEqual([])
    expect(dialled.addresses.has(`127.0.0.1 ${new URL(sandbox.platforms.github.url).port}`)).toBe(true)
    expect(dialled.addresses.has(`127.0.0.1 ${elsewhere.port}`)).toBe(false)
  })
})

describe('a platform that fails ten times', () => {
  it('is left alone, while others are asked as ever', async () => {
    const { sandbox, settings } = await startPlatforms()
    const service = await startService('SQLite', settings, { limits: { retryMin: 1, retryMax: 2 } })
    try {
      const { 'github-enterprise': failing, 'gitlab-self-hosted': well } = sandbox.platforms
      const me = await service.addAccount('alice')
      const orgs = (id: string) => me.call('GET', `/v1/scm_integrations/${id}/orgs`)
      const ids = [await linkAccount(me, failing), await linkAccount(me, failing, 'bob')]
      const other = await linkAccount(me, well)
      failing.requests.length = 0
      failing.faults.set({ fault: 'status-500' })
      for (let n = 0; n < 5; n++) expect((await orgs(ids[n % 2] ?? '')).status).toBe(503)
      expect(failing.requests.length).toBeLessThanOrEqual(10)
      failing.faults.clear()
      const seen = failing.requests.length
      const rejected = await orgs(ids[0] ?? '')
      expect([rejected.status, rejected.json.code, failing.requests.length]).toEqual([503, 'scm_unavailable', seen])
      expect(rejected.json.error).toContain('is left alone for a while')
      expect(Number(rejected.headers.get('retry-after'))).toBeLessThanOrEqual(30)
      expect((await orgs(other)).status).toBe(200)
    } finally {
      await service.close()
      await sandbox.close()
    }
  })
})

/** The one that was given out last. */
function refreshTokenOf({ state }: SandboxPlatform, username: string): string {
  const user = state.users.find((each) => each.username === username)
  return state.refreshTokens.findLast(({ userId, spent }) => userId === user?.id && !spent)?.value ?? ''
}

/** The most memory that is taken from now on, in bytes beyond what is taken already. */
function memory(): () => number {
  setFlagsFromString('--expose-gc')
  runInNewContext('gc')()
  const taken = () => {
    const { heapUsed, external } = process.memoryUsage()
    return heapUsed + external
  }
  const start = taken()
  let most = 0
  const timer = setInterval(() => {
    most = Math.max(most, taken() - start)
  }, 2)
  return () => {
    clearInterval(timer)
    return Math.max(most, taken() - start)
  }
}
