// Which platforms count as near: their answers are asked for as they are, all others packed.

import { connect, Socket } from 'node:net'
import { createSecureContext } from 'node:tls'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { entryFor, serve, type TestServer } from '../../../../test/support/fault-server.ts'
import { Failure } from '../../../failure.ts'
import { createExchange } from '../exchange.ts'
import { createLeases } from '../guards/body-budget.ts'
import { LIMITS } from '../limits.ts'
import { createAddressPolicy } from './address.ts'
import { createDispatchers } from './dispatchers.ts'

let server: TestServer
let asked: (string | undefined)[]
/** Before each answer, in milliseconds. */
let pause: number
/** Whether the next call uses the same connection. */
let keeps: boolean

beforeEach(async () => {
  asked = []
  pause = 0
  keeps = false
  server = await serve((request, response) => {
    asked.push(request.headers['accept-encoding'])
    setTimeout(() => response.writeHead(200, keeps ? {} : { connection: 'close' }).end('{}'), pause)
  })
})
afterEach(() => server.close())

async function call(times: number, dial: (address: string, port: number) => Socket): Promise<void> {
  const parts = {
    policy: createAddressPolicy([entryFor('127.0.0.1', server.port)]),
    limits: LIMITS,
    lookup: async () => [],
    secureContext: createSecureContext(),
    failureOf: ({ message }: { message: string }) => new Failure('scm_address_refused', message),
    dial,
  }
  const dispatchers = createDispatchers(parts, { httpsProxy: null, noProxy: [] })
  const exchange = createExchange(parts, dispatchers, 'test')
  const url = new URL(server.origin)
  const endpoint = { host: url.hostname, port: server.port, proxied: false }
  for (let n = 0; n < times; n++) {
    const lease = createLeases(1_000)()
    await exchange({ method: 'GET', url, headers: {}, body: null, endpoint, maxBytes: 100, lease })
  }
  await dispatchers.close()
}

/** What is not near takes so long, in milliseconds. */
const FAR_MS = 10

function dialLate(address: string, port: number): Socket {
  const socket = new Socket()
  setTimeout(() => socket.connect(port, address), FAR_MS)
  return socket
}

// One of many is quick, also on a busy machine.
test('a platform that takes a connection at once is asked for plain answers from then on', async () => {
  pause = FAR_MS
  await call(50, (address, port) => connect(port, address))
  expect([asked[0], asked.at(-1)]).toEqual(['gzip', 'identity'])
})

test('so is one that answers at once on a connection that took long', async () => {
  keeps = true
  await call(50, dialLate)
  expect([asked[0], asked.at(-1)]).toEqual(['gzip', 'identity'])
})

test('one that takes 10 ms for both, and one that is not known yet, for packed ones', async () => {
  pause = FAR_MS
  await call(3, dialLate)
  expect(asked).toEqual(['gzip', 'gzip', 'gzip'])
})
