// Which addresses count as one client: whoever has one IPv6 address can use all of its network.

import ipaddr from 'ipaddr.js'

/** An IPv4 address as it is, of an IPv6 address its first `bits` (64: what one customer has at the least, RFC 6177). */
export function networkOf(address: string, bits = 64): string {
  if (!ipaddr.isValid(address)) return address
  const parsed = ipaddr.process(address)
  if (parsed.kind() === 'ipv4') return parsed.toString()
  return ipaddr.IPv6.networkAddressFromCIDR(`${parsed.toString()}/${bits}`).toString()
}
