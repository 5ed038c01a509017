// All that is outside of a service: names, addresses and the servers at them, none of which exist, and what it did there.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Environment } from '../../src/config.ts'
import type { ServiceOptions } from '../../src/services.ts'
import { type Handler, listenForTest, serve, serveTls, type TestServer } from './fault-server.ts'
import { answerMarked } from './marked-platform.ts'
import { type Network, startNetwork } from './network.ts'
import type { Answer } from './service.ts'
import { createIdentity, type Identity } from './test-certificates.ts'

/** The message of an answer that refuses `url` and nothing else; throws at any other answer. */
export function urlMessage({ status, json, text }: Answer): string {
  const fields = Object.keys(json?.errors ?? {}).join()
  if (status !== 422 || fields !== 'url') throw new Error(`answered ${status}: ${text}`)
  return json.errors.url[0]
}

/** What a name resolves to; a function is asked each time. */
type Addresses = string[] | (() => Promise<string[]>)

export interface Outside {
  network: Network
  authority: Identity
  names: Map<string, Addresses>
  /** Names that were looked up. */
  lookedUp: string[]
  /** What the operator reads of refused addresses. */
  failures: Record<string, string | number>[]
  /** For `startService`. */
  settings: Environment
  options: ServiceOptions
  /** A server of `serveTls` or `serve` at an address, on one port of it or several. */
  putAt(server: TestServer, address: string, ports?: number[], peer?: string): void
  /** A platform with a good certificate for these hosts. */
  servePlatform(hosts: string[], handler?: Handler): Promise<TestServer>
  servePlain(handler?: Handler): Promise<TestServer>
  /** A proxy that leads to this server whatever it is asked for; `seen` has what that was. */
  serveProxy(behind: TestServer): Promise<TestServer>
  keep<T extends { close(): Promise<void> }>(thing: T): T
  /** Forgets what happened so far. */
  forget(): void
  close(): Promise<void>
}

const LIMITS = { dns: 60, connect: 500, headers: 1_000, idle: 1_000, call: 3_000, retryMin: 1, retryMax: 2 }
/** So that a case is not answered from the failures of those before it. */
const NO_BREAKER = { breakerFailures: 1_000_000 }

export async function startOutside(): Promise<Outside> {
  const folder = mkdtempSync(join(tmpdir(), 'forgelink-outside-'))
  const authority = createIdentity('Test Authority', {})
  writeFileSync(join(folder, 'ca.pem'), authority.cert)
  const network = startNetwork()
  const names: Outside['names'] = new Map()
  const lookedUp: string[] = []
  const failures: Outside['failures'] = []
  const ending: { close(): Promise<void> }[] = []

  function keep<T extends { close(): Promise<void> }>(thing: T): T {
    ending.push(thing)
    return thing
  }

  async function lookup(host: string): Promise<string[]> {
    lookedUp.push(host)
    const found = names.get(host)
    if (!found) throw Object.assign(new Error(`queryA ENOTFOUND ${host}`), { code: 'ENOTFOUND' })
    return typeof found === 'function' ? found() : found
  }

  return {
    network,
    authority,
    names,
    lookedUp,
    failures,
    settings: { EXTRA_CA_CERTS: join(folder, 'ca.pem') },
    options: {
      limits: { ...LIMITS, ...NO_BREAKER },
      lookup,
      log: (event, fields) => event === 'scm_address_refused' && failures.push(fields),
    },
    putAt(server, address, ports = [443], peer = address) {
      for (const port of ports) network.put(address, port, { port: server.port, peer })
    },
    servePlatform: async (hosts, handler = answerMarked) =>
      keep(await serveTls(createIdentity(hosts[0] ?? '', { issuer: authority, hosts }), handler)),
    servePlain: async (handler = answerMarked) => keep(await serve(handler)),
    async serveProxy(behind) {
      const proxy = keep(await serveTunnel(behind))
      for (const { origin } of [proxy, behind]) network.exempt(origin)
      return proxy
    },
    keep,
    forget() {
      for (const list of [network.contacts, lookedUp, failures]) list.splice(0)
    },
    async close() {
      for (const thing of ending.reverse()) await thing.close()
      network.close()
      rmSync(folder, { recursive: true })
    },
  }
}

function serveTunnel(behind: TestServer): Promise<TestServer> {
  const seen: string[] = []
  const server = createServer()
  server.on('connect', (request, socket) => {
    seen.push(request.url ?? '')
    const upstream = connect(behind.port, '127.0.0.1')
    socket.write('HTTP/1.1 200 OK\r\n\r\n')
    socket.pipe(upstream).pipe(socket)
    for (const end of [socket, upstream]) end.on('error', () => undefined)
    socket.on('close', () => upstream.destroy())
  })
  return listenForTest(server, seen, () => server.closeAllConnections())
}
