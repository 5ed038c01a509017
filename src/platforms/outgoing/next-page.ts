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

/** The target of rel="next" in a `Link` header (RFC 8288). */
export function nextLink(header: string): string | null {
  let at = header.indexOf('<')
  while (at >= 0) {
    const end = header.indexOf('>', at)
    if (end < 0) return null
    const following = header.indexOf('<', end)
    const parameters = header.slice(end + 1, following < 0 ? undefined : following)
    const rel = /;\s*rel\s*=\s*(?:"([^"]*)"|([^\s;,"]+))/i.exec(parameters)
    const relations = (rel?.[1] ?? rel?.[2] ?? '').toLowerCase().split(' ')
    if (relations.includes('next')) return header.slice(at + 1, end).trim()
    at = following
  }
  return null
}
