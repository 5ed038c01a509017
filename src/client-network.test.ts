import { expect, it } from 'vitest'
import { networkOf } from './client-network.ts'

it.each([
  ['192.0.2.1', '192.0.2.1'],
  ['::ffff:192.0.2.1', '192.0.2.1'],
  ['2001:db8:1:2::1', '2001:db8:1:2::'],
  ['2001:db8:1:2:ffff:ffff:ffff:ffff', '2001:db8:1:2::'],
  ['2001:DB8:1:3::1', '2001:db8:1:3::'],
  ['::1', '::'],
  ['unknown', 'unknown'],
  ['', ''],
])('%s is of %s', (address, network) => {
  expect(networkOf(address)).toBe(network)
})

it('takes other lengths of a network', () => {
  expect(networkOf('2001:db8:1:2::1', 48)).toBe('2001:db8:1::')
})
