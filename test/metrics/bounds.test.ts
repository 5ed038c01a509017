// Labels of metrics stay few whatever callers and platforms send, and say nothing about anybody.

import { METHODS, request } from 'node:http'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Sandbox } from '../../sandbox/sandbox.ts'
import { MAX_NAMED_HOSTS } from '../../src/metrics/host-names.ts'
import { labelValues, readMetrics } from '../support/metrics.ts'
import { linkAccount, startPlatforms } from '../support/platforms.ts'
import { listRoutes } from '../support/routes.ts'
import { type Account, type Service, send, startService } from '../support/service.ts'

let sandbox: Sandbox
let service: Service
let alice: Account

beforeAll(async () => {
  const platforms = await startPlatforms()
  sandbox = platforms.sandbox
  service = await startService('SQLite', {
    METRICS_TOKEN: 'metrics',
    ALLOWED_HOSTS: `${platforms.settings.ALLOWED_HOSTS},gitlab.corp.example,*.suffix.example,10.0.0.0/8`,
    GITHUB_URL: 'https://acme.ghe.com',
  })
  alice = await service.addAccount('alice-canary')
})
afterAll(async () => {
  await service.close()
  await sandbox.close()
})

/** A request with any method, which fetch does not send. */
function sendMethod(method: string, path: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const sent = request(`${service.url}${path}`, { method, agent: false }, (response) => {
      response.resume()
      response.once('end', () => resolve(response.statusCode ?? 0))
    })
    sent.once('error', reject)
    sent.end()
  })
}

function tellCall(host: string, remaining: number): void {
  const call = { host, method: 'GET', outcome: 200, ms: 1, tried: 1, remaining, limit: 5000 }
  service.services.log('scm_call', call)
}

describe('hosts', () => {
  it('have a name if a setting names them, or if they are among the first others', async () => {
    for (let number = 1; number <= 1_000; number++) tellCall(`host-${number}.example`, number)
    const configured = ['github.com', 'acme.ghe.com', 'api.acme.ghe.com', 'gitlab.com', 'gitlab.corp.example']
    for (const host of configured) tellCall(host, 5_000)
    const series = await readMetrics(service)
    const first = Array.from({ length: MAX_NAMED_HOSTS }, (_, index) => `host-${index + 1}.example`)
    // github.com is not where accounts of this server live.
    const expected = [...first, ...configured.slice(1), 'other'].sort()
    for (const metric of ['forgelink_scm_call_duration_seconds', 'forgelink_scm_rate_limit_remaining']) {
      expect(labelValues(series, metric, 'host')).toEqual(expected)
    }
    expect(series.get('forgelink_scm_call_duration_seconds_count{host="other",outcome="2xx"}')).toBe(981)
    expect(series.get('forgelink_scm_rate_limit_remaining{host="other"}')).toBe(21)
    expect(series.get('forgelink_scm_rate_limit_remaining{host="host-3.example"}')).toBe(3)
    expect(series.get('forgelink_scm_rate_limit_remaining_ratio{host="host-5.example"}')).toBe(0.001)
  })

  it('have outcomes by class of the status, whatever the status or error', async () => {
    for (let status = 100; status < 600; status++) {
      service.services.log('scm_call', { host: 'gitlab.com', method: 'GET', outcome: status, ms: 1, tried: 1 })
    }
    for (let number = 0; number < 1_000; number++) {
      service.services.log('scm_call', { host: 'gitlab.com', method: 'GET', outcome: `E${number}`, ms: 1, tried: 1 })
    }
    const series = await readMetrics(service)
    const outcomes = ['1xx', '2xx', '3xx', '429', '4xx', '5xx', 'failed']
    expect(labelValues(series, 'forgelink_scm_call_duration_seconds', 'outcome')).toEqual(outcomes)
  })
})

describe('requests', () => {
  it('have known methods, routes and statuses only', async () => {
    for (let batch = 0; batch < 20; batch++) {
      const paths = Array.from({ length: 50 }, (_, index) => `/canary-${batch * 50 + index}/v1?canary=1`)
      await Promise.all(paths.map((path) => send('GET', `${service.url}${path}`)))
    }
    for (const method of METHODS.filter((name) => name !== 'CONNECT')) {
      for (const path of ['/canary', '/v1/keys/canary', '/healthz']) await sendMethod(method, path)
    }
    const series = await readMetrics(service)
    const metric = 'forgelink_http_request_duration_seconds'
    const routes = new Set((await listRoutes(service)).map((route) => route.split(' ')[1]))
    const unknown = labelValues(series, metric, 'route').filter((route) => !routes.has(route))
    expect(unknown.filter((route) => !['none', '/*', '*'].includes(route))).toEqual([])
    const methods = ['DELETE', 'GET', 'HEAD', 'OPTIONS', 'PATCH', 'POST', 'PUT', 'other']
    expect(labelValues(series, metric, 'method').filter((method) => !methods.includes(method))).toEqual([])
    expect(labelValues(series, metric, 'status').filter((status) => !/^[2345]\d\d$/.test(status))).toEqual([])
  }, 120_000)
})

it('no label has a user, an id, a token or an address of somebody', async () => {
  const platform = sandbox.platforms['gitlab-self-hosted']
  const link = await linkAccount(alice, platform)
  await alice.call('GET', `/v1/scm_integrations/${link}/search_repos?query=canary`)
  await alice.call('GET', `/v1/keys/${alice.id}`)
  const answer = await send('GET', `${service.url}/metrics`, undefined, { authorization: 'Bearer metrics' })
  const secrets = [
    alice.id,
    alice.email,
    alice.username,
    alice.token,
    alice.bearer,
    link,
    platform.token('alice', 'full'),
  ]
  for (const secret of [...secrets, 'canary']) expect(answer.text).not.toContain(secret)
})
