// A network of make-believe: sees every TCP connection that this process opens, whoever opens it, and lets only those
// through that a test has put there. Nothing outside this machine is ever contacted, also where a guard is broken.

import diagnostics from 'node:diagnostics_channel'
import { Socket } from 'node:net'

interface Listener {
  /** Of a server on loopback that really answers. */
  port: number
  /** What the connection says its peer is; the address itself by default. */
  peer?: string
}

export interface Network {
  /** `address:port` of all connections that were tried, except those to our own services. */
  contacts: string[]
  /** From now on a server on loopback answers at this address and port. */
  put(address: string, port: number, listener: Listener): void
  /** Our own services and helpers, by port on loopback: let through and not counted. */
  exempt(url: string): void
  /** Forgets the contacts so far. */
  forget(): void
  close(): void
}

export function startNetwork(): Network {
  const contacts: string[] = []
  const listeners = new Map<string, Listener>()
  const exempted = new Set<string>()

  function onSocket(message: unknown): void {
    const { socket } = message as { socket: Socket }
    // Published before the connection is opened, with the arguments that it is opened with.
    socket.connect = (...args: unknown[]) => {
      const [{ host = '', port = 0 }] = args[0] as [{ host?: string; port?: number | string }]
      const name = `${host}:${port}`
      if (exempted.has(name)) return connectTo(socket, '127.0.0.1', Number(port))
      contacts.push(name)
      const listener = listeners.get(name)
      if (!listener) return socket.destroy(Object.assign(new Error('nobody listens there'), { code: 'ENETUNREACH' }))
      Object.defineProperty(socket, 'remoteAddress', { value: listener.peer ?? host })
      return connectTo(socket, '127.0.0.1', listener.port)
    }
  }

  diagnostics.subscribe('net.client.socket', onSocket)
  return {
    contacts,
    put: (address, port, listener) => listeners.set(`${address}:${port}`, listener),
    exempt: (url) => exempted.add(new URL(url).host),
    forget: () => contacts.splice(0),
    close: () => diagnostics.unsubscribe('net.client.socket', onSocket),
  }
}

function connectTo(socket: Socket, host: string, port: number): Socket {
  return Reflect.apply(Socket.prototype.connect, socket, [{ host, port }])
}
