// Reliability section 6: connections of one address end before they keep others out, and whoever does not read an answer is cut.

import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { afterEach, expect, it } from 'vitest'
import { createApp } from '../../src/app.ts'
import type { Environment } from '../../src/config.ts'
import { LOAD_LIMITS } from '../../src/http/limits/overload.ts'
import type { App } from '../../src/http/server.ts'
import { type Service, startService } from '../support/service.ts'
import { until } from '../support/until.ts'

let service: Service
let app: App
let port: number
const sockets: Socket[] = []
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy()
  await app.close()
  await service.close()
})

async function start(load: Partial<typeof LOAD_LIMITS>, environment: Environment = {}): Promise<void> {
  service = await startService('SQLite', environment)
  app = await createApp(service.services, service.config, { load: { ...LOAD_LIMITS, ...load } })
  port = Number(new URL(await app.listen({ host: '127.0.0.1', port: 0 })).port)
}

/** All of 127/8 is this machine: each address is a client of its own. */
async function open(localAddress = '127.0.0.1'): Promise<Socket> {
  const socket = connect({ port, host: '127.0.0.1', localAddress })
  sockets.push(socket)
  socket.on('error', () => undefined)
  await once(socket, 'connect')
  return socket
}

/** Reads what comes back from a connection of its own; 0 when that was closed without an answer. */
async function statusOf(path: string, localAddress?: string): Promise<number> {
  const socket = await open(localAddress)
  let text = ''
  socket.on('data', (chunk) => {
    text += chunk
  })
  socket.write(`GET ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`)
  await Promise.race([once(socket, 'close'), once(socket, 'end')])
  return Number(/^HTTP\/1\.1 (\d{3})/.exec(text)?.[1] ?? 0)
}

const living = () => sockets.filter((socket) => !socket.destroyed && !socket.readableEnded).length

it('idle connections of one address are a tenth at most, and keep neither that address nor others out', async () => {
  await start({ connections: 200 })
  for (let n = 0; n < 300; n++) (await open()).resume()
  await until(() => living() <= 20)
  for (const address of ['127.0.0.1', '127.0.0.2']) {
    expect([await statusOf('/v1/regions', address), await statusOf('/healthz', address)]).toEqual([200, 200])
  }
})

it('idle connections of many addresses end, the longest idle first, when all places are taken', async () => {
  await start({ connections: 50 })
  for (let n = 0; n < 100; n++) (await open(`127.0.1.${n % 40}`)).resume()
  await until(() => living() <= 50)
  expect(await statusOf('/v1/regions', '127.0.0.2')).toBe(200)
})

it('connections of one address that are busy leave it room for nothing but the questions whether we are well', async () => {
  await start({ connections: 100 })
  // A request whose body never comes is under way until its time is up.
  const head =
    'POST /sign-in HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 10\r\n\r\n'
  let begun = 0
  app.server.on('request', () => begun++)
  for (let n = 0; n < 10; n++) (await open()).resume().write(head)
  await until(() => begun === 10)
  expect(await statusOf('/v1/regions')).toBe(503)
  for (const path of ['/healthz', '/readyz', '/healthz?x']) expect([path, await statusOf(path)]).toEqual([path, 200])
  expect(await statusOf('/v1/regions', '127.0.0.2')).toBe(200)
})

it('a proxy of TRUST_PROXY may have more', async () => {
  await start({ connections: 100 }, { TRUST_PROXY: '127.0.0.0/30' })
  for (let n = 0; n < 60; n++) (await open('127.0.0.2')).resume()
  await delay(200)
  expect(living()).toBe(60)
})

it('who sends on and on without reading is cut, and who reads slowly is not', async () => {
  await start({ unread: 1_500 })
  const request = 'GET /openapi.json HTTP/1.1\r\nHost: localhost\r\n\r\n'
  const deaf = await open()
  const slow = await open()
  deaf.pause()
  const closed = new Promise((resolve) => deaf.once('close', resolve))
  for (const socket of [deaf, slow]) for (let n = 0; n < 30; n++) socket.write(request)
  let read = 0
  slow.on('data', (chunk) => {
    read += chunk.length
    slow.pause()
    setTimeout(() => slow.resume(), 20)
  })
  const more = setInterval(() => deaf.writable && deaf.write(request), 20)
  await closed
  clearInterval(more)
  expect(slow.destroyed).toBe(false)
  expect(read).toBeGreaterThan(0)
}, 20_000)
