// Shows the operator how a host is reached: its addresses, what the policy says about each, and its certificate.

import { isIP, connect as netConnect } from 'node:net'
import { type TLSSocket, connect as tlsConnect } from 'node:tls'
import type { Failure } from '../../../failure.ts'
import { coded, readFault } from '../faults.ts'
import type { PolicyViolation, Target } from './address.ts'
import { type ConnectorParts, within } from './connector.ts'

export interface Certificate {
  subject: string
  issuer: string
  /** ISO 8601. */
  endsAt: string
  /** Why it is not trusted, as an OpenSSL code (`DEPTH_ZERO_SELF_SIGNED_CERT`); null when it is trusted. */
  problem: string | null
}

export interface Inspection {
  proxied: boolean
  /** About scheme and port, or about the host when it is an IP address. */
  violation: PolicyViolation | null
  addresses: { address: string; violation: PolicyViolation | null }[]
  /** Why no address was found, or none accepted a connection. */
  fault: Failure | null
  /** null for plain http, through a proxy, and when there was no connection. */
  certificate: Certificate | null
}

/** Connects to nothing that the policy forbids, and sends nothing but the TLS handshake. */
export async function inspectTarget(parts: ConnectorParts, target: Target, proxied: boolean): Promise<Inspection> {
  const nothing: Inspection = { proxied, violation: null, addresses: [], fault: null, certificate: null }
  const violation = parts.policy.checkTarget(target)
  if (violation) return { ...nothing, violation }
  try {
    const addresses = (await resolve(parts, target)).map((address) => ({
      address,
      violation: parts.policy.checkAddress(target, address),
    }))
    const isForbidden = addresses.some((each) => each.violation !== null)
    if (isForbidden || proxied) return { ...nothing, addresses }
    return { ...nothing, addresses, ...(await connectToFirst(parts, target, addresses)) }
  } catch (error) {
    return { ...nothing, fault: faultOf(error, target) }
  }
}

async function resolve({ limits, lookup }: ConnectorParts, { host }: Target): Promise<string[]> {
  if (isIP(host)) return [host]
  const addresses = await within(limits.dns, 'DNS_TIMEOUT', lookup(host))
  if (addresses.length === 0) throw coded('ENOTFOUND')
  return addresses
}

function faultOf(error: unknown, { host, port }: Target): Failure {
  return readFault(error, { host, port, proxied: false }).failure
}

/** Tries the addresses in turn; the first one that answers decides. */
async function connectToFirst(
  parts: ConnectorParts,
  target: Target,
  addresses: { address: string }[],
): Promise<Pick<Inspection, 'fault' | 'certificate'>> {
  let fault: Failure | null = null
  for (const { address } of addresses) {
    try {
      return { fault: null, certificate: await readCertificate(parts, target, address) }
    } catch (error) {
      fault = faultOf(error, target)
    }
  }
  return { fault, certificate: null }
}

/** null for plain http. An untrusted certificate is read too, because the operator wants to see exactly that one. */
function readCertificate(parts: ConnectorParts, target: Target, address: string): Promise<Certificate | null> {
  return new Promise((resolve, reject) => {
    const tcp = netConnect({ host: address, port: target.port })
    const timer = setTimeout(() => fail(coded('CONNECT_TIMEOUT')), parts.limits.connect)
    function fail(error: Error): void {
      clearTimeout(timer)
      tcp.destroy()
      reject('code' in error && error.code === 'ECONNRESET' ? coded('CONNECT_RESET') : error)
    }
    function done(certificate: Certificate | null): void {
      clearTimeout(timer)
      tcp.destroy()
      resolve(certificate)
    }

    tcp.on('error', fail)
    tcp.once('connect', () => {
      const violation = parts.policy.checkAddress(target, tcp.remoteAddress ?? '')
      if (violation) return fail(parts.failureOf(violation))
      if (target.protocol === 'http:') return done(null)
      const socket = tlsConnect({
        socket: tcp,
        host: target.host,
        servername: isIP(target.host) ? '' : target.host,
        secureContext: parts.secureContext,
        // Safe only here: no request is sent on this connection, and it is closed at once.
        rejectUnauthorized: false,
      })
      socket.on('error', fail)
      socket.once('secureConnect', () => done(certificateOf(socket)))
    })
  })
}

function certificateOf(socket: TLSSocket): Certificate {
  const { subject, issuer, valid_to } = socket.getPeerCertificate()
  const problem = socket.authorizationError
  return {
    subject: nameIn(subject?.CN ?? subject?.O),
    issuer: nameIn(issuer?.CN ?? issuer?.O),
    endsAt: new Date(valid_to).toISOString(),
    problem: socket.authorized ? null : String(problem ?? 'UNKNOWN'),
  }
}

/** A certificate's names are printed on a terminal, so they are cleaned. */
function nameIn(name: string | string[] | undefined): string {
  return [name ?? 'without a name']
    .flat()
    .join(', ')
    .replace(/[^\x20-\x7e\u00a0-\uffff]/g, '?')
    .slice(0, 100)
}
