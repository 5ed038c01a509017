// Which server is at an address: github.com, an Enterprise Server, or one that only resembles them.
import { Type } from 'typebox'
import { Failure } from '../../failure.ts'
import type { ApiClient } from '../transport/api-client.ts'
import type { Identification, Identified, ProbeAnswer } from '../vendor.ts'
import { addresses, apiVersionFor } from './addresses.ts'
import { isVersionUnsupported } from './errors.ts'

export const identify: Identification = {
  question: (webUrl) => ({
    url: `${apiUrlOf(webUrl)}/meta`,
    headers: { 'x-github-api-version': apiVersionFor(webUrl, undefined) },
  }),
  read: identified,
  async readMore(webUrl, ask) {
    const apiUrl = apiUrlOf(webUrl)
    const user = await ask({ url: `${apiUrl}/user` })
    if (user.status !== 401 || user.members.message !== 'Requires authentication') return null
    const unknown: string[] = []
    for (const path of TELLING_PATHS) {
      const { status } = await ask({ url: `${apiUrl}${path}?per_page=1&q=a` })
      if (status === 404) unknown.push(`GET ${path}`)
    }
    return likeGitHub(unknown)
  },
}

/** An Enterprise Server's root has no path, so a typed path is dropped. */
function apiUrlOf(webUrl: string): string {
  return addresses.apiUrl(new URL(webUrl).origin)
}

function identified(webUrl: string, { headers, members }: ProbeAnswer): Identified | null {
  const version = headers['x-github-enterprise-version'] ?? members.installed_version
  if (typeof version === 'string') return { name: 'GitHub Enterprise Server', version, doubt: null }
  // In private mode it shows nothing without a token, except that it is GitHub.
  if (headers['x-github-request-id'] === undefined && headers['x-github-media-type'] === undefined) return null
  const isServer = !/(^|\.)(github\.com|ghe\.com)$/.test(new URL(webUrl).hostname)
  return { name: isServer ? 'GitHub Enterprise Server' : 'GitHub', version: null, doubt: null }
}

const KEYS_PATH = '/user/keys'
const SEARCHES_PATH = '/search/repositories'

/** An Enterprise Server answers these with 401, or openly; a server that does not have the call answers 404. */
const TELLING_PATHS = [KEYS_PATH, SEARCHES_PATH]

/**
 * A proxy may remove the headers by which GitHub is known, and GitBucket sends none of them. Both answer `GET /user`
 * without a token with `{"message":"Requires authentication"}`. Missing headers are a hint, not a proof: *.ghe.com does
 * not send its version either.
 */
function likeGitHub(unknownCalls: string[]): Identified {
  const seen = 'It answers as GitHub does, but without the headers that GitHub Enterprise Server sends.'
  const doubt =
    unknownCalls.length === 0
      ? `${seen} If it is one, a proxy before it strips them: have X-GitHub-Enterprise-Version passed on. Link it with scm_type github-enterprise.`
      : `${seen} It does not know ${unknownCalls.join(', ')}, so it is only like GitHub (GitBucket, say), and what needs these calls does not work with it. Its health as a link says the same.`
  return { name: 'like GitHub', version: null, doubt }
}

export const KEYS = `GET ${KEYS_PATH}`
const SEARCHES = `GET ${SEARCHES_PATH}`

/**
 * The calls of ours that a link's server does not know. GitBucket has neither: its calls are at
 * https://github.com/gitbucket/gitbucket/tree/master/src/main/scala/gitbucket/core/controller/api. Keys are also hidden
 * from a token without their scope; searches are open to every token.
 */
export async function unknownCalls(api: ApiClient): Promise<string[]> {
  const [hasKeys, hasSearches] = await Promise.all([
    knows(api, `${KEYS_PATH}?per_page=1`),
    knows(api, `${SEARCHES_PATH}?q=a&per_page=1`),
  ])
  if (hasSearches) return []
  return hasKeys ? [SEARCHES] : [KEYS, SEARCHES]
}

async function knows(api: ApiClient, path: string): Promise<boolean> {
  try {
    await api.get(path, Type.Unknown())
    return true
  } catch (failure) {
    if (!(failure instanceof Failure) || isVersionUnsupported(failure)) throw failure
    return failure.code !== 'scm_not_found' && failure.details.log?.status !== 404
  }
}
