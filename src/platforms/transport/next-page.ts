// Finds the next page of a list, at our own address whatever the platform believes its address to be.

export interface PageAnswer {
  headers: Record<string, string>
  /** Root of the API, without trailing slash. */
  root: string
  /** Path and query below root that was asked for. */
  path: string
}

/**
 * Path and query of the next page below root; null at the end. A link to another origin, or outside root, is never
 * followed: a wrong external URL is common, so its query is applied to the path we asked for.
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

/** GitLab names the next page's number as well, which survives proxies that drop `Link`; empty at the end. */
function pageFromHeader(number: string | undefined, path: string): string | null {
  if (!number || !/^[1-9]\d{0,9}$/.test(number)) return null
  const [ownPath = '', query] = path.split('?', 2)
  const search = new URLSearchParams(query)
  search.set('page', number)
  return `${ownPath}?${search}`
}

/**
 * The page after one of `length` items where no header tells of it, as behind a proxy that drops `Link`: a full page may
 * have one, and then the next is empty at worst. Null where the path names no `per_page`.
 */
export function pageAfterFull({ headers, path }: PageAnswer, length: number): string | null {
  const search = new URLSearchParams(path.split('?', 2)[1])
  const page = Number(search.get('page') ?? 1)
  const perPage = Number(search.get('per_page') ?? 0)
  if (perPage === 0 || length < perPage || tellsMore(headers, page) !== null) return null
  return pageFromHeader(String(page + 1), path)
}

/** What the headers of page `page` say of a further one; null when nothing in them tells. */
export function tellsMore(headers: Record<string, string>, page: number): boolean | null {
  const relations = linksOf(headers.link ?? '').flatMap((link) => link.relations)
  if (relations.includes('next')) return true
  // Other relations, such as "deprecation", say nothing of pages.
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

/** The targets in a `Link` header and what they are to the answer (RFC 8288). */
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
