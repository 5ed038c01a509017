// The store on both engines: what is answered while it is away, and that it comes back.

import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { join } from 'node:path'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { createTestDatabase, postgresUrl } from '../../test/support/postgres.ts'
import type { Account, Answer, Service } from '../../test/support/service.ts'
import { STORE_TIMES, send, startService } from '../../test/support/service.ts'
import { lockInAnotherProcess } from '../../test/support/sqlite-lock.ts'
import { readConfig } from '../read-config.ts'
import { openServices } from '../services.ts'
import { openDatabase } from './database.ts'

// A process takes half a second to start, and several of them long on a machine that has other work.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 300_000 })

const SECRET_KEYS = `k1:${Buffer.alloc(32, 1).toString('base64')}`
/** What a call that needs the store, and the two that operators' tools ask, answer just now. */
async function look(
  service: Service,
  alice: Account,
): Promise<{ api: Answer; ready: Answer; health: Answer; ms: number }> {
  const started = performance.now()
  const [api, ready, health] = await Promise.all([
    alice.call('GET', '/v1/keys'),
    send('GET', `${service.url}/readyz`),
    send('GET', `${service.url}/healthz`),
  ])
  return { api, ready, health, ms: performance.now() - started }
}

function expectGone({ api, ready, health, ms }: Awaited<ReturnType<typeof look>>): void {
  for (const answer of [api, ready]) {
    expect([answer.status, answer.json]).toEqual([
      503,
      { error: 'The store is not available just now. Try again in a moment.', code: 'store_unavailable' },
    ])
    expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0)
  }
  expect([health.status, health.json]).toEqual([200, { status: 'ok' }])
  expect(ms).toBeLessThan(2_000)
}

function expectWell({ api, ready, health }: Awaited<ReturnType<typeof look>>): void {
  expect([api.status, ready.status, health.status]).toEqual([200, 200, 200])
}

describe.skipIf(!postgresUrl())('PostgreSQL away and back', () => {
  let service: Service
  let alice: Account
  let database: Awaited<ReturnType<typeof createTestDatabase>>
  let proxy: Proxy

  beforeAll(async () => {
    database = await createTestDatabase()
    proxy = await startProxy(database.url)
    service = await startService('PostgreSQL', { ...STORE_TIMES, DATABASE_URL: proxy.url })
    alice = await service.addAccount('alice')
  })
  afterAll(async () => {
    await service.close()
    await proxy.close()
    await database.drop()
  })

  /** As the administrator of the server, in another database. */
  async function administer(...statements: string[]): Promise<void> {
    const client = new pg.Client({ connectionString: postgresUrl() })
    await client.connect()
    for (const statement of statements) await client.query(statement)
    await client.end()
  }
  const name = () => new URL(database.url).pathname.slice(1)
  const terminate = () => `select pg_terminate_backend(pid) from pg_stat_activity where datname = '${name()}'`

  it.each<[string, () => Promise<void>, () => Promise<void>]>([
    [
      'takes no connections',
      () => administer(`alter database ${name()} allow_connections false`, terminate()),
      () => administer(`alter database ${name()} allow_connections true`),
    ],
    [
      'is gone under its name',
      () =>
        administer(
          `alter database ${name()} allow_connections false`,
          terminate(),
          `alter database ${name()} rename to ${name()}_x`,
        ),
      () =>
        administer(`alter database ${name()}_x rename to ${name()}`, `alter database ${name()} allow_connections true`),
    ],
    ['refuses at its port', () => proxy.stop(), () => proxy.start()],
    ['cuts every connection', async () => proxy.cut(true), async () => proxy.cut(false)],
    ['says nothing for a while', async () => proxy.mute(), async () => proxy.speak('all')],
    ['says nothing ever again on old connections', async () => proxy.mute(), async () => proxy.speak('new')],
  ])('answers 503 within two seconds while it %s, and is well again by itself', async (_case, away, back) => {
    expectWell(await look(service, alice))
    await away()
    try {
      expectGone(await look(service, alice))
      // Also when nothing is connected any more, and to many at once.
      for (const gone of await Promise.all(Array.from({ length: 5 }, () => look(service, alice)))) expectGone(gone)
      const started = performance.now()
      const written = await alice.call('PUT', '/v1/users/account', { username: 'alice' })
      expect([written.status, written.json.code]).toEqual([503, 'store_unavailable'])
      expect(performance.now() - started).toBeLessThan(2_000)
    } finally {
      await back()
    }
    for (let round = 0; round < 3; round++) expectWell(await look(service, alice))
    expect((await alice.call('PUT', '/v1/users/account', { username: 'alice' })).status).toBe(200)
  })

  it('gives a transaction up within two seconds when the store goes silent in the middle of it', async () => {
    const own = openDatabase(readConfig({ DATABASE_URL: proxy.url, SECRET_KEYS }))
    let started = 0
    const transaction = own.transaction().execute(async (db) => {
      await db.updateTable('users').set({ username: 'half-way' }).execute()
      started = performance.now()
      proxy.mute()
      await db.selectFrom('users').selectAll().execute()
    })
    await expect(transaction).rejects.toMatchObject({ code: 'store_unavailable' })
    expect(performance.now() - started).toBeLessThan(2_000)
    proxy.speak('new')
    const { username } = await own.selectFrom('users').select('username').executeTakeFirstOrThrow()
    expect(username).toBe('alice')
    await own.destroy()
  })

  it('loses no request when idle connections are ended, as by a restart', async () => {
    await Promise.all(Array.from({ length: 10 }, () => look(service, alice)))
    await administer(terminate())
    // Until the server's word has arrived a statement may still run into it: that is a 503, and the next one is well.
    await vi.waitFor(async () => expectWell(await look(service, alice)))
    for (let round = 0; round < 5; round++) expectWell(await look(service, alice))
  })

  it('goes on when a newer version beside it adds a column to a table', async () => {
    const list = async () => (await alice.call('GET', '/v1/scm_integrations')).status
    await Promise.all(Array.from({ length: 20 }, list))
    const client = new pg.Client({ connectionString: database.url })
    await client.connect()
    await client.query('alter table scm_integrations add column newer text')
    await client.end()
    for (let round = 0; round < 20; round++) expect(await list()).toBe(200)
  })

  it('answers 503 to a statement that waits too long for a lock, and serves others meanwhile', async () => {
    const client = new pg.Client({ connectionString: database.url })
    await client.connect()
    await client.query('begin')
    await client.query('lock table keys in access exclusive mode')
    const started = performance.now()
    const [blocked, other] = await Promise.all([alice.call('GET', '/v1/keys'), alice.call('GET', '/v1/tokens')])
    expect([blocked.status, blocked.json.code, other.status]).toEqual([503, 'store_unavailable', 200])
    expect(performance.now() - started).toBeLessThan(2_000)
    await client.query('rollback')
    await client.end()
    expectWell(await look(service, alice))
  })

  it('lets a start wait for another’s migration longer than a request may take', async () => {
    const client = new pg.Client({ connectionString: database.url })
    await client.connect()
    // Kysely's lock for migrations.
    await client.query('select pg_advisory_lock(3853314791062309107)')
    const config = readConfig({
      DATABASE_URL: database.url,
      SECRET_KEYS: `test:${Buffer.alloc(32, 7).toString('base64')}`,
    })
    const opened = openServices(config)
    const first = await Promise.race([opened, new Promise((resolve) => setTimeout(resolve, 2_000, 'waits'))])
    expect(first).toBe('waits')
    await client.query('select pg_advisory_unlock(3853314791062309107)')
    await client.end()
    await (await opened).close()
  })
})

describe('SQLite locked by another process', () => {
  let service: Service
  let alice: Account
  beforeAll(async () => {
    service = await startService('SQLite')
    alice = await service.addAccount('alice')
  })
  afterAll(() => service.close())

  it('lets a write wait until it is free', async () => {
    const lock = await lockInAnotherProcess(join(service.dataDir, 'forgelink.db'), 1_500)
    const started = performance.now()
    const written = await alice.call('POST', '/v1/tokens', { name: 'waited' })
    expect(written.status).toBe(201)
    expect(performance.now() - started).toBeGreaterThan(500)
    expect(await lock.ended).toBe(0)
    const { json } = await alice.call('GET', '/v1/tokens')
    expect(json.tokens.map((token: { name: string }) => token.name)).toContain('waited')
  })

  it('serves reads meanwhile', async () => {
    const lock = await lockInAnotherProcess(join(service.dataDir, 'forgelink.db'), 60_000)
    const started = performance.now()
    expectWell(await look(service, alice))
    expect(performance.now() - started).toBeLessThan(1_000)
    lock.end()
    await lock.ended
  })

  it('answers 503 to a write after five seconds, keeps nothing of it, and writes again when it is free', async () => {
    const lock = await lockInAnotherProcess(join(service.dataDir, 'forgelink.db'), 60_000)
    const started = performance.now()
    const rejected = await alice.call('POST', '/v1/tokens', { name: 'refused' })
    const ms = performance.now() - started
    lock.end()
    await lock.ended
    expect([rejected.status, rejected.json.code]).toEqual([503, 'store_unavailable'])
    expect(Number(rejected.headers.get('retry-after'))).toBeGreaterThan(0)
    expect(ms).toBeGreaterThan(4_500)
    expect(ms).toBeLessThan(8_000)
    expect((await alice.call('POST', '/v1/tokens', { name: 'later' })).status).toBe(201)
    const { json } = await alice.call('GET', '/v1/tokens')
    expect(json.tokens.map((token: { name: string }) => token.name)).not.toContain('refused')
  })
})

/** Stands between the service and PostgreSQL, and lets the way be broken in several manners. */
interface Proxy {
  url: string
  /** Nobody listens there, and nothing is connected. */
  stop(): Promise<void>
  start(): Promise<void>
  /** Whether connections are ended as soon as they are made. */
  cut(on: boolean): void
  /** What is sent is kept: connections stand, and nothing comes. */
  mute(): void
  /** Ends that; `new`: the connections that stood stay silent, as behind a firewall that has forgotten them. */
  speak(connections: 'all' | 'new'): void
  close(): Promise<void>
}

async function startProxy(databaseUrl: string): Promise<Proxy> {
  const { hostname, port } = new URL(databaseUrl)
  const sockets = new Set<Socket>()
  let cutting = false
  let muted = false
  const server = createServer((near) => {
    if (cutting) return near.destroy()
    const far = connect(Number(port), hostname)
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(from)
      from.on('data', (chunk) => to.write(chunk))
      from.on('error', () => undefined)
      from.on('close', () => {
        sockets.delete(from)
        to.destroy()
      })
      if (muted) from.pause()
    }
  })
  const destroyAll = () => {
    for (const socket of sockets) socket.destroy()
  }
  const listen = async (at: number) => {
    server.listen(at, '127.0.0.1')
    await once(server, 'listening')
    return (server.address() as AddressInfo).port
  }
  const url = new URL(databaseUrl)
  const ownPort = await listen(0)
  url.host = `127.0.0.1:${ownPort}`
  const stop = async () => {
    const closed = once(server, 'close')
    server.close()
    destroyAll()
    await closed
  }
  return {
    url: url.href,
    stop,
    async start() {
      await listen(ownPort)
    },
    cut(on) {
      cutting = on
      if (on) destroyAll()
    },
    mute() {
      muted = true
      for (const socket of sockets) socket.pause()
    },
    speak(connections) {
      muted = false
      if (connections === 'all') for (const socket of sockets) socket.resume()
    },
    close: stop,
  }
}
