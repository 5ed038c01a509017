// Which version of its REST API a GitHub server is asked for.

const NEWEST = '2026-03-10'

/** What every server knows that has versions at all. github.com ends it on 10 March 2028. */
const COMMON = '2022-11-28'

/** The first Enterprise Server that knows the newest; an older one may answer 400 to it. */
const NEWEST_SINCE = [3, 22]

/**
 * `enterpriseVersion`: what the server said in `X-GitHub-Enterprise-Version`, if it has. github.com and its tenants at
 * ghe.com are always the newest: https://docs.github.com/en/rest/about-the-rest-api/api-versions,
 * https://docs.github.com/en/enterprise-cloud@latest/rest/about-the-rest-api/api-versions
 */
export function apiVersionFor(webUrl: string, enterpriseVersion: string | undefined): string {
  if (isHostedByGitHub(webUrl)) return NEWEST
  return isSince(enterpriseVersion, NEWEST_SINCE) ? NEWEST : COMMON
}

/** github.com or a tenant of its own at ghe.com, which are no Enterprise Servers. */
export function isHostedByGitHub(webUrl: string): boolean {
  return /^(github\.com|[^.]+\.ghe\.com)$/.test(new URL(webUrl).hostname)
}

function isSince(version: string | undefined, [major = 0, minor = 0]: number[]): boolean {
  const [, itsMajor, itsMinor] = /^(\d{1,4})\.(\d{1,4})(?:\.|$)/.exec(version ?? '') ?? []
  if (itsMajor === undefined) return false
  return Number(itsMajor) > major || (Number(itsMajor) === major && Number(itsMinor) >= minor)
}
