// The ground of the tests of the audit trail: a service over the sandbox, a new user for each test, and ways to look at events.

import { afterAll, beforeAll, beforeEach, expect } from 'vitest'
import { type Sandbox, type SandboxPlatform, startSandbox } from '../../sandbox/sandbox.ts'
import { type Browser, openBrowser, ownAddress } from './browser.ts'
import { oauthSettings } from './oauth.ts'
import { type Account, type Engine, type Service, startService } from './service.ts'

/** Made for these tests; the private half was thrown away. The fingerprint is ssh-keygen's. */
export const KEY = {
  content: 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAfexDk/yLKoUeFUWpuVVL7FUXHbTAUk4z/m3fJMmkNc',
  fingerprint: '4e:0d:78:d0:f4:94:8c:42:df:b4:d8:93:06:a8:93:8f',
}

export const UUID_7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/
export const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/

export interface EventJson {
  id: string
  created_at: string
  user: { id: string; email: string; username: string }
  type: string
  type_data: Record<string, unknown>
  via: string
  api_token: { id: string; name: string } | null
  remote_ip: string | null
  request_id: string | null
}

/** Newest first. */
export async function eventsOf(account: Account, query = ''): Promise<EventJson[]> {
  const answer = await account.call('GET', `/v1/events${query || '?per_page=100'}`)
  expect(answer.status).toBe(200)
  return answer.json.events
}

/** For a `describe`: starts the service before its tests, and gives each a user and a sandbox as at the start. */
export function auditTrail(engine: Engine) {
  let sandbox: Sandbox
  let service: Service
  let count = 0
  let account: Account
  let browser: Browser

  beforeAll(async () => {
    sandbox = await startSandbox({ ports: 'free' })
    service = await startService(engine, {
      ...(await ownAddress()),
      ...oauthSettings(sandbox),
      ALLOWED_HOSTS: new URL(sandbox.platforms['github-enterprise'].url).origin,
      TRUST_PROXY: '127.0.0.1',
    })
  })
  beforeEach(async () => {
    sandbox.reset()
    account = await service.addAccount(`user${++count}`)
    browser = openBrowser(service)
  })
  afterAll(async () => {
    await service.close()
    await sandbox.close()
  })

  return {
    get sandbox() {
      return sandbox
    },
    get service() {
      return service
    },
    get account() {
      return account
    },
    get browser() {
      return browser
    },
    /** Of everybody, as they are stored. */
    rows() {
      return service.services.database.selectFrom('events').selectAll().orderBy('id').execute()
    },
    /** What the account's own calls and the browser have left since `before`, oldest first: type, means and data. */
    async since(before: EventJson[], of = account) {
      const events = (await eventsOf(of)).slice(0, -before.length || undefined).reverse()
      return events.map(({ type, via, type_data }) => ({ type, via, type_data }))
    },
    linkData(id: string, platform: SandboxPlatform, login: string, uid: number) {
      return {
        integration_id: id,
        integration_type: platform.scmType,
        data: { login, avatar_url: `${platform.url}/avatars/u/${uid}`, url: platform.url },
      }
    },
  }
}
