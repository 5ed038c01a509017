// Finds the next page of a list, always at the address we use, whatever address the platform believes it has.

export interface PageAnswer {
  headers: Record<string, string>
  /** Root of the API, without trailing slash. */
  root: string
  /** The requested path and query, below root. */
  path: string
}

/**
 * Path and query of the next page below root; null at the end. A platform's configured external URL is often wrong, so
 * a link to another origin or outside root is not followed: only its query is used, with the path that we asked for.
 */
export function nextPage({ headers, root, path }: PageAnswer): string | null {
  const target = nextLink(headers.link ?? '')
  if (target === null) return pageFromHeader(headers['x-next-page'], path)
  const base = new URL(root)
  const url = URL.parse(target, root + path)
  if (!url) return null
  const prefix = base.pathname.replace(/\/$/, '')
  if (url.origin === base.origin && url.pathname.startsWith(`${prefix}/`)) {
    return url.pathname.slice(prefix.length) + url.search
  }
  const ownPath = path.split('?', 1)[0] ?? ''
  return ownPath + url.search
}

/** GitLab also sends the next page's number, which survives proxies that drop `Link`; it is empty on the last page. */
function pageFromHeader(number: string | undefined, path: string): string | null {
  if (!number || !/^[1-9]\d{0,9}$/.test(number)) return null
  const [ownPath = '', query] = path.split('?', 2)
  const search = new URLSearchParams(query)
  search.set('page', number)
  return `${ownPath}?${search}`
}

/**
 * The page after one of `length` items when no header names it, as behind a proxy that drops `Link`: a full page may
 * have a next one, which at worst is empty. null when the path names no `per_page`.
 */
export function pageAfterFull({ headers, path }: PageAnswer, length: number): string | null {
  const search = new URLSearchParams(path.split('?', 2)[1])
  const page = Number(search.get('page') ?? 1)
  const perPage = Number(search.get('per_page') ?? 0)
  if (perPage === 0 || length < perPage || tellsMore(headers, page) !== null) return null
  return pageFromHeader(String(page + 1), path)
}

/**
 * `next` and the pages after it up to the last one, when the headers tell which that is. GitLab does not for more than
 * 10,000 items (https://docs.gitlab.com/api/rest/#pagination-response-headers), GitHub not for lists with a cursor.
 */
export function pagesToLast(headers: Record<string, string>, next: string): string[] {
  const [path = '', query] = next.split('?', 2)
  const search = new URLSearchParams(query)
  const last = lastPage(headers)
  const first = Number(search.get('page') ?? 0)
  if (first === 0 || Number.isNaN(first) || last <= first) return []
  return Array.from({ length: last - first + 1 }, (_, index) => {
    search.set('page', String(first + index))
    return `${path}?${search}`
  })
}

/** 0 when the headers do not tell. */
function lastPage(headers: Record<string, string>): number {
  const target = linksOf(headers.link ?? '').find(({ relations }) => relations.includes('last'))?.target
  const number = target === undefined ? headers['x-total-pages'] : new URLSearchParams(target.split('?')[1]).get('page')
  return /^\d{1,9}$/.test(number?.trim() ?? '') ? Number(number) : 0
}

/** Whether the headers of page `page` say that another follows; null when they do not say. */
export function tellsMore(headers: Record<string, string>, page: number): boolean | null {
  const relations = linksOf(headers.link ?? '').flatMap((link) => link.relations)
  if (relations.includes('next')) return true
  // Other relations, such as "deprecation", say nothing about pages.
  if (relations.some((relation) => ['first', 'prev', 'previous', 'last'].includes(relation))) return false
  const next = headers['x-next-page']?.trim()
  if (next !== undefined && /^\d*$/.test(next)) return next !== ''
  const pages = headers['x-total-pages']?.trim() ?? ''
  return /^\d{1,15}$/.test(pages) ? page < Number(pages) : null
}

/** The target of rel="next" in a `Link` header. */
export function nextLink(header: string): string | null {
  return linksOf(header).find(({ relations }) => relations.includes('next'))?.target ?? null
}

/** The targets in a `Link` header and their relations (RFC 8288). */
function linksOf(header: string): { target: string; relations: string[] }[] {
  const links = []
  let at = header.indexOf('<')
  while (at >= 0) {
    const end = header.indexOf('>', at)
    if (end < 0) break
    const following = header.indexOf('<', end)
    const parameters = header.slice(end + 1, following < 0 ? undefined : following)
    const rel = /;\s*rel\s*=\s*(?:"([^"]*)"|([^\s;,"]+))/i.exec(parameters)
    const relations = (rel?.[1] ?? rel?.[2] ?? '').toLowerCase().split(' ')
    links.push({ target: header.slice(at + 1, end).trim(), relations })
    at = following
  }
  return links
}
