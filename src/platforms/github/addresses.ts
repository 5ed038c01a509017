// Where GitHub's servers have their pages and APIs, and which version of its REST API a server is asked for.

import type { VendorAddresses } from '../vendor.ts'

const HOSTED = 'https://github.com'

/** Tenants with data residency: https://docs.github.com/en/enterprise-cloud@latest/admin/data-residency */
const TENANT = /^[a-z0-9-]+\.ghe\.com$/

/** Where a person sees and makes tokens, below the web root. */
export const TOKENS_PATH = '/settings/tokens'

export const addresses: VendorAddresses = {
  hosted: HOSTED,
  apiUrl,
  apiPaths: ['api/v3', 'api/graphql', 'graphql'],
  // An Enterprise Server has its host to itself.
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
  // github.com and tenants with data residency have the API on a host of its own.
  return host === 'github.com' || TENANT.test(host) ? `https://api.${host}` : `${webUrl}/api/v3`
}

/** github.com or a tenant of its own at ghe.com, which are no Enterprise Servers. */
export function isHostedByGitHub(webUrl: string): boolean {
  return /^(github\.com|[^.]+\.ghe\.com)$/.test(new URL(webUrl).hostname)
}

const NEWEST_VERSION = '2026-03-10'

/** What every server knows that has versions at all. github.com ends it on 10 March 2028. */
const COMMON_VERSION = '2022-11-28'

/** The first Enterprise Server that knows the newest; an older one may answer 400 to it. */
const NEWEST_SINCE = [3, 22]

/**
 * `enterpriseVersion`: what the server said in `X-GitHub-Enterprise-Version`, if it has. github.com and its tenants at
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
