// Migrations on both engines: one schema however many start at once, and none of a newer program.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Migrator, sql } from 'kysely'
import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import { forgelink, prepareCommand } from '../../test/support/command.ts'
import { createTestDatabase } from '../../test/support/postgres.ts'
import { describeOnBothEngines } from '../../test/support/service.ts'
import { readConfig } from '../read-config.ts'
import { openServices } from '../services.ts'
import { openDatabase } from './database.ts'
import { migrate, migrations } from './migrate.ts'

// A process takes half a second to start, and several of them long on a machine that has other work.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 300_000 })

const SECRET_KEYS = `k1:${Buffer.alloc(32, 1).toString('base64')}`
const MIGRATIONS = [
  '001-start',
  '002-sessions',
  '003-oauth',
  '004-events',
  '005-token-obtained',
  '006-scopes-and-devices',
  '007-limits',
  '008-platforms-in-front',
  '009-link-sessions',
  '010-oidc-sign-in',
  '011-administration',
  '012-sealed-starts',
  '013-invitations',
  '014-profile',
]
const TABLES = [
  'api_tokens',
  'events',
  'identities',
  'invitations',
  'keys',
  'known_devices',
  'link_sessions',
  'oauth_states',
  'oidc_logout_tokens',
  'oidc_states',
  'revocations',
  'scim_users',
  'scm_integrations',
  'secret_keys',
  'service_tokens',
  'sessions',
  'users',
]

/** Settings of a store that nobody has opened yet, as environment of a command. */
async function newStore(engine: string): Promise<{ env: Record<string, string>; remove(): Promise<void> }> {
  const dataDir = mkdtempSync(join(tmpdir(), 'forgelink-store-'))
  const postgres = engine === 'PostgreSQL' ? await createTestDatabase() : undefined
  return {
    env: { DATA_DIR: dataDir, SECRET_KEYS, ...(postgres && { DATABASE_URL: postgres.url }) },
    async remove() {
      await postgres?.drop()
      rmSync(dataDir, { recursive: true, force: true })
    },
  }
}

describeOnBothEngines('migrations', (engine) => {
  let store: Awaited<ReturnType<typeof newStore>>
  beforeAll(async () => {
    await prepareCommand()
    store = await newStore(engine)
  })
  afterAll(() => store.remove())

  it('are run once by four processes that start at once, and each of them works', async () => {
    const runs = await Promise.all(
      Array.from({ length: 4 }, (_, n) =>
        forgelink(['user', 'add', '--email', `u${n}@example.test`, '--username', `u${n}`, '--json'], store.env),
      ),
    )
    expect(runs.map(({ code, stderr }) => [code, stderr])).toEqual(new Array(4).fill([0, '']))

    const database = openDatabase(readConfig(store.env))
    const tables = await database.introspection.getTables()
    expect(tables.map(({ name }) => name).sort()).toEqual(TABLES)
    const { rows } = await sql<{ name: string }>`select name from kysely_migration order by name`.execute(database)
    expect(rows.map(({ name }) => name)).toEqual(MIGRATIONS)
    const users = await database.selectFrom('users').select('username').orderBy('username').execute()
    expect(users.map(({ username }) => username)).toEqual(['u0', 'u1', 'u2', 'u3'])
    const keys = await database.selectFrom('secretKeys').select('id').execute()
    expect(keys).toEqual([{ id: 'k1' }])
    await database.destroy()
  })

  it('are nothing to do the second time', async () => {
    const database = openDatabase(readConfig(store.env))
    await migrate(database)
    const { rows } = await sql`select name from kysely_migration`.execute(database)
    expect(rows).toHaveLength(MIGRATIONS.length)
    await database.destroy()
  })

  it('008 keeps users with all that is theirs, promotes nobody, and takes users without an e-mail address', async () => {
    const older = await newStore(engine)
    const database = openDatabase(readConfig(older.env), { patient: true })
    const upTo007 = Object.fromEntries(Object.entries(migrations).filter(([name]) => name < '008'))
    const migrator = new Migrator({ db: database, provider: { getMigrations: async () => upTo007 } })
    expect((await migrator.migrateToLatest()).error).toBe(undefined)
    const insertUser = (id: string, email: string, username: string) =>
      sql`insert into users (id, email, username, password_hash, created_at, updated_at)
        values (${id}, ${email}, ${username}, 'hash', '2020', '2021')`.execute(database)
    await insertUser('us-1', 'Ada@example.test', 'ada')
    await insertUser('us-2', 'ben@example.test', 'ben')
    for (const [id, owner] of [
      ['t1', 'us-1'],
      ['t2', 'us-2'],
    ]) {
      await sql`insert into api_tokens (id, user_id, name, token_hash, created_at, issued_at)
        values (${id}, ${owner}, 'ci', ${`hash ${id}`}, '2020', '2020')`.execute(database)
    }
    await sql`insert into sessions (id_hash, user_id, created_at, used_at) values ('s1', 'us-1', '2020', '2020')`.execute(
      database,
    )
    await sql`insert into events (id, created_at, type, user_id, username, via, type_data)
      values ('e1', '2020', 'logout', 'us-1', 'ada', 'session', '{}')`.execute(database)

    await migrate(database)

    const users = await database.selectFrom('users').selectAll().orderBy('id').execute()
    const kept = {
      passwordHash: 'hash',
      createdAt: '2020',
      updatedAt: '2021',
      role: 'member',
      active: 1,
      deactivatedAt: null,
      fullName: null,
      avatarUrl: null,
    }
    expect(users).toEqual([
      { id: 'us-1', email: 'Ada@example.test', username: 'ada', ...kept },
      { id: 'us-2', email: 'ben@example.test', username: 'ben', ...kept },
    ])
    expect(await database.selectFrom('sessions').select(['beganBy', 'remoteIp']).execute()).toEqual([
      { beganBy: 'password', remoteIp: null },
    ])
    expect(await database.selectFrom('events').select(['username', 'actType']).execute()).toEqual([
      { username: 'ada', actType: null },
    ])
    // As a server of the version before does, which runs on for a while.
    await insertUser('us-3', 'eve@example.test', 'eve')
    await expect(insertUser('us-4', 'ADA@example.test', 'other')).rejects.toMatchObject({ code: 'conflict' })
    await expect(insertUser('us-4', 'other@example.test', 'ADA')).rejects.toMatchObject({ code: 'conflict' })
    for (const id of ['us-5', 'us-6']) {
      await database
        .insertInto('users')
        .values({ id, email: null, username: id, passwordHash: null, createdAt: '2020', updatedAt: '2020' })
        .execute()
    }
    await database.deleteFrom('users').where('id', '=', 'us-1').execute()
    expect(await database.selectFrom('apiTokens').select('id').execute()).toEqual([{ id: 't2' }])
    expect(await database.selectFrom('sessions').select('idHash').execute()).toEqual([])
    await database.destroy()
    await older.remove()
  })

  it('refuse a database of a newer program with a sentence, and leave it as it is', async () => {
    const newer = await newStore(engine)
    const config = readConfig(newer.env)
    await (await openServices(config)).close()
    const database = openDatabase(config)
    await sql`insert into kysely_migration (name, timestamp) values ('999-later', '2099-01-01T00:00:00.000Z')`.execute(
      database,
    )
    await sql`create table later (id text)`.execute(database)

    const message =
      'The database was made by a newer Forgelink: it has "999-later", which this one does not know. Start the newer one, or put back a backup from before it.'
    await expect(openServices(config)).rejects.toThrow(message)
    const run = await forgelink(['serve'], newer.env)
    expect(run).toEqual({ code: 1, stdout: '', stderr: `forgelink: ${message}\n` })

    const { rows } = await sql<{ name: string }>`select name from kysely_migration order by name`.execute(database)
    expect(rows.map(({ name }) => name)).toEqual([...MIGRATIONS, '999-later'])
    await database.destroy()
    await newer.remove()
  })
})
