// What is said of an address that is refused: to the user, and to the operator.

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

describe('what is said', () => {
  test('the user reads the name and the setting but never the resolved address; the operator reads it all', () => {
    expect(ask('', 'https://gitlab.corp.lan', '10.1.2.3')).toEqual({
      message:
        'gitlab.corp.lan is on a private network, and this server only contacts private hosts its operator has allowed. Ask the operator to add "gitlab.corp.lan" to ALLOWED_HOSTS.',
      log: {
        host: 'gitlab.corp.lan',
        port: 443,
        address: '10.1.2.3',
        range: 'private',
        setting: 'ALLOWED_HOSTS=gitlab.corp.lan',
      },
    })
  })

  test.each([
    [
      'http://localhost:8080',
      'localhost:8080 is asked for over plain http, which would show the token to the network. Use https.',
      { host: 'localhost', port: 8080, address: '', range: 'http', setting: 'http://localhost:8080' },
    ],
    [
      'https://ghe.example.com:22',
      'Port 22 is not one this server contacts: only 443 and 1024 and up. Ask the operator to add "ghe.example.com:22" to ALLOWED_HOSTS.',
      { host: 'ghe.example.com', port: 22, address: '', range: 'port', setting: 'ghe.example.com:22' },
    ],
    [
      'https://169.254.169.254',
      "169.254.169.254 is at an address that this server never contacts. Use the platform's own address.",
      { host: '169.254.169.254', port: 443, address: '169.254.169.254', range: 'linkLocal', setting: 'none' },
    ],
  ])('%s: all of it', (url, message, log) => {
    expect(ask('', url)).toEqual({ message, log })
  })

  test.each([
    ['https://localhost:8443', '127.0.0.1', 'add "localhost:8443" to ALLOWED_HOSTS'],
    ['https://[::1]:8443', undefined, 'add "[::1]:8443" to ALLOWED_HOSTS'],
    ['https://ghe.example.com:80', undefined, 'add "ghe.example.com:80" to ALLOWED_HOSTS'],
    ['https://ghe.example.com', '169.254.169.254', 'never contacts'],
  ])('%s at %s: %s', (url, resolved, words) => {
    expect(ask('', url, resolved)?.message).toContain(words)
  })

  test('the setting that the message names opens the address', () => {
    for (const [url, resolved] of [
      ['https://gitlab.corp.lan', '10.1.2.3'],
      ['https://localhost:8443', '127.0.0.1'],
      ['https://[::1]:8443', '::1'],
      ['https://[fd12::5]', 'fd12::5'],
      ['https://ghe.example.com:80', '8.8.8.8'],
    ] as const) {
      const setting = /add "([^"]+)"/.exec(ask('', url, resolved)?.message ?? '')?.[1] ?? ''
      expect([url, ask(setting, url, resolved)]).toEqual([url, null])
    }
  })
})
