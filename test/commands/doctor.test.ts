// `forgelink doctor`: what it says of settings, store and keys, and that it changes nothing.

import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { chmodSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { type Sandbox, startSandbox } from '../../sandbox/sandbox.ts'
import { doctor } from '../../src/commands/doctor.ts'
import type { Environment } from '../../src/config.ts'
import { openDatabase } from '../../src/database/database.ts'
import { readConfig } from '../../src/read-config.ts'
import { openServices } from '../../src/services.ts'
import { doctorSources, forgelink, freePort, prepareCommand, startServer } from '../support/command.ts'
import { startMailServer } from '../support/mail-server.ts'
import { linkAccount } from '../support/platforms.ts'
import { createTestDatabase } from '../support/postgres.ts'
import type { Service } from '../support/service.ts'
import { describeOnBothEngines, startService } from '../support/service.ts'

const { version: VERSION } = JSON.parse(readFileSync('package.json', 'utf8'))

vi.setConfig({ testTimeout: 120_000, hookTimeout: 300_000 })

const folder = mkdtempSync(join(tmpdir(), 'forgelink-doctor-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const key = (id: string, fill: number) => `${id}:${Buffer.alloc(32, fill).toString('base64')}`

/** Sign, subject and message of each line about one of these. */
async function diagnose(environment: Environment, about: string[], address?: string): Promise<string[]> {
  const { text } = await doctor(doctorSources(environment), address, { json: false })
  return text
    .split('\n')
    .filter((line) => about.some((each) => line.slice(2).startsWith(`${each} `)))
    .map((line) => line.replace(/ {2,}/, ' '))
}

/** Without -shm: every reader writes there that it reads, and SQLite makes it anew from -wal. */
function contentOf(path: string): Record<string, string> {
  const hash = (name: string) =>
    createHash('sha256')
      .update(readFileSync(join(path, name)))
      .digest('hex')
  return Object.fromEntries(
    readdirSync(path)
      .filter((name) => !name.endsWith('-shm'))
      .sort()
      .map((name) => [name, hash(name)]),
  )
}

describe('doctor', () => {
  beforeAll(prepareCommand)

  it('lists every wrong setting and ends with 1', async () => {
    const run = await forgelink(['doctor'], { PORT: 'x', LOG_LEVEL: 'loud', DATA_DIR: join(folder, 'none') })
    expect(run).toEqual({
      code: 1,
      stdout: [
        '✓ settings  From the environment: DATA_DIR, LOG_LEVEL, PORT. The others have their defaults.',
        '✗ settings  PORT must be a whole number from 0 to 65535, not "x".',
        '✗ settings  LOG_LEVEL must be one of trace, debug, info, warn, error, fatal, silent, not "loud".',
        '',
      ].join('\n'),
      stderr: '',
    })
  })

  it('asks the mail server, if there is one, whether it takes the password, and sends nothing', async () => {
    const server = await startMailServer()
    const DATA_DIR = join(folder, 'mail')
    const at = (password: string) => ({
      DATA_DIR,
      SMTP_URL: `smtp://me:${password}@127.0.0.1:${server.port}`,
      MAIL_FROM: 'Forgelink <forgelink@example.test>',
    })
    expect(await diagnose({ DATA_DIR }, ['mail'])).toEqual([])
    expect(await diagnose(at('right'), ['mail'])).toEqual([
      `✓ mail 127.0.0.1:${server.port} answers; mail is from forgelink@example.test.`,
    ])
    expect(await diagnose(at('hunter2'), ['mail'])).toEqual([
      `✗ mail 127.0.0.1:${server.port}: The mail server does not accept the user and password of SMTP_URL (it answers 535). (EAUTH AUTH PLAIN 535) Correct SMTP_URL, or see what the mail server says.`,
    ])
    expect(server.mails).toEqual([])
    await server.close()
  })

  it('says before the first start what that makes, makes none of it, and ends with 0', async () => {
    const DATA_DIR = join(folder, 'new')
    const run = await forgelink(['doctor', '--json'], { DATA_DIR, PUBLIC_URL: 'https://forgelink.example.com' })
    expect([run.code, run.stderr]).toEqual([0, ''])
    const { ok, checks } = JSON.parse(run.stdout)
    expect(ok).toBe(true)
    expect(checks).toContainEqual({
      about: 'store',
      status: 'ok',
      message: `SQLite. There is no ${DATA_DIR}/forgelink.db yet; the first start makes it.`,
    })
    expect(checks).toContainEqual({ about: 'PUBLIC_URL', status: 'ok', message: 'https://forgelink.example.com.' })
    expect(checks.find((check: { about: string }) => check.about === 'OAuth gitlab')).toMatchObject({
      status: 'warning',
      message: expect.stringContaining('https://forgelink.example.com/users/gitlab/callback'),
    })
    expect(existsSync(DATA_DIR)).toBe(false)
  })

  it('changes no byte beside a server, after it has stopped, and after it was killed', async () => {
    const settings = { DATA_DIR: join(folder, 'served'), LOG_LEVEL: 'silent' }
    for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
      const server = await startServer(settings, /are in |Forgelink is at/)
      const { port } = new URL(server.url)
      await forgelink(['user', 'add', '--email', `${signal}@example.test`, '--username', signal], settings)
      const beside = await forgelink(['doctor'], { ...settings, PORT: port })
      expect([beside.code, beside.stderr]).toEqual([0, ''])
      expect(beside.stdout).toContain(
        `✓ server        Forgelink ${VERSION} runs at http://127.0.0.1:${port}. It has the same settings.\n`,
      )
      // Of another server's settings: another folder, and so another key.
      const elsewhere = await forgelink(['doctor'], { ...settings, PORT: port, DATA_DIR: join(folder, 'elsewhere') })
      expect(elsewhere.stdout).toContain(
        `! server        A server runs at http://127.0.0.1:${port} that does not have the same keys.`,
      )
      await server.stop(signal)
      const before = contentOf(settings.DATA_DIR)
      const after = await forgelink(['doctor'], { ...settings, PORT: port })
      expect([after.code, after.stdout]).toEqual([0, expect.stringMatching(/✓ store +SQLite \d+\.\d+\.\d+ in /)])
      expect(after.stdout).not.toMatch(/^. server /m)
      expect(contentOf(settings.DATA_DIR)).toEqual(before)
    }
  })

  it('names what a running server has other values of, and what answers there and is none', async () => {
    const settings = { DATA_DIR: join(folder, 'compared'), LOG_LEVEL: 'silent', GITHUB_CLIENT_ID: 'i' }
    const server = await startServer({ ...settings, GITHUB_CLIENT_SECRET: 'hunter2' })
    const { port } = new URL(server.url)
    const now = { ...settings, PORT: port, GITHUB_CLIENT_SECRET: 'hunter3', PUBLIC_URL: 'https://f.example' }
    expect(await diagnose(now, ['server'])).toEqual([
      `✓ server Forgelink ${VERSION} runs at http://127.0.0.1:${port}.`,
      '! server It has other values of PUBLIC_URL and GITHUB_…. Restart it if they were changed, or run doctor with the settings of that server.',
    ])
    const anonymous = await fetch(`${server.url}/doctor`)
    expect([anonymous.status, await anonymous.text()]).toEqual([401, expect.not.stringContaining('version')])
    await server.stop()

    const other = createServer((_request, response) => response.end('hello')).listen(Number(port), '127.0.0.1')
    await once(other, 'listening')
    expect(await diagnose(now, ['server'])).toEqual([expect.stringMatching(/^! server What (is|answers) at /)])
    other.removeAllListeners('request')
    const started = performance.now()
    expect(await diagnose(now, ['server'])).toEqual([expect.stringMatching(/^! server What is at .* does not answer/)])
    expect(performance.now() - started).toBeLessThan(5_000)
    other.closeAllConnections()
    other.close()
  })

  it('takes one address at most', async () => {
    const run = await forgelink(['doctor', 'https://a.example', 'https://b.example'])
    expect([run.code, run.stderr]).toEqual([2, expect.stringContaining('"https://b.example" is too much')])
  })

  it('warns of files that others may read', async () => {
    const DATA_DIR = join(folder, 'modes')
    await (await openServices(readConfig({ DATA_DIR }))).close()
    expect(await diagnose({ DATA_DIR }, ['files'])).toEqual([`✓ files ${DATA_DIR} is for its owner only.`])
    chmodSync(DATA_DIR, 0o755)
    chmodSync(join(DATA_DIR, 'forgelink.db'), 0o644)
    chmodSync(join(DATA_DIR, 'secret-keys'), 0o640)
    writeFileSync(join(DATA_DIR, 'first-start.txt'), '', { mode: 0o600 })
    const lines = (await diagnose({ DATA_DIR }, ['files'])).filter((line) => !line.includes('-wal'))
    expect(lines).toEqual([
      `! files Others may look into ${DATA_DIR}: chmod 700 ${DATA_DIR}`,
      `! files Others may read ${DATA_DIR}/forgelink.db: chmod 600 ${DATA_DIR}/forgelink.db`,
      `! files Others may read the keys in ${DATA_DIR}/secret-keys: chmod 600 ${DATA_DIR}/secret-keys`,
      `! files ${DATA_DIR}/first-start.txt still has the first password. Keep that elsewhere and delete the file.`,
    ])
  })

  it('tells a missing key file and a file that is no database', async () => {
    const DATA_DIR = join(folder, 'broken')
    await (await openServices(readConfig({ DATA_DIR }))).close()
    rmSync(join(DATA_DIR, 'secret-keys'))
    expect(await diagnose({ DATA_DIR }, ['keys'])).toEqual([
      `✗ keys ${DATA_DIR}/secret-keys is missing. Put it back from your backup, or set SECRET_KEYS.`,
    ])
    for (const name of readdirSync(DATA_DIR)) rmSync(join(DATA_DIR, name))
    writeFileSync(join(DATA_DIR, 'forgelink.db'), 'this is no database at all, but some text\n'.repeat(100))
    writeFileSync(join(DATA_DIR, 'secret-keys'), key('k1', 1), { mode: 0o600 })
    expect(await diagnose({ DATA_DIR }, ['store', 'schema', 'keys'])).toEqual([
      `✗ store ${DATA_DIR}/forgelink.db cannot be read (SQLITE_NOTADB). Check who owns it, and the disk.`,
    ])
  })

  it('tells a PostgreSQL that does not answer, without the password', async () => {
    const port = await freePort()
    const lines = await diagnose(
      { DATABASE_URL: `postgres://u:hunter2@127.0.0.1:${port}/f`, SECRET_KEYS: key('k1', 1), DATA_DIR: folder },
      ['store', 'schema', 'keys'],
    )
    expect(lines).toEqual([
      `✗ store PostgreSQL at 127.0.0.1:${port}/f does not let us in (ECONNREFUSED). Check DATABASE_URL, its user's rights, and whether it runs.`,
    ])
  })
})

describeOnBothEngines('doctor on a store in use', (engine) => {
  let sandbox: Sandbox
  let service: Service
  beforeAll(async () => {
    sandbox = await startSandbox({ ports: 'free' })
    service = await startService(engine, {
      SECRET_KEYS: key('old', 1),
      ALLOWED_HOSTS: new URL(sandbox.platforms['gitlab-self-hosted'].url).origin,
    })
    await linkAccount(await service.addAccount('alice'), sandbox.platforms['gitlab-self-hosted'])
  })
  afterAll(async () => {
    await service.close()
    await sandbox.close()
  })

  it('counts what each key has sealed, and says when a rotation is due', async () => {
    const look = (keys: string) => diagnose({ ...service.environment, SECRET_KEYS: keys }, ['keys'])
    expect(await look(key('old', 1))).toEqual([
      '✓ keys The key "old" has sealed 1 of the stored secrets, and seals new ones.',
    ])
    expect(await look(`${key('new', 2)},${key('old', 1)}`)).toEqual([
      '✓ keys The key "new" has sealed 0 of the stored secrets, and seals new ones.',
      '! keys The key "old" has sealed 1 of the stored secrets. A rotation is due: forgelink keys rotate',
    ])
    expect(await look(key('new', 2))).toEqual([
      '✗ keys SECRET_KEYS lacks the key "old", which sealed secrets that are stored. Put it back.',
      '✓ keys The key "new" has sealed 0 of the stored secrets, and seals new ones.',
    ])
    expect((await look(key('old', 3)))[0]).toBe(
      '✗ keys SECRET_KEYS has another key under the id "old" than the one that sealed the stored secrets. Put it back.',
    )
  })

  it('says what a start would migrate, and does not', async () => {
    const { database } = service.services
    const names = async () =>
      (await sql<{ name: string }>`select name from kysely_migration order by name`.execute(database)).rows
    const before = await names()
    expect(await diagnose(service.environment, ['schema'])).toEqual(['✓ schema Up to date.'])
    await sql`delete from kysely_migration where name = '003-oauth'`.execute(database)
    expect(await diagnose(service.environment, ['schema'])).toEqual([
      '! schema The next start brings it up to date (003-oauth). Make a backup before.',
    ])
    expect(await names()).toEqual(before.filter(({ name }) => name !== '003-oauth'))
    await sql`insert into kysely_migration (name, timestamp) values ('003-oauth', 'x'), ('999-later', 'y')`.execute(
      database,
    )
    expect(await diagnose(service.environment, ['schema'])).toEqual([
      '✗ schema The database was made by a newer Forgelink (999-later). Start the newer one, or put back a backup from before it.',
    ])
    await sql`delete from kysely_migration where name = '999-later'`.execute(database)
  })

  it('names the engine and its version', async () => {
    expect(await diagnose(service.environment, ['store'])).toEqual([
      engine === 'SQLite'
        ? expect.stringMatching(/^✓ store SQLite 3\.\d+\.\d+ in .*\/forgelink\.db\.$/)
        : expect.stringMatching(/^✓ store PostgreSQL \d+\.\d+.* at 127\.0\.0\.1:\d+\/forgelink_test_\w+\.$/),
    ])
  })

  if (engine === 'SQLite') return

  it('tells a PostgreSQL that takes no writes, and one that is empty', async () => {
    const { url, drop } = await createTestDatabase()
    const environment = { DATABASE_URL: url, SECRET_KEYS: key('k1', 1), DATA_DIR: folder }
    expect(await diagnose(environment, ['schema'])).toEqual([
      '! schema The next start brings it up to date (001-start, 002-sessions, 003-oauth, 004-events, 005-token-obtained, 006-scopes-and-devices, 007-limits, 008-platforms-in-front, 009-link-sessions, 010-oidc-sign-in, 011-administration, 012-sealed-starts, 013-invitations, 014-profile). Make a backup before.',
    ])
    const database = openDatabase(readConfig(environment))
    await sql`alter database ${sql.id(new URL(url).pathname.slice(1))} set default_transaction_read_only = on`.execute(
      database,
    )
    expect(await database.introspection.getTables()).toEqual([])
    await database.destroy()
    expect(await diagnose(environment, ['store'])).toContain(
      '✗ store It takes no writes (a standby, or read only). Point DATABASE_URL at the primary.',
    )
    await drop()
  })
})
