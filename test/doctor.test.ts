// `forgelink doctor`: what it says of settings, store, keys and a platform's address, and that it changes nothing.

import { createHash } from 'node:crypto'
import { chmodSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer as createHttpsServer } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { sql } from 'kysely'
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { type Sandbox, startSandbox } from '../sandbox/sandbox.ts'
import { doctor } from '../src/commands/doctor.ts'
import type { Environment } from '../src/config.ts'
import { openDatabase } from '../src/database/database.ts'
import { readConfig } from '../src/read-config.ts'
import { openServices } from '../src/services.ts'
import { forgelink, freePort, prepareCommand, startServer } from './support/command.ts'
import { entryFor, json, listenForTest, serve, type TestServer } from './support/fault-server.ts'
import { linkAccount } from './support/platforms.ts'
import { createTestDatabase } from './support/postgres.ts'
import type { Service } from './support/service.ts'
import { describeOnBothEngines, startService } from './support/service.ts'
import { createIdentity, type Identity } from './support/test-certificates.ts'

vi.setConfig({ testTimeout: 120_000, hookTimeout: 300_000 })

const folder = mkdtempSync(join(tmpdir(), 'forgelink-doctor-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const key = (id: string, fill: number) => `${id}:${Buffer.alloc(32, fill).toString('base64')}`

/** Sign, subject and message of each line about one of these. */
async function diagnose(environment: Environment, about: string[], address?: string): Promise<string[]> {
  const { text } = await doctor(() => readConfig(environment), address, { json: false })
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
        '✗ settings  PORT must be a whole number from 0 to 65535, not "x".',
        '✗ settings  LOG_LEVEL must be one of trace, debug, info, warn, error, fatal, silent, not "loud".',
        '',
      ].join('\n'),
      stderr: '',
    })
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
      await forgelink(['user', 'add', '--email', `${signal}@example.test`, '--username', signal], settings)
      const beside = await forgelink(['doctor'], settings)
      expect([beside.code, beside.stderr]).toEqual([0, ''])
      await server.stop(signal)
      const before = contentOf(settings.DATA_DIR)
      const after = await forgelink(['doctor'], settings)
      expect([after.code, after.stdout]).toEqual([0, expect.stringMatching(/✓ store +SQLite \d+\.\d+\.\d+ in /)])
      expect(contentOf(settings.DATA_DIR)).toEqual(before)
    }
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
      '! schema The next start brings it up to date (001-start, 002-sessions, 003-oauth, 004-events, 005-token-obtained, 006-scopes-and-devices, 007-limits). Make a backup before.',
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

describe('doctor with an address', () => {
  let sandbox: Sandbox
  const servers: TestServer[] = []
  const authority = createIdentity('Test authority', {})
  beforeAll(async () => {
    sandbox = await startSandbox({ ports: 'free' })
  })
  beforeEach(() => sandbox.reset())
  afterAll(async () => {
    await sandbox.close()
    for (const server of servers) await server.close()
  })

  const ABOUT = ['API', 'address', 'DNS', 'policy', 'proxy', 'connection', 'TLS', 'platform', 'clock']

  async function look(address: string, environment: Environment = {}): Promise<string[]> {
    return diagnose({ DATA_DIR: join(folder, 'none'), ...environment }, ABOUT, address)
  }

  it.each([
    ['github-enterprise', 'GitHub Enterprise Server 3.19.1 answers. Link it with scm_type github-enterprise.'],
    [
      'gitlab-self-hosted',
      'GitLab (its version is told to those with a token only) answers. Link it with scm_type gitlab-self-hosted.',
    ],
    [
      'gitlab-subpath',
      'GitLab (its version is told to those with a token only) answers. Link it with scm_type gitlab-self-hosted.',
    ],
  ] as const)('tells who answers at %s, and sends no token', async (name, message) => {
    const platform = sandbox.platforms[name]
    platform.requests.length = 0
    const { origin } = new URL(platform.url)
    expect(await look(`${platform.url}/`, { ALLOWED_HOSTS: origin })).toEqual([
      `✓ address ${platform.url}`,
      '✓ policy It may be contacted.',
      `✓ platform ${message}`,
      '✓ clock It agrees with the platform’s.',
    ])
    expect(platform.requests.length).toBeGreaterThan(0)
    for (const { headers } of platform.requests) expect(headers).not.toHaveProperty('authorization')
  })

  it.each([
    ['https://10.1.2.3', '10.1.2.3 is no public address (private). To allow it, add to ALLOWED_HOSTS: 10.1.2.3'],
    [
      'https://localhost:8443',
      '127.0.0.1 is no public address (loopback). To allow it, add to ALLOWED_HOSTS: localhost:8443',
    ],
    [
      'https://[fd12::5]:8443',
      'fd12::5 is no public address (uniqueLocal). To allow it, add to ALLOWED_HOSTS: fd12::5',
    ],
    [
      'http://gitlab.corp.lan:8080',
      'gitlab.corp.lan is asked for over plain http, which shows the token to the network. To allow it, add to ALLOWED_HOSTS: http://gitlab.corp.lan:8080',
    ],
    [
      'https://gitlab.corp.lan:22',
      'Port 22 is below 1024 and not 443. To allow it, add to ALLOWED_HOSTS: gitlab.corp.lan:22',
    ],
    ['https://169.254.169.254', '169.254.169.254 is no public address (linkLocal). No setting opens it.'],
  ])(
    'names the entry that opens %s, and with it the way is open',
    async (address, message) => {
      const rejected = await look(address)
      expect(rejected.at(-1)).toContain(`✗ policy ${message}`)
      const [, entry] = /ALLOWED_HOSTS: (\S+)$/.exec(message) ?? []
      if (!entry) return
      expect((await look(address, { ALLOWED_HOSTS: entry })).filter((line) => line.startsWith('✗ policy'))).toEqual([])
    },
    60_000,
  )

  it.each([
    [
      'https://gitlab.example.com/api/v4',
      '✗ address The address is the address of the API; use https://gitlab.example.com.',
    ],
    [
      'https://u:hunter2@gitlab.example.com',
      '✗ address The address must not contain a user name or password; use https://gitlab.example.com.',
    ],
    ['gitlab.example.com', '✗ address The address must start with https://; use https://gitlab.example.com.'],
    ['http://localhost:4600', '✗ address The address is the address of this service itself, not of a platform.'],
  ])('says what is wrong with %s', async (address, line) => {
    expect(await look(address)).toEqual([line])
  })

  async function serveTls(identity: Identity): Promise<string> {
    const server = createHttpsServer({ key: identity.key, cert: identity.cert }, (_request, response) =>
      json(response, {}),
    )
    const test = await listenForTest(server, [], () => server.closeAllConnections())
    servers.push(test)
    return `https://localhost:${test.port}`
  }

  const day = (days: number) => new Date(Date.now() + days * 86_400_000).toISOString().slice(0, 10)
  const hosts = ['localhost', '127.0.0.1']

  it.each<[string, Identity, string, boolean?]>([
    [
      'self-signed',
      createIdentity('localhost', { hosts, to: 100 }),
      `✗ TLS The certificate of localhost is self-signed ("localhost", until ${day(100)}). If it is the right one, put it into a PEM file and set EXTRA_CA_CERTS to its path.`,
    ],
    [
      'of an unknown authority',
      createIdentity('localhost', { hosts, issuer: authority }),
      '✗ TLS The certificate of localhost is from an authority that this server does not know ("Test authority"). Put',
    ],
    [
      'of an authority in EXTRA_CA_CERTS',
      createIdentity('localhost', { hosts, issuer: authority, to: 100 }),
      `✓ TLS The certificate from "Test authority" is good until ${day(100)}.`,
      true,
    ],
    [
      'that ends soon',
      createIdentity('localhost', { hosts, issuer: authority, to: 3 }),
      `! TLS The certificate from "Test authority" ends on ${day(3)}. Have it renewed.`,
      true,
    ],
    [
      'that has expired',
      createIdentity('localhost', { hosts, issuer: authority, from: -9, to: -2 }),
      `✗ TLS The certificate of localhost has expired on ${day(-2)}.`,
      true,
    ],
    [
      'that is not valid yet',
      createIdentity('localhost', { hosts, issuer: authority, from: 2, to: 9 }),
      '✗ TLS The certificate of localhost is not valid (CERT_NOT_YET_VALID).',
      true,
    ],
    [
      'for another name',
      createIdentity('other.example', { hosts: ['other.example'], issuer: authority }),
      '✗ TLS The certificate is not for localhost but for "other.example".',
      true,
    ],
  ])('tells a certificate %s', async (_name, identity, line, trusted = false) => {
    const address = await serveTls(identity)
    const file = join(folder, 'authority.pem')
    writeFileSync(file, authority.cert)
    const lines = await look(address, {
      ALLOWED_HOSTS: address.replace('https://', ''),
      ...(trusted && { EXTRA_CA_CERTS: file }),
    })
    expect(lines.filter((each) => each.includes(' TLS '))).toEqual([expect.stringContaining(line)])
    expect(lines.some((each) => /^. platform /.test(each))).toBe(!line.startsWith('✗'))
  })

  it('tells a web server that is no platform, a clock that is wrong, and a port without TLS', async () => {
    const date = new Date(Date.now() + 600_000).toUTCString()
    const server = await serve((_request, response) => response.writeHead(404, { date }).end('<html>'))
    servers.push(server)
    const allowed = { ALLOWED_HOSTS: entryFor('127.0.0.1', server.port).text }
    expect((await look(server.origin, allowed)).slice(-2)).toEqual([
      expect.stringMatching(
        /^✗ platform Neither GitHub nor GitLab answers there \(\/api\/v3\/meta answers 404, \/api\/v4\/version answers 404\)/,
      ),
      expect.stringMatching(/^! clock It differs from the platform's by (599|600|601) s\./),
    ])
    expect((await look(server.origin.replace('http:', 'https:'), allowed)).at(-1)).toMatch(
      /^✗ connection 127\.0\.0\.1 does not speak TLS/,
    )
    expect(
      (await look(`http://127.0.0.1:${await freePort()}`, { ALLOWED_HOSTS: 'http://127.0.0.1:1' })).at(-1),
    ).toMatch(/^✗ policy/)
  })

  // GitBucket 4.x: ControllerBase.scala and ApiUserControllerBase.scala of github.com/gitbucket/gitbucket.
  it.each([
    [
      'a server that is only like GitHub',
      ['/user'],
      '! platform It answers as GitHub does, but without the headers that GitHub Enterprise Server sends. It does not know GET /user/keys, GET /search/repositories, so it is only like GitHub (GitBucket, say), and what needs these calls does not work with it. Its health as a link says the same.',
    ],
    [
      'an Enterprise Server whose headers are stripped on the way',
      ['/user', '/user/keys', '/search/repositories', '/meta'],
      '! platform It answers as GitHub does, but without the headers that GitHub Enterprise Server sends. If it is one, a proxy before it strips them: have X-GitHub-Enterprise-Version passed on. Link it with scm_type github-enterprise.',
    ],
  ])('tells %s, and sends no token', async (_name, known, line) => {
    const authorized: unknown[] = []
    const server = await serve((request, response) => {
      authorized.push(request.headers.authorization)
      const path = (request.url ?? '').replace('/api/v3', '').split('?')[0] ?? ''
      const isKnown = known.includes(path)
      response
        .writeHead(isKnown ? 401 : 404, { 'content-type': 'application/json; charset=UTF-8' })
        .end(JSON.stringify({ message: isKnown ? 'Requires authentication' : 'Not Found' }))
    })
    servers.push(server)
    const lines = await look(server.origin, { ALLOWED_HOSTS: entryFor('127.0.0.1', server.port).text })
    expect(lines.filter((each) => each.includes(' platform '))).toEqual([line])
    expect(authorized.filter((value) => value !== undefined)).toEqual([])
  })

  it('tells when a platform ends the version of its API that is asked for', async () => {
    const headers = { 'x-github-enterprise-version': '3.30.0', sunset: 'Fri, 10 Mar 2028 00:00:00 GMT' }
    const server = await serve((_request, response) => json(response, {}, headers))
    servers.push(server)
    const lines = await look(server.origin, { ALLOWED_HOSTS: entryFor('127.0.0.1', server.port).text })
    expect(lines).toContain(
      '! API It ends the version of its API that Forgelink asks for on 2028-03-10. Update Forgelink before.',
    )
  })

  it('tells a name that does not exist, and leaves it to the proxy where there is one', async () => {
    const name = 'gitlab.forgelink-test.invalid'
    expect((await look(`https://${name}`)).at(-1)).toMatch(
      /^✗ DNS .* is a name that does not exist as seen from this server\./,
    )
    const HTTPS_PROXY = `http://user:hunter2@127.0.0.1:${await freePort()}`
    const lines = await look(`https://${name}`, { HTTPS_PROXY })
    expect(lines).toEqual([
      `✓ address https://${name}`,
      expect.stringMatching(/^✓ proxy Contacted through 127\.0\.0\.1:\d+ \(HTTPS_PROXY\)\.$/),
      `! DNS ${name} is a name that does not exist as seen from this server. Check the address. The proxy may know it.`,
      '✗ platform The outgoing proxy of this server cannot be reached. Ask the operator to check HTTPS_PROXY.',
    ])
    expect((await look(`https://${name}`, { HTTPS_PROXY, NO_PROXY: '*' }))[1]).toMatch(
      /^✓ proxy Contacted directly, without/,
    )
  })
})
