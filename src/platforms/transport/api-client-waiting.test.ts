// How the transport leaves platforms alone that ask for it or have failed, and what it remembers of their answers.

import { createServer as createTcpServer } from 'node:net'
import { Type } from 'typebox'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { entryFor, type Handler, json, serve, serveTcp, type TestServer } from '../../../test/support/fault-server.ts'
import { Failure } from '../../failure.ts'
import { ApiClient } from './api-client.ts'
import type { RawAnswer } from './guard.ts'
import type { Limits } from './limits.ts'
import { createTransport, type Transport } from './transport.ts'

const Item = Type.Object({ id: Type.Integer() })

let server: TestServer
let other: TestServer
let handler: Handler
let transport: Transport

beforeEach(async () => {
  server = await serve((request, response) => handler(request, response))
  other = await serve((_request, response) => json(response, { id: 2 }))
  transport = open()
})

afterEach(async () => {
  vi.useRealTimers()
  await transport.close()
  await server.close()
  await other.close()
})

function open(limits: Partial<Limits> = {}, port = server.port): Transport {
  return createTransport({
    allowedHosts: [entryFor('127.0.0.1', port), entryFor('127.0.0.1', other.port)],
    extraCaCerts: null,
    httpsProxy: null,
    noProxy: [],
    limits: { retryMin: 1, retryMax: 2, ...limits },
  })
}

function get(
  path = '/user',
  link = 'link',
  root = server.origin,
  token = 'a',
): Promise<{ headers: Record<string, string>; body: { id: number }; next: string | null }> {
  return new ApiClient(transport, {
    root,
    headers: { authorization: token },
    link,
    account: 'a',
    recognises: () => true,
    failureFrom,
  }).get(path, Item)
}

/** Rate limits as an adapter reads them: the seconds from a header of its own. */
function failureFrom({ status, headers }: RawAnswer): Failure {
  if (status !== 429) return new Failure('scm_forbidden', 'no')
  const seconds = headers['x-seconds']
  return new Failure('scm_rate_limited', 'slow down', seconds === undefined ? {} : { retryAfter: Number(seconds) })
}

function failureOf(promise: Promise<unknown>): Promise<Failure> {
  return promise.then(
    () => expect.fail('nothing failed'),
    (error: unknown) => (error instanceof Failure ? error : Promise.reject(error)),
  )
}

describe('a platform that asks to wait', () => {
  const inTwoMinutes = (): string => new Date(Date.now() + 120_500).toUTCString()

  test.each<[string, number, () => Record<string, string>, string, number, number]>([
    // status, headers, code, least and most seconds
    ['seconds', 429, () => ({ 'retry-after': '120' }), 'scm_rate_limited', 120, 120],
    ['a date', 429, () => ({ 'retry-after': inTwoMinutes() }), 'scm_rate_limited', 119, 121],
    ['garbage', 429, () => ({ 'retry-after': 'soon' }), 'scm_rate_limited', 60, 60],
    ['nothing', 429, () => ({}), 'scm_rate_limited', 60, 60],
    ['a week', 429, () => ({ 'retry-after': '604800' }), 'scm_rate_limited', 3600, 3600],
    ['the past', 429, () => ({ 'x-seconds': '-50' }), 'scm_rate_limited', 1, 1],
    ["the adapter's reading first", 429, () => ({ 'x-seconds': '77', 'retry-after': '5' }), 'scm_rate_limited', 77, 77],
    ['503 with seconds', 503, () => ({ 'retry-after': '120' }), 'scm_unavailable', 120, 120],
  ])('%s: nothing is sent for that link before', async (_name, status, headers, code, least, most) => {
    vi.useFakeTimers({ toFake: ['Date', 'performance'] })
    handler = (_request, response) =>
      server.seen.length === 1 ? response.writeHead(status, headers()).end('Retry later') : json(response, { id: 1 })
    const first = await failureOf(get())
    expect(first.code).toBe(code)
    expect(first.details.retryAfter).toBeGreaterThanOrEqual(least)
    expect(first.details.retryAfter).toBeLessThanOrEqual(most)

    vi.setSystemTime(Date.now() + least * 1000 - 900)
    const second = await failureOf(get('/orgs'))
    expect([second.code, server.seen.length]).toEqual([code, 1])
    expect(second.details.retryAfter).toBeGreaterThanOrEqual(1)
    expect(second.details.retryAfter).toBeLessThanOrEqual(3)

    expect((await get('/user', 'other link')).body.id).toBe(1)
    vi.setSystemTime(Date.now() + 4000)
    expect((await get('/orgs')).body.id).toBe(1)
  })

  test('calls that waited for a place see it as well', async () => {
    await transport.close()
    transport = open({ callsPerLink: 1 })
    handler = (_request, response) => response.writeHead(429, { 'retry-after': '9' }).end()
    const failures = await Promise.all(['/1', '/2', '/3'].map((path) => failureOf(get(path))))
    expect(failures.map(({ code }) => code)).toEqual(['scm_rate_limited', 'scm_rate_limited', 'scm_rate_limited'])
    expect(server.seen).toEqual(['GET /1'])
  })
})

describe('an origin that fails', () => {
  test('is left alone after ten failures, other origins are not, and one probe brings it back', async () => {
    vi.useFakeTimers({ toFake: ['Date', 'performance'] })
    handler = (_request, response) => response.writeHead(500).end()
    for (const link of ['a', 'b', 'c'])
      expect((await failureOf(get('/user', link))).details.log).toMatchObject({ status: 500 })
    const fourth = await failureOf(get('/user', 'd')) // its first attempt is the tenth failure
    expect(fourth).toMatchObject({ code: 'scm_unavailable', message: expect.stringContaining('left alone') })
    expect(server.seen.length).toBe(10)
    expect(await failureOf(get('/user', 'e'))).toMatchObject({ code: 'scm_unavailable', details: { retryAfter: 30 } })
    expect(server.seen.length).toBe(10)
    expect((await get('/user', 'f', other.origin)).body.id).toBe(2)

    vi.advanceTimersByTime(30_001)
    handler = (_request, response) => json(response, { id: 1 })
    expect((await get('/user', 'g')).body.id).toBe(1)
    expect((await get('/orgs', 'g')).body.id).toBe(1)
  })

  test('is left alone when it never answers, too', async () => {
    const silent = await serveTcp(createTcpServer((socket) => socket.destroy()))
    await transport.close()
    transport = open({ breakerFailures: 3 }, silent.port)
    await failureOf(get('/user', 'a', silent.origin))
    expect((await failureOf(get('/user', 'b', silent.origin))).message).toContain('left alone')
    await silent.close()
  })

  test('refusals, rate limits and nonsense do not count', async () => {
    await transport.close()
    transport = open({ breakerFailures: 1 })
    for (const status of [401, 403, 404, 422, 429, 200]) {
      handler = (_request, response) => response.writeHead(status).end('<html>')
      await failureOf(get('/user', `link ${status}`))
    }
    handler = (_request, response) => json(response, { id: 1 })
    expect((await get()).body.id).toBe(1)
  })
})

describe('an answer with an ETag', () => {
  let asked: (string | undefined)[]

  beforeEach(() => {
    asked = []
    handler = (request, response) => {
      asked.push(request.headers['if-none-match'])
      if (request.headers['if-none-match'] === 'W/"1"') response.writeHead(304, { 'x-remaining': '8' }).end()
      else json(response, { id: 1 }, { etag: 'W/"1"', link: '</user?page=2>; rel="next"', 'x-remaining': '9' })
    }
  })

  test('is asked for again with it, and its body and next page are kept', async () => {
    const first = await get()
    first.body.id = 99 // whatever a reader does to it
    const second = await get()
    expect(second).toMatchObject({ body: { id: 1 }, next: '/user?page=2', headers: { 'x-remaining': '8' } })
    expect(asked).toEqual([undefined, 'W/"1"'])
  })

  test.each<[string, Parameters<typeof get>]>([
    ['link', ['/user', 'other']],
    ['token', ['/user', 'link', undefined, 'b']],
    ['page', ['/user?page=1']],
  ])('is not shown to another %s', async (_name, args) => {
    await get()
    await get(...args)
    expect(asked).toEqual([undefined, undefined])
  })

  test('gives way to a new one', async () => {
    await get()
    handler = (_request, response) => json(response, { id: 5 }, { etag: '"2"' })
    expect((await get()).body.id).toBe(5)
    handler = (request, response) => json(response, { id: request.headers['if-none-match'] === '"2"' ? 6 : 0 })
    expect((await get()).body.id).toBe(6)
  })

  test('is forgotten when the token is refused', async () => {
    await get()
    handler = (_request, response) => response.writeHead(401).end()
    expect((await failureOf(get())).code).toBe('scm_forbidden')
    handler = (request, response) => json(response, { id: request.headers['if-none-match'] === undefined ? 3 : 0 })
    expect((await get()).body.id).toBe(3)
  })
})
