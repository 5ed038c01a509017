// Reads a list to its end: its first page, then the others together where the platform tells how many there are.

import { badResponse } from './bad-answers.ts'
import { coded } from './faults.ts'
import type { Limits } from './limits.ts'
import { pagesToLast } from './next-page.ts'

export interface ListedPage<T> {
  /** Those that could be read. */
  items: T[]
  /** Of the page as it was sent. */
  length: number
  /** Bytes of the body. */
  size: number
  headers: Record<string, string>
  /** Path and query of the next page below root, null at the end. */
  next: string | null
}

/** `signal` ends the call. */
type ReadPage<T> = (path: string, signal: AbortSignal | undefined) => Promise<ListedPage<T>>

interface Reading {
  /** For messages. */
  host: string
  limits: Pick<Limits, 'pages' | 'items' | 'object'>
  signal: AbortSignal | undefined
}

/**
 * Follows next pages. Throws `scm_bad_response` for a loop, and for more than 10 pages or 1,000 items. Reading ahead
 * changes nothing of what is read: a page counts only when the page before names it as its next.
 */
export async function readAllPages<T>(
  path: string,
  read: ReadPage<T>,
  { host, limits, signal }: Reading,
): Promise<T[]> {
  const ahead = new Map<string, Promise<ListedPage<T>>>()
  const inVain = new AbortController()
  const signalAhead = signal ? AbortSignal.any([signal, inVain.signal]) : inVain.signal

  /** The limit of calls per link decides how many of them are under way at once. */
  function readAhead({ headers, next, size }: ListedPage<T>): void {
    // Large pages are read one at a time, because those that arrive at the same time are in memory at the same time.
    if (next === null || size > limits.object) return
    for (const page of pagesToLast(headers, next).slice(0, limits.pages - 1)) {
      const reading = read(page, signalAhead)
      reading.catch(() => {}) // perhaps nobody gets to this page
      ahead.set(sorted(page), reading)
    }
  }

  const items: T[] = []
  const seen = new Set<string>()
  let next: string | null = path
  try {
    while (next !== null) {
      if (seen.has(next)) throw badResponse(host, 'leads round in circles from page to page')
      if (seen.size === limits.pages) throw badResponse(host, `has more than ${limits.pages} pages of this`)
      seen.add(next)
      const page: ListedPage<T> = await (ahead.get(sorted(next)) ?? read(next, signal))
      if (items.length + page.length > limits.items) throw badResponse(host, `has more than ${limits.items} of these`)
      items.push(...page.items)
      if (seen.size === 1) readAhead(page)
      next = page.next
    }
  } finally {
    inVain.abort(coded('DEADLINE'))
  }
  return items
}

/** The same for two spellings of one address. */
function sorted(page: string): string {
  const [path = '', query] = page.split('?', 2)
  const search = new URLSearchParams(query)
  search.sort()
  return `${path}?${search}`
}
