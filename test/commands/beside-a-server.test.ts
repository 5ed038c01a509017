// The `forgelink` command beside a running server: users, first start, keys, stopping.

import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import type { RunningServer } from '../support/command.ts'
import { FIRST_START, forgelink, forgelinkHere, prepareCommand, readGreeting, startServer } from '../support/command.ts'
import { basic, exchange, send } from '../support/service.ts'

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

function modeOf(path: string): string {
  return (statSync(path).mode & 0o777).toString(8)
}

/** Every file of a folder, byte for byte. */
function contentOf(path: string): Record<string, string> {
  return Object.fromEntries(
    readdirSync(path)
      .sort()
      .map((name) => [name, readFileSync(join(path, name), 'base64')]),
  )
}

describe('a server of its own', () => {
  const settings = { DATA_DIR: newFolder('shared'), LOG_LEVEL: 'trace' }
  let server: RunningServer
  let admin: ReturnType<typeof readGreeting>

  beforeAll(async () => {
    // Left by somebody, and open to all: the secrets must not come into it as it is.
    mkdirSync(settings.DATA_DIR, { mode: 0o700 })
    writeFileSync(join(settings.DATA_DIR, 'first-start.txt'), '', { mode: 0o644 })
    server = await startServer(settings, FIRST_START)
    admin = readGreeting(readFileSync(join(settings.DATA_DIR, 'first-start.txt'), 'utf8'))
  })
  afterAll(async () => {
    await server.stop('SIGKILL')
  })

  async function statusOf(token: string): Promise<number> {
    return (await send('POST', `${server.url}/v1/tokens/exchange`, undefined, basic('', token))).status
  }

  it('adds admin at its first start and puts what is secret in a file for its owner only', async () => {
    const file = join(settings.DATA_DIR, 'first-start.txt')
    expect(FIRST_START.exec(server.output())?.[1]).toBe(file)
    expect(modeOf(file)).toBe('600')
    expect(admin).toEqual({
      address: `http://localhost:${new URL(server.url).port}`,
      username: 'admin',
      password: expect.stringMatching(/^.{16,}$/),
      token: expect.stringMatching(/^tk-us-[A-Za-z0-9_-]{43}$/),
    })
    const bearer = await exchange(server.url, admin.token)
    const self = await send('GET', `${server.url}/v1/users/self`, undefined, { authorization: `Bearer ${bearer}` })
    expect(self.json.user).toMatchObject({ username: 'admin', email: 'admin@localhost' })
    const made = await send('POST', `${server.url}/v1/tokens`, { name: 'n' }, basic('admin@localhost', admin.password))
    expect(made.status).toBe(201)
  })

  it('makes its secret key in a file for its owner only', () => {
    expect(modeOf(join(settings.DATA_DIR, 'secret-keys'))).toBe('600')
    expect(readFileSync(join(settings.DATA_DIR, 'secret-keys'), 'utf8')).toMatch(/^k-[0-9a-f]{8}:[A-Za-z0-9+/]{43}=\n$/)
    expect(readdirSync(settings.DATA_DIR).filter((name) => name.startsWith('secret-keys'))).toEqual(['secret-keys'])
  })

  it('takes users and tokens that are added beside it, as JSON and as text', async () => {
    const json = await forgelinkHere(
      ['user', 'add', '--email', 'anna@example.test', '--username', 'anna', '--json'],
      settings,
    )
    expect([json.code, json.stderr]).toEqual([0, ''])
    const anna = JSON.parse(json.stdout)
    expect(Object.keys(anna)).toEqual(['user', 'token', 'password'])
    expect(anna.user).toMatchObject({ username: 'anna', email: 'anna@example.test', id: expect.stringMatching(/^us-/) })
    expect(await statusOf(anna.token)).toBe(200)

    const [text, token, tokenJson] = await Promise.all([
      forgelinkHere(
        ['user', 'add', '--email', 'ben@example.test', '--username', 'ben', '--password', 'correct horse'],
        settings,
      ),
      forgelinkHere(['token', 'add', '--user', 'anna@example.test', '--name', 'ci'], settings),
      forgelinkHere(['token', 'add', '--user', 'ANNA', '--name', 'cd', '--json'], settings),
    ])
    expect([text, token, tokenJson].map(({ code, stderr }) => [code, stderr])).toEqual(new Array(3).fill([0, '']))
    expect(text.stdout).toMatch(/^Added ben <ben@example\.test>\./)
    expect(text.stdout).not.toContain('correct horse')
    expect(await statusOf(readGreeting(text.stdout).token)).toBe(200)
    expect(token.stdout).toMatch(/^Added the API token "ci" for anna\./)
    expect(await statusOf(/tk-us-\S+/.exec(token.stdout)?.[0] ?? '')).toBe(200)
    expect(JSON.parse(tokenJson.stdout)).toEqual({ id: expect.any(String), name: 'cd', token: expect.any(String) })
    expect(await statusOf(JSON.parse(tokenJson.stdout).token)).toBe(200)

    const [list, listJson] = await Promise.all([
      forgelinkHere(['user', 'list'], settings),
      forgelinkHere(['user', 'list', '--json'], settings),
    ])
    expect(list.stdout.trimEnd().split('\n')).toEqual([
      expect.stringMatching(/^admin {2}admin@localhost {2}since \d{4}-\d\d-\d\d {2}administrator$/),
      expect.stringMatching(/^anna {3}anna@example\.test {2}since \d{4}-\d\d-\d\d$/),
      expect.stringMatching(/^ben {4}ben@example\.test {2}since \d{4}-\d\d-\d\d$/),
    ])
    const { users } = JSON.parse(listJson.stdout)
    expect(users.map(({ username }: { username: string }) => username)).toEqual(['admin', 'anna', 'ben'])
    expect(users[1]).toEqual(anna.user)
    expect(listJson.stdout).not.toMatch(/hash|argon/i)
  })

  it('says why a user or token is not added, with exit code 1', async () => {
    const cases: [string[], string][] = [
      [['user', 'add', '--email', 'Admin@LOCALHOST', '--username', 'other'], 'email is taken'],
      [['user', 'add', '--email', 'other@example.test', '--username', 'ADMIN'], 'username is taken'],
      [['user', 'add', '--email', 'o@example.test', '--username', 'a b'], 'username must be 1 to 48 letters'],
      [
        ['user', 'add', '--email', 'o@example.test', '--username', 'o', '--password', 'short'],
        'password must have at least 8',
      ],
      [['token', 'add', '--user', 'nobody', '--name', 'n'], 'There is no user "nobody"'],
      [['user', 'password', 'admin', '--password', 'short'], 'password must have at least 8'],
    ]
    const runs = await Promise.all(cases.map(([args]) => forgelinkHere(args, settings)))
    for (const [index, { code, stdout, stderr }] of runs.entries()) {
      const [args, message] = cases[index] ?? []
      expect([args, code, stdout]).toEqual([args, 1, ''])
      expect(stderr).toMatch(new RegExp(`^forgelink: ${message}`))
      expect(stderr.trimEnd().split('\n')).toHaveLength(1)
    }
    expect(await statusOf(admin.token)).toBe(200)
  })

  it('gives a user another password, and removes a user with every token, beside it', async () => {
    await forgelinkHere(
      ['user', 'add', '--email', 'carl@example.test', '--username', 'carl', '--password', 'first password'],
      settings,
    )
    const works = async (password: string) =>
      (await send('POST', `${server.url}/v1/tokens`, { name: 'n' }, basic('carl', password))).status
    expect(await works('first password')).toBe(201)

    const random = await forgelinkHere(['user', 'password', 'carl@example.test'], settings)
    const [, password = ''] = /^The password of carl is now: (\S+)\n$/.exec(random.stdout) ?? []
    expect(await works(password)).toBe(201)
    expect(await works('first password')).toBe(401)
    const given = await forgelinkHere(['user', 'password', 'carl', '--password', 'second password', '--json'], settings)
    expect(JSON.parse(given.stdout)).toMatchObject({ user: { username: 'carl' }, password: 'second password' })
    expect(await works('second password')).toBe(201)
    // From standard input: on the command line others can read it.
    for (const [asked, input, next] of [
      [['--password'], 'third password\n', 'third password'],
      [['--password', '--json'], 'fourth password', 'fourth password'],
      [['--password', '-'], '  fifth  password \r\nmore\n', '  fifth  password '],
    ] as const) {
      expect((await forgelink(['user', 'password', 'carl', ...asked], settings, input)).code).toBe(0)
      expect([next, await works(next)]).toEqual([next, 201])
    }
    const empty = await forgelink(['user', 'password', 'carl', '--password'], settings, '')
    expect([empty.code, empty.stderr]).toEqual([1, expect.stringContaining('must have at least 8')])

    const token = await forgelinkHere(['token', 'add', '--user', 'carl', '--name', 'n', '--json'], settings)
    const bearer = { authorization: `Bearer ${await exchange(server.url, JSON.parse(token.stdout).token)}` }
    expect((await send('GET', `${server.url}/v1/users/self`, undefined, bearer)).status).toBe(200)
    const removed = await forgelinkHere(['user', 'remove', 'CARL@example.test', '--json'], settings)
    expect([removed.code, JSON.parse(removed.stdout)]).toMatchObject([0, { user: { username: 'carl' } }])
    expect((await send('GET', `${server.url}/v1/users/self`, undefined, bearer)).status).toBe(401)
    expect(await statusOf(JSON.parse(token.stdout).token)).toBe(401)
    const again = await forgelinkHere(['user', 'remove', 'carl'], settings)
    expect([again.code, again.stderr]).toEqual([1, expect.stringMatching(/^forgelink: There is no user "carl"/)])
  })

  it('keeps its port: a second server says that it is taken, and ends', async () => {
    const { port } = new URL(server.url)
    const second = await forgelink(['serve'], { DATA_DIR: newFolder('second'), PORT: port, LOG_LEVEL: 'silent' })
    expect(second).toEqual({
      code: 1,
      stdout: '',
      stderr: 'forgelink: the port is taken by another program; set PORT to a free one\n',
    })
    expect(modeOf(newFolder('second'))).toBe('700')
    // It ended before it greeted anybody: the next start is the first one.
    expect(existsSync(join(newFolder('second'), 'first-start.txt'))).toBe(false)
  })

  it('writes no password and no token to its log, at any level', async () => {
    expect(server.output()).toContain('"/v1/tokens/exchange"')
    const secrets = [admin.password, admin.token, 'correct horse', 'second password']
    for (const secret of secrets.flatMap((each) => [
      each,
      encodeURIComponent(each),
      Buffer.from(each).toString('base64'),
    ])) {
      expect(server.output()).not.toContain(secret)
    }
    expect(server.output()).not.toMatch(/tk-us-|eyJ/)
  })

  it('stops at SIGTERM with 0, though a connection is open; its next start adds nobody and shows nothing', async () => {
    const listed = await forgelinkHere(['user', 'list', '--json'], settings)
    const greeting = readFileSync(join(settings.DATA_DIR, 'first-start.txt'), 'utf8')
    await send('GET', `${server.url}/healthz`, undefined, { connection: 'keep-alive' })
    const started = performance.now()
    expect(await server.stop()).toEqual({ code: 0, signal: null })
    expect(performance.now() - started).toBeLessThan(5_000)

    server = await startServer(settings)
    expect(await statusOf(admin.token)).toBe(200)
    // The greeting comes before the first signal is looked at: stopped, it has had its chance.
    expect(await server.stop('SIGINT')).toEqual({ code: 0, signal: null })
    expect(server.output()).not.toMatch(FIRST_START)
    expect(readFileSync(join(settings.DATA_DIR, 'first-start.txt'), 'utf8')).toBe(greeting)
    expect((await forgelinkHere(['user', 'list', '--json'], settings)).stdout).toBe(listed.stdout)
  })

  it('does not start with a key missing or another one, names it, and leaves every byte as it is', async () => {
    // Of its own, which no command of this process has opened: SQLite's -wal goes with the last that closes it.
    const made = newFolder('keys')
    await forgelink(['user', 'list'], { DATA_DIR: made })
    const [id = '', base64 = ''] = readFileSync(join(made, 'secret-keys'), 'utf8').trim().split(':')
    const other = Buffer.alloc(32, 9).toString('base64')
    const cases: [string, (dataDir: string) => Record<string, string>, string][] = [
      ['another key under the same id', () => ({ SECRET_KEYS: `${id}:${other}` }), `"${id}"`],
      ['the key missing among others', () => ({ SECRET_KEYS }), `"${id}"`],
      ['a newer key without the old one', () => ({ SECRET_KEYS: `new:${base64}` }), `"${id}"`],
      [
        'another key in the file',
        (dataDir) => {
          writeFileSync(join(dataDir, 'secret-keys'), `${id}:${other}\n`)
          return {}
        },
        `"${id}"`,
      ],
      [
        'no key file',
        (dataDir) => {
          rmSync(join(dataDir, 'secret-keys'))
          return {}
        },
        'secret-keys is missing',
      ],
      [
        'half a key file',
        (dataDir) => {
          writeFileSync(join(dataDir, 'secret-keys'), `${id}:${base64.slice(0, 20)}`)
          return {}
        },
        'secret-keys must list keys',
      ],
    ]
    await Promise.all(
      cases.map(async ([name, change, message], index) => {
        const dataDir = newFolder(`keys-${index}`)
        cpSync(made, dataDir, { recursive: true })
        const env = { DATA_DIR: dataDir, ...change(dataDir) }
        const before = contentOf(dataDir)
        const run = await forgelink(index % 2 ? ['serve'] : ['user', 'list'], { ...env, PORT: '0' })
        expect([name, run.code, run.stdout]).toEqual([name, 1, ''])
        expect(run.stderr).toContain(message)
        for (const secret of [base64, base64.slice(0, 20), other]) expect(run.stderr).not.toContain(secret)
        expect(contentOf(dataDir)).toEqual(before)
      }),
    )
    const rotated = await forgelinkHere(['user', 'list'], {
      DATA_DIR: made,
      SECRET_KEYS: `new:${other},${id}:${base64}`,
    })
    expect(rotated.code).toBe(0)
    const back = await forgelinkHere(['user', 'list'], { DATA_DIR: made, SECRET_KEYS: `${id}:${base64}` })
    expect([back.code, back.stderr]).toEqual([1, expect.stringContaining('"new"')])
  })
})
