// PostgreSQL through PgBouncer in transaction mode: time limits, what happens while either is away, and that nothing
// of ours is left in sessions that others use.

import pg from 'pg'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { createTestDatabase } from '../support/postgres.ts'
import { ed25519Key } from '../support/public-keys.ts'
import type { Account, Service } from '../support/service.ts'
import { STORE_TIMES, send, startReplica, startService } from '../support/service.ts'
import { until } from '../support/until.ts'
import { type PgBouncer, startPgBouncer } from './support/pgbouncer.ts'

declare module 'vitest' {
  interface ProvidedContext {
    /** Of the same server as `postgresUrl`, without PgBouncer. */
    directUrl: string | null
  }
}

const directUrl = inject('directUrl')

describe.skipIf(directUrl === null)('PostgreSQL through PgBouncer', () => {
  let pooler: PgBouncer
  let database: Awaited<ReturnType<typeof createTestDatabase>>
  let direct: pg.Client
  let service: Service
  let alice: Account

  beforeAll(async () => {
    // One of its own, because it is stopped.
    pooler = await startPgBouncer(directUrl ?? '')
    database = await createTestDatabase()
    direct = new pg.Client({ connectionString: withHostOf(directUrl ?? '') })
    await direct.connect()
    service = await startService('PostgreSQL', {
      ...STORE_TIMES,
      DATABASE_URL: withHostOf(pooler.url),
      PG_POOL_SIZE: '8',
    })
    alice = await service.addAccount('alice')
  })
  afterAll(async () => {
    await service.close()
    await direct.end()
    await pooler.stop()
    await database.drop()
  })

  /** The address of this test's database at the host and port of another. */
  function withHostOf(url: string): string {
    const address = new URL(url)
    address.pathname = new URL(database.url).pathname
    return address.href
  }

  async function expectGone(): Promise<void> {
    const started = performance.now()
    const [read, written, ready, health] = await Promise.all([
      alice.call('GET', '/v1/keys'),
      alice.call('PUT', '/v1/users/account', { username: 'alice' }),
      send('GET', `${service.url}/readyz`),
      send('GET', `${service.url}/healthz`),
    ])
    expect([read.status, written.status, ready.status, health.status]).toEqual([503, 503, 503, 200])
    expect(performance.now() - started).toBeLessThan(2_000)
  }

  async function isWell(): Promise<boolean> {
    const answers = await Promise.all([
      alice.call('GET', '/v1/keys'),
      alice.call('PUT', '/v1/users/account', { username: 'alice' }),
      send('GET', `${service.url}/readyz`),
    ])
    return answers.every(({ status }) => status === 200)
  }

  it('serves more clients than there are sessions, from two replicas, and leaves nothing in the sessions', async () => {
    // Whoever waits for a session here waits for its turn, also on a busy machine.
    const patience = { PG_CONNECT_TIMEOUT_MS: '20000', PG_STATEMENT_TIMEOUT_MS: '20000', PG_POOL_SIZE: '8' }
    const replicas = [await startReplica(service, patience), await startReplica(service, patience)]
    const headers = { authorization: `Bearer ${alice.bearer}` }
    const calls = Array.from({ length: 200 }, (_, n) => {
      const [method, path, body] =
        n % 3 === 0 ? ['POST', '/v1/tokens', { name: `token ${n}` }] : ['GET', '/v1/tokens', undefined]
      return send(method as string, `${replicas[n % 2]?.url}${path}`, body, headers)
    })
    const statuses = (await Promise.all(calls)).map(({ status }) => status)
    expect(statuses.filter((status) => status >= 300)).toEqual([])
    for (const replica of replicas) await replica.close()

    const other = new pg.Pool({ connectionString: withHostOf(pooler.url), max: 12 })
    const sessions = await Promise.all(
      Array.from({ length: 60 }, () =>
        other.query(
          "select current_setting('statement_timeout') as timeout, (select count(*)::int from pg_prepared_statements where name <> '') as prepared",
        ),
      ),
    )
    expect(new Set(sessions.map(({ rows }) => JSON.stringify(rows[0])))).toEqual(
      new Set(['{"timeout":"0","prepared":0}']),
    )
    await other.end()
  })

  it('leaves no lock in a session, so the next start does not wait for one that has ended', async () => {
    for (let round = 0; round < 6; round++) await (await startReplica(service)).close()
    const locks =
      "select count(*)::int as count from pg_locks where locktype = 'advisory' and database = (select oid from pg_database where datname = current_database())"
    expect((await direct.query(locks)).rows).toEqual([{ count: 0 }])
  })

  it('answers 503 to statements that wait for a lock, and lets none of them wait on', async () => {
    await direct.query('begin; lock table keys in access exclusive mode')
    const started = performance.now()
    const [read, written, other] = await Promise.all([
      alice.call('GET', '/v1/keys'),
      alice.call('POST', '/v1/keys', { key: { name: 'waits', content: ed25519Key(1) } }),
      alice.call('GET', '/v1/tokens'),
    ])
    expect([read.status, written.status, other.status]).toEqual([503, 503, 200])
    expect(performance.now() - started).toBeLessThan(2_000)
    const waiting =
      "select count(*)::int as count from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'"
    await until(async () => (await direct.query(waiting)).rows[0].count === 0, 2)
    await direct.query('rollback')
    await until(isWell, 10)
    expect((await alice.call('GET', '/v1/keys')).json.keys).toEqual([])
  })

  it.each<[string, () => unknown, () => unknown]>([
    ['says nothing', () => pooler.process.kill('SIGSTOP'), () => pooler.process.kill('SIGCONT')],
    ['reaches no PostgreSQL', () => allow(false), () => allow(true)],
  ])('answers 503 within two seconds while it %s, and is well again by itself', async (_case, away, back) => {
    await until(isWell, 10)
    await away()
    try {
      for (let round = 0; round < 3; round++) await expectGone()
    } finally {
      await back()
    }
    await until(isWell, 10)
  })

  async function allow(connections: boolean): Promise<void> {
    const admin = new pg.Client({ connectionString: directUrl ?? '' })
    await admin.connect()
    const name = new URL(database.url).pathname.slice(1)
    await admin.query(`alter database ${name} allow_connections ${connections}`)
    const others = `select pg_terminate_backend(pid) from pg_stat_activity where datname = '${name}' and pid <> ${(direct as unknown as { processID: number }).processID}`
    if (!connections) await admin.query(others)
    await admin.end()
  }
})
