// Reliability section 5: the store is gone, its disk is full, it takes no writes, the clock jumps: clear answers, and all is well again.

import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { sql } from 'kysely'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { openBrowser, ownAddress } from '../support/browser.ts'
import { startMarkedPlatform } from '../support/marked-platform.ts'
import { createTestDatabase, postgresUrl } from '../support/postgres.ts'
import { ed25519Key } from '../support/public-keys.ts'
import { exchange, STORE_TIMES, send, startService } from '../support/service.ts'

describe.skipIf(!postgresUrl())('a store that is gone for a while (PostgreSQL)', () => {
  it('gives 503 within two seconds and a red /readyz, and all is well again by itself', async () => {
    const database = await createTestDatabase()
    const target = new URL(database.url)
    const proxy = await startProxy(Number(target.port), target.hostname)
    target.host = `127.0.0.1:${proxy.port}`
    const service = await startService('SQLite', { ...STORE_TIMES, DATABASE_URL: target.href })
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
