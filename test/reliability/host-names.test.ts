// Reliability section 8: by which names pages are served, and headers that are there twice.

import { once } from 'node:events'
import { connect } from 'node:net'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type Service, startService } from '../support/service.ts'

let service: Service
beforeAll(async () => {
  const names = { PUBLIC_URL: 'https://forgelink.example.com', SERVER_NAMES: 'forgelink.corp.lan,10.1.2.3' }
  service = await startService('SQLite', { ...names, METRICS_TOKEN: 'metrics', TRUST_PROXY: '127.0.0.1' })
})
afterAll(() => service.close())

/** The answer's status to a request whose headers are written by hand. */
function statusOf(path: string, ...headers: string[]): Promise<number> {
  return statusOfLine(`GET ${path} HTTP/1.1`, headers)
}

function statusOf10(path: string): Promise<number> {
  return statusOfLine(`GET ${path} HTTP/1.0`, [])
}

async function statusOfLine(line: string, headers: string[]): Promise<number> {
  const socket = connect(Number(new URL(service.url).port), '127.0.0.1')
  socket.write(`${line}\r\n${[...headers, 'Connection: close'].join('\r\n')}\r\n\r\n`)
  let text = ''
  socket.on('data', (chunk) => {
    text += chunk
  })
  await once(socket, 'close')
  return Number(/^HTTP\/1\.1 (\d{3})/.exec(text)?.[1])
}

const PAGES = ['/', '/sign-in', '/docs', '/openapi.json', '/session', '/pages.css', '/nothing']

it.each([
  'forgelink.example.com',
  'FORGELINK.example.com:443',
  'forgelink.example.com.',
  'forgelink.corp.lan:8443',
  '10.1.2.3',
  'localhost:4600',
  '127.0.0.1',
  '[::1]:4600',
])('pages are served under the name %s', async (host) => {
  for (const path of PAGES) expect([path, await statusOf(path, `Host: ${host}`)]).not.toEqual([path, 421])
})

it.each([
  'evil.example',
  'forgelink.example.com.evil.example',
  'evilforgelink.example.com',
  '10.1.2.4',
  '169.254.169.254',
  'x@y',
  '',
])('pages are not served under the name "%s", but programs are', async (host) => {
  for (const path of PAGES) {
    expect([path, await statusOf(path, `Host: ${host}`)]).toEqual([path, 421])
    expect([path, await statusOf(path, `Host: ${host}`, 'Accept: text/html')]).toEqual([path, 421])
  }
  for (const path of ['/healthz', '/readyz', '/v1/regions']) {
    expect([path, await statusOf(path, `Host: ${host}`)]).toEqual([path, 200])
  }
  expect(await statusOf('/metrics', `Host: ${host}`, 'Authorization: Bearer metrics')).toBe(200)
})

it('believes a trusted proxy which name was asked for', async () => {
  const forwarded = (name: string) => [`Host: 127.0.0.1`, 'X-Forwarded-For: 192.0.2.1', `X-Forwarded-Host: ${name}`]
  expect(await statusOf('/docs', ...forwarded('forgelink.example.com'))).toBe(200)
  expect(await statusOf('/docs', ...forwarded('evil.example'))).toBe(421)
})

it('refuses two Host or two Authorization headers', async () => {
  const host = 'Host: forgelink.example.com'
  expect(await statusOf('/v1/regions', host, 'host: evil.example')).toBe(400)
  expect(await statusOf('/v1/regions', host, host)).toBe(400)
  expect(await statusOf('/v1/keys', host, 'Authorization: Bearer a', 'AUTHORIZATION: Bearer b')).toBe(400)
  expect(await statusOf('/v1/regions', host)).toBe(200)
})

it.each(['http://evil.example/sign-in', 'http://forgelink.example.com/sign-in', '//evil.example/../sign-in'])(
  'a request target such as %s opens no page under another name',
  async (target) => {
    expect(await statusOf(target, 'Host: evil.example')).toBe(421)
  },
)

it('a page without a Host, as HTTP/1.0 allows, is answered 421', async () => {
  expect(await statusOf10('/sign-in')).toBe(421)
  expect(await statusOf10('/healthz')).toBe(200)
})
