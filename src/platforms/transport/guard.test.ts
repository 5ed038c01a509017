// How guards are put together, and what the exchange does without the one that counts bytes.

import { createSecureContext } from 'node:tls'
import { expect, test, vi } from 'vitest'
import { Failure } from '../../failure.ts'
import { createAddressPolicy } from './connect/address.ts'
import type { Dispatchers } from './connect/dispatchers.ts'
import { createExchange } from './exchange.ts'
import { compose, type Guard, type HttpResponse } from './guard.ts'
import { LIMITS } from './limits.ts'

interface Word {
  word: string
}

const OK: HttpResponse = { status: 200, headers: {}, bytes: Buffer.alloc(0), size: 0, body: undefined }

/** Adds its letter to the call on the way there, and to the answer on the way back. */
function lettered(letter: string): Guard<Word> {
  return async (call, next) => {
    const answer = await next({ ...call, word: call.word + letter })
    return { ...answer, headers: { way: `${answer.headers.way}${letter}` } }
  }
}

test('a call passes the guards in the order in which they are written, and its answer in reverse', async () => {
  const send = compose<Word>(
    lettered('a'),
    lettered('b'),
    lettered('c'),
  )(async ({ word }) => ({ ...OK, headers: { way: `${word}|` } }))
  expect((await send({ word: '' })).headers.way).toBe('abc|cba')
})

test('a guard may refuse a call, or send it again', async () => {
  const exchange = vi.fn(async () => OK)
  const twice: Guard<Word> = async (call, next) => {
    await next(call)
    return next(call)
  }
  const fail: Guard<Word> = async () => {
    throw new Failure('scm_unavailable', 'no')
  }
  await compose<Word>(twice)(exchange)({ word: '' })
  expect(exchange).toHaveBeenCalledTimes(2)
  await expect(compose<Word>(fail, twice)(exchange)({ word: '' })).rejects.toThrow('no')
  expect(exchange).toHaveBeenCalledTimes(2)
})

test('without the guard that counts bytes nothing is sent', async () => {
  const dispatcherFor = vi.fn(() => Promise.reject(new Error('sent')))
  const dispatchers: Dispatchers = {
    isProxied: () => false,
    isNear: () => false,
    noteAnswered: () => undefined,
    dispatcherFor,
    close: async () => {},
  }
  const exchange = createExchange(
    {
      policy: createAddressPolicy([]),
      limits: LIMITS,
      lookup: async () => [],
      secureContext: createSecureContext(),
      failureOf: ({ message }) => new Failure('scm_address_refused', message),
    },
    dispatchers,
    'test',
  )
  const url = new URL('https://platform.test/user')
  const endpoint = { host: url.hostname, port: 443, proxied: false }
  const call = { method: 'GET' as const, url, headers: {}, body: null, endpoint, maxBytes: 100 }
  await expect(exchange(call)).rejects.toMatchObject({ code: 'internal' })
  expect(dispatcherFor).not.toHaveBeenCalled()
})
