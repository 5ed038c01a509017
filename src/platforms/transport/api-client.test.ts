// What the transport does when all goes well, and how it keeps calls apart, few and patient.

import { gzipSync } from 'node:zlib'
import { Type } from 'typebox'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { entryFor, type Handler, json, serve, type TestServer } from '../../../test/support/fault-server.ts'
import { Failure } from '../../failure.ts'
import { maybe } from '../answers.ts'
import { ApiClient, type ApiClientOptions } from './api-client.ts'
import type { RawAnswer } from './guard.ts'
import { LIMITS, type Limits } from './limits.ts'
import { send } from './send.ts'
import { createTransport, type Transport } from './transport.ts'

const Item = Type.Object({ id: Type.Integer() })

let server: TestServer
let handler: Handler
let opened: Transport[]

beforeEach(async () => {
  server = await serve((request, response) => handler(request, response))
  opened = []
})

afterEach(async () => {
  for (const transport of opened) await transport.close()
  await server.close()
})

function open(limits: Partial<Limits> = {}, log?: (event: string, fields: object) => void): Transport {
  const transport = createTransport({
    allowedHosts: [entryFor('127.0.0.1', server.port)],
    extraCaCerts: null,
    httpsProxy: null,
    noProxy: [],
    limits: { retryMin: 5, retryMax: 20, ...limits },
    ...(log ? { log } : {}),
  })
  opened.push(transport)
  return transport
}

function apiOf(transport: Transport, options: Partial<ApiClientOptions> = {}): ApiClient {
  return new ApiClient(transport, {
    root: server.origin,
    headers: { authorization: 'Bearer a' },
    link: 'link',
    account: 'a',
    recognises: () => true,
    failureFrom,
    ...options,
  })
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

/** Holds answers back until told. */
function gate(): { wait: Promise<void>; open: () => void } {
  let open = () => {}
  const wait = new Promise<void>((resolve) => {
    open = resolve
  })
  return { wait, open }
}

test('the limits are those promised', () => {
  expect(LIMITS).toMatchObject({ dns: 5000, connect: 5000, headers: 10_000, idle: 5000, call: 20_000, request: 25_000 })
  expect(LIMITS).toMatchObject({ body: 8_388_608, ratio: 100, ratioFrom: 65_536, depth: 64, text: 4096, redirects: 3 })
  expect(LIMITS).toMatchObject({ object: 262_144, bodies: 67_108_864, nodes: 200_000 })
  expect(LIMITS).toMatchObject({ pages: 10, items: 1000, retries: 2, retryMin: 250, retryMax: 2000, callsPerLink: 4 })
  expect(LIMITS).toMatchObject({ breakerFailures: 10, breakerWindow: 30_000, breakerPause: 30_000 })
})

test('a GET carries our headers, asks for gzip, and reads it', async () => {
  let sent: object = {}
  handler = (request, response) => {
    sent = request.headers
    response.writeHead(200, { 'content-encoding': 'gzip', 'X-Total': '7' }).end(gzipSync('\ufeff{"id":1,"more":"ä"}'))
  }
  const Named = Type.Object({ id: Type.Integer(), more: Type.String() })
  const answer = await apiOf(open()).get('/user?x=a%2Fb', Named)
  expect(answer).toMatchObject({ status: 200, body: { id: 1, more: 'ä' }, next: null, headers: { 'x-total': '7' } })
  expect(sent).toMatchObject({ authorization: 'Bearer a', 'accept-encoding': 'gzip', 'user-agent': 'forgelink' })
  expect(server.seen).toEqual(['GET /user?x=a%2Fb'])
})

test('connections are kept for the next call', async () => {
  handler = (_request, response) => json(response, { id: 1 })
  const api = apiOf(open())
  for (const path of ['/a', '/b', '/c']) {
    await api.get(path, Item)
    await new Promise(setImmediate)
  }
  expect(await server.open()).toBe(1)
})

test.each([
  [
    { form: { grant_type: 'refresh_token', a: 'ä&b' } },
    'application/x-www-form-urlencoded',
    'grant_type=refresh_token&a=%C3%A4%26b',
  ],
  [{ json: { access_token: 'x' } }, 'application/json', '{"access_token":"x"}'],
  [{}, undefined, ''],
])('a DELETE sends %j', async (body, type, text) => {
  let got = ''
  handler = (request, response) => {
    request.on('data', (chunk) => {
      got += chunk
    })
    request.on('end', () =>
      json(response, { type: request.headers['content-type'], connection: request.headers.connection }),
    )
  }
  const answer = await send(open(), {
    method: 'DELETE',
    url: `${server.origin}/token`,
    headers: { accept: 'application/json' },
    ...body,
  })
  expect([answer.body, got]).toEqual([{ connection: 'close', ...(type ? { type } : {}) }, text])
})

describe('pages', () => {
  /** A list of so many pages, two items each; `link` makes the link of a page. */
  function pages(count: number, link: (next: number) => string): Handler {
    return (request, response) => {
      const page = Number(new URL(request.url ?? '', 'http://x').searchParams.get('page') ?? 1)
      json(response, [{ id: page * 2 - 1 }, { id: page * 2 }], page < count ? { link: link(page + 1) } : {})
    }
  }

  test.each([
    [
      'as GitHub names them',
      (n: number) => `<${server.origin}/repositories/7/x?page=${n}>; rel="next"`,
      '/repositories/7/x?page=2',
    ],
    ['at a wrong external URL', (n: number) => `<http://gitlab.internal/x?page=${n}>; rel="next"`, '/list?page=2'],
    ['at metadata', (n: number) => `<http://169.254.169.254/x?page=${n}>; rel="next"`, '/list?page=2'],
  ])('are followed %s', async (_name, link, second) => {
    handler = pages(3, link)
    const items = await apiOf(open()).getAll('/list', Item)
    expect(items.map(({ id }) => id)).toEqual([1, 2, 3, 4, 5, 6])
    expect(server.seen[1]).toBe(`GET ${second}`)
  })

  const next = (n: number) => `<?page=${n}>; rel="next"`

  test.each([
    ['ten pages are read', 10, {}, 20],
    ['the last item within the bound is read', 3, { items: 6 }, 6],
  ])('%s', async (_name, count, limits, length) => {
    handler = pages(count, next)
    expect(await apiOf(open(limits)).getAll('/list', Item)).toHaveLength(length)
  })

  test.each([
    ['an eleventh page', 11, {}, 'has more than 10 pages of this', 10],
    ['an item over the bound within a page', 3, { items: 3 }, 'has more than 3 of these', 2],
    ['a page over the bound', 4, { items: 6 }, 'has more than 6 of these', 4],
  ])('%s is a bad response', async (_name, count, limits, words, read) => {
    handler = pages(count, next)
    expect(await failureOf(apiOf(open(limits)).getAll('/list', Item))).toMatchObject({
      code: 'scm_bad_response',
      message: expect.stringContaining(words),
    })
    expect(server.seen.length).toBe(read)
  })

  test.each([
    ['a list', '[0,0,0,0]'],
    ['what a search found', '{"total_count":4,"items":[0,0,0,0]}'],
  ])('%s with more than a page may have is a bad response', async (_name, body) => {
    handler = (_request, response) => response.end(body)
    expect(await failureOf(apiOf(open({ items: 3 })).get('/list', Type.Unknown()))).toMatchObject({
      code: 'scm_bad_response',
      message: expect.stringContaining('sends more than a page'),
    })
  })

  test.each<[string, Handler, string]>([
    [
      'a loop',
      (_q, r) => json(r, [], { link: r.req.url === '/list' ? '</b>; rel="next"' : '</list>; rel="next"' }),
      'round in circles',
    ],
    ['a page that is its own next', (_q, r) => json(r, [], { link: '</list>; rel="next"' }), 'round in circles'],
    ['an object for a list', (_q, r) => json(r, { message: 'x' }), 'another shape'],
    ['items without an id, every one', (_q, r) => json(r, [{}, {}]), 'another shape'],
  ])('%s is a bad response', async (_name, fault, words) => {
    handler = fault
    expect(await failureOf(apiOf(open()).getAll('/list', Item))).toMatchObject({
      code: 'scm_bad_response',
      message: expect.stringContaining(words),
    })
  })

  test('when page 3 fails the whole list does', async () => {
    handler = (request, response) => {
      if (request.url === '/list?page=3') response.writeHead(403).end()
      else pages(5, next)(request, response)
    }
    expect((await failureOf(apiOf(open()).getAll('/list', Item))).code).toBe('scm_forbidden')
    expect(server.seen.length).toBe(3)
  })

  test('an item without id is left out', async () => {
    handler = (_request, response) => json(response, [{ id: 1 }, {}, { id: 3 }])
    expect(await apiOf(open()).getAll('/list', Item)).toEqual([{ id: 1 }, { id: 3 }])
  })

  test('a full page has a next one where no header tells', async () => {
    handler = (request, response) => {
      const page = Number(new URLSearchParams(request.url?.split('?')[1]).get('page') ?? 1)
      json(response, page === 3 ? [{ id: 5 }] : [{ id: 2 * page - 1 }, { id: 2 * page }])
    }
    const items = await apiOf(open()).getAll('/list?per_page=2', Item)
    expect(items.map(({ id }) => id)).toEqual([1, 2, 3, 4, 5])
    expect(server.seen.slice(1)).toEqual(['GET /list?per_page=2&page=2', 'GET /list?per_page=2&page=3'])
  })

  test('a single page says what follows', async () => {
    handler = pages(2, next)
    const api = apiOf(open())
    expect((await api.get('/list', Type.Array(Item))).next).toBe('/list?page=2')
    expect((await api.get('/list?page=2', Type.Array(Item))).next).toBeNull()
  })
})

describe('what is read of an object', () => {
  const Shape = Type.Object({
    id: Type.Integer(),
    name: maybe(Type.String()),
    inner: maybe(Type.Object({ a: Type.Integer(), b: maybe(Type.String()) })),
  })

  test.each([
    ['members that are no part of it', { id: 1, lists: new Array(1_739).fill('192.0.2.0/24') }, { id: 1 }],
    ['an odd optional member', { id: 1, name: 7 }, { id: 1 }],
    ['an odd member within', { id: 1, inner: { a: 1, b: {} } }, { id: 1, inner: { a: 1 } }],
    ['what lacks a needed member within', { id: 1, inner: { b: 'x' } }, { id: 1 }],
    ['nothing where a member is null', { id: 1, name: null }, { id: 1, name: null }],
  ])('leaves out %s', async (_name, body, expected) => {
    handler = (_request, response) => json(response, body)
    expect((await apiOf(open()).get('/x', Shape)).body).toEqual(expected)
  })

  test.each([[{ name: 'x' }], [{ id: '1' }], [[{ id: 1 }]]])('is not there in %j', async (body) => {
    handler = (_request, response) => json(response, body)
    expect((await failureOf(apiOf(open()).get('/x', Shape))).code).toBe('scm_bad_response')
  })
})

describe('together', () => {
  test('identical reads at the same time are one call, later ones are not', async () => {
    const hold = gate()
    handler = (_request, response) => hold.wait.then(() => json(response, { id: 1 }))
    const transport = open()
    const reads = [1, 2, 3].map(() => apiOf(transport).get('/user', Item))
    await vi.waitFor(() => expect(server.seen.length).toBe(1), { interval: 2 })
    hold.open()
    expect((await Promise.all(reads)).map(({ body }) => body.id)).toEqual([1, 1, 1])
    await apiOf(transport).get('/user', Item)
    expect(server.seen.length).toBe(2)
  })

  test.each<[string, Partial<ApiClientOptions>]>([
    ['another link', { link: 'other' }],
    ['another token under the same link', { headers: { authorization: 'Bearer b' } }],
  ])('%s makes its own call', async (_name, options) => {
    handler = (request, response) => json(response, { id: 1, token: request.headers.authorization })
    const transport = open()
    await Promise.all([apiOf(transport).get('/user', Item), apiOf(transport, options).get('/user', Item)])
    expect(server.seen.length).toBe(2)
  })

  test('one caller giving up does not end the call of the others', async () => {
    const hold = gate()
    handler = (_request, response) => hold.wait.then(() => json(response, { id: 1 }))
    const transport = open()
    const patient = apiOf(transport).get('/user', Item)
    const hasty = apiOf(transport, { deadline: Date.now() + 30 }).get('/user', Item)
    expect((await failureOf(hasty)).code).toBe('scm_unreachable')
    hold.open()
    expect((await patient).body.id).toBe(1)
    expect(server.seen.length).toBe(1)
  })

  test('when the last one gives up the call ends and its socket closes', async () => {
    handler = () => {}
    const transport = open()
    expect((await failureOf(apiOf(transport, { deadline: Date.now() + 500 }).get('/user', Item))).code).toBe(
      'scm_unreachable',
    )
    await vi.waitFor(async () => expect(await server.open()).toBe(0), { interval: 5 })
    expect((await failureOf(apiOf(transport, { deadline: Date.now() - 1 }).get('/user', Item))).code).toBe(
      'scm_unreachable',
    )
    expect(server.seen.length).toBe(1)
  })

  test('at most four calls at once for one link; another link is not held up', async () => {
    const hold = gate()
    let now = 0
    let most = 0
    handler = (request, response) => {
      if (request.url === '/free') return json(response, { id: 1 })
      most = Math.max(most, ++now)
      return hold.wait.then(() => {
        now--
        json(response, { id: 1 })
      })
    }
    const transport = open()
    const calls = Array.from({ length: 12 }, (_, index) => apiOf(transport).get(`/${index}`, Item))
    await apiOf(transport, { link: 'other' }).get('/free', Item)
    await vi.waitFor(() => expect(server.seen.length).toBe(5), { interval: 2 })
    hold.open()
    await Promise.all(calls)
    expect([most, server.seen.length]).toEqual([4, 13])
  })

  test('who gives up while waiting takes no place', async () => {
    const hold = gate()
    handler = (_request, response) => hold.wait.then(() => json(response, { id: 1 }))
    const transport = open({ callsPerLink: 1 })
    const first = apiOf(transport).get('/1', Item)
    await failureOf(apiOf(transport, { deadline: Date.now() + 20 }).get('/2', Item))
    hold.open()
    await first
    await apiOf(transport).get('/3', Item)
    expect(server.seen).toEqual(['GET /1', 'GET /3'])
  })
})
