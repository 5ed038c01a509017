// Whether GITHUB_URL or GITLAB_URL is the root of a platform: addresses of its API and its pages are pasted there too.

export type PlatformName = 'github' | 'gitlab'

const HOSTED: Record<PlatformName, string> = { github: 'github.com', gitlab: 'gitlab.com' }

/** Names below github.com, of gitlab.com and of a tenant of ghe.com under which no accounts live. */
const ALIASES: [RegExp, (name: string) => string][] = [
  [/\.(github\.com)$/, (name) => name],
  [/^(?:www|api|docs|about|registry|ssh|altssh|customers)\.(gitlab\.com)$/, (name) => name],
  [/^(?:www|api)\.([a-z0-9-]+\.ghe\.com)$/, (name) => name],
]

const API_PATH = /^(.*?)\/+(?:api\/v\d+|api\/graphql|graphql)(?:\/.*)?$/i

/** What GitLab keeps for pages of its own, and no path of a whole GitLab ends with: https://docs.gitlab.com/user/reserved_names/ */
const PAGE_PATH =
  /^(.*?)\/+(?:-|\.well-known|admin|api|dashboard|explore|groups|help|jwt|login|oauth|profile|search|snippets|uploads|user|users)(?:\/.*)?$/i

/** `problem` reads on after the setting's name; `use` is the root, without trailing slash. */
interface Root {
  use: string
  problem: string | null
}

/** Nothing but host and path of `url` is told of, since the rest may be secret. */
export function platformRoot(name: PlatformName, url: URL): Root {
  const other = name === 'github' ? 'gitlab' : 'github'
  const host = mainHost(url.hostname)
  if (host === HOSTED[other]) {
    const problem = `is an address of ${HOSTED[other]}, which belongs into ${other.toUpperCase()}_URL`
    return { use: `https://${HOSTED[name]}`, problem }
  }
  const path = url.pathname.replace(/\/+$/, '')
  const pathProblem = path === '' ? null : problemOfPath(name, host, path)
  const isHosted = host === HOSTED[name]
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

function mainHost(host: string): string {
  for (const [alias, mainOf] of ALIASES) {
    const [, name] = alias.exec(host) ?? []
    if (name !== undefined) return mainOf(name)
  }
  return host
}

/** null for a path below which a whole GitLab may lie. */
function problemOfPath(name: PlatformName, host: string, path: string): { root: string; problem: string } | null {
  const [, aboveApi] = API_PATH.exec(path) ?? []
  const [, abovePage] = PAGE_PATH.exec(path) ?? []
  const mayHavePath = name === 'gitlab' && host !== HOSTED.gitlab
  const root = mayHavePath ? (aboveApi ?? abovePage ?? '').replace(/\/+$/, '') : ''
  if (aboveApi !== undefined) return { root, problem: 'is the address of the API' }
  if (mayHavePath && abovePage === undefined) return null
  return { root, problem: mayHavePath ? 'is the address of a page' : 'must not have a path' }
}
