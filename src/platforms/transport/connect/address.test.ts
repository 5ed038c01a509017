import { describe, expect, test } from 'vitest'
import type { AllowedHost } from '../../../config.ts'
import { readConfig } from '../../../read-config.ts'
import { createAddressPolicy, type PolicyViolation, targetOf } from './address.ts'

/** Entries as an operator writes them, without those of the default platforms. */
function entries(text: string): AllowedHost[] {
  return readConfig({ ALLOWED_HOSTS: text }).allowedHosts
}

function ask(allowed: string, url: string, resolved?: string): PolicyViolation | null {
  const policy = createAddressPolicy(entries(allowed))
  const target = targetOf(new URL(url))
  if (!target) throw new Error('not http(s)')
  return policy.checkTarget(target) ?? (resolved === undefined ? null : policy.checkAddress(target, resolved))
}

describe('without entries', () => {
  // What a user may type for a host, and the range named to the operator; null passes.
  test.each<[string, string | null]>([
    ['8.8.8.8', null],
    ['140.82.121.4', null],
    ['1.0.0.1', null],
    ['9.255.255.255', null],
    ['11.0.0.0', null],
    ['172.15.255.255', null],
    ['172.32.0.0', null],
    ['192.167.255.255', null],
    ['192.169.0.0', null],
    ['100.63.255.255', null],
    ['100.128.0.0', null],
    ['168.63.129.15', null],
    ['223.255.255.255', null],
    ['134744072', null], // 8.8.8.8
    ['127.0.0.1', 'loopback'],
    ['127.255.255.254', 'loopback'],
    ['127.1', 'loopback'],
    ['127.0.1', 'loopback'],
    ['0x7f.1', 'loopback'],
    ['0x7f000001', 'loopback'],
    ['2130706433', 'loopback'],
    ['017700000001', 'loopback'],
    ['0177.0.0.1', 'loopback'],
    ['①②⑦.⓪.⓪.①', 'loopback'],
    ['127。0。0。1', 'loopback'],
    ['%31%32%37.0.0.1', 'loopback'],
    ['127.0.0.1.', 'loopback'],
    ['localhost', 'loopback'],
    ['LOCALHOST.', 'loopback'],
    ['gitlab.localhost', 'loopback'],
    ['a.b.localhost.', 'loopback'],
    ['evillocalhost', null],
    ['localhost.example.com', null],
    ['0', 'unspecified'],
    ['0.0.0.0', 'unspecified'],
    ['0.1.2.3', 'unspecified'],
    ['10.0.0.0', 'private'],
    ['10.255.255.255', 'private'],
    ['0xa.0.0.1', 'private'],
    ['172.16.0.0', 'private'],
    ['172.31.255.255', 'private'],
    ['192.168.1.1', 'private'],
    ['100.64.0.1', 'carrierGradeNat'],
    ['100.127.255.255', 'carrierGradeNat'],
    ['100.100.100.200', 'metadata'],
    ['169.254.169.254', 'linkLocal'],
    ['169.254.0.1', 'linkLocal'],
    ['2852039166', 'linkLocal'],
    ['168.63.129.16', 'metadata'],
    ['192.0.0.192', 'metadata'],
    ['192.0.0.1', 'reserved'],
    ['192.0.2.1', 'reserved'],
    ['198.51.100.7', 'reserved'],
    ['203.0.113.9', 'reserved'],
    ['198.18.0.1', 'reserved'],
    ['224.0.0.1', 'multicast'],
    ['239.255.255.255', 'multicast'],
    ['240.0.0.1', 'reserved'],
    ['255.255.255.255', 'reserved'],
    ['[2606:4700:4700::1111]', null],
    ['[2a00:1450:4001:80b::200e]', null],
    ['[::]', 'unspecified'],
    ['[::1]', 'loopback'],
    ['[0:0:0:0:0:0:0:1]', 'loopback'],
    ['[::ffff:7f00:1]', 'ipv4Mapped of loopback'],
    ['[::ffff:127.0.0.1]', 'ipv4Mapped of loopback'],
    ['[::ffff:10.0.0.1]', 'ipv4Mapped of private'],
    ['[::ffff:169.254.169.254]', 'ipv4Mapped of linkLocal'],
    ['[::ffff:8.8.8.8]', null],
    ['[64:ff9b::7f00:1]', 'nat64 of loopback'],
    ['[64:ff9b::a9fe:a9fe]', 'nat64 of linkLocal'],
    ['[64:ff9b::a83f:8110]', 'nat64 of metadata'],
    ['[64:ff9b::808:808]', null],
    ['[64:ff9b:1::7f00:1]', 'nat64Local'],
    ['[2002:7f00:1::1]', '6to4 of loopback'],
    ['[2002:a00:1::]', '6to4 of private'],
    ['[2002:808:808::]', '6to4 of unicast'],
    ['[2001:0:1:2:3:4:80ff:fffe]', 'teredo of loopback'],
    ['[2001:0:1:2:3:4:5601:5601]', 'teredo of linkLocal'],
    ['[2001:0:1:2:3:4:f7f7:f7f7]', 'teredo of unicast'],
    ['[::127.0.0.1]', 'ipv4Compatible of loopback'],
    ['[::8.8.8.8]', 'ipv4Compatible of unicast'],
    ['[::ffff:0:127.0.0.1]', 'ipv4Translated of loopback'],
    ['[::ffff:0:8.8.8.8]', 'ipv4Translated of unicast'],
    ['[fc00::1]', 'uniqueLocal'],
    ['[fdff::1]', 'uniqueLocal'],
    ['[fd00:ec2::254]', 'metadata'],
    ['[fd20:ce::254]', 'metadata'],
    ['[fd00:c1::a9fe:a9fe]', 'metadata'],
    ['[fd00:42::42]', 'metadata'],
    ['[fd00:a9fe:a9fe::1]', 'metadata'],
    ['[fd00:100::100:200]', 'metadata'],
    ['[fe80::a9fe:a9fe]', 'linkLocal'],
    ['[fe80::1]', 'linkLocal'],
    ['[febf::1]', 'linkLocal'],
    ['[fec0::1]', 'siteLocal'],
    ['[ff02::1]', 'multicast'],
    ['[2001:db8::1]', 'reserved'],
    ['[3fff::1]', 'documentation'],
    ['[100::1]', 'discard'],
    ['[5f00::1]', 'segmentRouting'],
    ['[4000::1]', 'unassigned'],
  ])('%s is in range %s', (host, range) => {
    expect(ask('', `https://${host}`)?.log.range ?? null).toBe(range)
  })

  test.each<[string, string | null]>([
    ['https://ghe.example.com', null],
    ['https://ghe.example.com:443', null],
    ['https://ghe.example.com:1024', null],
    ['https://ghe.example.com:8443', null],
    ['https://ghe.example.com:65535', null],
    ['https://ghe.example.com:0', 'port'],
    ['https://ghe.example.com:22', 'port'],
    ['https://ghe.example.com:80', 'port'],
    ['https://ghe.example.com:444', 'port'],
    ['https://ghe.example.com:1023', 'port'],
    ['http://ghe.example.com', 'http'],
    ['http://ghe.example.com:8080', 'http'],
    ['http://127.0.0.1:8080', 'http'],
  ])('%s is refused for its %s', (url, range) => {
    expect(ask('', url)?.log.range ?? null).toBe(range)
  })

  test.each<[string, string | null]>([
    ['93.184.216.34', null],
    ['10.1.2.3', 'private'],
    ['127.0.0.1', 'loopback'],
    ['::1', 'loopback'],
    ['::ffff:10.1.2.3', 'ipv4Mapped of private'],
    ['::10.1.2.3', 'ipv4Compatible of private'],
    ['::8.8.8.8', 'ipv4Compatible of unicast'],
    ['fe80::1%eth0', 'linkLocal'],
    ['', 'unknown'],
    ['nonsense', 'unknown'],
    ['127.1', 'unknown'],
  ])('a name that resolves to "%s" is in range %s', (resolved, range) => {
    expect(ask('', 'https://ghe.example.com', resolved)?.log.range ?? null).toBe(range)
  })
})

const OPEN = true
const SHUT = false

describe('an entry opens what it says and nothing beside it', () => {
  test.each<[string, string, string | undefined, boolean]>([
    ['gitlab.corp.lan', 'https://gitlab.corp.lan', '10.1.2.3', OPEN],
    ['gitlab.corp.lan', 'https://gitlab.corp.lan.', '10.1.2.3', OPEN],
    ['gitlab.corp.lan', 'https://gitlab.corp.lan:8443', 'fd12::1', OPEN],
    ['gitlab.corp.lan', 'https://gitlab.corp.lan', '198.18.0.1', OPEN],
    ['GitLab.Corp.Lan', 'https://gitlab.corp.lan', '10.1.2.3', OPEN],
    ['gitlab.corp.lan', 'https://evilgitlab.corp.lan', '10.1.2.3', SHUT],
    ['gitlab.corp.lan', 'https://gitlab.corp.lan.evil.com', '10.1.2.3', SHUT],
    ['gitlab.corp.lan', 'https://sub.gitlab.corp.lan', '10.1.2.3', SHUT],
    ['gitlab.corp.lan', 'https://10.1.2.3', undefined, SHUT],
    ['gitlab.corp.lan', 'https://gitlab.corp.lan:22', '10.1.2.3', SHUT],
    ['gitlab.corp.lan', 'http://gitlab.corp.lan', '10.1.2.3', SHUT],
    ['gitlab.corp.lan', 'https://gitlab.corp.lan', '127.0.0.1', SHUT],
    ['gitlab.corp.lan', 'https://gitlab.corp.lan', '169.254.169.254', SHUT],
    ['gitlab.corp.lan', 'https://gitlab.corp.lan', 'fd00:ec2::254', SHUT],
    ['gitlab.corp.lan', 'https://gitlab.corp.lan', '0.0.0.0', SHUT],

    ['gitlab.corp.lan:8443', 'https://gitlab.corp.lan:8443', '10.1.2.3', OPEN],
    ['gitlab.corp.lan:8443', 'https://gitlab.corp.lan:8443', '127.0.0.1', OPEN],
    ['gitlab.corp.lan:80', 'https://gitlab.corp.lan:80', '10.1.2.3', OPEN],
    ['gitlab.corp.lan:443', 'https://gitlab.corp.lan', '10.1.2.3', OPEN],
    ['gitlab.corp.lan:8443', 'https://gitlab.corp.lan', '10.1.2.3', SHUT],
    ['gitlab.corp.lan:8443', 'https://gitlab.corp.lan:8444', '10.1.2.3', SHUT],
    ['gitlab.corp.lan:8443', 'https://evilgitlab.corp.lan:8443', '10.1.2.3', SHUT],
    ['gitlab.corp.lan:8443', 'http://gitlab.corp.lan:8443', '10.1.2.3', SHUT],
    ['gitlab.corp.lan:80', 'https://gitlab.corp.lan:81', '10.1.2.3', SHUT],

    ['*.corp.lan', 'https://gitlab.corp.lan', '10.1.2.3', OPEN],
    ['*.corp.lan', 'https://a.b.corp.lan', '10.1.2.3', OPEN],
    ['*.corp.lan', 'https://corp.lan', '10.1.2.3', SHUT],
    ['*.corp.lan', 'https://evilcorp.lan', '10.1.2.3', SHUT],
    ['*.corp.lan', 'https://gitlab.corp.lan.evil.com', '10.1.2.3', SHUT],
    ['*.corp.lan', 'https://gitlab.corp.lan', '127.0.0.1', SHUT],
    ['*.corp.lan:8443', 'https://gitlab.corp.lan:8443', '10.1.2.3', OPEN],
    ['*.corp.lan:8443', 'https://gitlab.corp.lan', '10.1.2.3', SHUT],
    ['*.corp.lan:8443', 'https://gitlab.corp.lan:8443', '127.0.0.1', SHUT],

    ['10.1.2.3', 'https://10.1.2.3', undefined, OPEN],
    ['10.1.2.3', 'https://167838211', undefined, OPEN], // the same address
    ['10.1.2.3', 'https://[::ffff:10.1.2.3]', undefined, OPEN],
    ['10.1.2.3', 'https://gitlab.corp.lan', '10.1.2.3', OPEN],
    ['10.1.2.3', 'https://10.1.2.4', undefined, SHUT],
    ['10.1.2.3', 'https://10.1.2.3.evil.com', '10.1.2.4', SHUT],
    ['10.1.2.3', 'https://10.1.2.3:22', undefined, SHUT],
    ['10.1.2.3:8443', 'https://10.1.2.3:8443', undefined, OPEN],
    ['10.1.2.3:8443', 'https://10.1.2.3', undefined, SHUT],
    ...['169.254.169.254', '168.63.129.16', '100.100.100.200', '192.0.0.192', '224.0.0.1', '240.0.0.1', '0.0.0.0'].map(
      (never): [string, string, undefined, boolean] => [never, `https://${never}`, undefined, SHUT],
    ),
    ['fd20:ce::254', 'https://[fd20:ce::254]', undefined, SHUT],
    ['fd12::5', 'https://[fd12::5]', undefined, OPEN],
    ['fd12::5', 'https://[fd12:0:0::5]', undefined, OPEN],
    ['fd12::5', 'https://[fd12::6]', undefined, SHUT],
    ['[fd12::5]:8443', 'https://[fd12::5]:8443', undefined, OPEN],
    ['[fd12::5]:8443', 'https://[fd12::5]', undefined, SHUT],

    ['10.0.0.0/8', 'https://10.9.9.9', undefined, OPEN],
    ['10.0.0.0/8', 'https://any.name', '10.9.9.9', OPEN],
    ['10.0.0.0/8', 'https://[::ffff:10.9.9.9]', undefined, OPEN],
    ['10.0.0.0/8', 'https://11.0.0.1:22', undefined, SHUT],
    ['10.0.0.0/8', 'https://any.name', '192.168.0.1', SHUT],
    ['10.0.0.0/8', 'https://any.name:22', '10.9.9.9', SHUT],
    ['10.0.0.0/8', 'http://10.9.9.9', undefined, SHUT],
    ['127.0.0.0/8', 'https://127.0.0.1:8443', undefined, SHUT],
    ['0.0.0.0/0', 'https://169.254.169.254', undefined, SHUT],
    ['0.0.0.0/0', 'https://127.0.0.1', undefined, SHUT],
    ['0.0.0.0/0', 'https://224.0.0.1', undefined, SHUT],
    ['198.18.0.0/15', 'https://198.18.7.7', undefined, OPEN],
    ['fd12::/16', 'https://[fd12::9]', undefined, OPEN],
    ['fd12::/16', 'https://[fd13::9]', undefined, SHUT],
    ['::/0', 'https://[fd00:ec2::254]', undefined, SHUT],
    ['::/0', 'https://[::1]', undefined, SHUT],
    ['::/0', 'https://10.0.0.1', undefined, SHUT],

    ['private', 'https://10.0.0.1', undefined, OPEN],
    ['private', 'https://any.name', '192.168.0.1', OPEN],
    ['private', 'https://[fd12::1]', undefined, OPEN],
    ['private', 'https://100.64.0.1', undefined, OPEN],
    ['private', 'https://127.0.0.1', undefined, SHUT],
    ['private', 'https://localhost', '127.0.0.1', SHUT],
    ['private', 'https://169.254.169.254', undefined, SHUT],
    ['private', 'https://[fd00:ec2::254]', undefined, SHUT],
    ['private', 'https://100.100.100.200', undefined, SHUT],
    ['private', 'https://198.18.0.1', undefined, SHUT],
    ['private', 'https://10.0.0.1:80', undefined, SHUT],

    ['localhost:8080', 'https://localhost:8080', '127.0.0.1', OPEN],
    ['localhost:8080', 'https://localhost:8080', '::1', OPEN],
    ['localhost:8080', 'https://localhost:8081', '127.0.0.1', SHUT],
    ['localhost:8080', 'https://127.0.0.1:8080', undefined, SHUT],
    ['localhost:8080', 'http://localhost:8080', '127.0.0.1', SHUT],
    ['localhost', 'https://localhost:8080', '127.0.0.1', SHUT],
    ['gitlab.localhost:8080', 'https://gitlab.localhost:8080', '127.0.0.1', OPEN],
    ['gitlab.localhost:8080', 'https://localhost:8080', '127.0.0.1', SHUT],
    ['*.localhost', 'https://gitlab.localhost:8080', '127.0.0.1', SHUT],
    ['127.0.0.1:8080', 'https://127.0.0.1:8080', undefined, OPEN],
    ['127.0.0.1:8080', 'https://localhost:8080', '127.0.0.1', SHUT],
    ['127.0.0.1:8080', 'https://127.0.0.2:8080', undefined, SHUT],
    ['127.0.0.1:8080', 'https://[::ffff:127.0.0.1]:8080', undefined, SHUT],
    ['127.0.0.1', 'https://127.0.0.1', undefined, SHUT],
    ['[::1]:8080', 'https://[::1]:8080', undefined, OPEN],
    ['[0:0:0:0:0:0:0:1]:8080', 'https://[::1]:8080', undefined, OPEN],
    ['[::1]:8080', 'https://localhost:8080', '::1', SHUT],

    ['http://localhost:8080', 'http://localhost:8080', '127.0.0.1', OPEN],
    ['http://localhost:8080', 'https://localhost:8080', '127.0.0.1', OPEN],
    ['http://localhost:8080', 'http://localhost:8081', '127.0.0.1', SHUT],
    ['http://localhost:8080', 'http://127.0.0.1:8080', undefined, SHUT],
    ['http://localhost:8080', 'http://localhost.evil.com:8080', '127.0.0.1', SHUT],
    ['http://gitlab.corp.lan:80', 'http://gitlab.corp.lan', '10.1.2.3', OPEN],
    ['http://gitlab.corp.lan:80', 'http://gitlab.corp.lan:8080', '10.1.2.3', SHUT],
    ['http://gitlab.corp.lan:80', 'http://sub.gitlab.corp.lan', '10.1.2.3', SHUT],
    ['http://gitlab.corp.lan:80', 'http://gitlab.corp.lan', '169.254.1.1', SHUT],
  ])('%s: %s at %s', (entry, url, resolved, open) => {
    expect(ask(entry, url, resolved) === null).toBe(open)
  })

  test.each(['ftp://ghe.example.com', 'ws://ghe.example.com', 'file:///etc/passwd', 'javascript:alert(1)'])(
    'nothing opens %s',
    (url) => {
      expect(targetOf(new URL(url))).toBeNull()
    },
  )

  test('a configured GITHUB_URL counts as an entry, for its own port only', () => {
    const policy = createAddressPolicy(readConfig({ GITHUB_URL: 'http://localhost:4601' }).allowedHosts)
    const at = (port: number) => policy.checkAddress({ protocol: 'http:', host: 'localhost', port }, '127.0.0.1')
    expect(policy.checkTarget({ protocol: 'http:', host: 'localhost', port: 4601 })).toBeNull()
    expect(at(4601)).toBeNull()
    expect(at(4602)).not.toBeNull()
  })
})
