// The drill of docs/operations.md, by its own commands: a backup of a service at work, restored elsewhere, and everything opens.

import { execFile, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { type Sandbox, startSandbox } from '../sandbox/sandbox.ts'
import { openBrowser, ownAddress } from './support/browser.ts'
import { forgelink, prepareCommand, type RunningServer, startServer } from './support/command.ts'
import { linkByOAuth, oauthSettings } from './support/oauth.ts'
import { linkBody } from './support/platforms.ts'
import { createTestDatabase, postgresUrl } from './support/postgres.ts'
import { exchange, send } from './support/service.ts'

vi.setConfig({ testTimeout: 180_000, hookTimeout: 300_000 })

const root = join(import.meta.dirname, '..')
const folder = mkdtempSync(join(tmpdir(), 'forgelink-drill-'))
const PASSWORD = 'correct horse'
let sandbox: Sandbox

beforeAll(async () => {
  await prepareCommand()
  sandbox = await startSandbox({ ports: 'free' })
})
afterAll(async () => {
  await sandbox.close()
  rmSync(folder, { recursive: true, force: true })
})

/** The one block of commands in the documentation that has this. */
function documented(part: string): string {
  const text = readFileSync(join(root, 'docs', 'operations.md'), 'utf8')
  const blocks = [...text.matchAll(/```sh\n(.*?)```/gs)]
    .map(([, block = '']) => block)
    .filter((block) => block.includes(part))
  if (blocks.length !== 1) throw new Error(`${blocks.length} blocks have ${part}`)
  return blocks[0] ?? ''
}

async function type(commands: string, variables: Record<string, string>): Promise<void> {
  const env = { PATH: process.env.PATH, ...variables }
  await promisify(execFile)('sh', ['-e', '-c', commands], { cwd: root, env })
}

interface Person {
  bearer: string
  token: string
  username: string
}

async function addPerson(settings: Record<string, string>, server: RunningServer, username: string): Promise<Person> {
  const args = ['--email', `${username}@example.test`, '--username', username, '--password', PASSWORD, '--json']
  const { token } = JSON.parse((await forgelink(['user', 'add', ...args], settings)).stdout)
  return { username, token, bearer: await exchange(server.url, token) }
}

function call(server: RunningServer, { bearer }: Person, method: string, path: string, body?: unknown) {
  return send(method, `${server.url}${path}`, body, { authorization: `Bearer ${bearer}` })
}

/** Links one account by token and one by OAuth, and imports keys. */
async function fill(server: RunningServer, person: Person): Promise<void> {
  const linked = await call(
    server,
    person,
    'POST',
    '/v1/scm_integrations',
    linkBody(sandbox.platforms['gitlab-subpath']),
  )
  expect(linked.status).toBe(201)
  expect((await call(server, person, 'POST', '/v1/scm_integrations/gitlab-self-hosted/import_keys')).status).toBe(201)
  const browser = openBrowser({ url: server.url })
  const { username } = person
  await browser.signIn({
    ...person,
    id: '',
    email: '',
    password: PASSWORD,
    call: () => Promise.reject(new Error(username)),
  })
  await linkByOAuth(browser, 'gitlab')
}

async function shown(server: RunningServer, person: Person): Promise<string> {
  const answers = await Promise.all(
    ['/v1/scm_integrations', '/v1/keys'].map((path) => call(server, person, 'GET', path)),
  )
  expect(answers.map(({ status }) => status)).toEqual([200, 200])
  return answers.map(({ text }) => text).join('\n')
}

async function expectAllWorks(server: RunningServer, person: Person): Promise<void> {
  for (const scmType of ['gitlab-self-hosted', 'gitlab']) {
    expect((await call(server, person, 'GET', `/v1/scm_integrations/${scmType}/orgs`)).status).toBe(200)
  }
}

async function settingsFor(own: Record<string, string>): Promise<Record<string, string>> {
  const origin = new URL(sandbox.platforms['gitlab-subpath'].url).origin
  const settings = { ...(await ownAddress()), ...oauthSettings(sandbox), ALLOWED_HOSTS: origin, RATE_LIMIT: '0' }
  return { LOG_LEVEL: 'silent', ...(settings as Record<string, string>), ...own }
}

describe('the backup drill on SQLite', () => {
  it('brings back what was there when the backup was made, though the server went on writing', async () => {
    const settings = await settingsFor({ DATA_DIR: join(folder, 'data') })
    const folders = { DATA_DIR: join(folder, 'data'), BACKUP: join(folder, 'backup'), KEYS: join(folder, 'keys') }
    const server = await startServer(settings)
    const alice = await addPerson(settings, server, 'alice')
    await fill(server, alice)
    const before = await shown(server, alice)

    await type(documented('cp "$DATA_DIR/secret-keys" "$KEYS'), folders)
    let written = 0
    let isDone = false
    const writing = (async () => {
      while (!isDone) {
        expect((await call(server, alice, 'POST', '/v1/tokens', { name: `t${written}` })).status).toBe(201)
        written++
      }
    })()
    // The second one takes the place of the first.
    for (let round = 0; round < 2; round++) await type(documented('vacuum into ?'), folders)
    isDone = true
    await writing
    expect(written).toBeGreaterThan(0)
    expect(statSync(join(folders.BACKUP, 'forgelink.db')).mode & 0o777).toBe(0o600)

    const carl = await addPerson(settings, server, 'carl')
    await call(server, alice, 'DELETE', '/v1/scm_integrations/gitlab-self-hosted')
    expect(await server.stop()).toEqual({ code: 0, signal: null })

    const restored = { ...settings, DATA_DIR: join(folder, 'restored') }
    await type(documented('cp "$BACKUP/forgelink.db"'), { ...folders, DATA_DIR: restored.DATA_DIR })
    const doctor = await forgelink(['doctor'], restored)
    expect([doctor.code, doctor.stdout]).toEqual([0, expect.stringMatching(/✓ keys .* has sealed [1-9]\d* of/)])
    const again = await startServer(restored)
    try {
      expect(await shown(again, alice)).toBe(before)
      await expectAllWorks(again, alice)
      expect(await exchange(again.url, alice.token)).toEqual(expect.any(String))
      await expect(exchange(again.url, carl.token)).rejects.toThrow('exchange answered 401')
      const { json } = await call(again, alice, 'GET', '/v1/tokens')
      expect(json.tokens.length).toBeGreaterThan(0)
      expect((await call(again, alice, 'POST', '/v1/tokens', { name: 'after' })).status).toBe(201)
    } finally {
      await again.stop()
    }
  })

  it('does not start on the database with another key file', async () => {
    const DATA_DIR = join(folder, 'without-keys')
    await type('mkdir -p "$DATA_DIR"; cp "$BACKUP/forgelink.db" "$DATA_DIR/"', {
      DATA_DIR,
      BACKUP: join(folder, 'backup'),
    })
    const run = await forgelink(['user', 'list'], { DATA_DIR })
    expect([run.code, run.stderr]).toEqual([1, expect.stringContaining('secret-keys is missing')])
  })
})

/** Whether the installed tools can dump this server: they refuse one that is newer than they are. */
function hasTools(serverVersion: number): boolean {
  const [, major] = /(\d+)\./.exec(spawnSync('pg_dump', ['--version'], { encoding: 'utf8' }).stdout ?? '') ?? []
  return Number(major) >= serverVersion && spawnSync('psql', ['--version']).status === 0
}

describe.skipIf(!postgresUrl())('the backup drill on PostgreSQL', () => {
  it('brings back what was there when the backup was made', async () => {
    const database = await createTestDatabase()
    const SECRET_KEYS = `k1:${Buffer.alloc(32, 5).toString('base64')}`
    const settings = await settingsFor({ DATA_DIR: join(folder, 'pg'), DATABASE_URL: database.url, SECRET_KEYS })
    const first = await startServer(settings)
    const alice = await addPerson(settings, first, 'alice')
    await fill(first, alice)
    const before = await shown(first, alice)

    const client = new pg.Client({ connectionString: postgresUrl() })
    await client.connect()
    const { rows } = await client.query("select current_setting('server_version_num')::int / 10000 as major")
    let copy: { url: string; drop(): Promise<void> }
    if (hasTools(rows[0].major)) {
      const BACKUP = mkdtempSync(join(folder, 'dump-'))
      await type(documented('pg_dump'), { BACKUP, DATABASE_URL: database.url })
      await addPerson(settings, first, 'carl')
      await first.stop()
      copy = await createTestDatabase()
      await type(documented('psql --quiet'), { BACKUP, DATABASE_URL: copy.url })
    } else {
      // What the documentation has for those without fitting tools.
      await first.stop()
      copy = await createTestDatabase()
      await copy.drop()
      const [from, to] = [database.url, copy.url].map((url) => new URL(url).pathname.slice(1))
      await client.query(`create database ${to} template ${from}`)
    }
    await client.end()

    const restored = { ...settings, DATABASE_URL: copy.url }
    const doctor = await forgelink(['doctor'], restored)
    expect([doctor.code, doctor.stdout]).toEqual([0, expect.stringContaining('✓ schema        Up to date.')])
    const again = await startServer(restored)
    try {
      expect(await shown(again, alice)).toBe(before)
      await expectAllWorks(again, alice)
      const users = JSON.parse((await forgelink(['user', 'list', '--json'], restored)).stdout).users
      expect(users.map(({ username }: { username: string }) => username)).toEqual(['admin', 'alice'])
    } finally {
      await again.stop()
      await copy.drop()
      await database.drop()
    }
  })
})
