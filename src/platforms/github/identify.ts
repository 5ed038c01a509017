// Who is at an address: GitHub, an Enterprise Server, or a server that is only like them.
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

/** An Enterprise Server has no path, so one that was typed is left out. */
function apiUrlOf(webUrl: string): string {
  return addresses.apiUrl(new URL(webUrl).origin)
}

function identified(webUrl: string, { headers, members }: ProbeAnswer): Identified | null {
  const version = headers['x-github-enterprise-version'] ?? members.installed_version
  if (typeof version === 'string') return { name: 'GitHub Enterprise Server', version, doubt: null }
  // In private mode it tells nothing to those without a token, but that it is GitHub.
  if (headers['x-github-request-id'] === undefined && headers['x-github-media-type'] === undefined) return null
  const isServer = !/(^|\.)(github\.com|ghe\.com)$/.test(new URL(webUrl).hostname)
  return { name: isServer ? 'GitHub Enterprise Server' : 'GitHub', version: null, doubt: null }
}

const KEYS_PATH = '/user/keys'
const SEARCHES_PATH = '/search/repositories'

/** What an Enterprise Server answers with 401, or openly, and a server without such a call with 404. */
const TELLING_PATHS = [KEYS_PATH, SEARCHES_PATH]

/**
 * A proxy may strip the headers by which GitHub is known, and GitBucket has none of them. To `GET /user` without a token
 * both answer `{"message":"Requires authentication"}`. Headers are a hint and no proof: *.ghe.com does not tell its version
 * in them.
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
 * Calls of ours that the server of a link does not know. GitBucket lacks both: its calls are at
 * https://github.com/gitbucket/gitbucket/tree/master/src/main/scala/gitbucket/core/controller/api. Keys are also hidden
 * from a token without their scope, but searches from none.
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
