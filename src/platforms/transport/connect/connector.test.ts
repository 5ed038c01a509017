import { connect, Socket } from 'node:net'
import { createSecureContext } from 'node:tls'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { serveTcp, type TestServer } from '../../../../test/support/fault-server.ts'
import type { AllowedHost } from '../../../config.ts'
import { Failure } from '../../../failure.ts'
import { readConfig } from '../../../read-config.ts'
import { LIMITS } from '../limits.ts'
import { createAddressPolicy } from './address.ts'
import { createConnector } from './connector.ts'

let server: TestServer
let dialled: string[]

beforeEach(async () => {
  server = await serveTcp()
  dialled = []
})
afterEach(async () => {
  await server.close()
})

type Dial = (address: string) => Socket

/** In truth all addresses are our server's; `dead` ones never connect. */
function dialTo(dead: string[] = [], peerOf = (address: string) => address): Dial {
  return (address) => {
    dialled.push(address)
    const socket = dead.includes(address) ? new Socket() : connect(server.port, '127.0.0.1')
    Object.defineProperty(socket, 'remoteAddress', { value: peerOf(address) })
    return socket
  }
}

function open(allowed: string, answers: string[] | Promise<string[]>, dial = dialTo(), port = '8443'): Promise<Socket> {
  const allowedHosts: AllowedHost[] = readConfig({ ALLOWED_HOSTS: allowed }).allowedHosts
  const connectTo = createConnector({
    policy: createAddressPolicy(allowedHosts),
    limits: { ...LIMITS, dns: 60, connect: 400 },
    secureContext: createSecureContext(),
    lookup: async () => answers,
    failureOf: ({ message, log }) => new Failure('scm_address_refused', message, { log }),
    dial,
  })
  return new Promise((resolve, reject) => {
    connectTo({ hostname: 'gitlab.test', protocol: 'http:', port }, (error, socket) =>
      error ? reject(error) : resolve(socket),
    )
  })
}

const HTTP = 'http://gitlab.test:8443' // lets plain http to this host and port, and so private addresses

test.each<[string, string[], string]>([
  ['one address', ['10.0.0.1'], '10.0.0.1'],
  ['a public one', ['8.8.8.8'], '8.8.8.8'],
  ['the first of several', ['8.8.8.8', '10.0.0.1'], '8.8.8.8'],
])('connects to %s', async (_name, answers, address) => {
  const socket = await open(HTTP, answers)
  expect(dialled).toEqual([address])
  socket.destroy()
})

test.each<[string, string[], string]>([
  ['a metadata address', ['169.254.169.254'], 'linkLocal'],
  ['a public and a forbidden one', ['8.8.8.8', '169.254.169.254'], 'linkLocal'],
  ['a forbidden one last of many', [...Array.from({ length: 20 }, () => '8.8.8.8'), 'fd00:ec2::254'], 'metadata'],
  ['a mapped one', ['::ffff:169.254.169.254'], 'ipv4Mapped of linkLocal'],
  ['nonsense', ['8.8.8.8', 'x'], 'unknown'],
])('a name with %s is not connected to at all', async (_name, answers, range) => {
  await expect(open(HTTP, answers)).rejects.toMatchObject({ code: 'scm_address_refused', details: { log: { range } } })
  expect(dialled).toEqual([])
})

test('a name that passed before and resolves elsewhere now is refused', async () => {
  const socket = await open(HTTP, ['8.8.8.8'])
  socket.destroy()
  await expect(open(HTTP, ['0.0.0.0'])).rejects.toMatchObject({ code: 'scm_address_refused' })
  expect(dialled).toEqual(['8.8.8.8'])
})

test.each(['169.254.169.254', '224.0.0.1', ''])('a connection whose peer turns out to be "%s" is cut', async (peer) => {
  await expect(
    open(
      HTTP,
      ['8.8.8.8'],
      dialTo([], () => peer),
    ),
  ).rejects.toMatchObject({ code: 'scm_address_refused' })
  await vi.waitFor(async () => expect(await server.open()).toBe(0), { interval: 5 })
})

test('an address that swallows everything does not use up the time of the next', async () => {
  const socket = await open(HTTP, ['8.8.8.8', '8.8.4.4'], dialTo(['8.8.8.8']))
  expect(dialled).toEqual(['8.8.8.8', '8.8.4.4'])
  socket.destroy()
})

test.each<[string, string[] | Promise<string[]>, string[], string]>([
  ['no address', [], [], 'ENOTFOUND'],
  ['slow names', new Promise(() => {}), [], 'DNS_TIMEOUT'],
  ['only dead addresses', ['8.8.8.8', '8.8.4.4'], ['8.8.8.8', '8.8.4.4'], 'CONNECT_TIMEOUT'],
])('%s', async (_name, answers, dead, code) => {
  await expect(open(HTTP, answers, dialTo(dead))).rejects.toMatchObject({ code })
})

test('the scheme is checked here, too', async () => {
  await expect(open('gitlab.test:8443', ['8.8.8.8'])).rejects.toMatchObject({ code: 'scm_address_refused' })
  await expect(open(HTTP, ['8.8.8.8'], dialTo(), '8444')).rejects.toMatchObject({ code: 'scm_address_refused' })
  expect(dialled).toEqual([])
})
