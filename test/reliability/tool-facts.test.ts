// Reliability section 1: what our tools do by default and we must not, one by one. Slow bodies (2) are in overload.test.ts, refresh
// tokens that rotate (8) in token-life.test.ts.

import { createCipheriv, hkdfSync, randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { Sealed } from '../../src/sealed.ts'
import { createVault } from '../../src/secrets/vault.ts'
import { ownAddress } from '../support/browser.ts'
import { secretsIn } from '../support/canaries.ts'
import { forgelink, prepareCommand, type RunningServer, startServer } from '../support/command.ts'
import { type Handler, json, serve, type TestServer } from '../support/fault-server.ts'
import { answerMarked } from '../support/marked-platform.ts'
import { urlMessage } from '../support/outside.ts'
import { ed25519Key } from '../support/public-keys.ts'
import {
  type Account,
  type Answer,
  describeOnBothEngines,
  exchange,
  type Service,
  send,
  startService,
} from '../support/service.ts'

const JSON_TYPE = { 'content-type': 'application/json' }
const CANARY = 'canary-ghp_0123456789abcdef'

describeOnBothEngines('1. what arrives', (engine) => {
  let service: Service
  let alice: Account
  beforeAll(async () => {
    service = await startService(engine)
    alice = await service.addAccount('alice')
  })
  afterAll(() => service.close())

  const call = (method: string, path: string, body?: unknown) => alice.call(method, path, body, JSON_TYPE)

  it.each([
    ['GET', '/v1/keys', 200],
    ['DELETE', '/v1/keys/x', 404],
    ['POST', '/v1/keys', 422],
  ])('a JSON type without a body is an empty object: %s %s', async (method, path, status) => {
    expect((await call(method, path)).status).toBe(status)
  })

  it.each([
    ['null', null],
    ['a number', 1],
    ['a list', ['https://ghe.example.com']],
    ['true', true],
    ['an object', { toString: 'x' }],
  ])('%s is never taken for text', async (_what, value) => {
    const types = { 'github-enterprise': 'scm_type', 'https://ghe.example.com': 'url', [CANARY]: 'access_token' }
    const members = Object.fromEntries(Object.entries(types).map(([text, name]) => [name, text]))
    for (const name of Object.values(types)) {
      const answer = await call('POST', '/v1/scm_integrations', { ...members, [name]: value })
      expect([name, answer.status, Object.keys(answer.json.errors)]).toEqual([
        name,
        422,
        expect.arrayContaining([name]),
      ])
    }
    const key = await call('POST', '/v1/keys', { name: value, content: ed25519Key(1) })
    expect([key.status, Object.keys(key.json.errors)]).toEqual([422, ['name']])
    expect((await call('GET', '/v1/keys')).json.keys).toEqual([])
  })

  it.each([
    ['a lone byte', [0xff]],
    ['half a character', [0xc3]],
    ['an overlong slash', [0xc0, 0xaf]],
    ['a surrogate', [0xed, 0xa0, 0x80]],
  ])('invalid UTF-8 is refused, not replaced: %s', async (_what, bytes) => {
    const body = Buffer.concat([Buffer.from('{"key":{"name":"'), Buffer.from(bytes), Buffer.from('","content":"x"}}')])
    const answer = await alice.call('POST', '/v1/keys', body, JSON_TYPE)
    expect([answer.status, answer.json.code]).toEqual([400, 'bad_json'])
  })

  it('a parameter that is there twice is refused by name', async () => {
    const answer = await call('GET', '/v1/events?page=1&page=2')
    expect([answer.status, answer.json.errors]).toEqual([422, { page: ['is there twice'] }])
  })

  it.each(['/v1/keys/%00', '/v1/scm_integrations/a%00b', '/v1/scm_integrations/%00/search_repos?query=x'])(
    '%s is an id that nobody has, on this store too',
    async (path) => {
      expect((await call('GET', path)).status).toBe(404)
    },
  )

  it.each([
    `/v1/${CANARY}%zz`,
    `/v1/keys/${CANARY}%ff`,
    `/v1/nothing?access_token=${CANARY}`,
    `/${CANARY}`,
    `/v1/keys/${CANARY}${'x'.repeat(9_000)}`,
  ])('an address is never repeated in the answer (%#)', async (path) => {
    const answer = await call('GET', path)
    expect([404, 414]).toContain(answer.status)
    expect([answer.text, JSON.stringify([...answer.headers])].join()).not.toContain(CANARY)
  })
})

describe('what leaves and what comes back', () => {
  let service: Service
  let alice: Account
  let platform: TestServer
  let foreign: TestServer
  /** Headers of all requests to both. */
  let sent: Record<string, unknown>[]
  let first: (...asked: Parameters<Handler>) => boolean
  let bomb: Buffer
  let large: Buffer

  beforeAll(async () => {
    bomb = await promisify(gzip)(Buffer.alloc(200 * 1024 * 1024))
    large = await promisify(gzip)(JSON.stringify({ id: 1, x: randomBytes(4.5 * 1024 * 1024).toString('hex') }))
    platform = await serve((request, response) => {
      sent.push(request.headers)
      if (!first(request, response)) answerMarked(request, response)
    })
    foreign = await serve((request, response) => {
      sent.push(request.headers)
      answerMarked(request, response)
    })
    const limits = { retryMin: 1, retryMax: 2, breakerFailures: 1_000_000 }
    service = await startService('SQLite', { ALLOWED_HOSTS: platform.origin }, { limits })
    alice = await service.addAccount('alice')
  })
  afterAll(async () => {
    await service.close()
    await platform.close()
    await foreign.close()
  })
  beforeEach(() => {
    sent = []
    first = () => false
    platform.seen.splice(0)
  })

  function create(scm_type: string, access_token: string, url = platform.origin): Promise<Answer> {
    return alice.call('POST', '/v1/scm_integrations', { scm_type, url, access_token })
  }

  it('3. an address in digits is guarded, though undici asks no look-up for it', async () => {
    const { port } = foreign
    for (const host of ['127.0.0.1', '127.1', '0x7f.1', '2130706433', '017700000001', '①②⑦.⓪.⓪.①', '127。0。0。1'])
      for (const scheme of ['https', 'http'])
        urlMessage(await create('github-enterprise', CANARY, `${scheme}://${host}:${port}`))
    expect([await foreign.open(), foreign.seen, sent]).toEqual([0, [], []])
  })

  it.each(['gitlab-self-hosted', 'github-enterprise'])(
    '4. the token of %s goes as Bearer, never as PRIVATE-TOKEN, and to no other origin',
    async (scmType) => {
      await create(scmType, CANARY)
      first = (_request, response) =>
        Boolean(response.writeHead(302, { location: `${foreign.origin}/api/v4/user` }).end())
      expect(urlMessage(await create(scmType, CANARY))).toContain('redirects to')
      expect(sent.length).toBeGreaterThan(1)
      for (const headers of sent) {
        expect(headers.authorization).toBe(`Bearer ${CANARY}`)
        expect(Object.keys(headers).filter((name) => /token|cookie/.test(name))).toEqual([])
      }
      expect([await foreign.open(), foreign.seen]).toEqual([0, []])
    },
  )

  it('5. a gzip of 204 kB that would be 200 MB is given up after little of it', async () => {
    const gzipped = { 'content-type': 'application/json', 'content-encoding': 'gzip' }
    expect(bomb.length).toBeLessThan(210_000)
    first = (_request, response) => Boolean(response.writeHead(200, gzipped).end(bomb))
    const before = process.memoryUsage.rss()
    expect(urlMessage(await create('github-enterprise', 'token-1'))).toMatch(
      /compressed beyond all measure|a larger answer than this server reads/,
    )
    expect(process.memoryUsage.rss() - before).toBeLessThan(100 * 1024 * 1024)
    // Not the ratio alone: what unpacks modestly but to too much is counted as well.
    expect(large.length).toBeLessThan(8 * 1024 * 1024)
    first = (_request, response) => Boolean(response.writeHead(200, gzipped).end(large))
    expect(urlMessage(await create('github-enterprise', 'token-1'))).toContain('a larger answer than this server reads')
    first = () => false
    expect((await create('github-enterprise', 'token-1')).status).toBe(201)
  })

  it('6. what a platform says of the token it was sent is not repeated', async () => {
    first = ({ headers }, response) => {
      response.writeHead(401, { 'content-type': 'application/json', 'www-authenticate': String(headers.authorization) })
      response.end(
        JSON.stringify({ message: `bad token ${headers.authorization}`, documentation_url: 'https://docs.github.com' }),
      )
      return true
    }
    const answer = await create('github-enterprise', CANARY)
    expect([answer.status, Object.keys(answer.json.errors)]).toEqual([422, ['access_token']])
    expect([answer.text, JSON.stringify([...answer.headers])].join()).not.toContain(CANARY)
    first = (_request, response) => {
      json(response, CANARY)
      return true
    }
    expect((await create('github-enterprise', CANARY)).text).not.toContain(CANARY)
  })
})

describeOnBothEngines('6. texts of errors', (engine) => {
  let service: Service
  let alice: Account
  beforeAll(async () => {
    service = await startService(engine)
    alice = await service.addAccount('alice')
  })
  afterAll(() => service.close())

  it.each<[string, string, string, unknown, number]>([
    ['Headers.append', 'POST', '/v1/scm_integrations', { access_token: `${CANARY}\r\nx: y` }, 422],
    ['Headers.append', 'POST', '/v1/scm_integrations', { access_token: `${CANARY}\u0000` }, 422],
    ['Headers.append', 'POST', '/v1/scm_integrations', { access_token: `${CANARY}\u{1f511}` }, 422],
    ['new URL()', 'POST', '/v1/scm_integrations', { url: `https://${CANARY}:x@[` }, 422],
    ['new URL()', 'POST', '/v1/scm_integrations', { url: `https://x:${CANARY}@ghe.example.com` }, 422],
    ['new URL()', 'POST', '/v1/scm_integrations', { url: `https://ghe.example.com/?private_token=${CANARY}` }, 422],
    ['JSON.parse', 'POST', '/v1/scm_integrations', CANARY, 400],
    ['JSON.parse', 'POST', '/v1/scm_integrations', `{"access_token":${CANARY}}`, 400],
    ['JSON.parse', 'POST', '/v1/keys', `"${CANARY}`, 400],
    ['the store', 'POST', '/v1/keys', { name: `${CANARY}\u0000`, content: ed25519Key(2) }, 422],
    ['the store', 'GET', `/v1/keys/${CANARY}`, undefined, 404],
    ['the store', 'GET', `/v1/keys/${CANARY}%00`, undefined, 404],
    ['the store', 'POST', '/v1/keys', { name: CANARY, content: `ssh-rsa ${CANARY}` }, 422],
  ])('of %s hold what was sent and go nowhere: %s %s (%#)', async (_tool, method, path, body, status) => {
    const link = { scm_type: 'github-enterprise', url: 'https://10.0.0.7', access_token: 'x' }
    const sent = typeof body === 'object' && path.endsWith('integrations') ? { ...link, ...body } : body
    const answer = await alice.call(method, path, sent, JSON_TYPE)
    expect(answer.status).toBe(status)
    expect(secretsIn(answer.text, { CANARY })).toEqual([])
  })

  it.each(['ghp_s3cr3t', '{"a":ghp_s3c', '[ghp_s3]'])('of JSON.parse repeat all of a short text: %s', async (body) => {
    const answer = await alice.call('POST', '/v1/keys', body, JSON_TYPE)
    expect([answer.status, answer.json.code]).toEqual([400, 'bad_json'])
    expect(answer.text).not.toMatch(/ghp|s3c/)
  })

  it('of a unique index name nothing that is there already', async () => {
    const content = ed25519Key(3)
    expect((await alice.call('POST', '/v1/keys', { name: 'one', content })).status).toBe(201)
    const again = await alice.call('POST', '/v1/keys', { name: 'two', content })
    const users = await service.addAccount('bob')
    const taken = await users.call('PUT', '/v1/users/account', { user: { email: alice.email } })
    expect([again.status, taken.status]).toEqual([409, expect.any(Number)])
    expect(taken.status).toBeGreaterThanOrEqual(409)
    for (const { text } of [again, taken]) {
      expect(text).not.toMatch(/Key \(|constraint|unique|UNIQUE/)
      expect(text).not.toContain(alice.id)
      expect(text).not.toContain(content.split(' ')[1])
    }
  })
})

describe('6. the log of a real server at trace level', () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'forgelink-facts-'))
  let server: RunningServer
  beforeAll(async () => {
    await prepareCommand()
    const settings = { DATA_DIR: dataDir, LOG_LEVEL: 'trace', RATE_LIMIT: '0', ...(await ownAddress()) }
    server = await startServer(settings)
    const user = ['--email', 'a@example.test', '--username', 'a', '--password', 'correct horse', '--json']
    const { token } = JSON.parse((await forgelink(['user', 'add', ...user], settings)).stdout)
    const headers = { authorization: `Bearer ${await exchange(server.url, token)}` }
    for (const path of [`keys/${CANARY}`, `keys?token=${CANARY}`, `${CANARY}%zz`, `keys/${'x'.repeat(9_000)}${CANARY}`])
      await send('GET', `${server.url}/v1/${path}`, undefined, headers)
    await send('POST', `${server.url}/v1/keys`, CANARY, headers)
    const link = { scm_type: 'github-enterprise', url: 'https://10.1.2.3:8443', access_token: CANARY }
    expect((await send('POST', `${server.url}/v1/scm_integrations`, link, headers)).status).toBe(422)
    await server.stop()
  }, 240_000)
  afterAll(() => rmSync(dataDir, { recursive: true, force: true }))

  it('has no address, query or body of a request', () => {
    expect(server.output()).toContain('"route":"/v1/keys/:id"')
    expect(secretsIn(server.output(), { CANARY })).toEqual([])
    expect(server.output()).not.toContain('xxxxxxxxxx')
  })

  it('tells the operator, as a warning, which address was refused and what opens it', () => {
    const lines = server
      .output()
      .split('\n')
      .filter((line) => line.includes('scm_address_refused'))
    expect(lines).toHaveLength(1)
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({
      level: 'warn',
      msg: 'scm_address_refused',
      host: '10.1.2.3',
      port: 8443,
      address: '10.1.2.3',
      range: 'private',
      setting: 'ALLOWED_HOSTS=10.1.2.3',
    })
  })
})

describe('7. a tag of AES-GCM', () => {
  const CONTEXT = { table: 'scm_integrations', column: 'access_token', row: '1', owner: null, sentTo: [] }
  const key = Buffer.alloc(32, 7)
  const vault = createVault([{ id: 'k1', key }])

  /** Sealed as the vault does it, by somebody who knows the key, so that only the tag's length differs. */
  function sealed(authTagLength: number): Sealed {
    const nonce = randomBytes(12)
    const derived = Buffer.from(hkdfSync('sha256', key, '', 'forgelink:seal v2', 32))
    const cipher = createCipheriv('aes-256-gcm', derived, nonce, { authTagLength })
    cipher.setAAD(Buffer.from(JSON.stringify(['v2', 'k1', CONTEXT.table, CONTEXT.column, CONTEXT.row, null, []])))
    const parts = [nonce, cipher.update('a secret of some length', 'utf8'), cipher.final(), cipher.getAuthTag()]
    return `v2.k1.${Buffer.concat(parts).toString('base64url')}` as Sealed
  }

  it('of 16 bytes opens', () => {
    expect(vault.open(sealed(16), CONTEXT)).toBe('a secret of some length')
  })

  it.each([4, 8, 12, 13, 14, 15])('of %i bytes does not', (length) => {
    expect(() => vault.open(sealed(length), CONTEXT)).toThrow()
  })

  it.each([1, 4, 12, 16])('cut by %i bytes does not open', (cut) => {
    const bytes = Buffer.from(vault.seal('a secret of some length', CONTEXT).split('.')[2] ?? '', 'base64url')
    const shorter = `v2.k1.${bytes.subarray(0, -cut).toString('base64url')}` as Sealed
    expect(() => vault.open(shorter, CONTEXT)).toThrow()
  })
})
