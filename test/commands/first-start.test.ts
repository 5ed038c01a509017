// The first start on a terminal, and of two servers at once.

import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { greetFirstUser } from '../../src/commands/first-start.ts'
import type { Environment } from '../../src/config.ts'
import {
  FIRST_START,
  forgelink,
  forgelinkHere,
  freePort,
  prepareCommand,
  readGreeting,
  startServer,
} from '../support/command.ts'
import { oidcSettings } from '../support/openid-provider.ts'
import { createTestDatabase, postgresUrl } from '../support/postgres.ts'
import { exchange, send, startService } from '../support/service.ts'

const SECRET_KEYS = `k1:${Buffer.alloc(32, 1).toString('base64')}`

// A process takes half a second to start, and several of them long on a machine that has other work.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 300_000 })

const folder = mkdtempSync(join(tmpdir(), 'forgelink-command-'))
beforeAll(prepareCommand)
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** A folder that is not there yet. */
function newFolder(name: string): string {
  return join(folder, name)
}

const hasScript = spawnSync('script', ['--version']).stdout?.includes('util-linux') ?? false

it.skipIf(!hasScript)('shows the first start on a terminal when there is one, and writes no file', async () => {
  const dataDir = newFolder('terminal')
  const port = await freePort()
  const program = join(import.meta.dirname, '..', '..', 'bin', 'forgelink.mjs')
  // `script` may write the command itself into the file, which the pattern must not find.
  const command = `"${process.execPath}" "${program}" serve & pid=$!; while ! grep -q "API token: *tk-us-" "${join(folder, 'typescript')}"; do sleep 0.1; done; kill $pid; wait $pid`
  const run = spawnSync('script', ['-qfec', command, join(folder, 'typescript')], {
    env: { PATH: process.env.PATH, DATA_DIR: dataDir, PORT: `${port}`, LOG_LEVEL: 'silent' },
    encoding: 'utf8',
    timeout: 60_000,
  })
  expect(run.status).toBe(0)
  expect(readGreeting(run.stdout)).toMatchObject({ username: 'admin', token: expect.stringMatching(/^tk-us-/) })
  expect(existsSync(join(dataDir, 'first-start.txt'))).toBe(false)
})

describe('the first start without passwords', () => {
  const oidc = { ...oidcSettings({ issuer: 'https://login.corp.example' }), PASSWORD_SIGN_IN: 'false' }
  const CREATE = '  Add the person at POST /v1/admin/users, with the API token, their issuer and their subject.'

  it.each<[string, Environment, string[]]>([
    ['the command', {}, ['  Sign in with Corp ID, then run: forgelink user role USER admin']],
    [
      'the claim',
      { OIDC_ADMIN_CLAIM: 'groups:forgelink-admins' },
      ['  Sign in with Corp ID as somebody with "forgelink-admins" in "groups" (OIDC_ADMIN_CLAIM).'],
    ],
    [
      'who is added first',
      { OIDC_CREATE_USERS: 'false' },
      [CREATE, '  Sign in with Corp ID, then run: forgelink user role USER admin'],
    ],
  ])('shows no password that nobody could use, but that an administrator comes by %s', async (_case, more, lines) => {
    const service = await startService('SQLite', { ...oidc, ...more })
    try {
      await greetFirstUser(service.services, service.dataDir)
      const text = readFileSync(join(service.dataDir, 'first-start.txt'), 'utf8')
      const { username, password, token } = readGreeting(text)
      expect([username, password]).toEqual(['admin', ''])
      expect(text.split('\n').slice(5)).toEqual([
        'Nobody signs in with a password here (PASSWORD_SIGN_IN=false). To have an administrator who does sign in:',
        ...lines,
        '',
      ])
      const authorization = `Bearer ${await exchange(service.url, token)}`
      const user = { username: 'ada', identities: [{ issuer: 'https://login.corp.example', subject: 'ada' }] }
      const added = await send('POST', `${service.url}/v1/admin/users`, { user }, { authorization })
      expect(added.status).toBe(201)
    } finally {
      await service.close()
    }
  })
})

describe.skipIf(!postgresUrl())('two servers on one PostgreSQL', () => {
  it('add nobody when what is secret cannot be shown, and end', async () => {
    const database = await createTestDatabase()
    const file = newFolder('no-folder')
    writeFileSync(file, '')
    const settings = { DATABASE_URL: database.url, SECRET_KEYS, LOG_LEVEL: 'silent', DATA_DIR: join(file, 'data') }
    const { code, stderr } = await forgelink(['serve'], { ...settings, PORT: `${await freePort()}` })
    expect([code, stderr]).toEqual([1, expect.stringContaining(settings.DATA_DIR)])
    expect(stderr).not.toContain('    at ')
    expect((await forgelinkHere(['user', 'list', '--json'], settings)).stdout).toBe('{"users":[]}\n')
    await database.drop()
  })

  it('start at once for the first time, and add one admin', async () => {
    const database = await createTestDatabase()
    const shared = { DATABASE_URL: database.url, SECRET_KEYS, LOG_LEVEL: 'silent' }
    const folders = [newFolder('replica-1'), newFolder('replica-2')]
    const replicas = await Promise.all(folders.map((DATA_DIR) => startServer({ ...shared, DATA_DIR })))
    const stopped = await Promise.all(replicas.map((replica) => replica.stop()))
    expect(stopped).toEqual(new Array(2).fill({ code: 0, signal: null }))

    expect(replicas.filter((replica) => FIRST_START.test(replica.output()))).toHaveLength(1)
    expect(folders.filter((dataDir) => existsSync(join(dataDir, 'first-start.txt')))).toHaveLength(1)
    const { users } = JSON.parse((await forgelinkHere(['user', 'list', '--json'], shared)).stdout)
    expect(users.map(({ username }: { username: string }) => username)).toEqual(['admin'])
    const client = new pg.Client({ connectionString: database.url })
    await client.connect()
    const { rows } = await client.query('select name from api_tokens')
    expect(rows).toEqual([{ name: 'first start' }])

    const wrong = { ...shared, SECRET_KEYS: `k1:${Buffer.alloc(32, 2).toString('base64')}` }
    const before = await client.query('select * from secret_keys')
    const rejected = await Promise.all(
      [wrong, { ...shared, SECRET_KEYS: SECRET_KEYS.replace('k1', 'k2') }].map((env) =>
        forgelinkHere(['user', 'list'], env),
      ),
    )
    for (const { code, stderr } of rejected) expect([code, stderr]).toEqual([1, expect.stringContaining('"k1"')])
    expect((await client.query('select * from secret_keys')).rows).toEqual(before.rows)
    await client.end()
    await database.drop()
  })
})
