// Which platform answers at an address, as far as it tells those who have no token.

import { apiVersionFor } from './github/api-version.ts'
import { platformAddress } from './platform-url.ts'
import type { ScmType } from './scm-types.ts'
import { sunsetOf } from './transport/guards/server-notes.ts'
import type { Transport } from './transport/transport.ts'
import { hasCode, membersOf } from './vendor.ts'

export interface Probed {
  /** null when it is none that we know; `like GitHub`: its answers have GitHub's form, and nothing of its headers. */
  name: 'GitHub' | 'GitHub Enterprise Server' | 'GitLab' | 'like GitHub' | null
  /** Of a server that is like GitHub, the calls of ours that it does not know. */
  unknownCalls: string[]
  /** null when it tells those with a token only. */
  version: string | null
  /** What was answered where the API of each would be. */
  statuses: { url: string; status: number }[]
  /** The clock there, ISO 8601; null when it does not tell. */
  time: string | null
  /** When it ends the version of its API that we ask for, ISO 8601; null when it announces no end. */
  sunset: string | null
}

/** Asks both APIs below `web` without any token. Throws a `Failure`. */
export async function probe(transport: Transport, webUrl: string): Promise<Probed> {
  const version = { 'x-github-api-version': apiVersionFor(webUrl, undefined) }
  const github = await ask(transport, webUrl, `${apiOf('github-enterprise', webUrl)}/meta`, version)
  const gitlab = await ask(transport, webUrl, `${apiOf('gitlab-self-hosted', webUrl)}/version`)
  const { date } = gitlab.headers
  const found = identify(webUrl, github, gitlab)
  return {
    ...(found.name === null ? await askLikeGitHub(transport, webUrl) : { ...found, unknownCalls: [] }),
    statuses: [github, gitlab].map(({ url, status }) => ({ url, status })),
    time: date !== undefined && !Number.isNaN(Date.parse(date)) ? new Date(date).toISOString() : null,
    sunset: sunsetOf(github.headers) ?? sunsetOf(gitlab.headers),
  }
}

function apiOf(scmType: ScmType, webUrl: string): string {
  return platformAddress(scmType, scmType === 'github-enterprise' ? new URL(webUrl).origin : webUrl).apiUrl
}

interface Asked {
  url: string
  status: number
  headers: Record<string, string>
  /** Of the answer's JSON. */
  members: Record<string, unknown>
}

async function ask(
  transport: Transport,
  webUrl: string,
  address: string,
  version: Record<string, string> = {},
): Promise<Asked> {
  const { limits } = transport
  const url = new URL(address)
  try {
    const { status, headers, body } = await transport.probe({
      method: 'GET',
      url,
      headers: { accept: 'application/json', ...version },
      body: null,
      endpoint: transport.endpointOf(url),
      maxBytes: limits.object,
      scope: 'probe',
      root: new URL(webUrl).origin,
      deadline: Date.now() + limits.headers,
    })
    return { url: address, status, headers, members: membersOf(body) }
  } catch (failure) {
    // GitLab's sign-in page, say: the other vendor's API is not there.
    if (hasCode(failure, 'scm_redirected')) return { url: address, status: 302, headers: {}, members: {} }
    throw failure
  }
}

/** What an Enterprise Server answers with 401, or openly, and a server without such a call with 404. */
const TELLING_CALLS = ['/user/keys', '/search/repositories']

/**
 * A proxy may strip the headers by which GitHub is known, and GitBucket has none of them. To `GET /user` without a token
 * both answer `{"message":"Requires authentication"}`.
 */
async function askLikeGitHub(
  transport: Transport,
  webUrl: string,
): Promise<Pick<Probed, 'name' | 'version' | 'unknownCalls'>> {
  const apiUrl = apiOf('github-enterprise', webUrl)
  const user = await ask(transport, webUrl, `${apiUrl}/user`)
  const isLike = user.status === 401 && user.members.message === 'Requires authentication'
  if (!isLike) return { name: null, version: null, unknownCalls: [] }
  const unknownCalls: string[] = []
  for (const path of TELLING_CALLS) {
    const { status } = await ask(transport, webUrl, `${apiUrl}${path}?per_page=1&q=a`)
    if (status === 404) unknownCalls.push(`GET ${path}`)
  }
  return { name: 'like GitHub', version: null, unknownCalls }
}

function identify(webUrl: string, github: Asked, gitlab: Asked): Pick<Probed, 'name' | 'version'> {
  const version = github.headers['x-github-enterprise-version'] ?? github.members.installed_version
  if (typeof version === 'string') return { name: 'GitHub Enterprise Server', version: shortened(version) }
  // In private mode it tells nothing to those without a token, but that it is GitHub.
  if (github.headers['x-github-request-id'] !== undefined || github.headers['x-github-media-type'] !== undefined) {
    const isOwn = !/(^|\.)(github\.com|ghe\.com)$/.test(new URL(webUrl).hostname)
    return { name: isOwn ? 'GitHub Enterprise Server' : 'GitHub', version: null }
  }
  const isGitLabs = gitlab.status === 401 && gitlab.members.message === '401 Unauthorized'
  if (isGitLabs || gitlab.headers['x-gitlab-meta'] !== undefined) return { name: 'GitLab', version: null }
  return { name: null, version: null }
}

function shortened(version: string): string {
  return version.replace(/[^\w.+-]/g, '?').slice(0, 40)
}
