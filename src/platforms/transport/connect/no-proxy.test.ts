import { expect, test } from 'vitest'
import { targetOf } from './address.ts'
import { bypassesProxy } from './no-proxy.ts'

test.each<[string[], string, boolean]>([
  [[], 'https://ghe.example.com', false],
  [[], 'https://localhost:8443', true],
  [[], 'https://gitlab.localhost:8443', true],
  [[], 'https://evillocalhost:8443', false],
  [[], 'https://127.0.0.2:8443', true],
  [[], 'https://[::1]:8443', true],
  [['*'], 'https://ghe.example.com', true],
  [['example.com'], 'https://example.com', true],
  [['example.com'], 'https://ghe.example.com', true],
  [['Example.COM'], 'https://ghe.example.com', true],
  [['.example.com'], 'https://ghe.example.com', true],
  [['*.example.com'], 'https://ghe.example.com', true],
  [['example.com'], 'https://evilexample.com', false],
  [['example.com'], 'https://example.com.evil.com', false],
  [['example.com:8443'], 'https://example.com:8443', true],
  [['example.com:8443'], 'https://example.com', false],
  [['10.1.2.3'], 'https://10.1.2.3', true],
  [['10.1.2.3'], 'https://10.1.2.4', false],
  [['10.0.0.0/8'], 'https://10.1.2.3', true],
  [['10.0.0.0/8'], 'https://11.1.2.3', false],
  [['10.0.0.0/8'], 'https://ghe.example.com', false],
  [['fd12::1'], 'https://[fd12::1]', true],
  [['[fd12::1]:8443'], 'https://[fd12::1]:8443', true],
  [['fd12::/16'], 'https://[fd12::9]', true],
  [['nonsense/99'], 'https://10.1.2.3', false],
])('NO_PROXY %j, %s', (entries, url, bypasses) => {
  const target = targetOf(new URL(url))
  expect(target && bypassesProxy(entries, target)).toBe(bypasses)
})
