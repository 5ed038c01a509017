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

beforeEach(async () => {
  asked = []
  server = await serve((request, response) => {
    asked.push(request.headers['accept-encoding'])
    // The next call opens another connection.
    response.writeHead(200, { connection: 'close' }).end('{}')
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

function dialLate(address: string, port: number): Socket {
  const socket = new Socket()
  setTimeout(() => socket.connect(port, address), 10)
  return socket
}

test('a platform that takes a connection at once is asked for plain answers from then on', async () => {
  // One of many is quick, also on a busy machine.
  await call(50, (address, port) => connect(port, address))
  expect([asked[0], asked.at(-1)]).toEqual(['gzip', 'identity'])
})

test('one that takes 10 ms, and one that is not known yet, for packed ones', async () => {
  await call(3, dialLate)
  expect(asked).toEqual(['gzip', 'gzip', 'gzip'])
})
