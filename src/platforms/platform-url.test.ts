import { describe, expect, test } from 'vitest'
import { readConfig } from '../read-config.ts'
import { type PlatformAddress, platformAddress, readPlatformUrl } from './platform-url.ts'
import type { ScmType } from './scm-types.ts'
import { createAddressPolicy } from './transport/connect/address.ts'

const GHES = 'github-enterprise'
const GITLAB = 'gitlab-self-hosted'
const OWN = 'https://forgelink.example.com'

function read(scmType: ScmType, text: string, allowed = '', own = OWN): PlatformAddress | { problem: string } {
  const policy = createAddressPolicy(readConfig({ ALLOWED_HOSTS: allowed }).allowedHosts)
  return readPlatformUrl(scmType, text, policy, own)
}

function problemOf(scmType: ScmType, text: string, allowed = '', own = OWN): string {
  const result = read(scmType, text, allowed, own)
  return 'problem' in result ? result.problem : ''
}

describe('accepted', () => {
  test.each<[ScmType, string, string, string, string]>([
    // type, as typed, answered url, web root, API root
    [GHES, 'https://ghe.example.com', 'https://ghe.example.com', 'https://ghe.example.com', '/api/v3'],
    [GHES, 'https://ghe.example.com/', 'https://ghe.example.com', 'https://ghe.example.com', '/api/v3'],
    [GHES, 'https://GHE.Example.COM/', 'https://ghe.example.com', 'https://ghe.example.com', '/api/v3'],
    [GHES, 'HTTPS://ghe.example.com', 'https://ghe.example.com', 'https://ghe.example.com', '/api/v3'],
    [GHES, 'https://ghe.example.com:443', 'https://ghe.example.com:443', 'https://ghe.example.com', '/api/v3'],
    [GHES, 'https://ghe.example.com:', 'https://ghe.example.com:', 'https://ghe.example.com', '/api/v3'],
    [GHES, 'https://ghe.example.com:8443/', 'https://ghe.example.com:8443', 'https://ghe.example.com:8443', '/api/v3'],
    [GHES, 'https://ghe.example.com.', 'https://ghe.example.com.', 'https://ghe.example.com', '/api/v3'],
    [GHES, 'https://ghe.example.com.:8443', 'https://ghe.example.com.:8443', 'https://ghe.example.com:8443', '/api/v3'],
    [GHES, 'https://bücher.example', 'https://bücher.example', 'https://xn--bcher-kva.example', '/api/v3'],
    [GHES, 'https://8.8.8.8', 'https://8.8.8.8', 'https://8.8.8.8', '/api/v3'],
    [
      GHES,
      'https://[2606:4700::1111]:8443',
      'https://[2606:4700::1111]:8443',
      'https://[2606:4700::1111]:8443',
      '/api/v3',
    ],
    [GHES, 'https://notgithub.com', 'https://notgithub.com', 'https://notgithub.com', '/api/v3'],
    [
      GHES,
      'https://github.com.example.org',
      'https://github.com.example.org',
      'https://github.com.example.org',
      '/api/v3',
    ],
    [GITLAB, 'https://gitlab.example.com/', 'https://gitlab.example.com', 'https://gitlab.example.com', '/api/v4'],
    [GITLAB, 'https://ex.com/GitLab/', 'https://ex.com/GitLab', 'https://ex.com/GitLab', '/api/v4'],
    [GITLAB, 'https://ex.com/a/b/c', 'https://ex.com/a/b/c', 'https://ex.com/a/b/c', '/api/v4'],
    [GITLAB, 'https://ex.com/api', 'https://ex.com/api', 'https://ex.com/api', '/api/v4'],
    [GITLAB, 'https://ex.com/graphql-docs', 'https://ex.com/graphql-docs', 'https://ex.com/graphql-docs', '/api/v4'],
    [GITLAB, 'https://acme.ghe.com', 'https://acme.ghe.com', 'https://acme.ghe.com', '/api/v4'],
  ])('%s %s', (scmType, text, url, webUrl, below) => {
    expect(read(scmType, text)).toEqual({ url, webUrl, apiUrl: webUrl + below, key: webUrl })
  })

  test('a tenant with data residency has its API on a host of its own', () => {
    expect(read(GHES, 'https://Acme.ghe.com/')).toEqual({
      url: 'https://acme.ghe.com',
      webUrl: 'https://acme.ghe.com',
      apiUrl: 'https://api.acme.ghe.com',
      key: 'https://acme.ghe.com',
    })
  })

  test('2,048 characters are not too many', () => {
    const text = `https://ex.com/${'a'.repeat(2048 - 'https://ex.com/'.length)}`
    expect(read(GITLAB, text)).toMatchObject({ url: text })
    expect(problemOf(GITLAB, `${text}a`)).toBe('is longer than 2,048 characters')
  })

  test.each([
    ['http://localhost:8080', 'http://localhost:8080/', 'http://localhost:8080'],
    ['gitlab.corp.lan:80', 'https://gitlab.corp.lan:80', 'https://gitlab.corp.lan:80'],
    ['10.0.0.0/8', 'https://10.1.2.3', 'https://10.1.2.3'],
    ['10.0.0.0/8', 'https://0xa010203', 'https://10.1.2.3'],
  ])('the entry %s lets %s pass', (allowed, text, webUrl) => {
    expect(read(GITLAB, text, allowed)).toMatchObject({ webUrl, key: webUrl })
  })
})

describe('refused', () => {
  test.each<[ScmType, string, string]>([
    [GHES, '', 'must start with https://'],
    [GHES, 'ghe.example.com', 'use https://ghe.example.com'],
    [GHES, 'ghe.example.com:8443/', 'use https://ghe.example.com:8443'],
    [GITLAB, 'ex.com/gitlab', 'use https://ex.com/gitlab'],
    [GITLAB, 'localhost:8080', 'must start with https://'],
    [GHES, '//ghe.example.com', 'use https://ghe.example.com'],
    [GHES, 'http://ghe.example.com', 'is not an https address; use https://ghe.example.com'],
    [GITLAB, 'http://ex.com/gitlab/', 'is not an https address; use https://ex.com/gitlab'],
    [GHES, 'ftp://ghe.example.com', 'is not an https address'],
    [GHES, 'javascript:alert(1)', 'is not an https address'],
    [GHES, 'file:///etc/passwd', 'is not an https address'],
    [GHES, 'data:text/html,x', 'is not an https address'],
    [GHES, 'https:ghe.example.com', 'is not an address'],
    [GHES, 'https:/ghe.example.com', 'is not an address'],
    [GHES, 'https:///ghe.example.com', 'is not an address'],
    [GHES, 'https://', 'is not an address'],
    [GHES, 'https://.', 'is not an address'],
    [GHES, 'https://ghe..example.com..', 'is not an address'],
    [GHES, 'https://ghe example.com', 'must not contain spaces'],
    [GHES, ' https://ghe.example.com', 'must not contain spaces'],
    [GHES, 'https://ghe.example.com\n', 'must not contain spaces'],
    [GHES, 'https://ghe\t.example.com', 'must not contain spaces'],
    [GHES, 'https://ghe.example.com\r\nHost: x', 'must not contain spaces'],
    [GHES, 'https://ghe.example.com\0', 'must not contain spaces'],
    [GHES, 'https://ghe.example.com\u00a0', 'must not contain spaces'],
    [GHES, 'https://ghe.example.com\\@evil.com', 'must not contain a backslash'],
    [GHES, 'https:\\\\ghe.example.com', 'must not contain a backslash'],
    [GHES, 'https://user:pw@ghe.example.com', 'user name or password; use https://ghe.example.com'],
    [GHES, 'https://@ghe.example.com', 'user name or password'],
    [GHES, 'https://ghe.example.com@127.0.0.1', 'user name or password'],
    [GHES, 'https://github.com:x@ghe.example.com/a', 'user name or password'],
    [GHES, 'https://ghe.example.com?x=1', 'query or a fragment; use https://ghe.example.com'],
    [GHES, 'https://ghe.example.com/?', 'query or a fragment'],
    [GHES, 'https://ghe.example.com/#', 'query or a fragment'],
    [GITLAB, 'https://ex.com/gitlab/?private_token=glpat-secret', 'query or a fragment; use https://ex.com/gitlab'],
    [GITLAB, 'https://ex.com/gitlab#readme', 'query or a fragment; use https://ex.com/gitlab'],
    [GHES, 'https://ghe.example.com:0', 'Port 0 is not one'],
    [GHES, 'https://ghe.example.com:22', 'Port 22 is not one'],
    [GHES, 'https://ghe.example.com:444', 'Port 444 is not one'],
    [GHES, 'https://ghe.example.com:65536', 'host name or port does not exist'],
    [GHES, 'https://ghe.example.com:x', 'host name or port does not exist'],
    [GHES, 'https://ghe.example.com/api/v3', 'is the address of the API; use https://ghe.example.com'],
    [GHES, 'https://ghe.example.com/api/v3/', 'is the address of the API; use https://ghe.example.com'],
    [GHES, 'https://ghe.example.com/api/v3/user', 'is the address of the API; use https://ghe.example.com'],
    [GHES, 'https://ghe.example.com/API/V3', 'is the address of the API; use https://ghe.example.com'],
    [GHES, 'https://ghe.example.com/api/graphql', 'is the address of the API; use https://ghe.example.com'],
    [GHES, 'https://ghe.example.com/graphql', 'is the address of the API; use https://ghe.example.com'],
    [GHES, 'https://api.acme.ghe.com', 'is the address of the API; use https://acme.ghe.com'],
    [GITLAB, 'https://ex.com/api/v4', 'is the address of the API; use https://ex.com'],
    [GITLAB, 'https://ex.com/gitlab/api/v4/projects', 'is the address of the API; use https://ex.com/gitlab'],
    [GITLAB, 'https://ex.com/a/b/api/graphql', 'is the address of the API; use https://ex.com/a/b'],
    [
      GHES,
      'https://ghe.example.com/acme',
      'must not contain a path, since GitHub Enterprise Server has none; use https://ghe.example.com',
    ],
    [GITLAB, 'https://ex.com/a/../b', "has a path that is no platform's; use an address such as https://ex.com"],
    [GITLAB, 'https://ex.com/a/%2e%2e/b', "has a path that is no platform's"],
    [GITLAB, 'https://ex.com/a%2Fb', "has a path that is no platform's"],
    [GITLAB, 'https://ex.com//gitlab', "has a path that is no platform's"],
    [GITLAB, 'https://ex.com/gitlab//', "has a path that is no platform's"],
    [GITLAB, 'https://ex.com/%00', "has a path that is no platform's"],
    [GITLAB, 'https://ex.com/gitläb', "has a path that is no platform's"],
    [
      GHES,
      'https://github.com',
      'is github.com itself, whose accounts are linked by signing in there, on the profile page',
    ],
    [
      GITLAB,
      'https://gitlab.com',
      'is gitlab.com itself, whose accounts are linked by signing in there, on the profile page',
    ],
    [GITLAB, 'https://github.com', 'is github.com itself'],
    [GHES, 'https://GitHub.com/', 'is github.com itself'],
    [GHES, 'https://www.github.com', 'is github.com itself'],
    [GHES, 'https://api.github.com', 'is github.com itself'],
    [GHES, 'https://github.com.', 'is github.com itself'],
    [GHES, 'https://github.com:443/acme', 'is github.com itself'],
    [GITLAB, 'https://gitlab.com/api/v4', 'is gitlab.com itself'],
    [GITLAB, 'https://www.gitlab.com./', 'is gitlab.com itself'],
    [GHES, 'https://127.0.0.1', 'is on a private network'],
    [GHES, 'https://127.1', 'is on a private network'],
    [GHES, 'https://0x7f.1', 'is on a private network'],
    [GHES, 'https://2130706433', 'is on a private network'],
    [GHES, 'https://017700000001', 'is on a private network'],
    [GHES, 'https://①②⑦.⓪.⓪.①', 'is on a private network'],
    [GHES, 'https://127。0。0。1', 'is on a private network'],
    [GHES, 'https://127.0.0.1.', 'is on a private network'],
    [GHES, 'https://[::1]', 'is on a private network'],
    [GHES, 'https://[::ffff:7f00:1]', 'is on a private network'],
    [GHES, 'https://[64:ff9b::7f00:1]', 'is on a private network'],
    [GHES, 'https://100.64.0.1', 'is on a private network'],
    [GHES, 'https://192.168.0.1:8443', 'Ask the operator to add "192.168.0.1" to ALLOWED_HOSTS'],
    [GHES, 'https://169.254.169.254', 'never contacts'],
    [GHES, 'https://[fe80::1]', 'never contacts'],
    [GHES, 'https://[fe80::1%25eth0]', 'host name or port does not exist'],
  ])('%s %j: %s', (scmType, text, words) => {
    expect(problemOf(scmType, text)).toContain(words)
  })

  test('no message repeats what may be a secret', () => {
    for (const text of [
      'https://user:hunter2@ex.com',
      'https://ex.com/?private_token=hunter2',
      'https://ex.com/#hunter2',
    ]) {
      expect(problemOf(GITLAB, text)).not.toContain('hunter2')
    }
  })

  test.each([
    ['https://forgelink.example.com', OWN, true],
    ['https://ForgeLink.example.com:443/gitlab', OWN, true],
    ['https://forgelink.example.com.', OWN, true],
    ['https://forgelink.example.com:8443', OWN, false],
    ['https://ex.com/forgelink', 'https://ex.com/forgelink', true],
    ['https://ex.com/forgelink/x', 'https://ex.com/forgelink', true],
    ['https://ex.com/gitlab', 'https://ex.com/forgelink', false],
    ['https://ex.com/forgelink2', 'https://ex.com/forgelink', false],
    ['https://127.0.0.1:4600', 'http://localhost:4600', true],
    ['https://localhost:4600', 'http://localhost:4600', true],
    ['https://[::1]:4600', 'http://localhost:4600', true],
  ])('%s, while we are %s: %s', (text, own, isOwn) => {
    expect(problemOf(GITLAB, text, '', own).startsWith('is the address of this service itself')).toBe(isOwn)
  })
})

describe('configured', () => {
  test.each<[ScmType, string, string]>([
    ['github', 'https://github.com', 'https://api.github.com'],
    ['github', 'http://localhost:4601', 'http://localhost:4601/api/v3'],
    ['github', 'https://ghe.example.com', 'https://ghe.example.com/api/v3'],
    ['gitlab', 'https://gitlab.com', 'https://gitlab.com/api/v4'],
    ['gitlab', 'http://localhost:4602/gitlab', 'http://localhost:4602/gitlab/api/v4'],
  ])('%s at %s has its API at %s', (scmType, url, apiUrl) => {
    expect(platformAddress(scmType, url)).toEqual({ url, webUrl: url, apiUrl, key: url })
  })
})
