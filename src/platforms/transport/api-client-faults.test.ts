// What platforms and networks do wrong, one case one line: the code, the words, how often it was asked, and what is left.

import { createServer as createTcpServer } from 'node:net'
import { gzipSync } from 'node:zlib'
import { Type } from 'typebox'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { entryFor, type Handler, json, serve, serveTcp, type TestServer } from '../../../test/support/fault-server.ts'
import { Failure, type FailureCode } from '../../failure.ts'
import { ApiClient } from './api-client.ts'
import type { RawAnswer } from './guard.ts'
import type { Limits } from './limits.ts'
import { send } from './send.ts'
import { createTransport, type Transport } from './transport.ts'

const LIMITS = {
  dns: 500,
  connect: 500,
  headers: 500,
  idle: 400,
  call: 4000,
  retryMin: 5,
  retryMax: 20,
  object: 8 * 1024 * 1024,
}
const TOKEN = 'glpat-canary'
const User = Type.Object({ id: Type.Integer({ maximum: Number.MAX_SAFE_INTEGER }), name: Type.String() })

let transport: Transport
let elsewhere: TestServer
let server: TestServer
let handler: Handler
let logged: string

beforeEach(async () => {
  logged = ''
  elsewhere = await serve((_request, response) => json(response, { id: 1, name: 'stolen' }))
  server = await serve((request, response) => {
    if (request.url === '/api/ok') json(response, { id: 7, name: 'ok' })
    else handler(request, response)
  })
  transport = createTransport({
    allowedHosts: [entryFor('127.0.0.1', server.port), entryFor('127.0.0.1', elsewhere.port)],
    extraCaCerts: null,
    httpsProxy: null,
    noProxy: [],
    limits: LIMITS,
    log: (event, fields) => {
      logged += JSON.stringify([event, fields])
    },
  })
})

afterEach(async () => {
  await transport.close()
  await vi.waitFor(async () => expect(await server.open()).toBe(0), { interval: 5 })
  await server.close()
  await elsewhere.close()
})

function options(link = 'link-1', root = `${server.origin}/api`) {
  const headers = { authorization: `Bearer ${TOKEN}` }
  return { root, headers, link, account: 'a', recognises: () => true, failureFrom }
}

function api(...at: Parameters<typeof options>): ApiClient {
  return new ApiClient(transport, options(...at))
}

function failureFrom({ status, headers, body }: RawAnswer): Failure {
  const limited = status === 429
  const seconds = Number(headers['x-seconds'] ?? Number.NaN)
  return new Failure(limited ? 'scm_rate_limited' : 'scm_forbidden', `said ${JSON.stringify(body)}`, {
    ...(limited && !Number.isNaN(seconds) ? { retryAfter: seconds } : {}),
  })
}

async function failureOf(promise: Promise<unknown>): Promise<Failure> {
  const error = await promise.then(
    () => new Error('nothing failed'),
    (error: unknown) => error,
  )
  if (!(error instanceof Failure)) throw error
  return error
}

const gzip = { 'content-encoding': 'gzip' }
/** The first stays below 8 MB, so that only the ratio gives it away; the second would fill the memory. */
const BOMB = gzipSync(Buffer.alloc(7 * 1024 * 1024))
const LARGE_BOMB = gzipSync(Buffer.alloc(200 * 1024 * 1024))
const BIG = JSON.stringify({ id: 1, name: 'x'.repeat(9 * 1024 * 1024) })
/** A body of 9 MB that does not compress a hundredfold, so that only the size is wrong. */
const BIG_GZIP = gzipSync(Array.from({ length: 900_000 }, (_, index) => String(index * 7919).padEnd(10)).join(''))
const MISSING = undefined

function reply(body: string | Buffer, headers: Record<string, string> = {}, status = 200): Handler {
  return (_request, response) => {
    response.writeHead(status, headers).end(body)
  }
}

function redirect(status: number, location: () => string): Handler {
  return (_request, response) => {
    response.writeHead(status, { location: location() }).end()
  }
}

const faults: [string, Handler, FailureCode, string, number][] = [
  // name, what it does, code, words of the message, requests
  ['headers never come', () => {}, 'scm_unreachable', 'did not answer in time', 1],
  ['body stalls', (_q, r) => r.writeHead(200).write('{"id":'), 'scm_unreachable', 'did not answer in time', 1],
  ['a byte now and then', trickle, 'scm_unreachable', 'did not answer in time', 1],
  ['reset before the answer', (q) => q.socket.destroy(), 'scm_unreachable', 'closed the connection', 3],
  ['reset mid-body', resetMidBody, 'scm_unreachable', 'closed the connection', 3],
  ['body shorter than announced', cutShort, 'scm_unreachable', 'closed the connection', 3],
  ['corrupt gzip', reply('{"id":1}', gzip), 'scm_bad_response', 'compression is broken', 1],
  ['cut gzip', reply(gzipSync('{"id":1,"name":"a"}').subarray(0, 20), gzip), 'scm_bad_response', 'compression is', 1],
  ['gzip bomb', reply(BOMB, gzip), 'scm_bad_response', 'compressed beyond all measure', 1],
  ['large gzip bomb', reply(LARGE_BOMB, gzip), 'scm_bad_response', 'a larger answer than this server reads', 1],
  ['too large when decoded', reply(BIG_GZIP, gzip), 'scm_bad_response', 'a larger answer than this server reads', 1],
  ['announced too large', reply(BIG), 'scm_bad_response', 'a larger answer than this server reads', 1],
  ['endless stream', endless, 'scm_bad_response', 'a larger answer than this server reads', 1],
  ['brotli', reply('x', { 'content-encoding': 'br' }), 'scm_bad_response', 'not asked for', 1],
  ['two encodings', reply('x', { 'content-encoding': 'gzip, gzip' }), 'scm_bad_response', 'not asked for', 1],
  ['HTML with 200', reply('<!doctype html>', { 'content-type': 'text/html' }), 'scm_bad_response', 'web page', 1],
  ['HTML with JSON type', reply('\n<html>', { 'content-type': 'application/json' }), 'scm_bad_response', 'web page', 1],
  ['plain text', reply('Retry later'), 'scm_bad_response', 'does not answer with JSON', 1],
  ['empty body', reply(''), 'scm_bad_response', 'does not answer with JSON', 1],
  ['no content', reply('', {}, 204), 'scm_bad_response', 'does not answer with JSON', 1],
  ['trailing junk', reply('{"id":1,"name":"a"} x'), 'scm_bad_response', 'does not answer with JSON', 1],
  ['array for object', reply('[{"id":1,"name":"a"}]'), 'scm_bad_response', 'another shape', 1],
  ['id null', reply('{"id":null,"name":"a"}'), 'scm_bad_response', 'another shape', 1],
  ['id 2^63', reply('{"id":9223372036854775808,"name":"a"}'), 'scm_bad_response', 'another shape', 1],
  ['id 2^53', reply('{"id":9007199254740992,"name":"a"}'), 'scm_bad_response', 'another shape', 1],
  ['too deep', reply(`{"id":1,"name":"a","x":${'['.repeat(64)}${']'.repeat(64)}}`), 'scm_bad_response', 'nested', 1],
  ['304 unasked', reply('', {}, 304), 'scm_bad_response', 'status 304', 1],
  ['too many headers', reply('{}', { 'x-big': 'x'.repeat(40_000) }), 'scm_bad_response', 'more headers', 1],
  [
    'next page is itself',
    reply('{"id":1,"name":"a"}', { link: '<?x=1>; rel="next"' }),
    'scm_bad_response',
    'own next',
    1,
  ],
  ['301 without a place', reply('', {}, 301), 'scm_bad_response', 'redirects to nowhere', 1],
  ['redirects for ever', redirect(302, () => '/api/again'), 'scm_bad_response', 'again and again', 4],
  ['302 to another host', redirect(302, () => `${elsewhere.origin}/x`), 'scm_redirected', 'redirects to http://127', 1],
  [
    '301 to https',
    redirect(301, () => 'https://ex.com/a?token=1'),
    'scm_redirected',
    'redirects to https://ex.com,',
    1,
  ],
  ['307 to metadata', redirect(307, () => 'http://169.254.169.254/'), 'scm_redirected', 'http://169.254.169.254,', 1],
  ['308 to a script', redirect(308, () => 'javascript:alert(1)'), 'scm_redirected', 'not a web address', 1],
  ['302 to //host', redirect(302, () => '//evil.com/'), 'scm_redirected', 'http://evil.com,', 1],
  ['400', reply('{"message":"no"}', {}, 400), 'scm_forbidden', 'said {"message":"no"}', 1],
  ['401', reply('{"message":"no"}', {}, 401), 'scm_forbidden', 'said', 1],
  ['403 with HTML', reply('<html>', {}, 403), 'scm_forbidden', 'said undefined', 1],
  ['404 empty', reply('', {}, 404), 'scm_forbidden', 'said undefined', 1],
  ['422', reply('{"message":"no"}', {}, 422), 'scm_forbidden', 'said', 1],
  ['500 always', reply('oops', {}, 500), 'scm_unavailable', 'trouble of its own (status 500)', 3],
  ['503 always', reply('{}', {}, 503), 'scm_unavailable', 'status 503', 3],
]

function trickle(_request: unknown, response: Parameters<Handler>[1]): void {
  response.writeHead(200).write('[')
  const timer = setInterval(() => response.write(' '), 50)
  response.on('close', () => clearInterval(timer))
}

function resetMidBody(_request: unknown, response: Parameters<Handler>[1]): void {
  response.writeHead(200, { 'content-length': '100' }).write('{"id":', () => response.socket?.resetAndDestroy())
}

function cutShort(_request: unknown, response: Parameters<Handler>[1]): void {
  response.writeHead(200, { 'content-length': '100' }).write('{"id":', () => response.socket?.end())
}

function endless(_request: unknown, response: Parameters<Handler>[1]): void {
  const chunk = 'x'.repeat(64 * 1024)
  const more = (): void => {
    while (!response.destroyed && response.write(chunk)) {}
  }
  response.on('drain', more)
  more()
}

describe('a GET', () => {
  test.each(faults)('%s', async (_name, fault, code, words, requests) => {
    handler = fault
    const before = process.memoryUsage()
    const failure = await failureOf(api().get('/user?x=1', User))
    const after = process.memoryUsage()
    expect(failure).toMatchObject({ code, message: expect.stringContaining(words) })
    expect(server.seen.length).toBe(requests)
    expect(elsewhere.seen).toEqual([])
    expect(after.arrayBuffers + after.external - before.arrayBuffers - before.external).toBeLessThan(40 * 1024 * 1024)

    // Nothing secret is told, nothing is left open, and the next call works.
    expect(JSON.stringify([failure.message, failure.details]) + logged).not.toMatch(/canary|x=1|token=/)
    await vi.waitFor(async () => expect(await server.open()).toBeLessThanOrEqual(requests), { interval: 5 })
    expect(await api().get('/ok', User)).toMatchObject({ body: { id: 7, name: 'ok' } })
  })

  test.each<[string, Partial<Limits>, Handler]>([
    ['waiting for headers', { headers: 100 }, () => {}],
    ['waiting for more of a body', { idle: 100 }, (_q, r) => r.writeHead(200).write('[')],
    ['the whole call', { call: 100 }, trickle],
  ])('%s is limited by itself', async (_name, limits, fault) => {
    handler = fault
    const separate = createTransport({
      allowedHosts: [entryFor('127.0.0.1', server.port)],
      extraCaCerts: null,
      httpsProxy: null,
      noProxy: [],
      limits,
    })
    const began = Date.now()
    const asked = new ApiClient(separate, {
      root: server.origin,
      headers: {},
      link: 'l',
      account: 'a',
      recognises: () => true,
      failureFrom,
    })
    expect((await failureOf(asked.get('/user', User))).message).toContain('did not answer in time')
    expect(Date.now() - began).toBeLessThan(3000) // undici counts long times by the second
    await separate.close()
  })

  test('500 once is asked again and answered', async () => {
    handler = (_request, response) =>
      server.seen.length === 1 ? response.writeHead(500).end() : json(response, { id: 1, name: 'a' })
    expect((await api().get('/user', User)).body).toEqual({ id: 1, name: 'a' })
    expect(server.seen.length).toBe(2)
  })

  test('a renamed repository is followed within its origin, with the token', async () => {
    const tokens: (string | undefined)[] = []
    handler = (request, response) => {
      tokens.push(request.headers.authorization)
      if (request.url === '/api/repos/old')
        response.writeHead(301, { location: `${server.origin}/api/repositories/7` }).end()
      else json(response, { id: 7, name: 'new' })
    }
    expect((await api().get('/repos/old', User)).body.id).toBe(7)
    expect(tokens).toEqual([`Bearer ${TOKEN}`, `Bearer ${TOKEN}`])
  })

  test.each([
    '/../secret',
    '/a/../../secret',
    '/a/%2e%2e/b',
    '/a/.%2E/b',
    '/./a',
    '/a\\..\\b',
    'x',
    '@evil.com/',
    '//../x',
  ])('the path %s leads nowhere, and nothing is sent', async (path) => {
    expect((await failureOf(api().get(path, User))).code).toBe('scm_not_found')
    expect(server.seen).toEqual([])
  })

  test('text of a platform is fit to be stored', async () => {
    handler = reply(`{"id":1,"name":"a\\u0000b\\ud800${'c'.repeat(5000)}"}`)
    expect((await api().get('/user', User)).body.name).toBe(`a\ufffdb\ufffd${'c'.repeat(4092)}`)
  })

  test('a header that cannot be sent is our own fault and is not repeated in words', async () => {
    const bad = new ApiClient(transport, {
      root: server.origin,
      headers: { authorization: 'Bearer a\r\nb' },
      link: 'l',
      account: 'a',
      recognises: () => true,
      failureFrom,
    })
    const failure = await failureOf(bad.get('/user', User))
    expect([failure.code, failure.message]).toEqual(['internal', 'Internal error'])
    expect(String((failure.details.cause as Error).message)).not.toContain('Bearer')
  })
})

describe('not quite a web server', () => {
  test.each<[string, string | null, FailureCode, string]>([
    ['says nothing and closes', '', 'scm_unreachable', 'closed the connection'],
    ['speaks SSH', 'SSH-2.0-OpenSSH_9.6\r\n', 'scm_bad_response', 'not as a web server does'],
    ['accepts and is silent', null, 'scm_unreachable', 'did not answer in time'],
  ])('%s', async (_name, banner, code, words) => {
    const odd = await serveTcp(createTcpServer((socket) => banner !== null && socket.end(banner)))
    const separate = createTransport({
      allowedHosts: [entryFor('127.0.0.1', odd.port)],
      extraCaCerts: null,
      httpsProxy: null,
      noProxy: [],
      limits: LIMITS,
    })
    const asked = new ApiClient(separate, {
      root: odd.origin,
      headers: {},
      link: 'l',
      account: 'a',
      recognises: () => true,
      failureFrom,
    })
    expect(await failureOf(asked.get('/user', User))).toMatchObject({ code, message: expect.stringContaining(words) })
    await separate.close()
    await odd.close()
  })

  test('nobody listens', async () => {
    const gone = server.port
    await server.close()
    const failure = await failureOf(api().get('/user', User))
    expect(failure).toMatchObject({
      code: 'scm_unreachable',
      message: `127.0.0.1 refuses connections on port ${gone}. Check the address and port.`,
    })
    server = await serve(() => {})
  })
})

describe('a POST', () => {
  function post(deadline?: number): Promise<RawAnswer> {
    const url = `${server.origin}/oauth/token?x=1`
    const form = { refresh_token: TOKEN }
    return send(transport, { method: 'POST', url, headers: {}, form, ...(deadline === undefined ? {} : { deadline }) })
  }

  test.each(
    faults.filter(([name]) => !/^(\d|HTML|plain|empty|no content|trailing|array|id |redirects|next)/.test(name)),
  )('is never sent again: %s', async (_name, fault, code, words) => {
    handler = fault
    const failure = await failureOf(post())
    expect(failure).toMatchObject({ code, message: expect.stringContaining(words) })
    expect(server.seen).toEqual(['POST /oauth/token?x=1'])
    expect(JSON.stringify([failure.message, failure.details]) + logged).not.toMatch(/canary|x=1/)
    await vi.waitFor(async () => expect(await server.open()).toBe(0), { interval: 5 })
  })

  test.each<[string, Handler, number, unknown]>([
    ['200 with error=bad_refresh_token', reply('{"error":"bad_refresh_token"}'), 200, { error: 'bad_refresh_token' }],
    ['400 invalid_grant', reply('{"error":"invalid_grant"}', {}, 400), 400, { error: 'invalid_grant' }],
    ['no content', reply('', {}, 204), 204, MISSING],
    ['HTML', reply('<html>'), 200, MISSING],
  ])('hands on %s', async (_name, fault, status, body) => {
    handler = fault
    expect(await post()).toMatchObject({ status, body })
  })

  test.each<[string, Handler, FailureCode]>([
    ['500', reply('{}', {}, 500), 'scm_unavailable'],
    ['307 to another host', redirect(307, () => `${elsewhere.origin}/x`), 'scm_redirected'],
    ['307 within the origin', redirect(307, () => '/x'), 'scm_bad_response'],
  ])('%s is a failure', async (_name, fault, code) => {
    handler = fault
    expect((await failureOf(post())).code).toBe(code)
    expect([server.seen.length, elsewhere.seen.length]).toEqual([1, 0])
  })

  test('after the deadline nothing is sent', async () => {
    expect((await failureOf(post(Date.now() - 1))).code).toBe('scm_unreachable')
    expect(server.seen).toEqual([])
  })
})

/** What a limit or trouble of the platform's may be written in: the status tells it all the same. */
const ODD_BODIES: [name: string, body: string | Buffer, headers: Record<string, string>][] = [
  ['a page larger than a thing of ours', `<html>${'x'.repeat(9 * 1024 * 1024)}`, { 'content-type': 'text/html' }],
  ['JSON nested too deep', `${'['.repeat(500)}${']'.repeat(500)}`, {}],
  ['corrupt gzip', 'no gzip', gzip],
  ['a gzip bomb', LARGE_BOMB, gzip],
  ['brotli', 'x', { 'content-encoding': 'br' }],
]

describe.each(ODD_BODIES)('%s', (_name, body, headers) => {
  test.each<[number, FailureCode]>([
    [429, 'scm_rate_limited'],
    [500, 'scm_unavailable'],
    [503, 'scm_unavailable'],
  ])('with %i is told by the status', async (status, code) => {
    handler = reply(body, { ...headers, 'retry-after': '7' }, status)
    const failure = await failureOf(api().get('/x', User))
    expect([failure.code, failure.details.retryAfter]).toEqual([code, 7])
    const sent = send(transport, { method: 'POST', url: `${server.origin}/token`, headers: {}, form: { a: 'b' } })
    if (status === 429) expect((await sent).status).toBe(429)
    else expect((await failureOf(sent)).code).toBe(code)
  })
})

test('a refusal is known by its beginning, and by its headers where the rest is no JSON of ours', async () => {
  handler = reply(`<html>${'x'.repeat(9 * 1024 * 1024)}`, { 'content-type': 'text/html' }, 403)
  const foreign = new ApiClient(transport, { ...options(), recognises: ({ body }) => body !== undefined })
  const failure = await failureOf(foreign.get('/x', User))
  expect([failure.code, failure.message]).toEqual(['scm_bad_response', expect.stringContaining('403 with a web page')])
  handler = reply(`${'['.repeat(500)}${']'.repeat(500)}`, {}, 403)
  expect((await failureOf(api().get('/x', User))).code).toBe('scm_forbidden')
})
