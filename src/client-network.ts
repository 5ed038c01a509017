// Which addresses count as one client: the owner of one IPv6 address can use every address of its network.

import ipaddr from 'ipaddr.js'

/** An IPv4 address unchanged; of an IPv6 address its first `bits` (64: the least that one customer gets, RFC 6177). */
export function networkOf(address: string, bits = 64): string {
  if (!ipaddr.isValid(address)) return address
  const parsed = ipaddr.process(address)
  if (parsed.kind() === 'ipv4') return parsed.toString()
  return ipaddr.IPv6.networkAddressFromCIDR(`${parsed.toString()}/${bits}`).toString()
}
