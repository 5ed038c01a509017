// The outgoing proxy: what goes through it, what does not, and what a user reads when it does not connect.

import { createServer as createHttpServer } from 'node:http'
import { connect, createServer as createTcpServer } from 'node:net'
import { beforeEach, describe, expect, test } from 'vitest'
import { listenForTest, serveTcp, type TestServer } from '../../../test/support/fault-server.ts'
import { createIdentity } from '../../../test/support/test-certificates.ts'
import { AUTHORITY, fails, failureOf, getItem, testTransports } from '../../../test/support/transports.ts'
import { send } from './send.ts'
import type { Transport, TransportOptions } from './transport.ts'

const { logged, keep, open, serveItem } = testTransports()

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
    expect((await getItem(transport, root)).body.id).toBe(1)
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
    expect((await failureOf(getItem(through(proxy, options), root))).code).toBe('scm_address_refused')
    expect(proxy.seen).toEqual([])
  })

  test('is passed by for NO_PROXY and for this machine', async () => {
    const options = { noProxy: ['.test'], lookup: async () => ['127.0.0.1'] }
    const transport = through(proxy, options, `ghe.test:${server.port},127.0.0.1:${server.port}`)
    expect((await getItem(transport, `https://ghe.test:${server.port}`)).body.id).toBe(1)
    expect((await failureOf(getItem(transport, `https://127.0.0.1:${server.port}`))).message).toContain(
      'another host name',
    )
    expect(proxy.seen).toEqual([])
  })

  test.each([403, 407, 502])('that answers %s is named, and its password is not', async (status) => {
    const failure = await failureOf(getItem(through(await serveProxy(status)), 'https://ghe.test'))
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
    const failure = await failureOf(getItem(through(hangingUp), 'https://ghe.test'))
    expect(failure.message).toContain('The outgoing proxy of this server does not connect to ghe.test.')
    expect(hangingUp.seen).toEqual(['ghe.test:443'])
  })

  test('that is down or silent is named, not the platform', async () => {
    const gone = await serveProxy(200)
    await gone.close()
    expect((await failureOf(getItem(through(gone), 'https://ghe.test'))).message).toContain('check HTTPS_PROXY')

    const silent = keep(await serveTcp(createTcpServer()))
    const failure = await failureOf(getItem(through(silent), 'https://ghe.test'))
    expect(failure).toMatchObject({
      code: 'scm_unreachable',
      message: expect.stringContaining('did not answer in time'),
    })
  })

  test('cannot show another certificate', async () => {
    const failure = await failureOf(getItem(through(proxy, { extraCaCerts: null }), 'https://ghe.test'))
    expect(failure.message).toContain('EXTRA_CA_CERTS')
    expect((await failureOf(getItem(through(proxy), 'https://gitlab.test'))).message).toContain('another host name')
    expect(server.seen).toEqual([])
  })
})
