// Names, certificates and proxies: where a call really goes, and what its user reads when it does not arrive.

import { createServer as createHttpServer } from 'node:http'
import { connect, createServer as createTcpServer } from 'node:net'
import { Type } from 'typebox'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { json, listenForTest, serve, serveTcp, serveTls, type TestServer } from '../../../test/support/fault-server.ts'
import { createIdentity, type Identity } from '../../../test/support/test-certificates.ts'
import type { AllowedHost } from '../../config.ts'
import { Failure, type FailureCode } from '../../failure.ts'
import { readConfig } from '../../read-config.ts'
import { ApiClient } from './api-client.ts'
import { send } from './send.ts'
import { createTransport, type Transport, type TransportOptions } from './transport.ts'

const Item = Type.Object({ id: Type.Integer() })

let ending: (() => Promise<void>)[]
let logged: [string, Record<string, string | number>][]

beforeEach(() => {
  ending = []
  logged = []
})
afterEach(async () => {
  for (const close of ending.reverse()) await close()
})

function keep<T extends { close(): Promise<void> }>(thing: T): T {
  ending.push(() => thing.close())
  return thing
}

function open(allowed: string, options: Partial<TransportOptions> = {}): Transport {
  const allowedHosts: AllowedHost[] = readConfig({ ALLOWED_HOSTS: allowed }).allowedHosts
  const limits = { dns: 200, connect: 600, headers: 600, idle: 600, call: 2500, retryMin: 1, retryMax: 2 }
  return keep(
    createTransport({
      allowedHosts,
      extraCaCerts: null,
      httpsProxy: null,
      noProxy: [],
      limits,
      log: (event, fields) => logged.push([event, fields]),
      ...options,
    }),
  )
}

function get(transport: Transport, root: string): Promise<{ body: { id: number } }> {
  const failureFrom = () => new Failure('scm_forbidden', 'no')
  return new ApiClient(transport, {
    root,
    headers: { authorization: 'Bearer canary' },
    link: 'l',
    account: 'a',
    recognises: () => true,
    failureFrom,
  }).get('/user', Item)
}

function failureOf(promise: Promise<unknown>): Promise<Failure> {
  return promise.then(
    () => expect.fail('nothing failed'),
    (error: unknown) => (error instanceof Failure ? error : Promise.reject(error)),
  )
}

function fails(code: string): () => Promise<string[]> {
  return () => Promise.reject(Object.assign(new Error(`queryA ${code} secret.internal`), { code }))
}

describe('names', () => {
  let server: TestServer
  beforeEach(async () => {
    server = keep(await serve((_request, response) => json(response, { id: 1 })))
  })

  test('a permitted one is connected where it resolves to', async () => {
    const transport = open(`http://gitlab.test:${server.port}`, { lookup: async () => ['127.0.0.1'] })
    expect((await get(transport, `http://gitlab.test:${server.port}`)).body.id).toBe(1)
  })

  test.each<[string, () => Promise<string[]>, FailureCode, string, number]>([
    // what it resolves to, code, words, look-ups
    ['does not exist', fails('ENOTFOUND'), 'scm_unreachable', 'gitlab.test is a name that does not exist', 1],
    ['has no address', async () => [], 'scm_unreachable', 'gitlab.test is a name that does not exist', 1],
    ['has no name server', fails('EAI_AGAIN'), 'scm_unreachable', 'name server gave no answer for gitlab.test', 3],
    ['is slow', () => new Promise(() => {}), 'scm_unreachable', 'name server gave no answer for gitlab.test', 1],
    ['is private', async () => ['10.0.0.7'], 'scm_address_refused', 'gitlab.test is on a private network', 1],
    ['is partly private', async () => ['8.8.8.8', '10.0.0.7'], 'scm_address_refused', 'on a private network', 1],
    ['is loopback', async () => ['::1'], 'scm_address_refused', 'add "gitlab.test:8443" to ALLOWED_HOSTS', 1],
    ['is metadata', async () => ['169.254.169.254'], 'scm_address_refused', 'never contacts', 1],
  ])('one that %s', async (_name, lookup, code, words, lookups) => {
    const counted = vi.fn(lookup)
    const failure = await failureOf(get(open('', { lookup: counted }), 'https://gitlab.test:8443'))
    expect(failure).toMatchObject({ code, message: expect.stringContaining(words) })
    expect(failure.message).not.toMatch(/10\.0\.0\.7|169\.254|secret/)
    expect(counted).toHaveBeenCalledTimes(lookups)
  })

  test('the operator reads host, address, range and the setting to add', async () => {
    await failureOf(get(open('', { lookup: async () => ['10.0.0.7'] }), 'https://gitlab.test'))
    expect(logged[0]).toEqual([
      'scm_address_refused',
      { host: 'gitlab.test', port: 443, address: '10.0.0.7', range: 'private', setting: 'ALLOWED_HOSTS=gitlab.test' },
    ])
  })

  test.each([
    'https://127.0.0.1',
    'https://2130706433',
    'https://[::1]',
    'https://[::ffff:7f00:1]',
    'https://169.254.169.254',
  ])('the literal address %s is refused without any look-up, for GET and POST', async (root) => {
    const lookup = vi.fn(async () => ['8.8.8.8'])
    const transport = open('', { lookup })
    expect((await failureOf(get(transport, root))).code).toBe('scm_address_refused')
    expect((await failureOf(send(transport, { method: 'POST', url: `${root}/x`, headers: {} }))).code).toBe(
      'scm_address_refused',
    )
    expect(lookup).not.toHaveBeenCalled()
  })

  test('a look-up that rebinds between two calls reaches nothing', async () => {
    const answers = [['127.0.0.1'], ['169.254.169.254']]
    const root = `http://gitlab.test:${server.port}`
    const transport = open(root, { lookup: async () => answers.shift() ?? [] })
    const post = () => send(transport, { method: 'POST', url: `${root}/token`, headers: {} })
    expect((await post()).status).toBe(200)
    expect((await failureOf(post())).code).toBe('scm_address_refused')
    expect(server.seen.length).toBe(1)
  })
})

const AUTHORITY = createIdentity('Test Authority', {})
const trusted = { issuer: AUTHORITY, hosts: ['gitlab.test', '127.0.0.1'] }

async function serveItem(identity: Identity): Promise<TestServer> {
  return keep(await serveTls(identity, (_request, response) => json(response, { id: 1 })))
}

describe('certificates', () => {
  const lookup = async () => ['127.0.0.1']

  test.each<[string, Identity, string]>([
    [
      'self-signed',
      createIdentity('gitlab.test', { hosts: ['gitlab.test'] }),
      'Ask the operator to add the authority to EXTRA_CA_CERTS',
    ],
    [
      'of an unknown authority',
      createIdentity('gitlab.test', { ...trusted, issuer: createIdentity('Other', {}) }),
      'EXTRA_CA_CERTS',
    ],
    ['expired', createIdentity('gitlab.test', { ...trusted, from: -9, to: -2 }), 'TLS certificate that has expired'],
    [
      'not valid yet',
      createIdentity('gitlab.test', { ...trusted, from: 2, to: 9 }),
      'TLS certificate that is not valid yet',
    ],
    [
      'for another name',
      createIdentity('x', { ...trusted, hosts: ['evil.test'] }),
      'TLS certificate for another host name',
    ],
  ])('one that is %s ends the call before the token is sent', async (_name, identity, words) => {
    const server = await serveItem(identity)
    const transport = open(`gitlab.test:${server.port}`, { lookup, extraCaCerts: AUTHORITY.cert })
    const failure = await failureOf(get(transport, `https://gitlab.test:${server.port}`))
    expect(failure).toMatchObject({ code: 'scm_unreachable', message: expect.stringContaining(words) })
    expect(server.seen).toEqual([])
    await vi.waitFor(async () => expect(await server.open()).toBe(0), { interval: 5 })
  })

  test.each(['gitlab.test', '127.0.0.1'])('one of an authority in EXTRA_CA_CERTS serves %s', async (host) => {
    const server = await serveItem(createIdentity('gitlab.test', trusted))
    const transport = open(`${host}:${server.port}`, { lookup, extraCaCerts: AUTHORITY.cert })
    expect((await get(transport, `https://${host}:${server.port}`)).body.id).toBe(1)
    const untrusting = open(`${host}:${server.port}`, { lookup })
    expect((await failureOf(get(untrusting, `https://${host}:${server.port}`))).message).toContain('EXTRA_CA_CERTS')
  })

  test('a port that speaks plain http', async () => {
    const server = keep(await serve((_request, response) => json(response, { id: 1 })))
    const failure = await failureOf(
      get(open(`gitlab.test:${server.port}`, { lookup }), `https://gitlab.test:${server.port}`),
    )
    expect(failure).toMatchObject({ code: 'scm_unreachable', message: expect.stringContaining('does not speak TLS') })
  })

  test('a port that never finishes the handshake', async () => {
    const server = keep(await serveTcp())
    const failure = await failureOf(
      get(open(`gitlab.test:${server.port}`, { lookup }), `https://gitlab.test:${server.port}`),
    )
    expect(failure).toMatchObject({
      code: 'scm_unreachable',
      message: expect.stringContaining('did not accept a connection'),
    })
    await vi.waitFor(async () => expect(await server.open()).toBe(0), { interval: 5 })
  })
})

describe('an outgoing proxy', () => {
  let server: TestServer
  let proxy: TestServer

  beforeEach(async () => {
    server = await serveItem(createIdentity('ghe.test', { issuer: AUTHORITY, hosts: ['ghe.test', '8.8.8.8'] }))
    proxy = await serveProxy(200)
  })

  /** Tunnels everything to our server, whatever it is asked for. */
  async function serveProxy(status: number): Promise<TestServer> {
    const seen: string[] = []
    const http = createHttpServer()
    http.on('connect', (request, socket) => {
      seen.push(`${request.url} ${request.headers['proxy-authorization'] ?? ''}`.trim())
      const upstream = connect(server.port, '127.0.0.1')
      socket.write(`HTTP/1.1 ${status} x\r\n\r\n`)
      if (status !== 200) socket.end()
      socket.pipe(upstream).pipe(socket)
      for (const end of [socket, upstream])
        end.on('error', () => {}).on('close', () => socket.destroy() && upstream.destroy())
    })
    return keep(await listenForTest(http, seen, () => http.closeAllConnections()))
  }

  function through(address: TestServer, options: Partial<TransportOptions> = {}, allowed = ''): Transport {
    const httpsProxy = address.origin.replace('//', '//user:hunter2@')
    return open(allowed, { httpsProxy, extraCaCerts: AUTHORITY.cert, lookup: fails('ENOTFOUND'), ...options })
  }

  const CREDENTIALS = `Basic ${Buffer.from('user:hunter2').toString('base64')}`

  test.each<[string, string, Partial<TransportOptions>]>([
    ['by name what does not resolve here', 'https://ghe.test', {}],
    ['what resolves here to a public address', 'https://ghe.test', { lookup: async () => ['8.8.8.8'] }],
    ['a public literal address', 'https://8.8.8.8', {}],
  ])('carries %s', async (_name, root, options) => {
    const transport = through(proxy, options)
    expect((await get(transport, root)).body.id).toBe(1)
    expect(proxy.seen).toEqual([`${root.slice(8)}:443 ${CREDENTIALS}`])
    expect((await send(transport, { method: 'POST', url: `${root}/token`, headers: {} })).status).toBe(200)
    expect(proxy.seen.length).toBe(2)
  })

  test.each<[string, string, Partial<TransportOptions>]>([
    ['a name that resolves here to a private address', 'https://ghe.test', { lookup: async () => ['10.0.0.7'] }],
    ['a private literal address', 'https://10.0.0.7', {}],
    ['metadata', 'https://169.254.169.254', {}],
    ['plain http', 'http://ghe.test:8080', {}],
    ['a forbidden port', 'https://ghe.test:22', {}],
  ])('is not asked for %s', async (_name, root, options) => {
    expect((await failureOf(get(through(proxy, options), root))).code).toBe('scm_address_refused')
    expect(proxy.seen).toEqual([])
  })

  test('is passed by for NO_PROXY and for this machine', async () => {
    const options = { noProxy: ['.test'], lookup: async () => ['127.0.0.1'] }
    const transport = through(proxy, options, `ghe.test:${server.port},127.0.0.1:${server.port}`)
    expect((await get(transport, `https://ghe.test:${server.port}`)).body.id).toBe(1)
    expect((await failureOf(get(transport, `https://127.0.0.1:${server.port}`))).message).toContain('another host name')
    expect(proxy.seen).toEqual([])
  })

  test.each([403, 407, 502])('that answers %s is named, and its password is not', async (status) => {
    const failure = await failureOf(get(through(await serveProxy(status)), 'https://ghe.test'))
    expect(failure).toMatchObject({
      code: 'scm_unreachable',
      message: expect.stringContaining('outgoing proxy of this server'),
    })
    expect(JSON.stringify([failure.message, failure.details, logged])).not.toContain('hunter2')
    expect(server.seen).toEqual([])
  })

  // https://github.com/nodejs/undici/issues/3897
  test('that closes the connection instead of answering is named, and asked once', async () => {
    const seen: string[] = []
    const http = createHttpServer().on('connect', (request, socket) => {
      seen.push(request.url ?? '')
      socket.destroy()
    })
    const hangingUp = keep(await listenForTest(http, seen, () => http.closeAllConnections()))
    const failure = await failureOf(get(through(hangingUp), 'https://ghe.test'))
    expect(failure.message).toContain('The outgoing proxy of this server does not connect to ghe.test.')
    expect(hangingUp.seen).toEqual(['ghe.test:443'])
  })

  test('that is down or silent is named, not the platform', async () => {
    const gone = await serveProxy(200)
    await gone.close()
    expect((await failureOf(get(through(gone), 'https://ghe.test'))).message).toContain('check HTTPS_PROXY')

    const silent = keep(await serveTcp(createTcpServer()))
    const failure = await failureOf(get(through(silent), 'https://ghe.test'))
    expect(failure).toMatchObject({
      code: 'scm_unreachable',
      message: expect.stringContaining('did not answer in time'),
    })
  })

  test('cannot show another certificate', async () => {
    const failure = await failureOf(get(through(proxy, { extraCaCerts: null }), 'https://ghe.test'))
    expect(failure.message).toContain('EXTRA_CA_CERTS')
    expect((await failureOf(get(through(proxy), 'https://gitlab.test'))).message).toContain('another host name')
    expect(server.seen).toEqual([])
  })
})
