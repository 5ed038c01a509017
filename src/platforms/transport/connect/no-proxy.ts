// Which hosts are contacted without the proxy: the entries of `NO_PROXY`, and this machine.

import ipaddr from 'ipaddr.js'
import { isLocalName, type Target } from './address.ts'

/**
 * An entry is `*`, `host` (with its subdomains), `.suffix`, `*.suffix`, an IP or a CIDR, each with an optional port.
 */
export function bypassesProxy(entries: string[], target: Target): boolean {
  if (isLocalName(target.host) || rangeOf(target.host) === 'loopback') return true
  return entries.some((entry) => matches(entry.trim().toLowerCase(), target))
}

function matches(entry: string, { host, port }: Target): boolean {
  if (entry === '*') return true
  if (entry.includes('/')) {
    if (!ipaddr.isValidCIDR(entry) || !ipaddr.isValid(host)) return false
    const [network, bits] = ipaddr.parseCIDR(entry)
    const address = ipaddr.process(host)
    return address.kind() === network.kind() && address.match(network, bits)
  }
  const [, bracketed, plain, digits] = /^(?:\[([^\]]+)\]|([^:]+))(?::(\d+))?$/.exec(entry) ?? []
  const name = bracketed ?? plain ?? entry
  if (digits !== undefined && Number(digits) !== port) return false
  if (ipaddr.isValid(name) && ipaddr.isValid(host)) {
    return ipaddr.process(name).toNormalizedString() === ipaddr.process(host).toNormalizedString()
  }
  const suffix = name.replace(/^\*?\./, '')
  return host === suffix || host.endsWith(`.${suffix}`)
}

function rangeOf(host: string): string | null {
  return ipaddr.isValid(host) ? ipaddr.process(host).range() : null
}
