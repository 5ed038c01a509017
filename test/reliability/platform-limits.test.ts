// What callers are told when a platform misbehaves: every fault of the sandbox on linking, searching and importing.

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { FaultName, FaultRule, Sandbox, SandboxPlatform } from '../sandbox/sandbox.ts'
import { linkAccount, linkBody, startPlatforms } from './support/platforms.ts'
import type { Account, Answer, Service } from './support/service.ts'
import { describeOnBothEngines, startService } from './support/service.ts'

/** Short enough for tests; what the real limits are is tested at the door itself. */
const LIMITS = { headers: 400, idle: 400, call: 1_200, retryMin: 1, retryMax: 5, breakerFailures: 1_000_000 }

/** Status and code, or the field of a 422; what linking, searching and importing answer. */
type Expected = [link: string, search: string, importKeys: string]

const unreachable: Expected = ['422 url', '503 scm_unavailable', '503 scm_unavailable']
const nonsense: Expected = ['422 url', '503 scm_bad_response', '503 scm_bad_response']
const busy: Expected = ['429 scm_rate_limited', '429 scm_rate_limited', '429 scm_rate_limited']
const down: Expected = ['503 scm_unavailable', '503 scm_unavailable', '503 scm_unavailable']
const fine: Expected = ['201', '200', '201']
const refused: Expected = ['422 access_token', '403 scm_forbidden', '403 scm_forbidden']

const faults: [FaultName, Expected, Partial<FaultRule>?][] = [
  ['connection-closed', unreachable],
  ['connection-reset', unreachable],
  ['headers-never', unreachable],
  ['body-stalls', unreachable],
  ['body-drips', unreachable],
  ['body-reset', unreachable],
  ['body-short', unreachable],
  ['gzip-corrupt', nonsense],
  ['gzip-twice', nonsense],
  ['gzip-bomb', nonsense],
  ['endless-body', nonsense],
  ['html-200', nonsense],
  ['empty-body', nonsense],
  ['json-junk', nonsense],
  ['json-cut', nonsense],
  ['json-null', nonsense],
  ['deep-json', nonsense],
  ['array-for-object', nonsense],
  ['redirect-same-origin', fine],
  ['redirect-loop', nonsense],
  ['redirect-foreign', nonsense],
  ['redirect-metadata', nonsense],
  ['status-401', ['422 access_token', '403 scm_token_rejected', '403 scm_token_rejected']],
  ['status-429', busy],
  ['status-429-date', busy],
  ['status-429-garbage', busy],
  ['status-429-bare', busy],
  ['status-500', down],
  ['status-500', fine, { times: 1 }],
  ['connection-reset', fine, { times: 2 }],
  ['status-502', down],
  ['status-503', down],
]

const githubFaults: [FaultName, Expected][] = [
  ['status-403', ['422 access_token', '403 scm_scope_missing', '403 scm_scope_missing']],
  ['rate-limit-primary', busy],
  ['rate-limit-secondary', busy],
  ['rate-limit-secondary-bare', busy],
  ['too-many-logins', busy],
  ['sso-required', ['422 access_token', '403 scm_sso_required', '403 scm_sso_required']],
]
const gitlabFaults: [FaultName, Expected][] = [
  ['status-403', refused],
  ['account-blocked', refused],
]

/** They take their time, and what they show has nothing to do with the store. */
const slow: FaultName[] = ['headers-never', 'body-stalls', 'body-drips', 'endless-body', 'gzip-bomb']

describeOnBothEngines('a platform that misbehaves', (engine) => {
  let sandbox: Sandbox
  let service: Service
  let people = 0

  beforeAll(async () => {
    const platforms = await startPlatforms()
    sandbox = platforms.sandbox
    service = await startService(engine, platforms.settings, { limits: LIMITS })
  })
  afterAll(async () => {
    await service.close()
    await sandbox.close()
  })

  function outcome({ status, json }: Answer): string {
    if (status === 422) return `422 ${Object.keys(json.errors)[0]}`
    return json?.code ? `${status} ${json.code}` : String(status)
  }

  async function linkedUser(platform: SandboxPlatform): Promise<{ me: Account; id: string }> {
    people += 1
    const me = await service.addAccount(`person-${people}`)
    return { me, id: await linkAccount(me, platform) }
  }

  describe.each([
    ['github-enterprise', [...faults, ...githubFaults]],
    ['gitlab-self-hosted', [...faults, ...gitlabFaults]],
  ] as const)('on %s', (name, table) => {
    const cases = table.filter(([fault]) => engine === 'SQLite' || !slow.includes(fault))
    it.each(cases.map(([fault, expected, rule]) => ({ fault, expected, rule: rule ?? {} })))(
      '$fault $rule: $expected',
      async ({ fault, expected, rule }) => {
        const platform = sandbox.platforms[name]
        const searcher = await linkedUser(platform)
        const importer = await linkedUser(platform)
        people += 1
        const newcomer = await service.addAccount(`person-${people}`)
        const calls = [
          () => newcomer.call('POST', '/v1/scm_integrations', linkBody(platform)),
          () => searcher.me.call('GET', `/v1/scm_integrations/${searcher.id}/search_repos?query=example`),
          () => importer.me.call('POST', `/v1/scm_integrations/${importer.id}/import_keys`),
        ]
        const outcomes: string[] = []
        for (const call of calls) {
          platform.faults.set({ fault, ...rule })
          const started = Date.now()
          const answer = await call()
          expect(Date.now() - started).toBeLessThan(LIMITS.call + 2_000)
          platform.faults.clear()
          outcomes.push(outcome(answer))
          expect(answer.text).not.toContain(platform.token('alice'))
          if (answer.status === 429 || answer.status === 503) {
            expect(Number(answer.headers.get('retry-after'))).toBeGreaterThanOrEqual(1)
          }
        }
        expect(outcomes).toEqual(expected)

        const stored = async (user: Account, path: string) => Object.values((await user.call('GET', path)).json)[0]
        expect(await stored(newcomer, '/v1/scm_integrations')).toHaveLength(expected[0] === '201' ? 1 : 0)
        expect(await stored(importer.me, '/v1/keys')).toHaveLength(expected[2] === '201' ? 8 : 0)

        const [, search] = calls
        const again = await search?.()
        const waits = expected[1].startsWith('429')
        expect(again?.status).toBe(waits ? 429 : 200)
      },
    )

    it('tells on linking where a platform points, and contacts nothing there', async () => {
      const platform = sandbox.platforms[name]
      const other = sandbox.platforms['gitlab-subpath']
      people += 1
      const me = await service.addAccount(`person-${people}`)
      const before = other.requests.length
      platform.faults.set({ fault: 'redirect-foreign', value: `${other.url}/elsewhere` })
      const answer = await me.call('POST', '/v1/scm_integrations', linkBody(platform))
      platform.faults.clear()
      expect(answer.json.errors.url[0]).toContain(new URL(other.url).origin)
      expect(other.requests.length).toBe(before)
    })

    it('waits as long as it was told, and sends nothing for that link before', async () => {
      const platform = sandbox.platforms[name]
      const { me, id } = await linkedUser(platform)
      platform.faults.set({ fault: 'status-429', value: 77 })
      const first = await me.call('GET', `/v1/scm_integrations/${id}/orgs`)
      platform.faults.clear()
      expect(first.headers.get('retry-after')).toBe('77')
      const before = platform.requests.length
      const second = await me.call('GET', `/v1/scm_integrations/${id}/orgs`)
      expect([second.status, platform.requests.length]).toEqual([429, before])
      const { me: other, id: otherId } = await linkedUser(platform)
      expect((await other.call('GET', `/v1/scm_integrations/${otherId}/orgs`)).status).toBe(200)
    })

    it('that lists the same key twice has it imported once', async () => {
      const platform = sandbox.platforms[name]
      const { me, id } = await linkedUser(platform)
      platform.faults.set({ fault: 'list-doubled' })
      const { status, json } = await me.call('POST', `/v1/scm_integrations/${id}/import_keys`)
      platform.faults.clear()
      expect([status, json.keys.length]).toEqual([201, 8])
    })

    it.each(['link-loop', 'link-foreign'] as const)(
      'that sends %s is not followed elsewhere, nor for ever',
      async (fault) => {
        const platform = sandbox.platforms[name]
        const { me, id } = await linkedUser(platform)
        const before = platform.requests.length
        platform.faults.set({ fault, path: 'keys' })
        const answer = await me.call('POST', `/v1/scm_integrations/${id}/import_keys`)
        platform.faults.clear()
        expect(['201', '503 scm_bad_response']).toContain(outcome(answer))
        expect(platform.requests.length - before).toBeLessThanOrEqual(11)
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
})
