// Who may read /metrics, and what it says beside requests: calls to platforms by outcome, what has happened to links and tokens.

import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import { type Sandbox, startSandbox } from '../../sandbox/sandbox.ts'
import { type Browser, openBrowser, ownAddress } from '../support/browser.ts'
import { linkByOAuth, oauthSettings } from '../support/oauth.ts'
import type { Account, Service } from '../support/service.ts'
import { send, startService } from '../support/service.ts'

let sandbox: Sandbox
let service: Service
let account: Account
let browser: Browser

beforeAll(async () => {
  sandbox = await startSandbox({ ports: 'free' })
  sandbox.platforms.gitlab.state.settings.oauth.expiring = true
  service = await startService('SQLite', {
    ...(await ownAddress()),
    ...oauthSettings(sandbox),
    METRICS_TOKEN: 'metrics',
  })
  account = await service.addAccount('alice')
  browser = openBrowser(service)
  await browser.signIn(account)
})
afterAll(async () => {
  await service.close()
  await sandbox.close()
})

async function metric(name: string): Promise<number | undefined> {
  const { text } = await send('GET', `${service.url}/metrics`, undefined, { authorization: 'Bearer metrics' })
  const line = text.split('\n').find((each) => each.startsWith(`${name} `))
  return line === undefined ? undefined : Number(line.slice(name.length))
}

const happened = (event: string) => metric(`forgelink_events_total{event="${event}"}`)
const calls = (outcome: string) =>
  metric(`forgelink_scm_call_duration_seconds_count{host="127.0.0.1",outcome="${outcome}"}`)

it('has every event from the start, and no call before there was one', async () => {
  for (const event of ['scm_link_expired', 'scm_token_unreadable', 'scm_application_refused', 'revocation_given_up'])
    expect(await happened(event)).toBe(0)
  expect(await calls('2xx')).toBeUndefined()
})

it('counts calls by outcome, renewals, links that end, and revocations', async () => {
  const id = await linkByOAuth(browser, 'gitlab')
  const use = () => account.call('GET', `/v1/scm_integrations/${id}/orgs`)
  const expire = () =>
    service.services.database
      .updateTable('scmIntegrations')
      .set({ tokenExpiresAt: '2025-01-01T00:00:00Z', refreshLease: null })
      .execute()
  expect(await calls('2xx')).toBeGreaterThan(0)
  expect(await calls('5xx')).toBeUndefined()

  await expire()
  expect((await use()).status).toBe(200)
  expect(await happened('scm_token_renewed')).toBe(1)

  sandbox.platforms.gitlab.faults.set({ fault: 'status-500', path: '/oauth/token' })
  await expire()
  expect((await use()).status).toBe(503)
  sandbox.platforms.gitlab.faults.clear()
  expect([await happened('scm_token_not_renewed'), await happened('scm_link_expired'), await calls('5xx')]).toEqual([
    1, 0, 1,
  ])

  sandbox.platforms.gitlab.faults.set({ fault: 'oauth-not-found' })
  await expire()
  expect((await use()).status).toBe(503)
  expect(await happened('scm_application_refused')).toBe(1)

  sandbox.platforms.gitlab.faults.set({ fault: 'oauth-invalid-grant' })
  await expire() // a pause after the failure would keep the platform from being asked
  expect((await use()).status).toBe(403)
  sandbox.platforms.gitlab.faults.clear()
  expect(await happened('scm_link_expired')).toBe(1)

  await account.call('DELETE', `/v1/scm_integrations/${id}`)
  await vi.waitFor(async () => expect(await happened('revocation_done')).toBe(1), 10_000)
})

// Behind a bare `proxy_pass` of nginx every request comes from loopback and without any header of a proxy:
// https://nginx.org/en/docs/http/ngx_http_proxy_module.html#proxy_set_header
it('are not there for requests from this machine without a token, nor for any with METRICS_PORT', async () => {
  const { PORT: free } = await ownAddress()
  const port = String(free)
  const plain = await startService('SQLite')
  const own = await startService('SQLite', { METRICS_PORT: port })
  const unknown = await send('GET', `${plain.url}/nothing`)
  for (const { url } of [plain, own]) {
    const answer = await send('GET', `${url}/metrics`)
    expect([answer.status, answer.text]).toEqual([404, unknown.text])
  }

  const metrics = await send('GET', `http://127.0.0.1:${port}/metrics`)
  expect([metrics.status, metrics.text.includes('forgelink_http_request_duration_seconds_count')]).toEqual([200, true])
  for (const path of ['/', '/healthz', '/v1/regions', '/metricsx']) {
    expect([path, (await send('GET', `http://127.0.0.1:${port}${path}`)).status]).toEqual([path, 404])
  }
  await expect(startService('SQLite', { METRICS_PORT: port })).rejects.toThrow('EADDRINUSE')
  for (const each of [plain, own]) await each.close()
  await expect(send('GET', `http://127.0.0.1:${port}/metrics`)).rejects.toThrow('fetch failed')
})

it('are for who has the token alone', async () => {
  for (const authorization of ['Bearer x', 'metrics', 'Basic bWV0cmljcw==', '']) {
    const answer = await send('GET', `${service.url}/metrics`, undefined, authorization ? { authorization } : {})
    expect([authorization, answer.status]).toEqual([authorization, 401])
  }
})
