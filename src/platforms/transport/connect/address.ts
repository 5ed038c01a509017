// The address policy: which addresses requests for users may go to. Only `ALLOWED_HOSTS` can permit more.

import ipaddr from 'ipaddr.js'
import type { AllowedHost } from '../../../config.ts'
import { type ClassifiedAddress, classifyAddress } from './address-class.ts'

/** The destination of a request. `host` is as URL parsing writes it: lower case, IPv6 without brackets. */
export interface Target {
  protocol: 'https:' | 'http:'
  host: string
  port: number
}

/**
 * Why a request is not sent. `message` is for the user and never contains a resolved address; `log` is for the
 * operator.
 */
export interface PolicyViolation {
  message: string
  log: { host: string; port: number; address: string; range: string; setting: string }
}

export interface AddressPolicy {
  /**
   * Checks scheme and port, and the address if the host is an IP or a name of this machine; null when all is allowed.
   */
  checkTarget(target: Target): PolicyViolation | null
  /** Checks one address that the target's name resolves to, or the connected peer's; null when it is allowed. */
  checkAddress(target: Target, address: string): PolicyViolation | null
}

/** null when the URL is neither https nor http. */
export function targetOf(url: URL): Target | null {
  const { protocol } = url
  if (protocol !== 'https:' && protocol !== 'http:') return null
  const host = url.hostname.replace(/^\[|\]$/g, '').replace(/\.$/, '')
  return { protocol, host, port: url.port === '' ? (protocol === 'https:' ? 443 : 80) : Number(url.port) }
}

/** Such a name always means the machine that looks it up, whether that is ours or the proxy's (RFC 6761). */
export function isLocalName(host: string): boolean {
  return host === 'localhost' || host.endsWith('.localhost')
}

/**
 * Names under which clouds serve the credentials of their machines. They are rejected by name, because behind a proxy
 * we do not see the address that a name resolves to.
 */
const METADATA_NAMES = new Set([
  'metadata',
  'metadata.google.internal',
  'metadata.goog',
  'instance-data',
  'instance-data.ec2.internal',
  'metadata.azure.internal',
  'metadata.platformequinix.com',
  'metadata.packet.net',
  'metadata.tencentyun.com',
  'rancher-metadata',
])

export function createAddressPolicy(allowed: AllowedHost[]): AddressPolicy {
  const entries = allowed.map(compileEntry)

  function checkAddress(target: Target, address: string): PolicyViolation | null {
    const classified = classifyAddress(address)
    if (!classified) return violationOf(target, address, 'unknown', null)
    if (classified.class === 'public') return null
    if (classified.class === 'never') return violationOf(target, address, classified.range, null)

    const opens = entries.some((entry) => entry.portFits(target.port) && entry.opens(target, classified))
    if (opens) return null
    const setting = classified.class === 'loopback' ? hostAndPort(target) : target.host
    return violationOf(target, address, classified.range, setting)
  }

  function checkTarget(target: Target): PolicyViolation | null {
    if (METADATA_NAMES.has(target.host)) return violationOf(target, '', 'metadata', null)
    const named = entries.filter((entry) => entry.port === target.port && entry.names(target.host))
    if (target.protocol === 'http:' && !named.some((entry) => entry.plainHttp)) {
      return {
        message: `${hostAndPort(target)} is asked for over plain http, which would show the token to the network. Use https.`,
        log: logLine(target, '', 'http', `http://${hostAndPort(target)}`),
      }
    }
    // Mail, SSH and other services on ports below 1024 can be misused by sending them an HTTP request.
    if (target.port !== 443 && target.port < 1024 && named.length === 0) {
      return {
        message: `Port ${target.port} is not one this server contacts: only 443 and 1024 and up. Ask the operator to add "${hostAndPort(target)}" to ALLOWED_HOSTS.`,
        log: logLine(target, '', 'port', hostAndPort(target)),
      }
    }
    if (isLocalName(target.host)) return checkAddress(target, '127.0.0.1')
    return ipaddr.isValid(target.host) ? checkAddress(target, target.host) : null
  }

  return { checkTarget, checkAddress }
}

interface Entry {
  port: number | null
  plainHttp: boolean
  portFits(port: number): boolean
  /** Whether the entry names this host. */
  names(host: string): boolean
  /** Whether it permits this private, special or loopback address for the target. */
  opens(target: Target, classified: ClassifiedAddress): boolean
}

function compileEntry(entry: AllowedHost): Entry {
  const { port, plainHttp } = entry
  const rest = { port, plainHttp, portFits: (asked: number) => port === null || port === asked }
  switch (entry.kind) {
    case 'host': {
      const literal = ipaddr.isValid(entry.host) ? ipaddr.parse(entry.host).toNormalizedString() : null
      const names = (host: string) => (literal === null ? host === entry.host : normalized(host) === literal)
      return {
        ...rest,
        names,
        opens(target, classified) {
          if (classified.class === 'loopback') return port !== null && names(target.host)
          return names(target.host) || (literal !== null && classified.address.toNormalizedString() === literal)
        },
      }
    }
    case 'suffix': {
      const names = (host: string) => host.endsWith(entry.suffix)
      return { ...rest, names, opens: (target, { class: kind }) => kind !== 'loopback' && names(target.host) }
    }
    case 'range': {
      const [network, bits] = ipaddr.parseCIDR(entry.range)
      return {
        ...rest,
        names: () => false,
        opens: (_target, { class: kind, address }) =>
          kind !== 'loopback' && address.kind() === network.kind() && address.match(network, bits),
      }
    }
    case 'private':
      return { ...rest, names: () => false, opens: (_target, { class: kind }) => kind === 'private' }
  }
}

function normalized(host: string): string {
  return ipaddr.isValid(host) ? ipaddr.parse(host).toNormalizedString() : host
}

function hostAndPort({ host, port }: Target): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
}

function logLine(target: Target, address: string, range: string, setting: string): PolicyViolation['log'] {
  return { host: target.host, port: target.port, address, range, setting }
}

/** Whether the operator can allow this address. */
export function mayBeOpened({ log }: PolicyViolation): boolean {
  return log.setting !== 'none'
}

/** `setting` null: no setting can allow it. */
function violationOf(target: Target, address: string, range: string, setting: string | null): PolicyViolation {
  const log = logLine(target, address, range, setting === null ? 'none' : `ALLOWED_HOSTS=${setting}`)
  if (setting === null) {
    return {
      message: `${target.host} is at an address that this server never contacts. Use the platform's own address.`,
      log,
    }
  }
  const sentence = `${target.host} is on a private network, and this server only contacts private hosts its operator has allowed.`
  return { message: `${sentence} Ask the operator to add "${setting}" to ALLOWED_HOSTS.`, log }
}
