// What was deleted is gone from SQLite's files: by itself beside a server, and by a command from files of older versions.

import { existsSync, readFileSync, statSync } from 'node:fs'
import { createRequire } from 'node:module'
import { sql } from 'kysely'
import { beforeAll, beforeEach, expect, it, vi } from 'vitest'
import { databaseFile } from '../src/database/database.ts'
import { forgelink, prepareCommand } from './support/command.ts'
import { ed25519Key } from './support/public-keys.ts'
import type { Account, Service } from './support/service.ts'
import { startService } from './support/service.ts'
import { until } from './support/until.ts'

vi.setConfig({ testTimeout: 60_000 })

const Libsql = createRequire(import.meta.url)('libsql')

let service: Service
let alice: Account
let file: string

beforeAll(prepareCommand, 300_000)
beforeEach(async () => {
  service = await startService('SQLite')
  alice = await service.addAccount('alice')
  file = databaseFile(service.dataDir)
  return () => service.close()
})

/** In which of the files a text lies. */
function filesWith(text: string): string[] {
  return ['', '-wal', '-shm'].filter((end) => existsSync(file + end) && readFileSync(file + end).includes(text))
}

async function addKeys(count: number, name: string): Promise<string[]> {
  const ids: string[] = []
  for (let n = 0; n < count; n++) {
    const { json } = await alice.call('POST', '/v1/keys', {
      name: `${name}-${n}`.padEnd(200, '.'),
      content: ed25519Key(n),
    })
    ids.push(json.key.id)
  }
  return ids
}

it('deleted rows are in no file any more within seconds, nor are values that were changed', async () => {
  const [id] = await addKeys(1, 'canary-deleted')
  await alice.call('PUT', '/v1/users/account', { username: 'canary-before' })
  expect(filesWith('canary-deleted')).not.toEqual([])
  expect(filesWith('canary-before')).not.toEqual([])

  await alice.call('DELETE', `/v1/keys/${id}`)
  await alice.call('PUT', '/v1/users/account', { username: 'after' })
  // The audit trail names what was done, and to whom; it is kept.
  await service.services.database.deleteFrom('events').execute()
  await until(() => filesWith('canary-deleted').length === 0 && filesWith('canary-before').length === 0, 20)
  expect((await alice.call('GET', '/v1/users/self')).json.user.username).toBe('after')
})

it('room that was freed is given back in steps, and nobody waits for it', async () => {
  const { database } = service.services
  await sql`create table filler (text text)`.execute(database)
  await sql`with recursive n(i) as (select 1 union all select i + 1 from n where i < 5000)
    insert into filler select printf('%.4000c', 'x') from n`.execute(database)
  await until(() => statSync(file).size > 20_000_000, 20)
  await sql`delete from filler`.execute(database)
  let slowest = 0
  // Nobody writes meanwhile for most of it: the freed room alone is why it goes on.
  let writes = 3
  await until(async () => {
    const started = performance.now()
    if (writes-- > 0) await alice.call('PUT', '/v1/users/account', { username: 'alice' })
    slowest = Math.max(slowest, performance.now() - started)
    return statSync(file).size < 15_000_000
  }, 40)
  expect(slowest).toBeLessThan(1_000)
})

it('a file of an older version is compacted by a command, once the server is stopped', async () => {
  const older = `${service.dataDir}/older`
  const env = { ...service.environment, DATA_DIR: older }
  expect((await forgelink(['store', 'compact'], env)).stderr).toBe(
    `forgelink: There is no ${older}/forgelink.db: nothing was compacted.\n`,
  )
  expect((await forgelink(['user', 'add', '--email', 'a@example.test', '--username', 'a'], env)).code).toBe(0)
  file = databaseFile(older)
  // As it was made before: no page is given back, and what is deleted lies there until it is written over.
  let database = new Libsql(file)
  for (const pragma of ['auto_vacuum = none', 'secure_delete = off', 'journal_mode = delete']) {
    database.exec(`pragma ${pragma}`)
  }
  database.exec('vacuum')
  database.exec('create table filler (text text)')
  const insert = database.prepare('insert into filler values (?)')
  for (let n = 0; n < 500; n++) insert.run(`canary-older ${'x'.repeat(2_000)}`)
  database.exec('delete from filler')
  expect(filesWith('canary-older')).toEqual([''])

  const busy = await forgelink(['store', 'compact'], { ...service.environment })
  expect([busy.code, busy.stdout, busy.stderr]).toEqual([
    1,
    '',
    `forgelink: Another process has ${databaseFile(service.dataDir)} open. Stop every Forgelink that uses it, then run this again.\n`,
  ])
  expect((await alice.call('GET', '/v1/keys')).status).toBe(200)

  database.close()
  const advice = 'Stop the server and run: forgelink store compact'
  expect((await forgelink(['doctor'], env)).stdout).toContain(advice)
  const run = await forgelink(['store', 'compact', '--json'], env)
  expect([run.code, run.stderr]).toEqual([0, ''])
  const { before, after } = JSON.parse(run.stdout)
  expect([before > 1_000_000, after < 500_000, after]).toEqual([true, true, statSync(file).size])
  expect(filesWith('canary-older')).toEqual([])
  expect((await forgelink(['doctor'], env)).stdout).not.toContain(advice)
  expect((await forgelink(['user', 'list', '--json'], env)).stdout).toContain('a@example.test')
  database = new Libsql(file)
  expect(database.prepare('pragma auto_vacuum').all()).toEqual([{ auto_vacuum: 2 }])
  expect(database.prepare('pragma journal_mode').all()).toEqual([{ journal_mode: 'wal' }])
  database.close()
})
