// Classifies an IP address: public, private, this machine, or one that nobody may be connected to.

import ipaddr from 'ipaddr.js'

/**
 * `public`: anyone may be connected to it. `private` (RFC 1918, fc00::/7, 100.64/10), `special` (reserved,
 * documentation, …) and `loopback`: only when the operator has allowed them. `never`: no setting allows it.
 */
export type AddressClass = 'public' | 'private' | 'special' | 'loopback' | 'never'

export interface ClassifiedAddress {
  class: AddressClass
  /** The range's name for the operator's log. */
  range: string
  /** The address that decides: for an IPv6 address that contains an IPv4 address, the IPv4 address. */
  address: ipaddr.IPv4 | ipaddr.IPv6
}

type Range = [ipaddr.IPv4 | ipaddr.IPv6, number]

/** Ranges that ipaddr.js classifies wrongly for us. A metadata service gives its caller the machine's credentials. */
const NAMED: [string, string, AddressClass][] = [
  ['168.63.129.16/32', 'metadata', 'never'], // Azure; ipaddr.js: unicast
  ['100.100.100.200/32', 'metadata', 'never'], // Alibaba; would be carrier-grade NAT
  ['192.0.0.192/32', 'metadata', 'never'], // Oracle
  // IPv6; ipaddr.js: unique local. The IPv6 addresses of OpenStack, Azure and Hetzner are link-local.
  ['fd00:ec2::/32', 'metadata', 'never'], // Amazon: https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instancedata-data-retrieval.html
  ['fd20:ce::/64', 'metadata', 'never'], // Google: https://cloud.google.com/compute/docs/metadata/querying-metadata
  ['fd00:c1::/64', 'metadata', 'never'], // Oracle, fd00:c1::a9fe:a9fe: oci-python-sdk, instance_principals_security_token_signer.py
  ['fd00:42::/64', 'metadata', 'never'], // Scaleway, fd00:42::42: https://www.scaleway.com/en/docs/instances/how-to/use-cloud-init/
  ['fd00:a9fe:a9fe::/64', 'metadata', 'never'], // Linode: https://techdocs.akamai.com/cloud-computing/docs/metadata-service-api
  ['fd00:100::/64', 'metadata', 'never'], // Alibaba, fd00:100::100:200: https://github.com/canonical/cloud-init/issues/6892
  ['240.0.0.0/4', 'reserved', 'never'], // 255.255.255.255 as well
  ['192.0.0.0/24', 'reserved', 'special'],
  ['fec0::/10', 'siteLocal', 'special'],
  ['64:ff9b:1::/48', 'nat64Local', 'special'], // leads into the local network; the position of the IPv4 address varies
  ['3fff::/20', 'documentation', 'special'],
]
const NAMED_RANGES = NAMED.map(([cidr, range, kind]) => ({ cidr: ipaddr.parseCIDR(cidr) as Range, range, kind }))

/** IPv6 prefixes that contain an IPv4 address, and the byte at which it starts (Teredo inverts its bits). */
const EMBEDDINGS: { cidr: Range; range: string; at: number; invert: boolean; usable: boolean }[] = [
  { cidr: ipaddr.parseCIDR('::ffff:0:0/96'), range: 'ipv4Mapped', at: 12, invert: false, usable: true },
  { cidr: ipaddr.parseCIDR('64:ff9b::/96'), range: 'nat64', at: 12, invert: false, usable: true },
  { cidr: ipaddr.parseCIDR('::ffff:0:0:0/96'), range: 'ipv4Translated', at: 12, invert: false, usable: false },
  { cidr: ipaddr.parseCIDR('::/96'), range: 'ipv4Compatible', at: 12, invert: false, usable: false },
  { cidr: ipaddr.parseCIDR('2002::/16'), range: '6to4', at: 2, invert: false, usable: false },
  { cidr: ipaddr.parseCIDR('2001::/32'), range: 'teredo', at: 12, invert: true, usable: false },
]

const CLASS_OF_RANGE: Record<string, AddressClass> = {
  unicast: 'public',
  private: 'private',
  uniqueLocal: 'private',
  carrierGradeNat: 'private',
  loopback: 'loopback',
  linkLocal: 'never',
  multicast: 'never',
  unspecified: 'never', // all of 0/8
}

const GLOBAL_UNICAST = ipaddr.parseCIDR('2000::/3') as [ipaddr.IPv6, number]

function within(address: ipaddr.IPv4 | ipaddr.IPv6, range: Range): boolean {
  return address.kind() === range[0].kind() && address.match(range)
}

/** null when `text` is not an IP address. An address with a zone, such as `fe80::1%eth0`, counts as link-local. */
export function classifyAddress(text: string): ClassifiedAddress | null {
  if (!ipaddr.IPv4.isValidFourPartDecimal(text) && !ipaddr.IPv6.isValid(text)) return null
  // ipaddr.js reads `::8.8.8.8` as `::ffff:8.8.8.8`, but the operating system reads it as ::808:808.
  return classify(ipaddr.parse(text.replace(/^::(?=\d+\.)/, '::0:')))
}

function classify(address: ipaddr.IPv4 | ipaddr.IPv6): ClassifiedAddress {
  const named = NAMED_RANGES.find(({ cidr }) => within(address, cidr))
  if (named) return { class: named.kind, range: named.range, address }

  const range = address.range()
  if (range === 'loopback' || range === 'unspecified')
    return { class: CLASS_OF_RANGE[range] ?? 'never', range, address }

  const embedding = EMBEDDINGS.find(({ cidr }) => within(address, cidr))
  if (embedding) {
    const bytes = address.toByteArray().slice(embedding.at, embedding.at + 4)
    const inner = classify(new ipaddr.IPv4(embedding.invert ? bytes.map((byte) => byte ^ 0xff) : bytes))
    const kind = inner.class === 'public' && !embedding.usable ? 'special' : inner.class
    return { class: kind, range: `${embedding.range} of ${inner.range}`, address: inner.address }
  }

  const kind = CLASS_OF_RANGE[range] ?? 'special'
  // Only 2000::/3 is assigned as public; other ranges that ipaddr.js does not know are not public.
  if (kind === 'public' && address instanceof ipaddr.IPv6 && !address.match(GLOBAL_UNICAST)) {
    return { class: 'special', range: 'unassigned', address }
  }
  return { class: kind, range, address }
}
