// The address that a browser goes back to: one that the operator allows, with the result in its query.

import { isHttpsOrLoopback } from '../config/web-addresses.ts'

const MAX_RETURN_URL_LENGTH = 2048

/** Why the browser may not be sent there; undefined when it may. `allowed`: RETURN_URLS. */
export function returnUrlProblem(text: string, allowed: string[]): string | undefined {
  if (allowed.length === 0) return 'can be no address, since the operator of this server has set no RETURN_URLS'
  if (text.length > MAX_RETURN_URL_LENGTH) return `is too long (at most ${MAX_RETURN_URL_LENGTH} characters)`
  // URL parsing would repair all of these, and the address would lead elsewhere than it seems to.
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the pattern searches for these
  if (/[\\\u0000-\u0020\u007f]/.test(text)) return 'must not contain backslashes, spaces or control characters'
  if (!/^https?:\/\/[^/]/i.test(text)) return 'is not an https address'
  if (/\.\.|%2e/i.test(text.replace(/[?#].*$/s, ''))) return 'must not contain ".." or "%2e" in its path'
  const url = URL.parse(text)
  if (!url) return 'is not an https address'
  if (/^https?:\/\/[^/?#]*@/i.test(text)) return 'must not contain a user name or password'
  if (!isHttpsOrLoopback(url)) return 'must start with https://; http:// is for addresses of this machine only'
  if (allowed.some((entry) => isBelow(url, new URL(entry)))) return undefined
  return 'is none that the operator of this server allows: it has to begin like an entry of RETURN_URLS'
}

/** The same origin, and the path of `entry` as whole leading segments. */
function isBelow({ origin, pathname }: URL, entry: URL): boolean {
  const path = entry.pathname.replace(/\/+$/, '')
  return origin === entry.origin && (pathname === path || pathname.startsWith(`${path}/`))
}

/** `returnUrl` with more in its query; what is there stays as it is. */
export function returnAddress(returnUrl: string, result: Record<string, string>): string {
  const url = new URL(returnUrl)
  const query = new URLSearchParams(result).toString()
  url.search = url.search === '' ? query : `${url.search}&${query}`
  return url.href
}
