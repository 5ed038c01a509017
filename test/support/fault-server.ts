// For tests of the transport: a server on loopback that does as its handler says and counts what it sees.

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { createServer as createHttpsServer } from 'node:https'
import { type AddressInfo, createServer as createTcpServer, type Server as TcpServer } from 'node:net'
import type { AllowedHost } from '../../src/config.ts'
import type { Identity } from './test-certificates.ts'

export type Handler = (request: IncomingMessage, response: ServerResponse) => unknown

export interface TestServer {
  origin: string
  port: number
  /** Method and path of each request so far. */
  seen: string[]
  /** Sockets that are open now. */
  open(): Promise<number>
  close(): Promise<void>
}

export async function serve(handler: Handler): Promise<TestServer> {
  const seen: string[] = []
  const server = createServer((request, response) => {
    seen.push(`${request.method} ${request.url}`)
    handler(request, response)
  })
  return listenForTest(server, seen, () => server.closeAllConnections())
}

export async function serveTls({ key, cert }: Identity, handler: Handler): Promise<TestServer> {
  const seen: string[] = []
  const server = createHttpsServer({ key, cert }, (request, response) => {
    seen.push(`${request.method} ${request.url}`)
    handler(request, response)
  })
  return listenForTest(server, seen, () => server.closeAllConnections())
}

/** Whatever speaks TCP and is not quite a web server. */
export async function serveTcp(server: TcpServer = createTcpServer()): Promise<TestServer> {
  const sockets = new Set<{ destroy(): void }>()
  server.on('connection', (socket) => {
    sockets.add(socket)
    socket.on('error', () => {}).resume() // else it never sees the other end close
  })
  return listenForTest(server, [], () => {
    for (const socket of sockets) socket.destroy()
  })
}

/** Listens on loopback; `cut` ends what is connected. */
export async function listenForTest(server: Server | TcpServer, seen: string[], cut: () => void): Promise<TestServer> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    origin: `http://127.0.0.1:${port}`,
    port,
    seen,
    open: () => new Promise((resolve) => server.getConnections((_error, count) => resolve(count))),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        cut()
      }),
  }
}

/** The entry that opens one port of a host name or literal address, plain http included. */
export function entryFor(host: string, port: number): AllowedHost {
  return { kind: 'host', host, port, plainHttp: true, text: `http://${host}:${port}` }
}

export function json(response: ServerResponse, body: unknown, headers: Record<string, string> = {}): void {
  response.writeHead(200, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body))
}
