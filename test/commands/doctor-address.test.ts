// `forgelink doctor URL`: what it says of a platform's address, name by name and layer by layer.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer as createHttpsServer } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import type { Sandbox } from '../../sandbox/sandbox.ts'
import { startSandbox } from '../../sandbox/sandbox.ts'
import { doctor } from '../../src/commands/doctor.ts'
import type { Environment } from '../../src/config.ts'
import { doctorSources, freePort } from '../support/command.ts'
import type { TestServer } from '../support/fault-server.ts'
import { entryFor, json, listenForTest, serve } from '../support/fault-server.ts'
import type { Identity } from '../support/test-certificates.ts'
import { createIdentity } from '../support/test-certificates.ts'

vi.setConfig({ testTimeout: 120_000, hookTimeout: 300_000 })

const folder = mkdtempSync(join(tmpdir(), 'forgelink-doctor-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** Sign, subject and message of each line about one of these. */
async function diagnose(environment: Environment, about: string[], address?: string): Promise<string[]> {
  const { text } = await doctor(doctorSources(environment), address, { json: false })
  return text
    .split('\n')
    .filter((line) => about.some((each) => line.slice(2).startsWith(`${each} `)))
    .map((line) => line.replace(/ {2,}/, ' '))
}

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
