// What kind of place an address is, beyond the ranges that src/platforms/transport/connect/address.test.ts tries: what an entry could open.

import { expect, test } from 'vitest'
import { type AddressClass, classifyAddress } from './address-class.ts'

test.each<[string, AddressClass, string]>([
  ['8.8.8.8', 'public', '8.8.8.8'],
  ['2606:4700:4700::1111', 'public', '2606:4700:4700::1111'],
  ['10.1.2.3', 'private', '10.1.2.3'],
  ['100.64.0.1', 'private', '100.64.0.1'],
  ['fd12::1', 'private', 'fd12::1'],
  ['127.0.0.1', 'loopback', '127.0.0.1'],
  ['::1', 'loopback', '::1'],

  // An operator may have a platform there.
  ['198.18.0.1', 'special', '198.18.0.1'],
  ['192.0.0.191', 'special', '192.0.0.191'],
  ['192.0.2.1', 'special', '192.0.2.1'],
  ['fec0::1', 'special', 'fec0::1'],
  ['64:ff9b:1::7f00:1', 'special', '64:ff9b:1::7f00:1'],
  ['3fff::1', 'special', '3fff::1'],
  ['2001:db8::1', 'special', '2001:db8::1'],
  ['4000::1', 'special', '4000::1'],

  // Nobody has a platform there.
  ['0.0.0.0', 'never', '0.0.0.0'],
  ['0.1.2.3', 'never', '0.1.2.3'],
  ['::', 'never', '::'],
  ['169.254.169.254', 'never', '169.254.169.254'],
  ['fe80::1', 'never', 'fe80::1'],
  ['168.63.129.16', 'never', '168.63.129.16'],
  ['100.100.100.200', 'never', '100.100.100.200'],
  ['192.0.0.192', 'never', '192.0.0.192'],
  ['fd00:ec2::254', 'never', 'fd00:ec2::254'],
  ['fd20:ce::254', 'never', 'fd20:ce::254'],
  ['224.0.0.1', 'never', '224.0.0.1'],
  ['ff02::1', 'never', 'ff02::1'],
  ['240.0.0.1', 'never', '240.0.0.1'],
  ['255.255.255.255', 'never', '255.255.255.255'],

  // The IPv4 address inside counts.
  ['::ffff:8.8.8.8', 'public', '8.8.8.8'],
  ['::ffff:10.1.2.3', 'private', '10.1.2.3'],
  ['::ffff:127.0.0.1', 'loopback', '127.0.0.1'],
  ['::ffff:169.254.169.254', 'never', '169.254.169.254'],
  ['64:ff9b::8.8.8.8', 'public', '8.8.8.8'],
  ['64:ff9b::168.63.129.16', 'never', '168.63.129.16'],

  // Of old ways to carry it, none leads to a platform, but some lead to what must not be reached.
  ['::ffff:0:8.8.8.8', 'special', '8.8.8.8'],
  ['::ffff:0:169.254.169.254', 'never', '169.254.169.254'],
  ['::8.8.8.8', 'special', '8.8.8.8'],
  ['::10.1.2.3', 'private', '10.1.2.3'],
  ['2002:808:808::1', 'special', '8.8.8.8'],
  ['2002:a9fe:a9fe::1', 'never', '169.254.169.254'],
  ['2001:0:1:2:3:4:f7f7:f7f7', 'special', '8.8.8.8'],
  ['2001:0:1:2:3:4:5601:5601', 'never', '169.254.169.254'],
])('%s is %s, for %s', (text, kind, counts) => {
  const classified = classifyAddress(text)
  expect([classified?.class, classified?.address.toString()]).toEqual([kind, counts])
})
