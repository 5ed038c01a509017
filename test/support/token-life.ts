// The ground of the tests of a token's life: a service over the sandbox, a signed-in person, and ways to let time pass.

import { join } from 'node:path'
import Libsql from 'libsql'
import pg from 'pg'
import { afterAll, beforeAll, beforeEach } from 'vitest'
import { type Sandbox, type SandboxPlatform, startSandbox } from '../../sandbox/sandbox.ts'
import { Failure } from '../../src/failure.ts'
import type { OAuthApplication } from '../../src/platforms/oauth.ts'
import { type Browser, openBrowser, ownAddress } from './browser.ts'
import { OAUTH_NAMES, type OAuthName, oauthSettings } from './oauth.ts'
import type { Account, Answer, Engine, Service } from './service.ts'
import { startService } from './service.ts'

/** The path of both token endpoints, for faults. */
export const TOKEN_PATH = '/oauth/(access_)?token$'

/** Names as they are in SQL. */
interface Statement {
  kind: 'Select' | 'Update' | 'Insert'
  columns: string[]
  without?: string[]
}
interface Meddling {
  before?: () => void
  after?: () => Promise<void>
}

/** The statements that store a new pair and a new link, that take the lease, and that read a link for a call. */
export const STORES_PAIR: Statement = { kind: 'Update', columns: ['scm_integrations', 'access_token'] }
export const STORES_LINK: Statement = { kind: 'Insert', columns: ['scm_integrations', 'access_token'] }
export const TAKES_LEASE: Statement = {
  kind: 'Update',
  columns: ['scm_integrations', 'refresh_lease'],
  without: ['access_token', 'status_reason'],
}

export const READS_LINK: Statement = { kind: 'Select', columns: ['scm_integrations'] }

/** That does it the first time only. */
export function onceAway(): { fail: () => Promise<void>; times: () => number } {
  let times = 0
  return {
    async fail() {
      if (times++ === 0) storeAway()
    },
    times: () => times,
  }
}

export function storeAway(): never {
  throw new Failure('store_unavailable', 'The store is not available just now.', { retryAfter: 2 })
}

/** For a `describe`: starts the service before its tests, and gives each a user and a sandbox as at the start. */
export function tokenLife(engine: Engine) {
  let sandbox: Sandbox
  let service: Service
  let account: Account
  let browser: Browser
  let count = 0

  beforeAll(async () => {
    sandbox = await startSandbox({ ports: 'free' })
    const { origin } = new URL(sandbox.platforms['github-enterprise'].url)
    const settings = { ...(await ownAddress()), ...oauthSettings(sandbox), ALLOWED_HOSTS: origin }
    service = await startService(engine, settings, { revocationsEvery: 250 })
  })
  beforeEach(async () => {
    sandbox.reset()
    for (const name of OAUTH_NAMES) {
      const { settings } = sandbox.platforms[name].state
      settings.oauth.expiring = true
      settings.rateLimits = null
    }
    await service.services.database.deleteFrom('revocations').execute()
    account = await service.addAccount(`user${++count}`)
    browser = openBrowser(service)
    await browser.signIn(account)
  })
  afterAll(async () => {
    await service.close()
    await sandbox.close()
  })

  async function row(id: string) {
    return service.services.database.selectFrom('scmIntegrations').selectAll().where('id', '=', id).executeTakeFirst()
  }

  async function change(id: string, columns: object): Promise<void> {
    await service.services.database.updateTable('scmIntegrations').set(columns).where('id', '=', id).execute()
  }

  /** Nobody can change the link until the returned function is called. */
  async function lockStore(id: string): Promise<() => Promise<void>> {
    const { databaseUrl } = service.config
    if (databaseUrl === null) {
      const file = new Libsql(join(service.dataDir, 'forgelink.db'))
      file.exec('begin immediate')
      return async () => {
        file.exec('rollback')
        file.close()
      }
    }
    const client = new pg.Client({ connectionString: databaseUrl })
    await client.connect()
    await client.query('begin')
    await client.query('select id from scm_integrations where id = $1 for update', [id])
    return async () => {
      // A statement that waits on the server would be done there after its client's death: it is to count as not arrived.
      await client.query(
        "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'",
      )
      await client.query('rollback')
      await client.end()
    }
  }

  /**
   * Until the returned function is called, statements of this kind that name all of `columns` and none of `without` meet
   * `before`, which may throw, and `after`, when they are done.
   */
  function meddle(statement: Statement, { before = () => {}, after = async () => {} }: Meddling): () => void {
    const { services } = service
    const { database } = services
    const met = new WeakSet<object>()
    let isOver = false
    services.database = database.withPlugin({
      transformQuery({ node, queryId }) {
        const text = JSON.stringify(node)
        const names = (column: string) => text.includes(`"${column}"`)
        const { kind, columns, without = [] } = statement
        if (!isOver && node.kind === `${kind}QueryNode` && columns.every(names) && !without.some(names)) {
          before()
          met.add(queryId)
        }
        return node
      },
      async transformResult({ result, queryId }) {
        if (met.has(queryId)) await after()
        return result
      },
    })
    return () => {
      isOver = true // work that has begun keeps the database it began with
      services.database = database
    }
  }

  return {
    meddle,
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
    platform: (name: OAuthName): SandboxPlatform => sandbox.platforms[name],
    /** Ours there; what is changed in it holds at once. */
    application(name: OAuthName): OAuthApplication {
      const { application } = service.services.oauth[name]
      if (application === null) throw new Error(`${name} is not set up`)
      return application
    },
    row,
    change,
    lockStore,
    /** As if the token ended in so many seconds, here and there. */
    async endIn(id: string, name: OAuthName, seconds: number): Promise<void> {
      const time = new Date(Date.now() + seconds * 1000).toISOString()
      const given = new Date(Date.now() - 3_600_000).toISOString()
      await change(id, { tokenExpiresAt: time, tokenObtainedAt: given, updatedAt: given })
      for (const token of sandbox.platforms[name].state.tokens) if (token.oauth) token.expiresAt = time
    },
    /** As if the time had passed for which nobody may spend the link's refresh token. */
    async leaseOver(id: string): Promise<void> {
      const [, owner = ''] = (await row(id))?.refreshLease?.split(' ') ?? []
      await change(id, { refreshLease: `${new Date(Date.now() - 1).toISOString()} ${owner}` })
    },
    use(id: string, query = ''): Promise<Answer> {
      return account.call('GET', `/v1/scm_integrations/${id}/orgs${query}`)
    },
    async show(id: string) {
      return (await account.call('GET', `/v1/scm_integrations/${id}`)).json.scm_integration
    },
    /** As if the time had come to try it again. */
    async revokeNow(): Promise<void> {
      const nextAt = new Date(Date.now() - 1).toISOString()
      await service.services.database.updateTable('revocations').set({ nextAt }).execute()
    },
    async revocations() {
      return service.services.database.selectFrom('revocations').selectAll().execute()
    },
  }
}
