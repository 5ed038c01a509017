// Reads the settings that are web addresses: our own, the platforms', a proxy's, and origins.

import { entryForPlatform } from './hosts.ts'
import { shown } from './values.ts'

/** `problem` continues after the setting's name; `use` is the root, without trailing slash. */
export interface PlatformRoot {
  use: string
  problem: string | null
}

const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/

export function isLoopbackHost(host: string): boolean {
  return LOOPBACK.test(host)
}

/** https, or http on loopback: tokens and cookies must not cross a network unencrypted. */
export function parseServiceUrl(text: string): string {
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
 * Reads a platform's root. Other addresses of the platform that people paste are rejected, and the message names the
 * root. The root also becomes an entry of `ALLOWED_HOSTS`, so its host must be one that can be listed there.
 */
export function parsePlatformUrl(rootOf: (url: URL) => PlatformRoot): (text: string) => string {
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

/** null when it is not a web address; "github.com" is one, without its scheme. */
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

/** The start of addresses that a browser may be sent back to: of its path, whole segments count. */
export function parseReturnUrl(text: string): string {
  if (/[\\\s]|\.\.|%2e/i.test(text)) {
    throw new Error(`must list addresses such as https://portal.example.com/account, not ${shown(text)}`)
  }
  return parseServiceUrl(text)
}

/** https, or http on this machine: what is sent there must not cross a network unencrypted. */
export function isHttpsOrLoopback({ protocol, hostname }: URL): boolean {
  return protocol === 'https:' || (protocol === 'http:' && LOOPBACK.test(hostname))
}

export function parseOrigin(text: string): string {
  const url = URL.parse(text)
  if (!url || !['http:', 'https:'].includes(url.protocol) || url.origin !== text.toLowerCase() || text.includes('*')) {
    throw new Error(`must list origins such as https://portal.example.com, not ${shown(text)}`)
  }
  return url.origin
}

export function parseProxy(text: string): string {
  const url = URL.parse(text)
  if (!url || !['http:', 'https:'].includes(url.protocol)) throw new Error('must be an http(s) address')
  return url.href
}

/**
 * The first segments of Forgelink's own paths: a base path must not begin with one, or it would be unclear whose it is.
 */
const OWN_PATHS =
  'account activity assets avatars color-scheme.js docs favicon.ico fonts.css healthz invitations keys link-sessions metrics ' +
  'missing-files.js openapi.json pages.css profile pull-requests readyz repositories session sign-in sign-out tokens users v1'

/** Its path is put unchanged into cookies, pages and redirects, so it has no characters that need encoding. */
export function parsePublicUrl(text: string): string {
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

/** The name of an issuer. Issuers are compared byte for byte, so nothing in it is mended. */
export function parseIssuer(text: string): string {
  parseServiceUrl(text)
  return text
}
