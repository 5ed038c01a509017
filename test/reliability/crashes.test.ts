// Reliability section 5: killed at any moment, gone store, full disk, jumping clock: what was acknowledged stays, nothing is half done.

import { mkdtempSync, rmSync } from 'node:fs'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { sql } from 'kysely'
import { afterEach, describe, expect, it, vi } from 'vitest'
import type { Sandbox } from '../../sandbox/sandbox.ts'
import { startSandbox } from '../../sandbox/sandbox.ts'
import { openBrowser, ownAddress } from '../support/browser.ts'
import { forgelink, prepareCommand, type RunningServer, startServer } from '../support/command.ts'
import { startMarkedPlatform } from '../support/marked-platform.ts'
import { linkByOAuth, oauthSettings, refreshCalls } from '../support/oauth.ts'
import { createTestDatabase, postgresUrl } from '../support/postgres.ts'
import { ed25519Key } from '../support/public-keys.ts'
import { type Answer, describeOnBothEngines, type Engine, exchange, send, startService } from '../support/service.ts'
import { startWaitingPlatform } from '../support/waiting-platform.ts'

/** How often the process is killed: `FORGELINK_TEST_ROUNDS=100` for a thorough run. */
const ROUNDS = Number(process.env.FORGELINK_TEST_ROUNDS ?? 10)
const engines: Engine[] = postgresUrl() ? ['SQLite', 'PostgreSQL'] : ['SQLite']

describe.each(engines)('kill -9 at a random moment (%s)', (engine) => {
  it(
    `of creates, imports, deletes and refreshes, ${ROUNDS} times: it starts again, and all that was acknowledged is there`,
    async () => {
      await prepareCommand()
      const platform = await startMarkedPlatform()
      const sandbox = await startSandbox({ ports: 'free' })
      sandbox.platforms.gitlab.state.settings.rateLimits = null
      const dataDir = mkdtempSync(join(tmpdir(), 'forgelink-crashes-'))
      const database = engine === 'PostgreSQL' ? await createTestDatabase() : undefined
      const settings = {
        ...(await ownAddress()),
        ...oauthSettings(sandbox),
        DATA_DIR: dataDir,
        DATABASE_URL: database?.url,
        SECRET_KEYS: `k:${Buffer.alloc(32, 5).toString('base64')}`,
        ALLOWED_HOSTS: platform.origin,
        LOG_LEVEL: 'silent',
        RATE_LIMIT: '0',
      }
      let server = await startServer(settings)
      try {
        const account = { username: 'alice', password: 'correct horse' }
        const names = ['--email', 'alice@example.test', '--username', account.username, '--password', account.password]
        const { token } = JSON.parse((await forgelink(['user', 'add', ...names, '--json'], settings)).stdout)
        const bearer = await exchange(server.url, token)
        const call = (method: string, path: string, body?: unknown) =>
          send(method, `${server.url}/v1${path}`, body, { authorization: `Bearer ${bearer}` })
        const create = (n: number) =>
          call('POST', '/scm_integrations', {
            scm_type: 'github-enterprise',
            url: platform.origin,
            access_token: `token-${n}`,
          })

        /** The number of the account behind each link that has to be there, and of each that may. */
        const certain = new Map<number, string>()
        const possible = new Set<number>()
        const keys = new Set<number>()

        for (let round = 1; round <= ROUNDS; round++) {
          // Two that are there for sure: one to import from, one to delete.
          for (let n = round * 10 + 4; certain.size < 2; n++) certain.set(n, (await create(n)).json.scm_integration.id)
          const oauthLink = await linkAnew(server, sandbox, account)
          const spentBefore = refreshCalls(sandbox.platforms.gitlab).length
          for (const each of sandbox.platforms.gitlab.state.tokens)
            if (each.oauth) each.expiresAt = '2025-01-01T00:00:00Z'

          const fresh = [1, 2, 3].map((n) => round * 10 + n)
          const [oldest = 0, next = 0] = certain.keys()
          for (const n of [...fresh, oldest]) possible.add(n)
          const creates = fresh.map((n) => outcome(create(n)))
          const imported = outcome(call('POST', `/scm_integrations/${certain.get(next)}/import_keys`))
          const deleted = outcome(call('DELETE', `/scm_integrations/${certain.get(oldest)}`))
          const refreshed = Array.from({ length: 5 }, (_, n) =>
            outcome(call('GET', `/scm_integrations/${oauthLink}/orgs?per_page=${n + 1}`)),
          )
          certain.delete(oldest)
          await delay(Math.random() * 120)
          await server.stop('SIGKILL')

          for (const [index, each] of creates.entries()) {
            const answer = await each
            const n = fresh[index] ?? 0
            if (answer?.status === 201) {
              certain.set(n, answer.json.scm_integration.id)
              possible.delete(n)
            }
          }
          if ((await imported)?.status === 201) keys.add(next)
          if ((await deleted)?.status === 204) possible.delete(oldest)
          const wasRefreshed = (await Promise.all(refreshed)).some((each) => each !== undefined)

          server = await startServer(settings)
          await expectWhole(call, certain, possible, keys)
          // Whoever was killed while it renewed the token keeps others from it for up to 35 seconds: waited for once.
          if (wasRefreshed || round === ROUNDS) {
            const use = () => call('GET', `/scm_integrations/${oauthLink}/orgs`)
            let first = await use()
            while (first.status === 503 && first.json.code === 'scm_unavailable') first = await use()
            // The pair was stored, or it was not: then the link has to be made again, and is not tried for ever.
            expect([first.status, first.json.code]).toEqual(
              first.status === 200 ? [200, undefined] : [403, 'scm_token_rejected'],
            )
            for (let n = 0; n < 3; n++) expect((await use()).status).toBe(first.status)
          }
          const spent = refreshCalls(sandbox.platforms.gitlab).slice(spentBefore)
          expect(spent.length).toBeLessThanOrEqual(2)
          await call('DELETE', `/scm_integrations/${oauthLink}`)
          sandbox.platforms.gitlab.requests.length = 0
        }
      } finally {
        await server.stop('SIGKILL')
        await sandbox.close()
        await platform.close()
        await database?.drop()
        rmSync(dataDir, { recursive: true, force: true })
      }
    },
    120_000 + ROUNDS * 15_000,
  )

  async function linkAnew(
    server: RunningServer,
    sandbox: Sandbox,
    account: { username: string; password: string },
  ): Promise<string> {
    sandbox.platforms.gitlab.state.settings.oauth.expiring = true
    const browser = openBrowser(server)
    const page = await browser.get('/sign-in')
    await browser.submit(page, { login: account.username, password: account.password })
    return linkByOAuth(browser, 'gitlab')
  }

  /** undefined: the process died before it answered. */
  function outcome(answer: Promise<Answer>): Promise<Answer | undefined> {
    return answer.catch(() => undefined)
  }

  async function expectWhole(
    call: (method: string, path: string) => Promise<Answer>,
    certain: Map<number, string>,
    possible: Set<number>,
    keys: Set<number>,
  ): Promise<void> {
    const { status, text, json } = await call('GET', '/scm_integrations?scm_type=github-enterprise')
    expect([status, text]).toEqual([200, expect.any(String)])
    const found = new Map<number, string>()
    for (const link of json.scm_integrations) {
      const n = Number(link.uid)
      found.set(n, link.id)
      // Whole, and its secret opens.
      expect(link).toMatchObject({ username: `user-${n}`, access_token: `token-${n}`, status: 'ok' })
      expect(certain.has(n) || possible.has(n)).toBe(true)
    }
    for (const [n, id] of certain) expect([n, found.get(n)]).toEqual([n, id])
    const some = [...found.values()].at(-1)
    expect((await call('GET', `/scm_integrations/${some}/orgs`)).status).toBe(200)
    const contents = (await call('GET', '/keys')).json.keys.map((key: { content: string }) => key.content)
    for (const n of keys) expect(contents).toContain(`${ed25519Key(n)} key of user-${n}`)
    expect(new Set(contents).size).toBe(contents.length)
    for (const n of possible) {
      // Whatever became of it, it is settled now.
      const id = found.get(n)
      if (id) certain.set(n, id)
    }
    possible.clear()
  }
})

describeOnBothEngines('unlinking', (engine) => {
  it.each([
    ['search', 'GET', '/search_repos?query=x', /^\/search\//],
    ['import', 'POST', '/import_keys', /^\/user\/keys/],
    ['a look at its health', 'GET', '/health', /^\/meta/],
    ['a new token', 'PATCH', '', /^\/user$/],
  ] as const)('during %s is done at once, and nothing comes back to life', async (_what, method, path, held) => {
    const platform = await startWaitingPlatform(held)
    const service = await startService(engine, { ALLOWED_HOSTS: platform.origin })
    try {
      const alice = await service.addAccount('alice')
      const link = { scm_type: 'github-enterprise', url: platform.origin, access_token: 'ghp_waiting' }
      const creating = alice.call('POST', '/v1/scm_integrations', link)
      if (path === '') {
        // Of a new token the first question is the one that waits, as it is of a new link.
        while (platform.waiting() === 0) await delay(10)
        platform.release()
      }
      const { id } = (await creating).json.scm_integration
      if (path === '') platform.hold()
      const body = method === 'PATCH' ? { access_token: 'ghp_another' } : undefined
      const underWay = alice.call(method, `/v1/scm_integrations/${id}${path}`, body)
      while (platform.waiting() === 0) await delay(10)
      expect((await alice.call('DELETE', `/v1/scm_integrations/${id}`)).status).toBe(204)
      platform.release()
      expect((await underWay).status).toBeLessThan(500)
      expect((await alice.call('GET', '/v1/scm_integrations')).json.scm_integrations).toEqual([])
      expect((await alice.call('GET', `/v1/scm_integrations/${id}`)).status).toBe(404)
    } finally {
      await service.close()
      await platform.close()
    }
  })
})

describe.skipIf(!postgresUrl())('a store that is gone for a while (PostgreSQL)', () => {
  it('gives 503 within two seconds and a red /readyz, and all is well again by itself', async () => {
    const database = await createTestDatabase()
    const target = new URL(database.url)
    const proxy = await startProxy(Number(target.port), target.hostname)
    target.host = `127.0.0.1:${proxy.port}`
    const service = await startService('SQLite', { DATABASE_URL: target.href })
    try {
      const alice = await service.addAccount('alice')
      proxy.cut()
      const end = Date.now() + 10_000
      while (Date.now() < end) {
        for (const path of ['/v1/keys', '/v1/scm_integrations', '/readyz']) {
          const began = Date.now()
          const answer = await alice.call('GET', path)
          expect([path, answer.status, answer.json.code]).toEqual([path, 503, 'store_unavailable'])
          expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0)
          expect(Date.now() - began).toBeLessThan(2_500)
        }
        expect((await send('GET', `${service.url}/healthz`)).status).toBe(200)
        await delay(500)
      }
      proxy.mend()
      await vi.waitFor(async () => expect((await send('GET', `${service.url}/readyz`)).status).toBe(200), 10_000)
      expect((await alice.call('GET', '/v1/keys')).status).toBe(200)
      expect((await alice.call('POST', '/v1/keys', { name: 'x', content: ed25519Key(1) })).status).toBe(201)
    } finally {
      await service.close()
      proxy.close()
      await database.drop()
    }
  }, 60_000)
})

describe('a full disk (SQLite)', () => {
  it('gives 503 for writes while reads go on, and takes writes again when there is room', async () => {
    const service = await startService('SQLite')
    const { database } = service.services
    try {
      const alice = await service.addAccount('alice')
      const write = (n: number) => alice.call('POST', '/v1/keys', { name: 'x'.repeat(255), content: ed25519Key(n) })
      const { rows } = await sql<{ pageCount: number }>`pragma page_count`.execute(database)
      // What SQLite makes of ENOSPC, it also makes of this bound: SQLITE_FULL.
      await sql`pragma max_page_count = ${sql.lit(rows[0]?.pageCount ?? 0)}`.execute(database)
      let answer = await write(1)
      let written = 0
      for (let n = 2; answer.status === 201; n++) {
        written++
        answer = await write(n)
      }
      expect([answer.status, answer.json.code]).toEqual([503, 'store_unavailable'])
      expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0)
      expect((await alice.call('GET', '/v1/keys')).json.keys).toHaveLength(written)
      expect((await send('GET', `${service.url}/readyz`)).status).toBe(200)

      await sql`pragma max_page_count = 1000000`.execute(database)
      expect((await write(9_999)).status).toBe(201)
      expect((await alice.call('GET', '/v1/keys')).json.keys).toHaveLength(written + 1)
    } finally {
      await service.close()
    }
  })
})

describe('a store that takes no writes (SQLite)', () => {
  it('is read as before, also by what would note something beside its answer', async () => {
    const platform = await startMarkedPlatform()
    const service = await startService('SQLite', { ...(await ownAddress()), ALLOWED_HOSTS: platform.origin })
    const { database } = service.services
    try {
      const alice = await service.addAccount('alice')
      const link = { scm_type: 'github-enterprise', url: platform.origin, access_token: 'token-1' }
      const { id } = (await alice.call('POST', '/v1/scm_integrations', link)).json.scm_integration
      const browser = openBrowser(service)
      await browser.signIn(alice)
      await database.updateTable('scmIntegrations').set({ status: 'token_rejected' }).execute()
      const usedAt = new Date(Date.now() - 600_000).toISOString()
      await database.updateTable('sessions').set({ usedAt }).execute()

      await sql`pragma query_only = on`.execute(database)
      expect((await alice.call('POST', '/v1/keys', { name: 'x', content: ed25519Key(1) })).status).toBe(503)
      expect((await browser.get('/v1/scm_integrations')).json.scm_integrations).toHaveLength(1)
      const bearer = { authorization: `Bearer ${await exchange(service.url, alice.token)}` }
      for (const path of ['search_repos?query=x', 'health', 'orgs']) {
        const address = `${service.url}/v1/scm_integrations/${id}/${path}`
        expect([path, (await send('GET', address, undefined, bearer)).status]).toEqual([path, 200])
      }
      expect((await send('GET', `${service.url}/readyz`)).status).toBe(200)
    } finally {
      await service.close()
      await platform.close()
    }
  })
})

describe('a clock that jumps', () => {
  afterEach(() => {
    vi.useRealTimers()
  })

  it('an hour back keeps nobody waiting for longer, and a day ahead ends bearer tokens and nothing else', async () => {
    const service = await startService('SQLite', { RATE_LIMIT: '20' })
    try {
      const alice = await service.addAccount('alice')
      const bob = await service.addAccount('bob')
      while ((await alice.call('GET', '/v1/keys')).status !== 429);
      vi.useFakeTimers({ toFake: ['Date'] })
      vi.setSystemTime(Date.now() - 3_600_000)
      const limited = await alice.call('GET', '/v1/keys')
      expect(limited.status).toBe(429)
      expect(Number(limited.headers.get('retry-after'))).toBeLessThanOrEqual(60)
      expect((await bob.call('POST', '/v1/keys', { name: 'x', content: ed25519Key(1) })).status).toBe(201)

      vi.setSystemTime(Date.now() + 86_400_000)
      expect((await bob.call('GET', '/v1/keys')).status).toBe(401)
      const bearer = await exchange(service.url, bob.token)
      const answer = await send('GET', `${service.url}/v1/keys`, undefined, { authorization: `Bearer ${bearer}` })
      expect(answer.status).toBe(200)
    } finally {
      vi.useRealTimers()
      await service.close()
    }
  })
})

/** A way to the store that can be cut. */
async function startProxy(port: number, host: string) {
  const sockets = new Set<Socket>()
  let isCut = false
  const server = createServer((client) => {
    if (isCut) {
      client.destroy()
      return
    }
    const upstream = connect(port, host)
    for (const socket of [client, upstream]) {
      sockets.add(socket)
      socket.on('error', () => undefined).on('close', () => sockets.delete(socket))
    }
    client.pipe(upstream).pipe(client)
  })
  const cut = () => {
    isCut = true
    for (const socket of sockets) socket.destroy()
  }
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    port: (server.address() as AddressInfo).port,
    cut,
    mend() {
      isCut = false
    },
    close() {
      cut()
      server.close()
    },
  }
}
