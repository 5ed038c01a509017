// The keys of a trusted issuer: when they are asked for, how long they are used, and where they may come from.

import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { serve } from '../support/fault-server.ts'
import { ask, newKey, startIssuer, type TestIssuer, trusting } from '../support/issuer.ts'
import { type Service, startReplica, startService } from '../support/service.ts'

const DISCOVERY = 'GET /.well-known/openid-configuration'
const KEYS = 'GET /jwks'
const MINUTE_MS = 60_000

let issuer: TestIssuer
const opened: { close(): Promise<void> }[] = []

beforeEach(async () => {
  issuer = await startIssuer()
})
afterEach(async () => {
  vi.useRealTimers()
  await Promise.all(opened.splice(0).map((each) => each.close()))
  await issuer.close()
})

const events: unknown[] = []
async function start(settings: Record<string, string> = trusting(issuer, { create_users: true })): Promise<Service> {
  events.length = 0
  const service = await startService('SQLite', settings, { log: (...entry) => events.push(entry) })
  opened.push(service)
  return service
}

function passTime(ms: number): void {
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + ms })
}

const counted = (path: string) => issuer.seen.filter((seen) => seen === path).length
const statusOf = async (service: Service, jwt: string) => (await ask(service, jwt)).status

it('are asked for by the first JWT, and not again for ten minutes', async () => {
  const service = await start()
  expect(issuer.seen).toEqual([])
  for (const sub of ['ada', 'ada', 'ben']) expect(await statusOf(service, await issuer.sign({ sub }))).toBe(200)
  expect(issuer.seen).toEqual([DISCOVERY, KEYS])
  passTime(10 * MINUTE_MS - 1_000)
  expect(await statusOf(service, await issuer.sign())).toBe(200)
  expect(issuer.seen).toEqual([DISCOVERY, KEYS])
  passTime(2_000)
  expect(await statusOf(service, await issuer.sign())).toBe(200)
  expect(issuer.seen).toEqual([DISCOVERY, KEYS, DISCOVERY, KEYS])
})

it('are asked for once by 200 calls with a new key at once, and by 200 first calls', async () => {
  const service = await start()
  const all = async () => {
    const jwts = await Promise.all(Array.from({ length: 200 }, (_, n) => issuer.sign({ jti: `${n}` })))
    return new Set(await Promise.all(jwts.map((jwt) => statusOf(service, jwt))))
  }
  expect([await all(), counted(KEYS)]).toEqual([new Set([200]), 1])
  await issuer.rotate()
  expect([await all(), counted(KEYS)]).toEqual([new Set([200]), 2])
})

it('are asked for once a minute where key ids are invented', async () => {
  const service = await start()
  expect(await statusOf(service, await issuer.sign())).toBe(200)
  const invented = (n: number) => issuer.sign({}, { kid: `invented-${n}` })
  for (let n = 0; n < 20; n++) expect(await statusOf(service, await invented(n))).toBe(401)
  expect(counted(KEYS)).toBe(2)
  // A key that is really new waits for the minute to pass too.
  await issuer.rotate()
  expect(await statusOf(service, await issuer.sign())).toBe(401)
  passTime(MINUTE_MS + 1_000)
  expect(await statusOf(service, await issuer.sign())).toBe(200)
  expect(counted(KEYS)).toBe(3)
})

it('end at the next renewal once they are withdrawn, also for a JWT that was verified with them', async () => {
  const service = await start()
  const old = await issuer.sign()
  expect(await statusOf(service, old)).toBe(200)
  await issuer.rotate()
  expect(await statusOf(service, old)).toBe(200)
  expect(await statusOf(service, await issuer.sign())).toBe(200)
  expect(await statusOf(service, old)).toBe(401)
})

it('end after ten minutes when they are withdrawn and nothing new is signed', async () => {
  const service = await start()
  const old = await issuer.sign()
  expect(await statusOf(service, old)).toBe(200)
  issuer.keys = [await newKey('key-2')]
  passTime(10 * MINUTE_MS + 1_000)
  expect(await statusOf(service, old)).toBe(401)
})

it('are not used beyond ten minutes when the issuer is down: 503 until it is back', async () => {
  const service = await start()
  const jwt = await issuer.sign()
  expect(await statusOf(service, jwt)).toBe(200)
  issuer.trouble = (_path, response) => {
    response.writeHead(503).end()
    return true
  }
  expect(await statusOf(service, jwt)).toBe(200)
  passTime(10 * MINUTE_MS + 1_000)
  const down = await ask(service, jwt)
  expect([down.status, down.json]).toEqual([
    503,
    { error: expect.stringContaining(issuer.issuer), code: 'issuer_unavailable' },
  ])
  expect(Number(down.headers.get('retry-after'))).toBeGreaterThan(0)
  // It is left alone for some seconds.
  const asked = issuer.seen.length
  expect(await statusOf(service, jwt)).toBe(503)
  expect(issuer.seen.length).toBe(asked)
  issuer.trouble = null
  passTime(6_000)
  expect(await statusOf(service, jwt)).toBe(200)
})

it('that are known serve on while the issuer is down, and an unknown one is a 503', async () => {
  const service = await start()
  const old = await issuer.sign()
  expect(await statusOf(service, old)).toBe(200)
  await issuer.rotate()
  issuer.trouble = (_path, response) => {
    response.destroy()
    return true
  }
  expect(await statusOf(service, await issuer.sign())).toBe(503)
  expect(await statusOf(service, old)).toBe(200)
  issuer.trouble = null
  passTime(6_000)
  expect(await statusOf(service, await issuer.sign())).toBe(200)
})

/** What the issuer may answer, of the discovery document or of the keys. */
const unusable: [name: string, path: string, status: number, body: unknown, reason: string][] = [
  ['no discovery document', '/.well-known/openid-configuration', 404, {}, 'status 404'],
  [
    'the document of another',
    '/.well-known/openid-configuration',
    200,
    { issuer: 'https://evil.example', jwks_uri: 'https://evil.example/jwks' },
    'the discovery document is of another issuer',
  ],
  [
    'a document without jwks_uri',
    '/.well-known/openid-configuration',
    200,
    { issuer: 'ISSUER' },
    'the discovery document has no jwks_uri',
  ],
  [
    'a jwks_uri that is a file',
    '/.well-known/openid-configuration',
    200,
    { issuer: 'ISSUER', jwks_uri: 'file:///etc/passwd' },
    'the discovery document has no jwks_uri',
  ],
  [
    'a jwks_uri on a private network',
    '/.well-known/openid-configuration',
    200,
    { issuer: 'ISSUER', jwks_uri: 'https://10.0.0.1/jwks' },
    'scm_address_refused',
  ],
  [
    'a jwks_uri of the machine’s metadata',
    '/.well-known/openid-configuration',
    200,
    { issuer: 'ISSUER', jwks_uri: 'http://169.254.169.254/jwks' },
    'scm_address_refused',
  ],
  [
    'a jwks_uri on another port of the same host',
    '/.well-known/openid-configuration',
    200,
    { issuer: 'ISSUER', jwks_uri: 'OTHER/jwks' },
    'scm_address_refused',
  ],
  ['no keys', '/jwks', 200, {}, 'the answer is no set of keys'],
  ['keys that are none', '/jwks', 200, { keys: 'all' }, 'the answer is no set of keys'],
  ['text', '/jwks', 200, 'hello', 'the answer is no set of keys'],
]

it.each(unusable)('are not had from %s: 503, and the log has the reason', async (_name, path, status, body, reason) => {
  const other = await serve((_request, response) => response.end('{"keys":[]}'))
  opened.push(other)
  const service = await start()
  issuer.trouble = (asked, response) => {
    if (asked !== path) return undefined
    const text = body === 'hello' ? body : JSON.stringify(body)
    response.writeHead(status).end(text.replace('ISSUER', issuer.issuer).replace('OTHER', other.origin))
    return true
  }
  const answer = await ask(service, await issuer.sign())
  expect([answer.status, answer.json.code]).toEqual([503, 'issuer_unavailable'])
  expect(answer.text).not.toContain('jwks')
  expect(events).toContainEqual(['issuer_unavailable', { issuer: issuer.issuer, reason }])
  expect(other.seen).toEqual([])
})

it('come from the jwks_uri of the setting without a discovery document, if the address policy allows it', async () => {
  const elsewhere = await serve((_request, response) =>
    response.end(JSON.stringify({ keys: issuer.keys.map(({ jwk }) => jwk) })),
  )
  opened.push(elsewhere)
  const settings = trusting(issuer, { create_users: true, jwks_uri: `${elsewhere.origin}/keys?of=issuer` })
  const service = await start(settings)
  const jwt = await issuer.sign()
  expect(await statusOf(service, jwt)).toBe(503)
  expect(elsewhere.seen).toEqual([])
  const allowed = await startReplica(service, { ALLOWED_HOSTS: elsewhere.origin })
  opened.push(allowed)
  expect((await ask({ ...service, url: allowed.url }, jwt)).status).toBe(200)
  expect([elsewhere.seen, issuer.seen]).toEqual([['GET /keys?of=issuer'], []])
})
