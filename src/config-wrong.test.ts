// Settings that are wrong: each is refused, without a secret in what is said.

import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { openCertificateFolder, problemsOf } from '../test/support/settings.ts'
import { readConfig } from './read-config.ts'

const KEY_1 = Buffer.alloc(32, 1)
const KEY_2 = Buffer.alloc(32, 2)
const SECRET_KEYS = `k1:${KEY_1.toString('base64')}`

const { folder } = openCertificateFolder()

describe('readConfig', () => {
  const wrongAddresses = [
    'forge.example.com',
    '//forge.example.com',
    'ftp://forge.example.com',
    'javascript:alert(1)',
    'http://forge.example.com',
    'http://10.0.0.1',
    'http://localhost.example.com',
    'http://127.0.0.1.example.com',
    'https://',
    'https://user@forge.example.com',
    'https://user:hunter2@forge.example.com',
    'ftp://user:hunter2@forge.example.com',
    'https://forge.example.com?a=1',
    'https://forge.example.com/?',
    'https://forge.example.com/#',
    'https://forge.example.com/#top',
    'https://forge.example.com:65536',
    'https://10.0.0.256',
  ]
  const wrong: [string, string[]][] = [
    ['HOST', ['http://0.0.0.0', '0.0.0.0:4600', '[::1]', 'a b', '127.0.0.256', '10', '-x']],
    ['PORT', ['-1', '65536', '4600x', '0x10', '1e3', '80.5', 'http']],
    ['PUBLIC_URL', wrongAddresses],
    [
      'PUBLIC_URL',
      [
        'https://example.com/a?b=c',
        'https://example.com/a#b',
        'https://example.com/a//b',
        'https://example.com//a',
        'https://example.com/a/../b',
        'https://example.com/..',
        'https://example.com/./a',
        'https://example.com/%2e%2e/a',
        'https://example.com/a%20b',
        'https://example.com/%66orge',
        'https://example.com/a b',
        'https://example.com/a;b',
        'https://example.com/a,b',
        'https://example.com/a"b',
        "https://example.com/a'b",
        'https://example.com/a<b>',
        'https://example.com/a\\b',
        'https://example.com\\a',
        'https://example.com/a\tb',
        'https://example.com/ä',
        'https://example.com/a+b',
        'https://example.com/a:b',
        'https://example.com/@a',
        'https:example.com/a',
        'https://example.com/v1',
        'https://example.com/keys/',
        'https://example.com/users/forge',
      ],
    ],
    [
      'DATABASE_URL',
      [
        'mysql://u:hunter2@db/f',
        'db.corp.lan',
        'postgres:db',
        'postgres://u:hunter2@[/f',
        'file:x.db',
        'postgres://u:hunter2#@db/f',
        'postgres://u:hunter2@db:port/f',
        'postgres://u:hunter2@db/f?sslmode=allow',
        'postgres://u:hunter2@db:99999/f',
        // The driver throws "URI malformed" at these.
        'postgres://u:hunter2%ff@db/f',
        'postgres://u%c3:hunter2@db/f',
        'postgres://u:hunter2@db/%e9',
        // And reads these files as soon as it is opened.
        'postgres://u:hunter2@db/f?sslrootcert=/no/such/file',
        'postgres://u:hunter2@db/f?sslcert=/',
      ],
    ],
    [
      'SECRET_KEYS',
      [
        ',',
        'hunter2',
        KEY_1.toString('base64'),
        `:${KEY_1.toString('base64')}`,
        `k 1:${KEY_1.toString('base64')}`,
        `k.1:${KEY_1.toString('base64')}`,
        `${'k'.repeat(33)}:${KEY_1.toString('base64')}`,
        `k1:${Buffer.alloc(31, 1).toString('base64')}`,
        `k1:${Buffer.alloc(33, 1).toString('base64')}`,
        `k1:${KEY_1.toString('hex')}`,
        `k1:${KEY_1.toString('base64url')}`,
        `${SECRET_KEYS},k1:${KEY_2.toString('base64')}`,
        `${SECRET_KEYS};k2:${KEY_2.toString('base64')}`,
      ],
    ],
    ['GITHUB_URL', [...wrongAddresses, 'https://git.corp.lan.', 'https://a!b.lan', 'https://-x.lan']],
    ['GITLAB_URL', [...wrongAddresses, 'https://git.corp.lan.', 'https://a!b.lan', 'https://-x.lan']],
    ['EXTRA_CA_CERTS', ['absent', 'text', 'damaged', 'cut'].map((name) => join(folder, `${name}.pem`))],
    ['EXTRA_CA_CERTS', [folder]],
    ['HTTPS_PROXY', ['proxy.corp.lan:3128', 'socks5://proxy.corp.lan', 'user:hunter2@proxy:3128', 'http://']],
    [
      'CORS_ORIGINS',
      [
        '*',
        'null',
        'portal.example.com',
        'https://portal.example.com/',
        'https://portal.example.com/app',
        'https://*.example.com',
        'https://user:hunter2@portal.example.com',
        'https://portal.example.com:443',
        'ws://portal.example.com',
        'https://portal.example.com https://other.example.com',
      ],
    ],
    [
      'RETURN_URLS',
      [
        '*',
        'paas.example/account',
        'http://paas.example/account',
        'https://user:hunter2@paas.example',
        'https://paas.example/account?x=1',
        'https://paas.example/#x',
        'https://paas.example/a/../b',
        'https://paas.example/%2E%2e/b',
        'https://paas.example\\account',
        'https://paas.example https://other.example',
        'javascript:alert(1)',
      ],
    ],
    ['RATE_LIMIT', ['-1', 'off', '1.5', '10/s', '1000001']],
    ['SERVICE_RATE_LIMIT', ['-1', 'off', '1.5', '10/s', '1000001']],
    [
      'SCIM_ISSUER',
      ['idp', 'http://idp.example', 'https://user:x@idp.example', 'https://idp.example/?a=b', 'ftp://idp.example'],
    ],
    ['EVENTS_DAYS', ['-1', 'forever', '0.5', '30d', '36501']],
    ['EXPOSE_ACCESS_TOKENS', ['no', '0', 'True', 'FALSE']],
    [
      'TRUST_PROXY',
      ['1', 'true', '10', '127.1', '10/8', '10.0.0.0/33', '10.0.0.256', 'proxy.corp.lan', 'fe80::1%eth0'],
    ],
    ['LOG_LEVEL', ['INFO', 'verbose', '30']],
    ['PG_POOL_SIZE', ['0', '1', '501', 'ten', '1.5']],
    ['PG_CONNECT_TIMEOUT_MS', ['0', '99', '20001', '1s']],
    ['PG_STATEMENT_TIMEOUT_MS', ['0', '99', '20001', '1s']],
    ['PG_PREPARED_STATEMENTS', ['true', 'Auto', 'no']],
    ['TRACES', ['OTLP', 'true', 'http://127.0.0.1:4318']],
  ]
  it.each(wrong.flatMap(([name, values]) => values.map((value) => [name, value])))(
    'refuses %s=%s, and repeats no secret',
    (name, value) => {
      const problems = problemsOf({ SECRET_KEYS, [name]: value })
      expect(problems).toEqual([expect.stringMatching(`^${name} \\S`)])
      for (const secret of ['hunter2', KEY_1.toString('base64').slice(0, 20), KEY_2.toString('base64').slice(0, 20)]) {
        expect(problems.join()).not.toContain(secret)
      }
    },
  )

  // What people paste for the root of a platform, and the root to use.
  const roots: ['GITHUB_URL' | 'GITLAB_URL', string, RegExp, string][] = [
    ['GITHUB_URL', 'https://api.github.com', /address of the API/, 'https://github.com'],
    ['GITHUB_URL', 'https://api.github.com/graphql', /address of the API/, 'https://github.com'],
    ['GITHUB_URL', 'https://www.github.com', /not where accounts live/, 'https://github.com'],
    ['GITHUB_URL', 'https://WWW.GitHub.com/', /not where accounts live/, 'https://github.com'],
    ['GITHUB_URL', 'https://gist.github.com', /not where accounts live/, 'https://github.com'],
    ['GITHUB_URL', 'https://ssh.github.com', /not where accounts live/, 'https://github.com'],
    ['GITHUB_URL', 'https://github.com/login', /must not have a path/, 'https://github.com'],
    ['GITHUB_URL', 'https://github.com/login/oauth/authorize', /must not have a path/, 'https://github.com'],
    ['GITHUB_URL', 'https://github.com/acme', /must not have a path/, 'https://github.com'],
    ['GITHUB_URL', 'https://github.com/acme?tab=repositories', /without user name, query/, 'https://github.com'],
    ['GITHUB_URL', 'https://github.com:8443', /must not have a port/, 'https://github.com'],
    ['GITHUB_URL', 'http://github.com', /must start with https/, 'https://github.com'],
    ['GITHUB_URL', 'github.com', /must be an http/, 'https://github.com'],
    ['GITHUB_URL', 'https://gitlab.com', /belongs into GITLAB_URL/, 'https://github.com'],
    ['GITHUB_URL', 'https://ghe.corp.lan/api/v3', /address of the API/, 'https://ghe.corp.lan'],
    ['GITHUB_URL', 'https://GHE.corp.lan:8443/API/v3/', /address of the API/, 'https://ghe.corp.lan:8443'],
    ['GITHUB_URL', 'https://ghe.corp.lan/api/graphql', /address of the API/, 'https://ghe.corp.lan'],
    ['GITHUB_URL', 'https://ghe.corp.lan/git', /must not have a path/, 'https://ghe.corp.lan'],
    ['GITHUB_URL', 'http://ghe.corp.lan/login', /must start with https/, 'https://ghe.corp.lan'],
    ['GITHUB_URL', 'https://api.octo.ghe.com', /address of the API/, 'https://octo.ghe.com'],
    ['GITHUB_URL', 'https://octo.ghe.com/login', /must not have a path/, 'https://octo.ghe.com'],
    ['GITHUB_URL', 'http://localhost:4611/api/v3', /address of the API/, 'http://localhost:4611'],
    ['GITLAB_URL', 'https://www.gitlab.com', /not where accounts live/, 'https://gitlab.com'],
    ['GITLAB_URL', 'https://api.gitlab.com/', /address of the API/, 'https://gitlab.com'],
    ['GITLAB_URL', 'https://gitlab.com/api/v4', /address of the API/, 'https://gitlab.com'],
    ['GITLAB_URL', 'https://gitlab.com/users/sign_in', /must not have a path/, 'https://gitlab.com'],
    ['GITLAB_URL', 'https://gitlab.com/acme/tools', /must not have a path/, 'https://gitlab.com'],
    ['GITLAB_URL', 'https://github.com', /belongs into GITHUB_URL/, 'https://gitlab.com'],
    ['GITLAB_URL', 'https://git.corp.lan/api/v4', /address of the API/, 'https://git.corp.lan'],
    ['GITLAB_URL', 'https://git.corp.lan//api/v4//', /address of the API/, 'https://git.corp.lan'],
    ['GITLAB_URL', 'https://git.corp.lan/api/graphql', /address of the API/, 'https://git.corp.lan'],
    [
      'GITLAB_URL',
      'https://git.corp.lan/tools/gitlab/api/v4/',
      /address of the API/,
      'https://git.corp.lan/tools/gitlab',
    ],
    ['GITLAB_URL', 'https://git.corp.lan/users/sign_in', /address of a page/, 'https://git.corp.lan'],
    ['GITLAB_URL', 'https://git.corp.lan/git/oauth/authorize', /address of a page/, 'https://git.corp.lan/git'],
    ['GITLAB_URL', 'https://git.corp.lan/git/-/profile', /address of a page/, 'https://git.corp.lan/git'],
    ['GITLAB_URL', 'https://git.corp.lan/dashboard/projects', /address of a page/, 'https://git.corp.lan'],
    ['GITLAB_URL', 'https://git.corp.lan/git/groups/acme', /address of a page/, 'https://git.corp.lan/git'],
    ['GITLAB_URL', 'https://registry.gitlab.com', /not where accounts live/, 'https://gitlab.com'],
    ['GITLAB_URL', 'http://git.corp.lan/git', /must start with https/, 'https://git.corp.lan/git'],
  ]
  it.each(roots)('refuses %s=%s with the address to use', (name, value, why, use) => {
    const [problem, ...more] = problemsOf({ [name]: value })
    expect(more).toEqual([])
    expect(problem).toMatch(why)
    expect(problem?.startsWith(`${name} `) && problem.endsWith(`; use ${use}`)).toBe(true)
    expect(readConfig({ [name]: use })[name === 'GITHUB_URL' ? 'github' : 'gitlab'].url).toBe(use)
  })

  it('has no unforeseen error for any text in any setting', () => {
    const names = [...new Set([...wrong.map(([name]) => name), 'ALLOWED_HOSTS', 'GITHUB_SCOPES', 'NO_PROXY'])]
    const text = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.webUrl({ withQueryParameters: true, withFragments: true }),
      fc.ipV6(),
      fc.string({ unit: fc.constantFrom(...'a1.:/[]*@-%,_ ') }).map((end) => `https://${end}`),
    )
    fc.assert(
      fc.property(fc.constantFrom(...names), text, (name, value) => {
        for (const problem of problemsOf({ SECRET_KEYS, [name]: value })) expect(problem.startsWith(name)).toBe(true)
      }),
    )
  })
})
