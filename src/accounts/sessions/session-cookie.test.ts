// The session's cookie, as browsers send it and as they are told to keep it, and which writes are taken with it.

import type { FastifyReply, FastifyRequest } from 'fastify'
import { describe, expect, it, test } from 'vitest'
import { Failure } from '../../failure.ts'
import { readConfig } from '../../read-config.ts'
import { checkCsrf, cookieName, readSessionCookie, setSessionCookie } from './session-cookie.ts'

const PLAIN = readConfig({ PUBLIC_URL: 'http://127.0.0.1:4600' })
const SECURE = readConfig({ PUBLIC_URL: 'https://forgelink.example.test' })
/** 256 bits as base64url. */
const ID = 'Az09_-'.repeat(8).slice(0, 43)

function requestWith(headers: Record<string, string>): FastifyRequest {
  return { headers } as unknown as FastifyRequest
}

function cookieSet(config: typeof PLAIN, value: string | null): unknown {
  const headers: Record<string, unknown> = {}
  const reply = { header: (name: string, text: unknown) => Object.assign(headers, { [name]: text }) }
  setSessionCookie(config, reply as unknown as FastifyReply, value)
  return headers
}

test.each([
  ['http://localhost:4600', 'forgelink'],
  ['http://localhost:4601', 'forgelink-4601'],
  ['http://localhost', 'forgelink-80'],
  ['https://forge.example.com', '__Host-forgelink'],
  ['https://forge.example.com:8443', '__Host-forgelink-8443'],
  ['https://forge.example.com:4600', '__Host-forgelink-4600'],
])('at %s it is %s', (PUBLIC_URL, name) => {
  expect(cookieName(readConfig({ PUBLIC_URL }))).toBe(name)
})

test.each([
  ['alone', `forgelink=${ID}`, ID],
  ['first of several', `forgelink=${ID}; theme=dark`, ID],
  ['last of several', `theme=dark; forgelink=${ID}`, ID],
  ['without spaces between', `theme=dark;forgelink=${ID};a=b`, ID],
  ['under a longer name', `xforgelink=${ID}`, undefined],
  ['under a name that begins alike', `forgelink2=${ID}`, undefined],
  ['as an https server names it', `__Host-forgelink=${ID}`, undefined],
  ['a character short', `forgelink=${ID.slice(1)}`, undefined],
  ['a character long', `forgelink=${ID}x`, undefined],
  ['in quotes', `forgelink="${ID.slice(2)}"`, undefined],
  ['empty', 'forgelink=', undefined],
  ['not there', 'theme=dark', undefined],
])('over http, a cookie %s', (_case, cookie, id) => {
  expect(readSessionCookie(PLAIN, requestWith({ cookie }))).toBe(id)
})

test('over https only the name is taken that browsers bind to the host', () => {
  expect(readSessionCookie(SECURE, requestWith({ cookie: `__Host-forgelink=${ID}` }))).toBe(ID)
  expect(readSessionCookie(SECURE, requestWith({ cookie: `forgelink=${ID}` }))).toBeUndefined()
  expect(readSessionCookie(SECURE, requestWith({}))).toBeUndefined()
})

test('the cookie is kept for 12 hours, from scripts and other sites, and over https from other hosts', () => {
  const [plain, secure] = ['Path=/; HttpOnly; SameSite=Lax', 'Path=/; HttpOnly; SameSite=Lax; Secure']
  expect(cookieSet(PLAIN, ID)).toEqual({ 'set-cookie': `forgelink=${ID}; ${plain}; Max-Age=43200` })
  expect(cookieSet(SECURE, ID)).toEqual({ 'set-cookie': `__Host-forgelink=${ID}; ${secure}; Max-Age=43200` })
  expect(cookieSet(PLAIN, null)).toEqual({ 'set-cookie': `forgelink=; ${plain}; Max-Age=0` })
  expect(cookieSet(SECURE, null)).toEqual({ 'set-cookie': `__Host-forgelink=; ${secure}; Max-Age=0` })
})

// Browsers take a `__Host-` cookie with the path / alone, a `__Secure-` one with any.
test('below a path the cookie is for that path, under the name that browsers take with one', () => {
  const plain = readConfig({ PUBLIC_URL: 'http://127.0.0.1:4600/forgelink' })
  const secure = readConfig({ PUBLIC_URL: 'https://tools.example.test/a/forgelink/' })
  const attributes = 'HttpOnly; SameSite=Lax'
  expect(cookieSet(plain, ID)).toEqual({
    'set-cookie': `forgelink=${ID}; Path=/forgelink; ${attributes}; Max-Age=43200`,
  })
  expect(cookieSet(secure, ID)).toEqual({
    'set-cookie': `__Secure-forgelink=${ID}; Path=/a/forgelink; ${attributes}; Secure; Max-Age=43200`,
  })
  expect(cookieSet(secure, null)).toEqual({
    'set-cookie': `__Secure-forgelink=; Path=/a/forgelink; ${attributes}; Secure; Max-Age=0`,
  })
  expect(readSessionCookie(secure, requestWith({ cookie: `__Secure-forgelink=${ID}` }))).toBe(ID)
  expect(readSessionCookie(secure, requestWith({ cookie: `__Host-forgelink=${ID}` }))).toBeUndefined()
})

describe('a write', () => {
  const origin = 'https://forgelink.example.test'

  function failure(headers: Record<string, string>, given: unknown): Failure | undefined {
    try {
      checkCsrf(SECURE, requestWith(headers), given, 'the token')
      return undefined
    } catch (failure) {
      if (failure instanceof Failure) return failure
      throw failure
    }
  }

  it('is taken from our own origin with the token', () => {
    expect(failure({ origin }, 'the token')).toBeUndefined()
  })

  it.each<[string, Record<string, string>]>([
    ['no Origin', {}],
    ['an Origin of null', { origin: 'null' }],
    ['the origin over http', { origin: 'http://forgelink.example.test' }],
    ['the origin at another port', { origin: `${origin}:8443` }],
    ['an origin that begins alike', { origin: `${origin}.evil.example` }],
    ['an address instead of an origin', { origin: `${origin}/` }],
  ])('is refused with %s, and told where to send it from', (_case, headers) => {
    expect(failure(headers, 'the token')).toMatchObject({
      code: 'csrf',
      message: 'This was not sent from a page at https://forgelink.example.test. Open it there and try again.',
    })
  })

  it.each([['another token'], ['the token '], [''], [undefined], [['the token']], [null]])(
    'is refused with the token %j',
    (given) => {
      expect(failure({ origin }, given)).toMatchObject({
        code: 'csrf',
        message: 'This page is no longer current: you signed in or out since. Load it again and repeat.',
      })
    },
  )
})
