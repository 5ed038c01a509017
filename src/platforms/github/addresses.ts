// The addresses of GitHub servers' pages and APIs, and which REST API version a server is asked for.

import type { VendorAddresses } from '../vendor.ts'

const HOSTED = 'https://github.com'

/** Tenants with data residency: https://docs.github.com/en/enterprise-cloud@latest/admin/data-residency */
const TENANT = /^[a-z0-9-]+\.ghe\.com$/

/** The page where a person sees and creates tokens, below the web root. */
export const TOKENS_PATH = '/settings/tokens'

export const addresses: VendorAddresses = {
  hosted: HOSTED,
  apiUrl,
  apiPaths: ['api/v3', 'api/graphql', 'graphql'],
  // An Enterprise Server always has a host of its own, so its root has no path.
  pagePaths: null,
  mainHost(host) {
    if (host.endsWith('.github.com')) return 'github.com'
    return /^(?:www|api)\.([a-z0-9-]+\.ghe\.com)$/.exec(host)?.[1] ?? null
  },
  tokensPath: TOKENS_PATH,
  newTokenPath: (scopes) => `${TOKENS_PATH}/new?scopes=${encodeURIComponent(scopes.join(','))}&description=Forgelink`,
}

function apiUrl(webUrl: string): string {
  const { host } = new URL(webUrl)
  // github.com and tenants with data residency have their API on a separate host.
  return host === 'github.com' || TENANT.test(host) ? `https://api.${host}` : `${webUrl}/api/v3`
}

/** Whether it is github.com or a tenant at ghe.com, which are not Enterprise Servers. */
export function isHostedByGitHub(webUrl: string): boolean {
  return /^(github\.com|[^.]+\.ghe\.com)$/.test(new URL(webUrl).hostname)
}

const NEWEST_VERSION = '2026-03-10'

/** The version that every server with API versions knows. github.com ends it on 10 March 2028. */
const COMMON_VERSION = '2022-11-28'

/** The first Enterprise Server that knows the newest version; older ones may answer it with 400. */
const NEWEST_SINCE = [3, 22]

/**
 * `enterpriseVersion`: the server's `X-GitHub-Enterprise-Version`, if it sends one. github.com and its tenants at
 * ghe.com are always the newest: https://docs.github.com/en/rest/about-the-rest-api/api-versions,
 * https://docs.github.com/en/enterprise-cloud@latest/rest/about-the-rest-api/api-versions
 */
export function apiVersionFor(webUrl: string, enterpriseVersion: string | undefined): string {
  if (isHostedByGitHub(webUrl)) return NEWEST_VERSION
  return isSince(enterpriseVersion, NEWEST_SINCE) ? NEWEST_VERSION : COMMON_VERSION
}

function isSince(version: string | undefined, [major = 0, minor = 0]: number[]): boolean {
  const [, itsMajor, itsMinor] = /^(\d{1,4})\.(\d{1,4})(?:\.|$)/.exec(version ?? '') ?? []
  if (itsMajor === undefined) return false
  return Number(itsMajor) > major || (Number(itsMajor) === major && Number(itsMinor) >= minor)
}
