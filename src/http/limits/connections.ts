// Limits connections, per address and in total, and closes idle ones when others need the room.

import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import ipaddr from 'ipaddr.js'
import { Failure } from '../../failure.ts'
import type { App } from '../server.ts'

export interface ConnectionBounds {
  /** Maximum connections at once. */
  connections: number
  /** How long a client may read nothing of its answer, in milliseconds. */
  unread: number
}

/** Connections above the limits, only for health checks. */
const SPARE = 50
const SWEEP_EVERY_MS = 1_000
/** Requests that a client may send on one connection before it has read their answers. */
const MAX_PIPELINED = 32

interface Connection {
  socket: Socket
  network: string
  /** Requests whose answers have not been written yet. */
  busy: number
  /** The connection is above the limits: only health checks are answered. */
  spare: boolean
  /** How much had been written when the client last read something, and when that was. */
  written: number
  readAt: number
}

/** The paths that are answered on spare connections. */
const HEALTH = /^\/(healthz|readyz)\/?(\?|$)/

/**
 * One address (for IPv6 its /64) may have a tenth of the connections; the peers of `TRUST_PROXY` are exempt. When there
 * is no room, the longest idle connection is closed: of that address, or else of the address with the most. If none is
 * idle, the new connection is a spare one.
 */
export function boundConnections(
  app: App,
  { connections: most, unread }: ConnectionBounds,
  trustProxy: string[],
): void {
  const proxies = trustProxy.map((range) => ipaddr.parseCIDR(range))
  const perNetwork = Math.max(1, Math.floor(most / 10))
  /** By network, each oldest first; a connection that becomes idle moves to the end. */
  const networks = new Map<string, Map<Socket, Connection>>()
  const all = new Map<Socket, Connection>()
  let spares = 0

  function isProxy(address: ipaddr.IPv4 | ipaddr.IPv6): boolean {
    return proxies.some(([range, bits]) => range.kind() === address.kind() && address.match(range, bits))
  }

  function open(socket: Socket): void {
    const address = addressOf(socket)
    const network = networkOf(address)
    const others = networks.get(network) ?? new Map<Socket, Connection>()
    networks.set(network, others)
    const isOver = others.size >= perNetwork && !isProxy(address)
    const makeRoom = isOver ? () => endIdle(others) : () => endIdle(largest(networks))
    const spare = (isOver || all.size - spares >= most) && !makeRoom()
    if (spare && spares >= SPARE) {
      socket.destroy()
      if (others.size === 0) networks.delete(network)
      return
    }
    if (spare) spares += 1
    const connection = { socket, network, busy: 0, spare, written: 0, readAt: performance.now() }
    all.set(socket, connection)
    others.set(socket, connection)
    socket.once('close', () => forget(connection))
  }

  function forget({ socket, network, spare }: Connection): void {
    if (!all.delete(socket)) return
    const connections = networks.get(network)
    connections?.delete(socket)
    if (connections?.size === 0) networks.delete(network)
    if (spare) spares -= 1
  }

  function endIdle(connections: Map<Socket, Connection>): boolean {
    for (const connection of connections.values()) {
      if (connection.busy > 0) continue
      forget(connection)
      connection.socket.destroy()
      return true
    }
    return false
  }

  function begin(request: IncomingMessage, response: ServerResponse): void {
    const { socket } = request
    const connection = all.get(socket)
    if (!connection) return
    connection.busy += 1
    if (connection.busy > MAX_PIPELINED) socket.destroy()
    response.once('close', () => {
      connection.busy -= 1
      const connections = networks.get(connection.network)
      if (connection.busy > 0 || !connections?.delete(socket)) return
      connections.set(socket, connection)
    })
  }

  /** Node's own time limits start again with each request that a client sends, whether or not it reads the answers. */
  function endUnread(): void {
    const now = performance.now()
    for (const connection of all.values()) {
      const { socket, written, readAt } = connection
      const taken = socket.bytesWritten - socket.writableLength
      if (socket.writableLength === 0 || taken !== written) Object.assign(connection, { written: taken, readAt: now })
      else if (now - readAt > unread) socket.destroy()
    }
  }

  app.server.on('connection', open)
  app.server.prependListener('request', begin)
  app.addHook('onRequest', (request, reply, done) => {
    if (!all.get(request.socket)?.spare) return done()
    reply.header('connection', 'close')
    if (!HEALTH.test(request.url)) {
      throw new Failure('overloaded', 'This address has as many connections open as it may. Try again in a moment.', {
        retryAfter: 2,
      })
    }
    done()
  })
  const sweep = setInterval(endUnread, Math.min(SWEEP_EVERY_MS, unread))
  sweep.unref()
  app.addHook('onClose', async () => clearInterval(sweep))
}

function largest(networks: Map<string, Map<Socket, Connection>>): Map<Socket, Connection> {
  let found = new Map<Socket, Connection>()
  for (const connections of networks.values()) if (connections.size > found.size) found = connections
  return found
}

function addressOf({ remoteAddress }: Socket): ipaddr.IPv4 | ipaddr.IPv6 {
  // The address is missing when the connection has already ended.
  return ipaddr.process(remoteAddress?.split('%')[0] ?? '0.0.0.0')
}

/** For IPv6 the /64, because one household or machine has all of it. */
function networkOf(address: ipaddr.IPv4 | ipaddr.IPv6): string {
  if (address instanceof ipaddr.IPv4) return address.toString()
  return address.parts.slice(0, 4).join(':')
}
