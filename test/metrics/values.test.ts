// What /metrics says after known calls, on both engines; the expected values are counted by hand.

import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import type { Sandbox, SandboxPlatform } from '../../sandbox/sandbox.ts'
import { readMetrics } from '../support/metrics.ts'
import { linkAccount, startPlatforms } from '../support/platforms.ts'
import { type Account, describeOnBothEngines, type Service, send, startService } from '../support/service.ts'

describeOnBothEngines('metrics', (engine) => {
  let sandbox: Sandbox
  let platform: SandboxPlatform
  let service: Service
  let alice: Account

  beforeAll(async () => {
    const platforms = await startPlatforms()
    sandbox = platforms.sandbox
    platform = sandbox.platforms['gitlab-self-hosted']
    service = await startService(engine, { ...platforms.settings, METRICS_TOKEN: 'metrics' })
    alice = await service.addAccount('alice')
  })
  afterAll(async () => {
    vi.useRealTimers()
    await service.close()
    await sandbox.close()
  })

  /** How much each series has grown since. */
  async function grownBy(work: () => Promise<unknown>): Promise<(name: string) => number> {
    const before = await readMetrics(service)
    await work()
    const after = await readMetrics(service)
    return (name) => (after.get(name) ?? 0) - (before.get(name) ?? 0)
  }

  it('have the build, the keys and a store that answers', async () => {
    const series = await readMetrics(service)
    expect(series.get(`forgelink_build_info{version="0.2.0",node="${process.versions.node}"}`)).toBe(1)
    expect(series.get('forgelink_secret_keys')).toBe(1)
    expect(series.get('forgelink_store_up')).toBe(1)
    expect(series.get('forgelink_store_waiting')).toBe(0)
    expect(series.get('forgelink_token_refreshes_running')).toBe(0)
  })

  it('count requests by method, route and status', async () => {
    const grown = await grownBy(async () => {
      for (const _ of [1, 2, 3]) await alice.call('GET', '/v1/keys')
      await alice.call('GET', '/v1/keys/ssh-nothing?secret=canary')
      await send('GET', `${service.url}/v1/keys`)
      await send('GET', `${service.url}/v1/canary`)
      await send('PROPFIND', `${service.url}/canary`)
    })
    const requests = (labels: string) => grown(`forgelink_http_request_duration_seconds_count{${labels}}`)
    expect(requests('method="GET",route="/v1/keys",status="200"')).toBe(3)
    expect(requests('method="GET",route="/v1/keys",status="401"')).toBe(1)
    expect(requests('method="GET",route="/v1/keys/:id",status="404"')).toBe(1)
  })

  it('count a JWT as verified before from its second use on', async () => {
    const bob = await service.addAccount('bob')
    const grown = await grownBy(async () => {
      for (const _ of [1, 2, 3]) await bob.call('GET', '/v1/keys')
    })
    expect(grown('forgelink_cache_requests_total{cache="jwt",outcome="miss"}')).toBe(1)
    expect(grown('forgelink_cache_requests_total{cache="jwt",outcome="hit"}')).toBe(2)
  })

  it('count calls to platforms by host and outcome, and what the ETag cache and shared calls save', async () => {
    const id = await linkAccount(alice, platform)
    const past = { 'cache-control': 'no-cache' } // past answers that count as fresh
    const search = () => alice.call('GET', `/v1/scm_integrations/${id}/search_repos?query=example`, undefined, past)
    const calls = (outcome: string) =>
      `forgelink_scm_call_duration_seconds_count{host="127.0.0.1",outcome="${outcome}"}`
    const cache = (outcome: string) => `forgelink_cache_requests_total{cache="etag",outcome="${outcome}"}`

    platform.requests.length = 0
    const first = await grownBy(search)
    const asked = platform.requests.length
    expect(asked).toBeGreaterThan(0)
    expect([first(calls('2xx')), first(cache('miss')), first(cache('hit'))]).toEqual([asked, asked, 0])

    const second = await grownBy(search)
    expect(second(cache('miss'))).toBe(0)
    expect(second(cache('hit'))).toBe(platform.requests.length - asked)
    expect(second('forgelink_scm_calls_coalesced_total')).toBe(0)

    platform.faults.set({ fault: 'status-503' })
    const failing = await grownBy(search)
    platform.faults.clear()
    expect(failing(calls('2xx'))).toBe(0)
    expect(failing(calls('5xx'))).toBeGreaterThan(0)
  })

  it('count the calls that join a running one', async () => {
    const [link] = (await alice.call('GET', '/v1/scm_integrations')).json.scm_integrations
    platform.faults.set({ fault: 'headers-late', value: '0.5', times: 1 })
    const grown = await grownBy(() =>
      Promise.all([1, 2, 3].map(() => alice.call('GET', `/v1/scm_integrations/${link.id}/orgs`))),
    )
    platform.faults.clear()
    expect(grown('forgelink_scm_calls_coalesced_total')).toBe(2)
  })

  it('count statements by SQL command', async () => {
    // Whose a bearer token is, is kept for a second, but not past a write.
    const touched = { updatedAt: new Date().toISOString() }
    await service.services.database.updateTable('users').set(touched).where('id', '=', alice.id).execute()
    const grown = await grownBy(() => alice.call('GET', '/v1/keys'))
    const statements = (operation: string) =>
      grown(`forgelink_store_statement_duration_seconds_count{operation="${operation}"}`)
    // Who asks, the keys, and one of a scrape: whether the store answers.
    expect(statements('select')).toBe(3)
    expect([statements('insert'), statements('update'), statements('delete')]).toEqual([0, 0, 0])
  })

  it('have links by type and status, users and revocations, counted again after a minute', async () => {
    const counted = async () => {
      const series = await readMetrics(service)
      const names = [
        'forgelink_links{scm_type="gitlab-self-hosted",status="ok"}',
        'forgelink_links{scm_type="gitlab-self-hosted",status="expired"}',
        'forgelink_users',
        'forgelink_revocations{state="due"}',
        'forgelink_revocations{state="later"}',
      ]
      return names.map((name) => series.get(name))
    }
    const now = performance.now()
    const clock = vi.spyOn(performance, 'now').mockReturnValue(now + 61_000)
    expect(await counted()).toEqual([1, undefined, 2, 0, 0])
    await service.services.database.updateTable('scmIntegrations').set({ status: 'expired' }).execute()
    await service.addAccount('carol')
    expect(await counted()).toEqual([1, undefined, 2, 0, 0])
    clock.mockReturnValue(now + 122_000)
    expect(await counted()).toEqual([undefined, 1, 3, 0, 0])
    clock.mockRestore()
  })
})

it('say that the store is down, and then leave out what they cannot count', async () => {
  const service = await startService('SQLite', { METRICS_TOKEN: 'metrics' })
  const { database } = service.services
  await database.schema.dropTable('secret_keys').execute()
  await database.schema.dropTable('users').execute()
  const series = await readMetrics(service)
  expect(series.get('forgelink_store_up')).toBe(0)
  expect([...series.keys()].filter((name) => /^forgelink_(users|links|revocations)/.test(name))).toEqual([])
  await service.close()
})
