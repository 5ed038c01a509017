// Migrations on both engines: one schema however many start at once, and none of a newer program.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { sql } from 'kysely'
import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import { forgelink, prepareCommand } from '../../test/support/command.ts'
import { createTestDatabase } from '../../test/support/postgres.ts'
import { describeOnBothEngines } from '../../test/support/service.ts'
import { readConfig } from '../read-config.ts'
import { openServices } from '../services.ts'
import { openDatabase } from './database.ts'
import { migrate } from './migrate.ts'

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
  '009-sealed-starts',
]
const TABLES = [
  'api_tokens',
  'events',
  'identities',
  'keys',
  'known_devices',
  'oauth_states',
  'revocations',
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
