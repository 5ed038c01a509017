// Lists the platforms do not have: filtered, merged or reordered over as few upstream pages as a page of ours needs.

import { startOf } from './answers.ts'
import { hasCode } from './failures.ts'
import { onePage, type ReadPage } from './lists.ts'
import type { Branch, PageRequest } from './platform.ts'
import type { ListPositions } from './transport/positions.ts'

const UPSTREAM_PAGE = 100
/** Upstream pages that one call of ours reads at most, so that it does not read a whole server. */
const MAX_PAGES = 10
const MAX_ITEMS = UPSTREAM_PAGE * MAX_PAGES

export interface Composition<T> {
  lists: ReadPage<T>[]
  keep?: (item: T) => boolean
  /** When an item was made, as the platform writes it: merges several lists that are each sorted newest first. */
  createdAt?: (item: T) => string | null | undefined
  /** Where pages before this one ended. */
  positions?: ListPositions
  /** `Date.now()` after which no more is read, if anything was. */
  until?: number
  maxPages?: number
}

export interface ComposedPage<T> {
  items: T[]
  hasNext: boolean
  /** null unless the list was read to its end. */
  totalCount: number | null
  /** Items on this page that could not be read. */
  unreadable: number
  /** `cut`: so many upstream pages were read before this one was full; `late`: so was the time. */
  ending: 'told' | 'cut' | 'late'
}

/** A page of the composed list. */
export function takePage<T>(list: Composition<T>, wanted: PageRequest): Promise<ComposedPage<T>> {
  return takeRange(list, startOf(wanted), startOf(wanted) + wanted.perPage)
}

/** The items from `start` to before `end`; reads just so much that it is known whether anything comes after them. */
async function takeRange<T>(list: Composition<T>, start: number, end: number): Promise<ComposedPage<T>> {
  const { lists, keep = () => true, createdAt, positions, until = Number.POSITIVE_INFINITY } = list
  const from = positions?.before(start)
  const cursors = lists.map((read, index) => openCursor(read, from?.consumed[index] ?? 0))
  const items: T[] = []
  let kept = from?.kept ?? 0
  let unreadable = 0
  let budget = list.maxPages ?? MAX_PAGES
  let hasRead = false

  for (;;) {
    const dry = cursors.filter(({ isDry }) => isDry())
    if (dry.length > 0) {
      // Where an unfinished list has run dry its next item may be the newest, so the order is known no further.
      if (dry.length > budget) return { items, hasNext: false, totalCount: null, unreadable, ending: 'cut' }
      budget -= dry.length
      const position = { kept, consumed: cursors.map(({ consumed }) => consumed()) }
      const filling = Promise.all(dry.map(({ fill }) => fill()))
      const isLate = hasRead ? await tooLate(filling, until) : await filling.then(() => false)
      positions?.note(position)
      if (isLate) return { items, hasNext: true, totalCount: null, unreadable, ending: 'late' }
      hasRead = true
      continue
    }
    const item = newest(cursors, createdAt)?.take()
    if (item === undefined) return { items, hasNext: false, totalCount: kept, unreadable, ending: 'told' }
    if (item === null) {
      if (kept >= start) unreadable += 1
    } else if (keep(item)) {
      if (kept >= end) return { items, hasNext: true, totalCount: totalOf(), unreadable, ending: 'told' }
      if (kept >= start) items.push(item)
      kept += 1
    }
  }

  /** What is left is all in hand where every list has ended. */
  function totalOf(): number | null {
    if (!cursors.every(({ hasEnded }) => hasEnded())) return null
    const left = cursors.flatMap(({ left }) => left())
    return kept + 1 + left.filter((item) => item !== null && keep(item)).length
  }
}

interface Cursor<T> {
  isDry(): boolean
  hasEnded(): boolean
  fill(): Promise<void>
  peek(): T | null | undefined
  take(): T | null | undefined
  left(): (T | null)[]
  /** Upstream items before the next one. */
  consumed(): number
}

/** Reads an upstream list from a place in it, page by page. A page may be short although more follow. */
function openCursor<T>(read: ReadPage<T>, start: number): Cursor<T> {
  let items: (T | null)[] = []
  let at = start
  let ended = false

  function skipToNextPage(): void {
    at = Math.ceil(at / UPSTREAM_PAGE) * UPSTREAM_PAGE
  }

  return {
    isDry: () => items.length === 0 && !ended,
    hasEnded: () => ended,
    async fill() {
      const found = await read({ page: Math.floor(at / UPSTREAM_PAGE) + 1, perPage: UPSTREAM_PAGE })
      items = found.items.slice(at % UPSTREAM_PAGE)
      ended = found.hasNext === false || (found.hasNext === null && found.items.length === 0)
      if (items.length === 0) at = (Math.floor(at / UPSTREAM_PAGE) + 1) * UPSTREAM_PAGE
    },
    peek: () => items[0],
    take() {
      const item = items.shift()
      at += 1
      if (items.length === 0) skipToNextPage()
      return item
    },
    left: () => items,
    consumed: () => at,
  }
}

/** The list to take from next; undefined when all have ended. What tells no time of its own goes before the rest. */
function newest<T>(cursors: Cursor<T>[], createdAt: Composition<T>['createdAt']): Cursor<T> | undefined {
  const [first, ...others] = cursors.filter((cursor) => cursor.peek() !== undefined)
  const timeOf = (cursor: Cursor<T>) => {
    const item = cursor.peek()
    const time = item == null ? Number.NaN : Date.parse(createdAt?.(item) ?? '')
    return Number.isNaN(time) ? Number.POSITIVE_INFINITY : time
  }
  return others.reduce((best, other) => (best && timeOf(other) > timeOf(best) ? other : best), first)
}

const TIME_OUTS = ['DEADLINE', 'CALL_TIMEOUT', 'UND_ERR_HEADERS_TIMEOUT', 'UND_ERR_BODY_TIMEOUT']

/** Whether the time ended before what was asked for was there. */
async function tooLate(asked: Promise<unknown>, until: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<true>((resolve) => {
    if (until < Number.POSITIVE_INFINITY) timer = setTimeout(() => resolve(true), Math.max(0, until - Date.now()))
  })
  const inTime = asked.then(
    () => false,
    (failure) => {
      if (hasCode(failure, 'scm_unreachable') && TIME_OUTS.includes(String(failure.details.log?.fault))) return true
      throw failure
    },
  )
  inTime.catch(() => {}) // nobody waits for it after the time
  try {
    return await Promise.race([inTime, late])
  } finally {
    clearTimeout(timer)
  }
}

/** A page of branches as they get listed. */
export interface BranchPage {
  items: Branch[]
  hasNext: boolean
  totalCount: number | null
  unreadable: number
}

/**
 * A page of branches, the default branch first on page 1 and not again. The project may name one that does not exist:
 * `exists` is asked where the branches read do not tell.
 */
export async function branchPage(
  read: ReadPage<Branch>,
  defaultBranch: string | null,
  exists: () => Promise<boolean>,
  wanted: PageRequest,
): Promise<BranchPage> {
  const start = startOf(wanted)
  if (start >= MAX_ITEMS) return deepBranchPage(read, defaultBranch, exists, wanted)
  let told: number | null = null
  let isSeen = false
  const others: Composition<Branch> = {
    lists: [
      async (page) => {
        const part = await read(page)
        told = part.totalCount
        return part
      },
    ],
    keep({ name }) {
      isSeen ||= name === defaultBranch
      return name !== defaultBranch
    },
    // The last page that starts before the bound may end up to 99 items behind it, and looks one ahead.
    maxPages: MAX_PAGES + 2,
  }
  // The default branch takes the first place, so that the others come one later than upstream.
  const found = await takeRange(others, Math.max(0, start - 1), start + wanted.perPage)
  const mayBeFurther = defaultBranch !== null && found.totalCount === null
  const isThere = isSeen || (mayBeFurther && (await exists()))
  const first = isThere && defaultBranch !== null ? [{ name: defaultBranch }] : []
  const items = start === 0 ? [...first, ...found.items] : found.items.slice(1 - first.length)
  const total = found.totalCount === null ? null : found.totalCount + first.length
  return {
    items: items.slice(0, wanted.perPage),
    hasNext: found.hasNext || items.length > wanted.perPage,
    totalCount: total ?? told,
    unreadable: found.unreadable,
  }
}

/**
 * Beyond the first 1,000 branches only the page itself is read, and the last item of the one before. Everything up to
 * the default branch stands one place later in our list than upstream; both platforms sort by name, so comparing names
 * tells on which side of the page the default branch is.
 */
async function deepBranchPage(
  read: ReadPage<Branch>,
  defaultBranch: string | null,
  exists: () => Promise<boolean>,
  wanted: PageRequest,
): Promise<BranchPage> {
  const page = await onePage(read, wanted)
  const [first] = page.items
  if (defaultBranch === null || (first !== undefined && defaultBranch < first.name)) return page

  const before = await read({ ...wanted, page: wanted.page - 1 })
  const window = [...before.items.slice(wanted.perPage - 1).filter((branch) => branch !== null), ...page.items]
  const others = window.filter((branch) => branch.name !== defaultBranch)
  if (others.length < window.length) return { ...page, items: others }
  return page.hasNext && (await exists()) ? { ...page, items: window.slice(0, -1) } : page
}
