// What stands between us and a platform (proxies, gateways, firewalls, sign-in walls) answers in its place: that is told as
// what it is, and says nothing of the platform, the account or the token. upstream-apis 1.12, api-contract 4.6, and what the
// sandbox's faults name as their sources.

import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import type { FaultRule, Sandbox } from '../../sandbox/sandbox.ts'
import { linkAccount, linkBody, startPlatforms } from '../support/platforms.ts'
import { type Account, type Answer, type Service, startService } from '../support/service.ts'

/** The other reasons for a refusal, none of which is known here. */
const GUESSES =
  /does not exist|has no such thing|revoked|blocked|query is nothing|seems to be|terms to accept|suspended/i

/** What every call of ours answers meanwhile, and what its reader is told of what was seen. */
type Kind = [rule: FaultRule, create: string, onLink: string, seen: RegExp]

const foreign = (rule: FaultRule, status: number, what: string): Kind => [
  rule,
  '422 url',
  '503 scm_bad_response',
  new RegExp(`answered ${status} with ${what}`),
]

const everywhere: Kind[] = [
  foreign({ fault: 'proxy-html-401' }, 401, 'a web page of nginx'),
  foreign({ fault: 'proxy-html-403' }, 403, 'a web page of awselb'),
  foreign({ fault: 'proxy-html-404' }, 404, 'a web page of Apache'),
  foreign({ fault: 'proxy-text-404' }, 404, 'plain text'),
  ...[400, 401, 403, 404, 405, 410, 422].map((value) =>
    foreign({ fault: 'proxy-empty', value }, value, 'an empty answer'),
  ),
  foreign({ fault: 'proxy-json-401' }, 401, 'JSON of another form'),
  foreign({ fault: 'proxy-json-403' }, 403, 'JSON of another form'),
  foreign({ fault: 'proxy-json-404' }, 404, 'JSON of another form of kong'),
  ...[400, 401, 403, 404].map((value) => foreign({ fault: 'proxy-json-error', value }, value, 'JSON of another form')),
  foreign({ fault: 'proxy-challenge' }, 403, 'a web page of cloudflare'),
  // A limit is a limit, and trouble is trouble, whoever says so.
  [{ fault: 'proxy-json-429', value: 1 }, '429 scm_rate_limited', '429 scm_rate_limited', /./],
  [{ fault: 'proxy-empty', value: 429 }, '429 scm_rate_limited', '429 scm_rate_limited', /./],
  [{ fault: 'proxy-empty', value: 502 }, '503 scm_unavailable', '503 scm_unavailable', /status 502/],
  [{ fault: 'proxy-json-error', value: 503 }, '503 scm_unavailable', '503 scm_unavailable', /status 503/],
  [{ fault: 'status-502' }, '503 scm_unavailable', '503 scm_unavailable', /status 502/],
]

const slashes: Kind[] = [
  foreign({ fault: 'slashes-apache' }, 404, 'a web page of Apache'),
  foreign({ fault: 'slashes-tomcat' }, 400, 'a web page'),
  foreign({ fault: 'slashes-iis' }, 400, 'a web page of Microsoft-HTTPAPI'),
  foreign({ fault: 'slashes-envoy' }, 400, 'an empty answer of envoy'),
]

const vendors = [
  { name: 'github-enterprise', group: 'company', repository: 'alice/example-repository' },
  { name: 'gitlab-self-hosted', group: 'company', repository: 'alice/example-repository' },
] as const

let sandbox: Sandbox
let service: Service
let people = 0

beforeAll(async () => {
  const platforms = await startPlatforms()
  sandbox = platforms.sandbox
  const limits = { retryMin: 1, retryMax: 2, breakerFailures: 1_000_000 }
  service = await startService('SQLite', platforms.settings, { limits })
})
afterEach(() => {
  for (const platform of Object.values(sandbox.platforms)) platform.faults.clear()
})
afterAll(async () => {
  await service.close()
  await sandbox.close()
})

async function newUser(): Promise<Account> {
  people += 1
  return service.addAccount(`person-${people}`)
}

describe.each(vendors)('$name', ({ name, group, repository }) => {
  const calls = (id: string): Record<string, [method: string, path: string]> => ({
    search_repos: ['GET', `${id}/search_repos?query=example`],
    'search_repos of a group': ['GET', `${id}/search_repos?query=${encodeURIComponent(`example user:${group}`)}`],
    orgs: ['GET', `${id}/orgs`],
    search_pull_requests: ['GET', `${id}/search_pull_requests?query=${encodeURIComponent(`repo:${repository}`)}`],
    branches: ['GET', `${id}/branches?repo_name=${encodeURIComponent(repository)}`],
    import_keys: ['POST', `${id}/import_keys`],
  })

  function ask(me: Account, [method, path]: [string, string]): Promise<Answer> {
    return me.call(method, `/v1/scm_integrations/${path}`)
  }

  function outcome({ status, json }: Answer): string {
    if (status === 422) return `422 ${Object.keys(json.errors)}`
    return `${status}${json.code ? ` ${json.code}` : ''}`
  }

  /** Whatever the platform may have changed of what is stored. */
  async function stored(me: Account) {
    const links = await me.call('GET', '/v1/scm_integrations')
    const keys = await me.call('GET', '/v1/keys')
    return { links: links.json.scm_integrations, keys: keys.json.keys }
  }

  it.each(everywhere)('%j is told as what it is, and changes nothing', async (rule, create, onLink, seen) => {
    const platform = sandbox.platforms[name]
    const me = await newUser()
    const id = await linkAccount(me, platform)
    const before = await stored(me)
    platform.faults.set(rule)
    const created = await me.call('POST', '/v1/scm_integrations', linkBody(platform, 'bob'))
    const health = await ask(me, ['GET', `${id}/health`])
    const outcomes: Record<string, string> = { create: outcome(created) }
    const waits: Record<string, boolean> = {}
    const texts: Record<string, string> = { create: created.text, health: health.text }
    for (const [call, request] of Object.entries(calls(id))) {
      const answer = await ask(me, request)
      outcomes[call] = outcome(answer)
      texts[call] = answer.text
      waits[call] = Number(answer.headers.get('retry-after')) >= 1
    }
    platform.faults.clear()

    const expected = Object.fromEntries(Object.keys(calls(id)).map((call) => [call, onLink]))
    expect(outcomes).toEqual({ create, ...expected })
    expect(waits).toEqual(Object.fromEntries(Object.keys(calls(id)).map((call) => [call, true])))
    expect([health.status, health.json.health.problems.map((problem: { code: string }) => problem.code)]).toEqual([
      200,
      [onLink.split(' ')[1]],
    ])
    for (const text of Object.values(texts)) {
      expect(text).toMatch(seen)
      expect(text).not.toMatch(GUESSES)
      expect(text).not.toContain(platform.token('alice'))
    }
    expect(await stored(me)).toEqual(before)

    // Nobody is told to wait for ever.
    if (rule.fault === 'proxy-empty' && rule.value === 429) return
    for (const [call, request] of Object.entries(calls(id))) {
      const works = async () => {
        const answer = await ask(me, request)
        expect([call, answer.status]).toEqual([call, call === 'import_keys' ? 201 : 200])
      }
      await vi.waitFor(works, { timeout: 3_000, interval: 100 })
    }
    expect((await me.call('POST', '/v1/scm_integrations', linkBody(platform, 'bob'))).status).toBe(201)
  })
})

describe('encoded slashes', () => {
  it.each(slashes)(
    '%j: GitLab is linked, and lists by path say what is in the way',
    async (rule, _create, _on, seen) => {
      const platform = sandbox.platforms['gitlab-self-hosted']
      const me = await newUser()
      platform.faults.set(rule)
      const id = await linkAccount(me, platform)
      const answers = await Promise.all(
        [
          `search_repos?query=${encodeURIComponent('user:company/subgroup')}`,
          `search_pull_requests?query=${encodeURIComponent('repo:alice/example-repository')}`,
          'branches?repo_name=alice/example-repository',
        ].map((path) => me.call('GET', `/v1/scm_integrations/${id}/${path}`)),
      )
      const others = await Promise.all(
        ['search_repos?query=example', 'orgs', 'health'].map((path) =>
          me.call('GET', `/v1/scm_integrations/${id}/${path}`),
        ),
      )
      platform.faults.clear()
      for (const answer of answers) {
        expect([answer.status, answer.json.code]).toEqual([503, 'scm_bad_response'])
        expect(answer.json.error).toMatch(seen)
        expect(answer.json.error).toContain('%2F')
        expect(answer.json.error).not.toMatch(GUESSES)
      }
      expect(others.map(({ status }) => status)).toEqual([200, 200, 200])
      expect(others[2]?.json.health).toMatchObject({ status: 'ok', problems: [] })
      expect((await me.call('GET', `/v1/scm_integrations/${id}`)).json.scm_integration.status).toBe('ok')
    },
  )
})
