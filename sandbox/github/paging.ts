// Pages of GitHub's lists and their Link headers.

import { json, type Reply } from '../http.ts'
import { type GithubRequest, githubError } from './access.ts'

interface PageWindow {
  page: number
  perPage: number
}

/** An invalid value counts as missing, and a value that is too large as the maximum, as on GitHub. */
function pageWindow(query: URLSearchParams): PageWindow {
  return { page: atLeastOne(query.get('page'), 1), perPage: Math.min(100, atLeastOne(query.get('per_page'), 30)) }
}

function atLeastOne(text: string | null, otherwise: number): number {
  const value = Number.parseInt(text ?? '', 10)
  return value >= 1 ? value : otherwise
}

/** `at` is the address in the links: below /repositories/ID for what belongs to a repository. */
export function listReply<T>(
  request: GithubRequest,
  all: T[],
  convert: (item: T) => unknown,
  at = pathOf(request),
  headers: Record<string, string> = {},
): Reply {
  const { page, perPage } = pageWindow(request.call.query)
  const items = all.slice((page - 1) * perPage, page * perPage).map(convert)
  return json(200, items, { ...linkHeader(request, at, Math.ceil(all.length / perPage)), ...headers })
}

/** A search returns only its first 1,000 results, however many it counts. */
export function searchReply<T>(
  request: GithubRequest,
  all: T[],
  convert: (item: T) => unknown,
  more: object,
  headers: Record<string, string>,
): Reply {
  const { page, perPage } = pageWindow(request.call.query)
  if ((page - 1) * perPage >= 1000) {
    return githubError(422, 'Only the first 1000 search results are available', 'search/search')
  }
  const within = all.slice(0, 1000)
  const items = within.slice((page - 1) * perPage, page * perPage).map(convert)
  const body = { total_count: all.length, incomplete_results: false, ...more, items }
  const links = linkHeader(request, pathOf(request), Math.ceil(within.length / perPage))
  return json(200, body, { ...links, ...headers })
}

function pathOf(request: GithubRequest): string {
  return `${request.site.origin}${request.call.path}`
}

function linkHeader(request: GithubRequest, at: string, lastPage: number): Record<string, string> {
  const { page } = pageWindow(request.call.query)
  const link = (target: number, rel: string) => {
    const query = new URLSearchParams(request.call.query)
    query.set('page', String(target))
    return `<${at}?${query}>; rel="${rel}"`
  }
  const links = [
    ...(page > 1 ? [link(Math.min(page - 1, Math.max(1, lastPage)), 'prev')] : []),
    ...(page < lastPage ? [link(page + 1, 'next'), link(lastPage, 'last')] : []),
    ...(page > 1 ? [link(1, 'first')] : []),
  ]
  return links.length === 0 ? {} : { link: links.join(', ') }
}
