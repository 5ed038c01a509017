// ALLOWED_HOSTS: which entries there are, and what is none.

import { expect, it } from 'vitest'
import { problemsOf } from '../../test/support/settings.ts'
import { readConfig } from '../read-config.ts'
import type { AllowedHost } from './hosts.ts'

it.each<[string, Omit<AllowedHost, 'text'> & Record<string, unknown>]>([
  ['gitlab.corp.lan', { kind: 'host', host: 'gitlab.corp.lan', port: null, plainHttp: false }],
  ['GitLab.Corp.LAN', { kind: 'host', host: 'gitlab.corp.lan', port: null, plainHttp: false }],
  ['git_lab', { kind: 'host', host: 'git_lab', port: null, plainHttp: false }],
  ['xn--grn-hoa.lan', { kind: 'host', host: 'xn--grn-hoa.lan', port: null, plainHttp: false }],
  ['*.corp.lan', { kind: 'suffix', suffix: '.corp.lan', port: null, plainHttp: false }],
  ['*.corp.lan:8443', { kind: 'suffix', suffix: '.corp.lan', port: 8443, plainHttp: false }],
  ['gitlab.corp.lan:8443', { kind: 'host', host: 'gitlab.corp.lan', port: 8443, plainHttp: false }],
  ['gitlab.corp.lan:22', { kind: 'host', host: 'gitlab.corp.lan', port: 22, plainHttp: false }],
  ['10.1.2.3', { kind: 'host', host: '10.1.2.3', port: null, plainHttp: false }],
  ['10.1.2.3:65535', { kind: 'host', host: '10.1.2.3', port: 65535, plainHttp: false }],
  ['fd00::7', { kind: 'host', host: 'fd00::7', port: null, plainHttp: false }],
  ['[fd00::7]', { kind: 'host', host: 'fd00::7', port: null, plainHttp: false }],
  ['[FD00::7]:8443', { kind: 'host', host: 'fd00::7', port: 8443, plainHttp: false }],
  ['10.0.0.0/8', { kind: 'range', range: '10.0.0.0/8', port: null, plainHttp: false }],
  ['fd00::/8', { kind: 'range', range: 'fd00::/8', port: null, plainHttp: false }],
  ['private', { kind: 'private', port: null, plainHttp: false }],
  ['PRIVATE', { kind: 'private', port: null, plainHttp: false }],
  ['http://gitlab.corp.lan:8080', { kind: 'host', host: 'gitlab.corp.lan', port: 8080, plainHttp: true }],
  ['http://localhost:1', { kind: 'host', host: 'localhost', port: 1, plainHttp: true }],
  ['http://[::1]:8080', { kind: 'host', host: '::1', port: 8080, plainHttp: true }],
  ['http://127.0.0.1:8080', { kind: 'host', host: '127.0.0.1', port: 8080, plainHttp: true }],
])('reads %s', (text, entry) => {
  expect(readConfig({ ALLOWED_HOSTS: text }).allowedHosts).toEqual([{ text: text.toLowerCase(), ...entry }])
})

it('reads a list of entries, in order', () => {
  const { allowedHosts } = readConfig({ ALLOWED_HOSTS: ' private,*.corp.lan , 10.0.0.0/8,, http://localhost:8080 ' })
  expect(allowedHosts.map(({ text }) => text)).toEqual(['private', '*.corp.lan', '10.0.0.0/8', 'http://localhost:8080'])
})

it.each([
  '*',
  '*.',
  '*corp.lan',
  'git*.corp.lan',
  '*.*.lan',
  '*.10.0.0.1',
  '.corp.lan',
  'corp.lan.',
  'a..b',
  '-a.lan',
  'a-.lan',
  'a b',
  'größe.lan',
  `${'a'.repeat(254)}`,
  'gitlab.corp.lan:0',
  'gitlab.corp.lan:65536',
  'gitlab.corp.lan:',
  'gitlab.corp.lan:http',
  'gitlab.corp.lan:8443/path',
  'gitlab.corp.lan/',
  'http://gitlab.corp.lan',
  'http://*.corp.lan:8080',
  'http://10.0.0.0/8',
  'http://private',
  'http://user:hunter2@gitlab.corp.lan:8080',
  'ftp://gitlab.corp.lan:21',
  'http:gitlab.corp.lan:80',
  'private:8443',
  'http://private:8080',
  '10.0.0.256',
  '10.0.0',
  '127.1',
  '0x7f.1',
  '2130706433',
  '010.0.0.1',
  '10.0.0.0/33',
  '10/8',
  '10.0.0.0/-1',
  '10.0.0.0/8:443',
  'fd00::/129',
  'fe80::1%eth0',
  '[fe80::1%eth0]:443',
  '[::1',
  '::1]:80',
  '[10.0.0.1]:80',
  '[]:80',
  'corp.lan;other.lan',
])('refuses %s among good ones', (entry) => {
  const problems = problemsOf({ ALLOWED_HOSTS: `private,${entry},gitlab.corp.lan` })
  expect(problems).toEqual([expect.stringMatching(/^ALLOWED_HOSTS must list hosts such as /)])
  expect(problems.join()).not.toContain('hunter2')
})
