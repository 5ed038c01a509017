// Reads the settings, using what vendors know about their own platforms: addresses, default scopes, and paths of pages.

import type { Config, Environment, HostedPlatform, PlatformRoot } from './config.ts'
import { parseConfig } from './config.ts'
import { OAUTH_SCM_TYPES, type OAuthScmType, settingsPrefix } from './platforms/scm-types.ts'
import { neededScopes, type VendorAddresses } from './platforms/vendor.ts'
import { VENDOR_NAMES, vendorOf, vendors } from './platforms/vendors.ts'

/** Throws a `ConfigError` that names every wrong setting. An empty value counts as absent. `seen` is told the name of each. */
export function readConfig(env: Environment, seen?: (name: string) => void): Config {
  return parseConfig(env, OAUTH_SCM_TYPES.map(hostedPlatform), seen)
}

function hostedPlatform(scmType: OAuthScmType): HostedPlatform<OAuthScmType> {
  const { addresses, scopes } = vendorOf(scmType)
  return {
    name: scmType,
    prefix: settingsPrefix(scmType),
    url: addresses.hosted,
    scopes: neededScopes(scopes).join(' '),
    rootOf: (url) => rootOf(scmType, url),
  }
}

/**
 * Checks whether `GITHUB_URL` or the like is a platform's root: people also paste addresses of its API and its pages.
 */
function rootOf(scmType: OAuthScmType, url: URL): PlatformRoot {
  const { addresses } = vendorOf(scmType)
  const hostedHost = new URL(addresses.hosted).host
  const host = mainHost(url.hostname)
  const owner = OAUTH_SCM_TYPES.find((other) => other !== scmType && hostOf(other) === host)
  if (owner !== undefined) {
    return {
      use: addresses.hosted,
      problem: `is an address of ${host}, which belongs into ${settingsPrefix(owner)}_URL`,
    }
  }
  const path = url.pathname.replace(/\/+$/, '')
  const isHosted = host === hostedHost
  const pathProblem = path === '' ? null : problemOfPath(isHosted ? null : addresses.pagePaths, path)
  const origin = isHosted || host !== url.hostname ? `https://${host}` : url.origin
  const use = origin + (pathProblem?.root ?? path)
  if (host !== url.hostname) {
    return {
      use,
      problem: url.hostname.startsWith('api.') ? 'is the address of the API' : 'is not where accounts live',
    }
  }
  if (isHosted && url.port !== '') return { use, problem: `must not have a port` }
  return { use, problem: pathProblem?.problem ?? null }
}

function hostOf(scmType: OAuthScmType): string {
  return new URL(vendorOf(scmType).addresses.hosted).host
}

function mainHost(host: string): string {
  return VENDOR_NAMES.map((name) => vendors[name].addresses.mainHost(host)).find((main) => main !== null) ?? host
}

const API_PATH = /^(.*?)\/+(?:api\/v\d+|api\/graphql|graphql)(?:\/.*)?$/i

/** null for a path under which a whole platform may be installed. `pagePaths` null: it never is under a path. */
function problemOfPath(
  pagePaths: VendorAddresses['pagePaths'],
  path: string,
): { root: string; problem: string } | null {
  const [, aboveApi] = API_PATH.exec(path) ?? []
  if (pagePaths === null) {
    return { root: '', problem: aboveApi === undefined ? 'must not have a path' : 'is the address of the API' }
  }
  const segments = path.toLowerCase().split('/')
  const page = segments.findIndex((segment, index) => index > 0 && pagePaths.includes(segment))
  const above = aboveApi ?? (page === -1 ? undefined : path.split('/').slice(0, page).join('/'))
  if (above === undefined) return null
  const problem = aboveApi === undefined ? 'is the address of a page' : 'is the address of the API'
  return { root: above.replace(/\/+$/, ''), problem }
}
