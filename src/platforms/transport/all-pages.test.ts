// Pages that are read together once the platform has told how many there are.

import type { IncomingMessage } from 'node:http'
import { Type } from 'typebox'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { entryFor, type Handler, json, serve, type TestServer } from '../../../test/support/fault-server.ts'
import { Failure } from '../../failure.ts'
import { ApiClient } from './api-client.ts'
import { createTransport, type Transport } from './transport.ts'

const Item = Type.Object({ id: Type.Integer() })

let server: TestServer
let transport: Transport
let handler: Handler

beforeEach(async () => {
  server = await serve((request, response) => handler(request, response))
  transport = createTransport({
    allowedHosts: [entryFor('127.0.0.1', server.port)],
    extraCaCerts: null,
    httpsProxy: null,
    noProxy: [],
  })
})
afterEach(async () => {
  await transport.close()
  await server.close()
})

function readAll(signal?: AbortSignal): Promise<{ id: number }[]> {
  const api = new ApiClient(transport, {
    root: server.origin,
    headers: {},
    link: 'link',
    account: 'a',
    signal,
    recognises: () => true,
    failureFrom: () => new Failure('scm_forbidden', 'no'),
  })
  return api.getAll('/list?per_page=1', Item)
}

function pageOf(request: IncomingMessage): number {
  return Number(new URLSearchParams(request.url?.split('?')[1]).get('page') ?? 1)
}

function link(page: number, rel: string, root = ''): string {
  return `<${root}/list?per_page=1&page=${page}>; rel="${rel}"`
}

/** So many pages of one item; the first tells of `told` pages, and all by their `Link`. */
function pages(count: number, told = count): Handler {
  return (request, response) => {
    const page = pageOf(request)
    const links = page < count ? [link(page + 1, 'next'), link(told, 'last')] : [link(1, 'first')]
    json(response, [{ id: page }], { link: links.join(', ') })
  }
}

function numbers(count: number): { id: number }[] {
  return Array.from({ length: count }, (_, index) => ({ id: index + 1 }))
}

async function failureOf(promise: Promise<unknown>): Promise<Failure> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  if (error instanceof Failure) return error
  throw error ?? new Error('nothing failed')
}

/** Answers the pages after the first only once `enough` of them wait; tells the most that have waited at once. */
function inGroups(enough: number, answer: Handler): { handler: Handler; most(): number } {
  let waiting: (() => void)[] = []
  let most = 0
  return {
    handler: (request, response) => {
      if (pageOf(request) === 1) return answer(request, response)
      waiting.push(() => answer(request, response))
      most = Math.max(most, waiting.length)
      if (waiting.length < enough) return
      // The last first, so that the order of the answers is not the order of the pages.
      for (const go of waiting.reverse()) go()
      waiting = []
    },
    most: () => most,
  }
}

test('four at a time are asked for, and their order is kept', async () => {
  const group = inGroups(4, pages(9))
  handler = group.handler
  expect(await readAll()).toEqual(numbers(9))
  expect(group.most()).toBe(4)
  expect(server.seen).toHaveLength(9)
})

test('the number of pages is told by GitLab’s header too', async () => {
  const group = inGroups(2, (request, response) => {
    const page = pageOf(request)
    json(response, [{ id: page }], { 'x-total-pages': '3', 'x-next-page': page < 3 ? String(page + 1) : '' })
  })
  handler = group.handler
  expect(await readAll()).toEqual(numbers(3))
  expect(group.most()).toBe(2)
})

test.each([
  ['another host', 'http://gitlab.example.com'],
  ['metadata', 'http://169.254.169.254'],
])('links to %s lead to our own address', async (_name, root) => {
  const group = inGroups(2, (request, response) => {
    const page = pageOf(request)
    const links = [...(page < 3 ? [link(page + 1, 'next', root)] : []), link(3, 'last', root)]
    json(response, [{ id: page }], { link: links.join(', ') })
  })
  handler = group.handler
  expect(await readAll()).toEqual(numbers(3))
})

test('what follows after the page that was told to be the last is read as well', async () => {
  handler = pages(6, 3)
  expect(await readAll()).toEqual(numbers(6))
  expect(server.seen).toHaveLength(6)
})

test('a list that has become shorter ends with the page that has no next', async () => {
  handler = (request, response) => {
    if (pageOf(request) < 3) return pages(5)(request, response)
    json(response, pageOf(request) === 3 ? [{ id: 3 }] : [], { link: link(1, 'first') })
  }
  expect(await readAll()).toEqual(numbers(3))
})

test('no more pages are asked for than may be read', async () => {
  handler = pages(1_000_000_000)
  expect(await failureOf(readAll())).toMatchObject({
    code: 'scm_bad_response',
    message: expect.stringContaining('has more than 10 pages of this'),
  })
  expect(server.seen).toHaveLength(10)
})

test('a page that leads back is a loop', async () => {
  handler = (request, response) => {
    if (pageOf(request) === 3) return json(response, [{ id: 3 }], { link: link(2, 'next') })
    pages(4)(request, response)
  }
  expect((await failureOf(readAll())).message).toContain('leads round in circles')
})

test('one page that fails is the failure of all, and ends the calls for the others', async () => {
  let running = 0
  const group = inGroups(4, (request, response) => {
    if (pageOf(request) === 1) return pages(5)(request, response)
    // The others are never answered.
    if (pageOf(request) === 2) response.writeHead(403).end()
  })
  handler = (request, response) => {
    running++
    response.once('close', () => running--)
    group.handler(request, response)
  }
  expect((await failureOf(readAll())).code).toBe('scm_forbidden')
  await expect.poll(() => running).toBe(0)
})

test('a caller that leaves takes all pages along', async () => {
  const leaving = new AbortController()
  let cut = 0
  handler = (request, response) => {
    if (pageOf(request) === 1) return pages(4)(request, response)
    response.once('close', () => cut++)
    if (pageOf(request) === 4) leaving.abort(new Failure('overloaded', 'Others wait.'))
  }
  expect((await failureOf(readAll(leaving.signal))).code).toBe('overloaded')
  await expect.poll(() => cut).toBe(3)
})

test('large pages are read one after another', async () => {
  let most = 0
  let running = 0
  const text = 'x'.repeat(300 * 1024)
  handler = (request, response) => {
    most = Math.max(most, ++running)
    response.once('close', () => running--)
    const page = pageOf(request)
    const links = page < 3 ? [link(page + 1, 'next'), link(3, 'last')] : [link(1, 'first')]
    // Long enough for another page to be asked for.
    setTimeout(() => json(response, [{ id: page, text }], { link: links.join(', ') }), 50)
  }
  expect(await readAll()).toEqual(numbers(3))
  expect(most).toBe(1)
})
