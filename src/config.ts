// The settings, and how the environment becomes them; a wrong value is a sentence, and all of them are reported at once.

import { X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import ipaddr from 'ipaddr.js'

/** One entry of `ALLOWED_HOSTS`: what may be contacted besides public https addresses. `port` null means any. */
export type AllowedHost = { text: string; port: number | null; plainHttp: boolean } & (
  | { kind: 'host'; host: string } // a name or an IP literal (IPv6 without brackets), lower case
  | { kind: 'suffix'; suffix: string } // ".corp.lan" of "*.corp.lan"
  | { kind: 'range'; range: string } // a CIDR
  | { kind: 'private' } // RFC 1918, fc00::/7 and 100.64.0.0/10
)

/** A key that seals stored secrets: 32 bytes and the id that stands in what it sealed. */
export interface SecretKey {
  id: string
  key: Buffer
}

/** The platform that a type linked by OAuth lives on, and our application there. */
export interface OAuthPlatform {
  url: string
  clientId: string | null
  clientSecret: string | null
  scopes: string[]
}

/** What is known of a vendor's own platform before any setting is read; `name` is its member of `Config`. */
export interface HostedPlatform<Name extends string> {
  name: Name
  /** What the names of its settings begin with. */
  prefix: string
  url: string
  /** Those that are asked for by default, with spaces between them. */
  scopes: string
  /** Nothing but host and path of `url` may be told of, since the rest may be secret. */
  rootOf(url: URL): PlatformRoot
}

/** `problem` reads on after the setting's name; `use` is the root, without trailing slash. */
export interface PlatformRoot {
  use: string
  problem: string | null
}

export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const

/** The settings; their meaning and defaults are in docs/configuration.md. URLs have no trailing slash. */
export interface Config {
  host: string
  port: number
  publicUrl: string
  dataDir: string
  /** null: SQLite in `dataDir`. */
  databaseUrl: string | null
  /** Newest first; null: generated in `dataDir`. */
  secretKeys: SecretKey[] | null
  github: OAuthPlatform
  gitlab: OAuthPlatform
  allowedHosts: AllowedHost[]
  /** PEM text of additional certificate authorities. */
  extraCaCerts: string | null
  httpsProxy: string | null
  noProxy: string[]
  corsOrigins: string[]
  /** Host names under which pages are served besides that of `publicUrl`. */
  serverNames: string[]
  /** Requests a minute for one account; 0 means no limit. */
  rateLimit: number
  /** Of one account. */
  maxKeys: number
  maxLinks: number
  exposeAccessTokens: boolean
  /** API tokens of one account that have not expired. */
  maxApiTokens: number
  /** Days for which the audit trail is kept; 0 keeps it for ever. */
  eventsDays: number
  trustProxy: string[]
  metricsToken: string | null
  /** Port on loopback that serves `/metrics` and nothing else. */
  metricsPort: number | null
  logLevel: (typeof LOG_LEVELS)[number]
}

export type Environment = Record<string, string | undefined>

/** The settings are wrong; `problems` has one sentence each. */
export class ConfigError extends Error {
  readonly problems: string[]
  constructor(problems: string[]) {
    super(problems.join('\n'))
    this.problems = problems
  }
}

/** As `readConfig`, which knows the platforms. */
export function parseConfig<Name extends string>(
  env: Environment,
  platforms: HostedPlatform<Name>[],
): Omit<Config, 'github' | 'gitlab'> & Record<Name, OAuthPlatform> {
  const problems: string[] = []

  /** The setting read by `parse`, which throws the rest of the sentence "NAME …"; a secret's value is not echoed. */
  function read<T>(name: string, fallback: T, parse: (text: string) => T): T {
    const text = env[name]?.trim()
    if (!text) return fallback
    try {
      return parse(text)
    } catch (error) {
      problems.push(`${name} ${error instanceof Error ? error.message : 'is wrong'}`)
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
  const hostedUrls = platforms.map(({ url }) => url)
  const databaseUrl = read<string | null>('DATABASE_URL', null, parseDatabaseUrl)
  const secretKeys = read<SecretKey[] | null>('SECRET_KEYS', null, parseSecretKeys)
  if (env.DATABASE_URL?.trim() && !env.SECRET_KEYS?.trim()) {
    problems.push(
      'SECRET_KEYS is required with DATABASE_URL: all replicas need the same keys; make one with: echo "k1:$(openssl rand -base64 32)"',
    )
  }

  const config = {
    host: read('HOST', '127.0.0.1', parseListenHost),
    port,
    publicUrl: read('PUBLIC_URL', `http://localhost:${port}`, parsePublicUrl),
    dataDir: resolve(read('DATA_DIR', './data', String)),
    databaseUrl,
    secretKeys,
    ...oauth,
    allowedHosts: [
      ...read('ALLOWED_HOSTS', [], parseList(parseAllowedHost)),
      ...platforms.flatMap(({ name }) =>
        hostedUrls.includes(oauth[name].url) ? [] : entryForPlatform(oauth[name].url),
      ),
    ],
    extraCaCerts: read<string | null>('EXTRA_CA_CERTS', null, readPem),
    httpsProxy: read<string | null>('HTTPS_PROXY', null, parseProxy),
    noProxy: read('NO_PROXY', [], parseList(String)),
    corsOrigins: read('CORS_ORIGINS', [], parseList(parseOrigin)),
    serverNames: read('SERVER_NAMES', [], parseList(parseServerName)),
    rateLimit: read('RATE_LIMIT', 600, parseNumber(0, 1_000_000)),
    maxKeys: read('MAX_KEYS', 1_000, parseNumber(1, 10_000)),
    maxLinks: read('MAX_LINKS', 100, parseNumber(1, 1_000)),
    exposeAccessTokens: read('EXPOSE_ACCESS_TOKENS', true, parseBoolean),
    maxApiTokens: read('MAX_API_TOKENS', 1000, parseNumber(1, 100_000)),
    eventsDays: read('EVENTS_DAYS', 365, parseNumber(0, 36_500)),
    trustProxy: read('TRUST_PROXY', [], parseList(parseRange)),
    metricsToken: read<string | null>('METRICS_TOKEN', null, String),
    metricsPort: read<number | null>('METRICS_PORT', null, parseNumber(1, 65535)),
    logLevel: read<Config['logLevel']>('LOG_LEVEL', 'info', parseLogLevel),
  }
  if (problems.length > 0) throw new ConfigError(problems)
  return config
}

/** What was given, in quotes, without the parts of an address that may hold a password or token. */
function shown(text: string): string {
  return `"${text.replace(/^.*@/s, '…@').replace(/[?#].*$/s, '…')}"`
}

function parseList<T>(parse: (text: string) => T): (text: string) => T[] {
  return (text) =>
    text
      .split(',')
      .map((item) => item.trim())
      .filter((item) => item !== '')
      .map(parse)
}

function parseNumber(min: number, max: number): (text: string) => number {
  return (text) => {
    const number = /^\d+$/.test(text) ? Number(text) : Number.NaN
    if (!(number >= min && number <= max))
      throw new Error(`must be a whole number from ${min} to ${max}, not ${shown(text)}`)
    return number
  }
}

function parseBoolean(text: string): boolean {
  if (text !== 'true' && text !== 'false') throw new Error(`must be true or false, not ${shown(text)}`)
  return text === 'true'
}

function parseLogLevel(text: string): Config['logLevel'] {
  const level = LOG_LEVELS.find((name) => name === text)
  if (!level) throw new Error(`must be one of ${LOG_LEVELS.join(', ')}, not ${shown(text)}`)
  return level
}

const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/

/** https, or http on loopback: what carries tokens and cookies must not cross a network in the clear. */
function parseServiceUrl(text: string): string {
  const url = URL.parse(text)
  if (!url || !['http:', 'https:'].includes(url.protocol))
    throw new Error(`must be an http(s) address, not ${shown(text)}`)
  if (url.username || url.password || /[?#]/.test(text)) {
    throw new Error('must be a plain address, without user name, query or fragment')
  }
  if (url.protocol === 'http:' && !LOOPBACK.test(url.hostname))
    throw new Error(`must start with https://, not ${shown(text)}`)
  return url.href.replace(/\/+$/, '')
}

/**
 * The root of a platform; other addresses that people paste for it are refused with the root to use. It is an entry of
 * `ALLOWED_HOSTS` as well, and so its host must be one that can be listed there.
 */
function parsePlatformUrl(rootOf: (url: URL) => PlatformRoot): (text: string) => string {
  return (text) => {
    const asked = webAddressIn(text)
    const root = asked && rootOf(asked)
    try {
      const url = parseServiceUrl(text)
      if (!root) throw new Error(`has a host name that cannot be one: ${shown(text)}`)
      if (root.problem !== null) throw new Error(root.problem)
      return url
    } catch (error) {
      const isPlain = asked?.protocol === 'http:' && LOOPBACK.test(asked.hostname)
      const use = isPlain ? root?.use : root?.use.replace(/^http:/, 'https:')
      throw new Error(`${(error as Error).message}${use === undefined ? '' : `; use ${use}`}`)
    }
  }
}

/** null when it is none; "github.com" is one without its beginning. */
function webAddressIn(text: string): URL | null {
  const bare = /^(?:\/\/)?([a-z0-9-]+(?:\.[a-z0-9-]+)+(?::\d+)?(?:\/[^\s?#@]*)?)$/i.exec(text)?.[1]
  const url = URL.parse(bare === undefined ? text : `https://${bare}`)
  return url && ['http:', 'https:'].includes(url.protocol) && isListable(url.href) ? url : null
}

function isListable(platformUrl: string): boolean {
  try {
    entryForPlatform(platformUrl)
    return true
  } catch {
    return false
  }
}

function parseListenHost(text: string): string {
  if (isAddress(text) || isHostName(text.toLowerCase())) return text
  throw new Error(`must be an address or name of this machine such as 0.0.0.0, :: or localhost, not ${shown(text)}`)
}

function parseOrigin(text: string): string {
  const url = URL.parse(text)
  if (!url || !['http:', 'https:'].includes(url.protocol) || url.origin !== text.toLowerCase() || text.includes('*')) {
    throw new Error(`must list origins such as https://portal.example.com, not ${shown(text)}`)
  }
  return url.origin
}

function parseServerName(text: string): string {
  const name = text.toLowerCase()
  if (isHostName(name) || isAddress(name)) return name.includes(':') ? `[${name}]` : name
  throw new Error(`must list host names such as forgelink.corp.lan, not ${shown(text)}`)
}

function parseProxy(text: string): string {
  const url = URL.parse(text)
  if (!url || !['http:', 'https:'].includes(url.protocol)) throw new Error('must be an http(s) address')
  return url.href
}

/** What Forgelink's own paths begin with: below one of them it cannot be told whether a proxy has taken the path off. */
const OWN_PATHS =
  'activity assets avatars color-scheme.js docs favicon.ico healthz keys metrics openapi.json pages.css profile ' +
  'pull-requests readyz repositories session sign-in sign-out tokens users v1'

/** Its path stands in cookies, pages and redirects as it is, so it has no characters that need encoding. */
function parsePublicUrl(text: string): string {
  const url = parseServiceUrl(text)
  const path = text.replace(/^https?:\/\/[^/\\]*/i, '').replace(/\/+$/, '')
  if (!/^(\/[\w.~-]+)*$/.test(path) || /\/\.\.?(\/|$)/.test(path)) {
    throw new Error(`must have a path of plain names such as https://example.com/forgelink, not ${shown(text)}`)
  }
  const [, first = ''] = path.split('/')
  if (OWN_PATHS.split(' ').includes(first)) {
    throw new Error(`must not have a path that begins with /${first}, as Forgelink's own paths do: choose another`)
  }
  return url
}

/** What the driver would only find out later, and tell with an exception of its own. */
function parseDatabaseUrl(text: string): string {
  const url = URL.parse(text)
  if (!/^postgres(ql)?:\/\//.test(text) || !url) {
    throw new Error(
      'must be an address such as postgres://user:password@host:5432/database; write %, @, :, / and # of a password as %25, %40, %3A, %2F and %23',
    )
  }
  for (const part of [url.username, url.password, url.hostname, url.pathname]) {
    if (!isDecodable(part)) throw new Error('has a % in it that is not followed by a character; write % itself as %25')
  }
  for (const name of ['sslcert', 'sslkey', 'sslrootcert']) {
    const file = url.searchParams.get(name)
    if (file && !isReadable(file)) throw new Error(`names a file as ${name} that cannot be read: ${shown(file)}`)
  }
  return text
}

/** The driver takes a % that is followed by no two digits as it is. */
function isDecodable(part: string): boolean {
  try {
    decodeURIComponent(part.replace(/%(?![0-9a-f]{2})/gi, '%25'))
    return true
  } catch {
    return false
  }
}

function isReadable(file: string): boolean {
  try {
    readFileSync(file)
    return true
  } catch {
    return false
  }
}

/** `id:base64,id:base64`, newest first. Throws the rest of a sentence that never repeats the text. */
export function parseSecretKeys(text: string): SecretKey[] {
  const keys = parseList((entry) => {
    const [, id, base64] = /^([A-Za-z0-9_-]{1,32}):([A-Za-z0-9+/]{43}=)$/.exec(entry) ?? []
    if (!id || !base64) {
      throw new Error('must list keys as id:base64 with 32 random bytes each; make one with: openssl rand -base64 32')
    }
    return { id, key: Buffer.from(base64, 'base64') }
  })(text)
  if (keys.length === 0) throw new Error('lists no key; make one with: echo "k1:$(openssl rand -base64 32)"')
  if (new Set(keys.map((key) => key.id)).size < keys.length) throw new Error('names a key id twice')
  return keys
}

/** PEM of certificate authorities, read at start so that a missing file stops it. */
function readPem(path: string): string {
  let pem: string
  try {
    pem = readFileSync(path, 'utf8')
  } catch {
    throw new Error(`names a file that cannot be read: ${shown(path)}`)
  }
  const certificates = pem.match(/-----BEGIN CERTIFICATE-----[^-]*(-----END CERTIFICATE-----)?/g) ?? []
  if (certificates.length === 0) throw new Error(`names a file without a PEM certificate: ${shown(path)}`)
  try {
    for (const certificate of certificates) new X509Certificate(certificate)
  } catch {
    throw new Error(`names a file with a certificate that cannot be read: ${shown(path)}`)
  }
  return pem
}

/** ipaddr.js also takes `10`, `127.1` and `0x7f.1`, which nobody writes on purpose. */
function isAddress(text: string): boolean {
  return ipaddr.IPv4.isValidFourPartDecimal(text) || (ipaddr.IPv6.isValid(text) && !text.includes('%'))
}

function isRange(text: string): boolean {
  return ipaddr.isValidCIDR(text) && isAddress(text.split('/')[0] ?? '')
}

function parseRange(text: string): string {
  if (isAddress(text)) return `${text}/${ipaddr.parse(text).kind() === 'ipv4' ? 32 : 128}`
  if (isRange(text)) return text
  throw new Error(`must list addresses or ranges such as 10.0.0.0/8, not ${shown(text)}`)
}

const HOST_NAME = /^(?=.{1,253}$)[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?)*$/

/** A last label that is a number makes it an IPv4 address to URL parsing, and one that is mistyped here. */
function isHostName(text: string): boolean {
  return HOST_NAME.test(text) && !/(^|\.)(\d+|0x[0-9a-f]*)$/.test(text)
}

/** `host`, `*.suffix`, `host:port`, an IP, a CIDR, `private`, `http://host:port`. */
function parseAllowedHost(entry: string): AllowedHost {
  const text = entry.toLowerCase()
  const problem = new Error(
    `must list hosts such as gitlab.corp.lan, *.corp.lan, gitlab.corp.lan:8443, 10.0.0.0/8, private or http://localhost:8080, not ${shown(entry)}`,
  )
  if (text === 'private') return { kind: 'private', text, port: null, plainHttp: false }
  if (isRange(text)) return { kind: 'range', range: text, text, port: null, plainHttp: false }
  if (isAddress(text)) return { kind: 'host', host: text, text, port: null, plainHttp: false }

  const plainHttp = text.startsWith('http://')
  const [, name, digits] = /^(\[[0-9a-f:.]+\]|[^:/[\]]+)(?::(\d{1,5}))?$/.exec(text.replace(/^https?:\/\//, '')) ?? []
  const port = digits ? Number(digits) : null
  if (!name || port === 0 || (port ?? 0) > 65535 || (plainHttp && port === null)) throw problem
  const rest = { text, port, plainHttp }
  if (name.startsWith('[')) {
    const host = name.slice(1, -1)
    if (!ipaddr.IPv6.isValid(host)) throw problem
    return { kind: 'host', host, ...rest }
  }
  if (name.startsWith('*.')) {
    if (!isHostName(name.slice(2)) || plainHttp) throw problem
    return { kind: 'suffix', suffix: name.slice(1), ...rest }
  }
  if (name === 'private' || (!isHostName(name) && !isAddress(name))) throw problem
  return { kind: 'host', host: name, ...rest }
}

/** The operator named these platforms, so they may be private or on loopback like any other entry. */
function entryForPlatform(platformUrl: string): AllowedHost {
  const url = new URL(platformUrl)
  const plainHttp = url.protocol === 'http:'
  const port = Number(url.port) || (plainHttp ? 80 : 443)
  return parseAllowedHost(`${plainHttp ? 'http://' : ''}${url.hostname}:${port}`)
}
