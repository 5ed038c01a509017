// The settings: what is right, what is wrong, and that every problem is told at once without a secret in it.

import { join, resolve } from 'node:path'
import { describe, expect, it } from 'vitest'
import { openCertificateFolder, problemsOf } from '../test/support/settings.ts'
import type { AllowedHost, Config, Environment } from './config.ts'
import { ConfigError } from './config.ts'
import { readConfig } from './read-config.ts'

const KEY_1 = Buffer.alloc(32, 1)
const KEY_2 = Buffer.alloc(32, 2)
const SECRET_KEYS = `k1:${KEY_1.toString('base64')}`

const { folder, certificate } = openCertificateFolder()

describe('readConfig', () => {
  it('has the documented defaults, and an empty value counts as absent', () => {
    const defaults: Config = {
      host: '127.0.0.1',
      port: 4600,
      publicUrl: 'http://localhost:4600',
      dataDir: resolve('data'),
      databaseUrl: null,
      postgres: { poolSize: 10, connectTimeoutMs: 1_400, statementTimeoutMs: 1_200, preparedStatements: 'auto' },
      secretKeys: null,
      github: {
        url: 'https://github.com',
        clientId: null,
        clientSecret: null,
        scopes: ['user:email', 'read:org', 'read:public_key'],
      },
      gitlab: { url: 'https://gitlab.com', clientId: null, clientSecret: null, scopes: ['read_api'] },
      oidc: null,
      passwordSignIn: true,
      mail: null,
      allowedHosts: [],
      extraCaCerts: null,
      httpsProxy: null,
      noProxy: [],
      corsOrigins: [],
      rateLimit: 600,
      serviceRateLimit: 6_000,
      scimIssuer: null,
      trustedIssuers: [],
      maxKeys: 1_000,
      maxLinks: 100,
      searchFreshSeconds: 30,
      exposeAccessTokens: true,
      maxApiTokens: 1000,
      eventsDays: 365,
      trustProxy: [],
      returnUrls: [],
      serverNames: [],
      metricsToken: null,
      metricsPort: null,
      logLevel: 'info',
      traces: 'none',
    }
    expect(readConfig({})).toEqual(defaults)
    expect(readConfig({ PORT: '', PUBLIC_URL: '  ', ALLOWED_HOSTS: ' , ', SECRET_KEYS: ' ' })).toEqual(defaults)
  })

  const right: [Environment, Partial<Config>][] = [
    [{ HOST: '0.0.0.0' }, { host: '0.0.0.0' }],
    [{ HOST: '::' }, { host: '::' }],
    [{ HOST: 'localhost' }, { host: 'localhost' }],
    [{ HOST: 'Forge-1.corp.lan' }, { host: 'Forge-1.corp.lan' }],
    [{ PORT: '8080' }, { port: 8080, publicUrl: 'http://localhost:8080' }],
    [{ PORT: ' 1 ' }, { port: 1 }],
    [{ PORT: '65535' }, { port: 65535 }],
    [{ PUBLIC_URL: 'https://forge.example.com' }, { publicUrl: 'https://forge.example.com' }],
    [{ PUBLIC_URL: 'HTTPS://Forge.Example.com:443/' }, { publicUrl: 'https://forge.example.com' }],
    [{ PUBLIC_URL: 'https://example.com/forge//' }, { publicUrl: 'https://example.com/forge' }],
    [{ PUBLIC_URL: 'https://example.com/a/B_1.2~c-d' }, { publicUrl: 'https://example.com/a/B_1.2~c-d' }],
    [{ PUBLIC_URL: 'https://example.com/...' }, { publicUrl: 'https://example.com/...' }],
    [{ PUBLIC_URL: 'https://example.com/keysafe' }, { publicUrl: 'https://example.com/keysafe' }],
    [{ PUBLIC_URL: 'http://localhost:8080' }, { publicUrl: 'http://localhost:8080' }],
    [{ PUBLIC_URL: 'http://127.0.0.1:4600' }, { publicUrl: 'http://127.0.0.1:4600' }],
    [{ PUBLIC_URL: 'http://127.9.9.9' }, { publicUrl: 'http://127.9.9.9' }],
    [{ PUBLIC_URL: 'http://[::1]:4600' }, { publicUrl: 'http://[::1]:4600' }],
    [{ DATA_DIR: '/srv/forgelink' }, { dataDir: '/srv/forgelink' }],
    [{ DATA_DIR: 'somewhere' }, { dataDir: resolve('somewhere') }],
    [{ DATABASE_URL: 'postgres://u:p@db/f', SECRET_KEYS }, { databaseUrl: 'postgres://u:p@db/f' }],
    [{ DATABASE_URL: 'postgres://u:50%@db/f', SECRET_KEYS }, { databaseUrl: 'postgres://u:50%@db/f' }],
    [{ DATABASE_URL: 'postgres:///f?host=/run/pg', SECRET_KEYS }, { databaseUrl: 'postgres:///f?host=/run/pg' }],
    [{ DATABASE_URL: 'postgresql://db:5433/f?ssl=1', SECRET_KEYS }, { databaseUrl: 'postgresql://db:5433/f?ssl=1' }],
    [
      { DATABASE_URL: 'postgres://db/f?sslmode=require&a=1', SECRET_KEYS },
      { databaseUrl: 'postgres://db/f?sslmode=verify-full&a=1' },
    ],
    [
      { DATABASE_URL: 'postgres://db/f?sslmode=require&uselibpqcompat=true', SECRET_KEYS },
      { databaseUrl: 'postgres://db/f?sslmode=require&uselibpqcompat=true' },
    ],
    [{ SECRET_KEYS }, { secretKeys: [{ id: 'k1', key: KEY_1 }] }],
    [
      { SECRET_KEYS: ` new_2-A:${KEY_2.toString('base64')} , ${SECRET_KEYS} ` },
      {
        secretKeys: [
          { id: 'new_2-A', key: KEY_2 },
          { id: 'k1', key: KEY_1 },
        ],
      },
    ],
    [{ EXTRA_CA_CERTS: join(folder, 'ca.pem') }, { extraCaCerts: certificate }],
    [{ EXTRA_CA_CERTS: join(folder, 'twoCas.pem') }, { extraCaCerts: `${certificate}\n${certificate}` }],
    [{ HTTPS_PROXY: 'http://proxy.corp.lan:3128' }, { httpsProxy: 'http://proxy.corp.lan:3128/' }],
    [{ HTTPS_PROXY: 'https://u:p@proxy.corp.lan' }, { httpsProxy: 'https://u:p@proxy.corp.lan/' }],
    [{ NO_PROXY: 'localhost, .corp.lan,10.0.0.0/8' }, { noProxy: ['localhost', '.corp.lan', '10.0.0.0/8'] }],
    [
      { CORS_ORIGINS: 'https://Portal.example.com,http://localhost:5173' },
      { corsOrigins: ['https://portal.example.com', 'http://localhost:5173'] },
    ],
    [
      { RETURN_URLS: 'https://Paas.example/account/, https://other.example,http://localhost:3000/done' },
      { returnUrls: ['https://paas.example/account', 'https://other.example', 'http://localhost:3000/done'] },
    ],
    [{ RATE_LIMIT: '0' }, { rateLimit: 0 }],
    [{ RATE_LIMIT: '60' }, { rateLimit: 60 }],
    [{ SERVICE_RATE_LIMIT: '60000' }, { serviceRateLimit: 60000 }],
    [{ SCIM_ISSUER: 'https://idp.example/' }, { scimIssuer: 'https://idp.example/' }],
    [
      { MAX_KEYS: '5', MAX_LINKS: '6' },
      { maxKeys: 5, maxLinks: 6 },
    ],
    [{ SEARCH_FRESH_SECONDS: '0' }, { searchFreshSeconds: 0 }],
    [{ SEARCH_FRESH_SECONDS: '600' }, { searchFreshSeconds: 600 }],
    [{ EXPOSE_ACCESS_TOKENS: 'false' }, { exposeAccessTokens: false }],
    [{ EXPOSE_ACCESS_TOKENS: 'true' }, { exposeAccessTokens: true }],
    [{ EVENTS_DAYS: '0' }, { eventsDays: 0 }],
    [{ EVENTS_DAYS: '90' }, { eventsDays: 90 }],
    [
      { TRUST_PROXY: '10.0.0.0/8, 192.0.2.7, fd00::/8, ::1' },
      { trustProxy: ['10.0.0.0/8', '192.0.2.7/32', 'fd00::/8', '::1/128'] },
    ],
    [{ METRICS_TOKEN: 'sesame' }, { metricsToken: 'sesame' }],
    [{ SERVER_NAMES: 'Forgelink.corp.lan, ::1' }, { serverNames: ['forgelink.corp.lan', '[::1]'] }],
    [{ METRICS_PORT: '9464' }, { metricsPort: 9464 }],
    [
      {
        PG_POOL_SIZE: '2',
        PG_CONNECT_TIMEOUT_MS: '100',
        PG_STATEMENT_TIMEOUT_MS: '20000',
        PG_PREPARED_STATEMENTS: 'off',
      },
      {
        postgres: { poolSize: 2, connectTimeoutMs: 100, statementTimeoutMs: 20_000, preparedStatements: 'off' },
      },
    ],
    [{ LOG_LEVEL: 'trace' }, { logLevel: 'trace' }],
    [{ LOG_LEVEL: 'silent' }, { logLevel: 'silent' }],
  ]
  it.each(right)('takes %j', (env, expected) => {
    expect(readConfig(env)).toMatchObject(expected)
  })

  for (const name of ['GITHUB', 'GITLAB'] as const) {
    const member = name === 'GITHUB' ? 'github' : 'gitlab'
    const path = name === 'GITHUB' ? '' : '/scm' // an Enterprise Server has none

    it(`takes ${name}'s address, application and scopes`, () => {
      const env = {
        [`${name}_URL`]: `https://git.corp.lan:8443${path}/`,
        [`${name}_CLIENT_ID`]: 'id',
        [`${name}_CLIENT_SECRET`]: 'secret',
        [`${name}_SCOPES`]: ' repo, read:org  user:email,',
      }
      expect(readConfig(env)[member]).toEqual({
        url: `https://git.corp.lan:8443${path}`,
        clientId: 'id',
        clientSecret: 'secret',
        scopes: ['repo', 'read:org', 'user:email'],
      })
    })

    it.each<[string, Omit<Extract<AllowedHost, { kind: 'host' }>, 'text'>]>([
      ['https://git.corp.lan', { kind: 'host', host: 'git.corp.lan', port: 443, plainHttp: false }],
      [`https://git.corp.lan:8443${path}`, { kind: 'host', host: 'git.corp.lan', port: 8443, plainHttp: false }],
      ['http://localhost:8080', { kind: 'host', host: 'localhost', port: 8080, plainHttp: true }],
      ['http://127.0.0.1', { kind: 'host', host: '127.0.0.1', port: 80, plainHttp: true }],
      ['http://[::1]:3000', { kind: 'host', host: '::1', port: 3000, plainHttp: true }],
    ])(`counts ${name}_URL=%s as an entry of ALLOWED_HOSTS`, (url, entry) => {
      const { allowedHosts } = readConfig({ [`${name}_URL`]: url, ALLOWED_HOSTS: 'private' })
      expect(allowedHosts).toEqual([expect.objectContaining({ kind: 'private' }), expect.objectContaining(entry)])
    })

    it.each([
      ['an id without a secret', { [`${name}_CLIENT_ID`]: 'id' }],
      ['a secret without an id', { [`${name}_CLIENT_SECRET`]: 'hunter2' }],
    ])(`refuses ${name} with %s`, (_case, env) => {
      const problems = problemsOf(env)
      expect(problems).toEqual([expect.stringMatching(`^${name}_CLIENT_ID and ${name}_CLIENT_SECRET `)])
      expect(problems.join()).not.toContain('hunter2')
    })
  }

  it.each([
    ['GITHUB_URL', 'HTTPS://GitHub.com:443//', 'https://github.com'],
    ['GITHUB_URL', 'https://octo.ghe.com/', 'https://octo.ghe.com'],
    ['GITHUB_URL', 'https://ghe.corp.lan:8443', 'https://ghe.corp.lan:8443'],
    ['GITLAB_URL', 'https://GitLab.com/', 'https://gitlab.com'],
    ['GITLAB_URL', 'https://git.corp.lan/tools/GitLab/', 'https://git.corp.lan/tools/GitLab'],
    ['GITLAB_URL', 'https://git.corp.lan/users-api', 'https://git.corp.lan/users-api'],
    ['GITLAB_URL', 'https://gitlab.com.corp.lan', 'https://gitlab.com.corp.lan'],
    ['GITHUB_URL', 'https://notgithub.com', 'https://notgithub.com'],
  ] as const)('takes %s=%s', (name, value, url) => {
    expect(readConfig({ [name]: value })[name === 'GITHUB_URL' ? 'github' : 'gitlab'].url).toBe(url)
  })

  it('asks for SECRET_KEYS with DATABASE_URL', () => {
    const problems = problemsOf({ DATABASE_URL: 'postgres://u:hunter2@db/f' })
    expect(problems).toEqual([expect.stringMatching(/^SECRET_KEYS is required with DATABASE_URL/)])
    expect(problems.join()).not.toContain('hunter2')
  })

  it('tells every problem at once, one sentence each', () => {
    const env = {
      HOST: 'a b',
      PORT: 'x',
      PUBLIC_URL: 'x',
      DATABASE_URL: 'x',
      GITHUB_URL: 'x',
      GITHUB_CLIENT_ID: 'x',
      GITLAB_URL: 'x',
      GITLAB_CLIENT_ID: 'x',
      ALLOWED_HOSTS: '*',
      EXTRA_CA_CERTS: join(folder, 'absent.pem'),
      HTTPS_PROXY: 'x',
      CORS_ORIGINS: 'x',
      RATE_LIMIT: 'x',
      EXPOSE_ACCESS_TOKENS: 'x',
      TRUST_PROXY: 'x',
      LOG_LEVEL: 'x',
    }
    const problems = problemsOf(env)
    expect(problems.map((problem) => problem.split(' ')[0]).sort()).toEqual([...Object.keys(env), 'SECRET_KEYS'].sort())
    expect(new ConfigError(problems).message).toBe(problems.join('\n'))
  })
})
