// The settings, and how they are read from the environment. Each wrong value gives a sentence; all are reported at
// once.

import { resolve } from 'node:path'
import { readPem } from './config/certificates.ts'
import { parseDatabaseUrl } from './config/database-url.ts'
import type { AllowedHost } from './config/hosts.ts'
import { entryForPlatform, parseAllowedHost, parseListenHost, parseRange, parseServerName } from './config/hosts.ts'
import { MAIL_SECRETS, type MailConfig, readMail } from './config/mail.ts'
import { OIDC_SECRETS, type OidcConfig, readOidc } from './config/oidc.ts'
import { withSecretFiles } from './config/secret-files.ts'
import { parseSecretKeys, type SecretKey } from './config/secret-keys.ts'
import { parseTrustedIssuers, type TrustedIssuer } from './config/trusted-issuers.ts'
import { parseBoolean, parseList, parseNumber, parseOneOf } from './config/values.ts'
import {
  type PlatformRoot,
  parseIssuer,
  parseOrigin,
  parsePlatformUrl,
  parseProxy,
  parsePublicUrl,
  parseReturnUrl,
} from './config/web-addresses.ts'

export type { AllowedHost } from './config/hosts.ts'
export type { MailConfig } from './config/mail.ts'
export type { OidcConfig } from './config/oidc.ts'
export type { SecretKey } from './config/secret-keys.ts'
export type { TrustedIssuer } from './config/trusted-issuers.ts'
export type { PlatformRoot } from './config/web-addresses.ts'

/** The platform of a type that is linked by OAuth, and our application there. */
export interface OAuthPlatform {
  url: string
  clientId: string | null
  clientSecret: string | null
  scopes: string[]
}

/** What is known of a vendor's own platform before any setting is read; `name` is its member in `Config`. */
export interface HostedPlatform<Name extends string> {
  name: Name
  /** The prefix of its settings' names. */
  prefix: string
  url: string
  /** The scopes asked for by default, separated by spaces. */
  scopes: string
  /** Error messages may contain only host and path of `url`, since the rest may be secret. */
  rootOf(url: URL): PlatformRoot
}

/** How PostgreSQL is used. */
export interface PostgresSettings {
  /** The most connections of this process. */
  poolSize: number
  /** How long a request waits for a connection. */
  connectTimeoutMs: number
  statementTimeoutMs: number
  /** `auto`: only when connected to PostgreSQL itself. */
  preparedStatements: (typeof PREPARED_STATEMENTS)[number]
}

export const PREPARED_STATEMENTS = ['auto', 'on', 'off'] as const

export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const

export const TRACES = ['none', 'otlp'] as const

/** The settings; their meaning and defaults are in docs/configuration.md. URLs have no trailing slash. */
export interface Config {
  host: string
  port: number
  publicUrl: string
  dataDir: string
  /** null: SQLite in `dataDir`. */
  databaseUrl: string | null
  postgres: PostgresSettings
  /** Newest first; null: generated in `dataDir`. */
  secretKeys: SecretKey[] | null
  github: OAuthPlatform
  gitlab: OAuthPlatform
  /** The organisation's own provider, where people sign in; null: they sign in here. */
  oidc: OidcConfig | null
  /** Whether people sign in with a password of Forgelink. */
  passwordSignIn: boolean
  /** How mail is sent; null: not at all. */
  mail: MailConfig | null
  /** Of one issuer there may be several; the first that fits holds. */
  trustedIssuers: TrustedIssuer[]
  allowedHosts: AllowedHost[]
  /** PEM text of additional certificate authorities. */
  extraCaCerts: string | null
  httpsProxy: string | null
  noProxy: string[]
  corsOrigins: string[]
  /** Where link sessions may send a browser back to: addresses that begin like one of these. */
  returnUrls: string[]
  /** Host names under which pages are served, besides that of `publicUrl`. */
  serverNames: string[]
  /** Requests per minute for one account; 0 means no limit. */
  rateLimit: number
  /** Requests per minute for one service token; 0 means no limit. */
  serviceRateLimit: number
  /** The issuer at which SCIM's `externalId` is a subject; null: no SCIM. */
  scimIssuer: string | null
  /** Per account. */
  maxKeys: number
  maxLinks: number
  /** How long searches answer what the platform has just answered; 0 means not at all. */
  searchFreshSeconds: number
  exposeAccessTokens: boolean
  /** API tokens per account that have not expired. */
  maxApiTokens: number
  /** How many days the audit trail is kept; 0 keeps it for ever. */
  eventsDays: number
  trustProxy: string[]
  metricsToken: string | null
  /** Port on loopback that serves only `/metrics`. */
  metricsPort: number | null
  logLevel: (typeof LOG_LEVELS)[number]
  traces: (typeof TRACES)[number]
}

export type Environment = Record<string, string | undefined>

/** The settings are wrong; `problems` has one sentence for each. */
export class ConfigError extends Error {
  readonly problems: string[]
  constructor(problems: string[]) {
    super(problems.join('\n'))
    this.problems = problems
  }
}

/** Settings whose value is a secret or may hold one, besides those of platforms. */
const SECRETS = ['DATABASE_URL', 'SECRET_KEYS', 'HTTPS_PROXY', 'METRICS_TOKEN', ...OIDC_SECRETS, ...MAIL_SECRETS]

const NO_SECRET_KEYS =
  'SECRET_KEYS is required with DATABASE_URL: all replicas need the same keys; make one with: echo "k1:$(openssl rand -base64 32)"'

/** By default a request gets its 503 within two seconds. */
function readPostgres(read: Read): PostgresSettings {
  return {
    poolSize: read('PG_POOL_SIZE', 10, parseNumber(2, 500)),
    connectTimeoutMs: read('PG_CONNECT_TIMEOUT_MS', 1_400, parseNumber(100, 20_000)),
    statementTimeoutMs: read('PG_STATEMENT_TIMEOUT_MS', 1_200, parseNumber(100, 20_000)),
    preparedStatements: read<PostgresSettings['preparedStatements']>(
      'PG_PREPARED_STATEMENTS',
      'auto',
      parseOneOf(PREPARED_STATEMENTS),
    ),
  }
}

/** Like `readConfig`, which also knows the platforms. `seen` is told the name of each setting. */
export function parseConfig<Name extends string>(
  environment: Environment,
  platforms: HostedPlatform<Name>[],
  seen: (name: string) => void = () => {},
): Omit<Config, 'github' | 'gitlab'> & Record<Name, OAuthPlatform> {
  const secrets = [...SECRETS, ...platforms.map(({ prefix }) => `${prefix}_CLIENT_SECRET`)]
  const { env, problems } = withSecretFiles(environment, secrets)

  /**
   * Reads a setting with `parse`, which throws the rest of a sentence "NAME …", or an `AggregateError` of several. The
   * value of a secret is not repeated.
   */
  function read<T>(name: string, fallback: T, parse: (text: string) => T): T {
    seen(name)
    const text = env[name]?.trim()
    if (!text) return fallback
    try {
      return parse(text)
    } catch (error) {
      const errors: unknown[] = error instanceof AggregateError ? error.errors : [error]
      problems.push(...errors.map((each) => `${name} ${each instanceof Error ? each.message : 'is wrong'}`))
      return fallback
    }
  }

  function readOAuthPlatform({ prefix, url, scopes, rootOf }: HostedPlatform<Name>): OAuthPlatform {
    const platform: OAuthPlatform = {
      url: read(`${prefix}_URL`, url, parsePlatformUrl(rootOf)),
      clientId: read<string | null>(`${prefix}_CLIENT_ID`, null, String),
      clientSecret: read<string | null>(`${prefix}_CLIENT_SECRET`, null, String),
      scopes: read(`${prefix}_SCOPES`, scopes, String)
        .split(/[\s,]+/)
        .filter((scope) => scope !== ''),
    }
    if (!platform.clientId !== !platform.clientSecret) {
      problems.push(`${prefix}_CLIENT_ID and ${prefix}_CLIENT_SECRET belong together: set both or none`)
    }
    return platform
  }

  const port = read('PORT', 4600, parseNumber(0, 65535))
  const oauth = Object.fromEntries(platforms.map((platform) => [platform.name, readOAuthPlatform(platform)])) as Record<
    Name,
    OAuthPlatform
  >
  const ownUrls = platforms
    .map(({ name }) => oauth[name].url)
    .filter((own) => platforms.every(({ url }) => url !== own))
  const databaseUrl = read<string | null>('DATABASE_URL', null, parseDatabaseUrl)

  const publicUrl = read('PUBLIC_URL', `http://localhost:${port}`, parsePublicUrl)
  const signIn = readOidc({ read, env, problems }, publicUrl)
  const trustedIssuers = readTrustedIssuers(read, { publicUrl, oidcClientId: signIn.oidc?.clientId ?? null })
  const config = {
    host: read('HOST', '127.0.0.1', parseListenHost),
    port,
    publicUrl,
    dataDir: resolve(read('DATA_DIR', './data', String)),
    databaseUrl,
    postgres: readPostgres(read),
    secretKeys: readSecretKeys({ read, env, problems }),
    ...oauth,
    ...signIn,
    mail: readMail({ read, env, problems }),
    trustedIssuers,
    allowedHosts: readAllowedHosts(read, [
      ...ownUrls,
      ...(signIn.oidc ? [signIn.oidc.issuer] : []),
      ...trustedIssuers.map(({ issuer }) => issuer),
    ]),
    extraCaCerts: read<string | null>('EXTRA_CA_CERTS', null, readPem),
    httpsProxy: read<string | null>('HTTPS_PROXY', null, parseProxy),
    noProxy: read('NO_PROXY', [], parseList(String)),
    ...readBrowsers(read),
    ...readLimits(read),
    // By default who is provisioned and who signs in are one.
    scimIssuer: read<string | null>('SCIM_ISSUER', signIn.oidc?.issuer ?? null, parseIssuer),
    exposeAccessTokens: read('EXPOSE_ACCESS_TOKENS', true, parseBoolean),
    trustProxy: read('TRUST_PROXY', [], parseList(parseRange)),
    ...readOperations(read),
  }
  if (problems.length > 0) throw new ConfigError(problems)
  return config
}

type Read = <T>(name: string, fallback: T, parse: (text: string) => T) => T

function readSecretKeys({ read, env, problems }: { read: Read; env: Environment; problems: string[] }) {
  if (env.DATABASE_URL?.trim() && !env.SECRET_KEYS?.trim() && !env.SECRET_KEYS_FILE?.trim()) {
    problems.push(NO_SECRET_KEYS)
  }
  return read<SecretKey[] | null>('SECRET_KEYS', null, parseSecretKeys)
}

/** Which pages may call, where browsers are sent back to, and under which names pages are served. */
function readBrowsers(read: Read) {
  return {
    corsOrigins: read('CORS_ORIGINS', [], parseList(parseOrigin)),
    returnUrls: read('RETURN_URLS', [], parseList(parseReturnUrl)),
    serverNames: read('SERVER_NAMES', [], parseList(parseServerName)),
  }
}

/** What operators and their tools are told. */
function readOperations(read: Read) {
  return {
    metricsToken: read<string | null>('METRICS_TOKEN', null, String),
    metricsPort: read<number | null>('METRICS_PORT', null, parseNumber(1, 65535)),
    logLevel: read<Config['logLevel']>('LOG_LEVEL', 'info', parseOneOf(LOG_LEVELS)),
    traces: read<Config['traces']>('TRACES', 'none', parseOneOf(TRACES)),
  }
}

/** `named`: addresses in other settings, which count as entries. */
function readAllowedHosts(read: Read, named: string[]): AllowedHost[] {
  return [...read('ALLOWED_HOSTS', [], parseList(parseAllowedHost)), ...named.map(entryForPlatform)]
}

function readTrustedIssuers(read: Read, own: Parameters<typeof parseTrustedIssuers>[0]): TrustedIssuer[] {
  return read('TRUSTED_ISSUERS', [], parseTrustedIssuers(own))
}

function readLimits(read: Read) {
  return {
    rateLimit: read('RATE_LIMIT', 600, parseNumber(0, 1_000_000)),
    serviceRateLimit: read('SERVICE_RATE_LIMIT', 6_000, parseNumber(0, 1_000_000)),
    eventsDays: read('EVENTS_DAYS', 365, parseNumber(0, 36_500)),
    maxKeys: read('MAX_KEYS', 1_000, parseNumber(1, 10_000)),
    maxLinks: read('MAX_LINKS', 100, parseNumber(1, 1_000)),
    maxApiTokens: read('MAX_API_TOKENS', 1000, parseNumber(1, 100_000)),
    searchFreshSeconds: read('SEARCH_FRESH_SECONDS', 30, parseNumber(0, 600)),
  }
}
