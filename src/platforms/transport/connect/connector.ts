// Opens connections, only to addresses that the policy has checked, and checks the connected peer again.

import { lookup as systemLookup } from 'node:dns/promises'
import { isIP, connect as netConnect, type Socket } from 'node:net'
import { type SecureContext, connect as tlsConnect } from 'node:tls'
import { Failure } from '../../../failure.ts'
import { coded } from '../faults.ts'
import type { Limits } from '../limits.ts'
import { type AddressPolicy, type PolicyViolation, type Target, targetOf } from './address.ts'

/** All addresses of a name; rejects with the codes of `node:dns`. */
export type Lookup = (host: string) => Promise<string[]>

export interface ConnectorParts {
  policy: AddressPolicy
  lookup: Lookup
  limits: Limits
  secureContext: SecureContext
  failureOf: (violation: PolicyViolation) => Failure
  /** Opens TCP to a literal address. */
  dial?: (address: string, port: number) => Socket
  /** Gets how long a target took to accept a connection: one round trip, and what both sides had to do meanwhile. */
  noteConnected?: (target: Target, ms: number) => void
}

interface ConnectOptions {
  hostname: string
  protocol: string
  port: string
  servername?: string
}

type ConnectCallback = (...outcome: [null, Socket] | [Error, null]) => void

/** Uses the system's resolver, so that /etc/hosts counts. */
export async function lookUp(host: string): Promise<string[]> {
  return (await systemLookup(host, { all: true })).map(({ address }) => address)
}

/** A connector for undici's Agent. undici's own would connect to literal IP addresses without any check. */
export function createConnector(parts: ConnectorParts): (options: ConnectOptions, callback: ConnectCallback) => void {
  return (options, callback) => {
    open(parts, options).then(
      (socket) => callback(null, socket),
      (error) => callback(error instanceof Error ? error : coded('UNKNOWN'), null),
    )
  }
}

async function open(parts: ConnectorParts, options: ConnectOptions): Promise<Socket> {
  const host = options.hostname.includes(':') ? `[${options.hostname}]` : options.hostname
  const target = targetOf(new URL(`${options.protocol}//${host}${options.port ? `:${options.port}` : ''}`))
  if (!target) throw coded('UNKNOWN')
  const addresses = await checkedAddresses(parts, target)

  const end = Date.now() + parts.limits.connect
  let lastError: unknown = coded('ENOTFOUND')
  for (const [index, address] of addresses.entries()) {
    const left = end - Date.now()
    if (left <= 0) break
    // An address that never answers must not use up all the time, so only the last one gets all that is left.
    const time = index < addresses.length - 1 ? Math.min(left, parts.limits.connect / 4) : left
    try {
      return await openTo(parts, target, address, time)
    } catch (error) {
      lastError = error
      if (error instanceof Failure) break
    }
  }
  throw lastError
}

/** The addresses of the target's host; throws when one of them may not be contacted. */
export async function checkedAddresses(parts: ConnectorParts, target: Target): Promise<string[]> {
  const violation = parts.policy.checkTarget(target)
  if (violation) throw parts.failureOf(violation)
  if (isIP(target.host)) return [target.host]
  const addresses = await within(parts.limits.dns, 'DNS_TIMEOUT', parts.lookup(target.host))
  if (addresses.length === 0) throw coded('ENOTFOUND')
  // All must pass: a name with one public and one private address would pass sooner or later when asked repeatedly.
  for (const address of addresses) {
    const violation = parts.policy.checkAddress(target, address)
    if (violation) throw parts.failureOf(violation)
  }
  return addresses.slice(0, 8)
}

function openTo(parts: ConnectorParts, target: Target, address: string, time: number): Promise<Socket> {
  const dial = parts.dial ?? ((host, port) => netConnect({ host, port, noDelay: true, keepAlive: true }))
  return new Promise((resolve, reject) => {
    const started = performance.now()
    const tcp = dial(address, target.port)
    let socket = tcp
    const timer = setTimeout(() => fail(coded('CONNECT_TIMEOUT')), time)
    function fail(error: Error): void {
      clearTimeout(timer)
      tcp.destroy()
      socket.destroy()
      reject('code' in error && error.code === 'ECONNRESET' ? coded('CONNECT_RESET') : error)
    }
    function done(): void {
      clearTimeout(timer)
      socket.off('error', fail)
      resolve(socket)
    }

    tcp.on('error', fail)
    tcp.once('connect', () => {
      // The connected peer decides, not the address we asked for.
      const violation = parts.policy.checkAddress(target, tcp.remoteAddress ?? '')
      if (violation) return fail(parts.failureOf(violation))
      parts.noteConnected?.(target, performance.now() - started)
      if (target.protocol === 'http:') return done()
      socket = tlsConnect({
        socket: tcp,
        host: target.host,
        servername: isIP(target.host) ? '' : target.host,
        secureContext: parts.secureContext,
        rejectUnauthorized: true,
        ALPNProtocols: ['http/1.1'],
      })
      socket.on('error', fail)
      socket.once('secureConnect', done)
    })
  })
}

export async function within<T>(time: number, code: string, promise: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const timeout = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(coded(code)), time)
  })
  try {
    return await Promise.race([promise, timeout])
  } finally {
    clearTimeout(timer)
  }
}
