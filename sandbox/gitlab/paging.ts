// Pages of GitLab's lists: Link, x-next-page, totals, the limit of offsets, and keyset pages.

import { json, type Reply } from '../http.ts'
import { type GitlabRequest, invalidValue } from './access.ts'

const offsetLimit = 50_000
const countLimit = 10_000

export function listReply<T extends { id: number } | object>(
  request: GitlabRequest,
  all: T[],
  convert: (item: T) => unknown,
  type = 'Project',
): Reply {
  const { query } = request.call
  const rejected = badNumber(query, 'page') ?? badNumber(query, 'per_page')
  if (rejected !== undefined) return rejected
  const perPage = Math.min(100, Number(query.get('per_page') ?? 20))
  if (query.get('pagination') === 'keyset') return keysetReply(request, all, convert, perPage)
  const page = Number(query.get('page') ?? 1)
  if ((page - 1) * perPage >= offsetLimit) {
    const error = `Offset pagination has a maximum allowed offset of ${offsetLimit} for requests that return objects of type ${type}. Remaining records can be retrieved using keyset pagination.`
    return json(405, { error })
  }
  const items = all.slice((page - 1) * perPage, page * perPage).map(convert)
  return json(200, items, pageHeaders(request, page, perPage, all.length))
}

function badNumber(query: URLSearchParams, name: string): Reply | undefined {
  const value = query.get(name)
  if (value === null || /^[1-9]\d{0,8}$/.test(value)) return undefined
  if (/^\d+$/.test(value)) return invalidValue(name)
  return json(400, { error: `${name} is invalid` })
}

function pageHeaders(request: GitlabRequest, page: number, perPage: number, total: number): Record<string, string> {
  const last = Math.max(1, Math.ceil(total / perPage))
  const counted = total <= countLimit
  const link = (target: number, rel: string) => `<${addressWith(request, { page: String(target) })}>; rel="${rel}"`
  const links = [
    ...(page > 1 ? [link(page - 1, 'prev')] : []),
    ...(page < last ? [link(page + 1, 'next')] : []),
    link(1, 'first'),
    ...(counted ? [link(last, 'last')] : []),
  ]
  return {
    link: links.join(', '),
    'x-page': String(page),
    'x-per-page': String(perPage),
    'x-next-page': page < last ? String(page + 1) : '',
    'x-prev-page': page > 1 ? String(page - 1) : '',
    ...(counted ? { 'x-total': String(total), 'x-total-pages': String(last) } : {}),
  }
}

/** Sorted only by id; the next link contains the position to go on from. */
function keysetReply<T extends { id: number } | object>(
  request: GitlabRequest,
  all: T[],
  convert: (item: T) => unknown,
  perPage: number,
): Reply {
  const { query } = request.call
  if ((query.get('order_by') ?? 'id') !== 'id') {
    return json(405, { error: 'Keyset pagination is not yet available for this type of request' })
  }
  const ascending = query.get('sort') === 'asc'
  const after = Number(query.get(ascending ? 'id_after' : 'id_before') ?? (ascending ? 0 : Number.MAX_SAFE_INTEGER))
  const idOf = (item: T) => ('id' in item ? item.id : 0)
  const sorted = [...all].sort((a, b) => (ascending ? 1 : -1) * (idOf(a) - idOf(b)))
  const rest = sorted.filter((item) => (ascending ? idOf(item) > after : idOf(item) < after))
  const shown = rest.slice(0, perPage)
  const last = shown.at(-1)
  const headers: Record<string, string> = { 'x-per-page': String(perPage) }
  if (last !== undefined && rest.length > perPage) {
    const next = { [ascending ? 'id_after' : 'id_before']: String(idOf(last)) }
    headers.link = `<${addressWith(request, next)}>; rel="next"`
  }
  return json(200, shown.map(convert), headers)
}

function addressWith({ site, call, params, defaults }: GitlabRequest, values: Record<string, string>): string {
  const query = new URLSearchParams({ ...defaults, ...params, per_page: '20', ...Object.fromEntries(call.query) })
  query.delete('private_token')
  query.delete('access_token')
  for (const [name, value] of Object.entries(values)) query.set(name, value)
  query.sort()
  return `${site.origin}${call.path}?${query}`
}
