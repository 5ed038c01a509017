// Lists that no platform offers as such: filtered, merged or reordered, from as few upstream pages as possible.

import { startOf } from './answers.ts'
import { hasCode } from './failures.ts'
import { onePage, type ReadPage } from './lists.ts'
import type { Branch, PageRequest } from './platform.ts'
import type { ListPositions } from './transport/positions.ts'

const UPSTREAM_PAGE = 100
/** Maximum upstream pages per call of ours, so that one call does not read a whole server. */
const MAX_PAGES = 10
const MAX_ITEMS = UPSTREAM_PAGE * MAX_PAGES

export interface Composition<T> {
  lists: ReadPage<T>[]
  keep?: (item: T) => boolean
  /** When an item was made, as the platform writes it: merges several lists that are each sorted newest first. */
  createdAt?: (item: T) => string | null | undefined
  /** Where earlier pages ended. */
  positions?: ListPositions
  /** `Date.now()` after which reading stops, if at least one page was read. */
  until?: number
  maxPages?: number
}

export interface ComposedPage<T> {
  items: T[]
  hasNext: boolean
  /** null unless the whole list was read. */
  totalCount: number | null
  /** Items on this page that could not be read. */
  unreadable: number
  /** `cut`: the limit of upstream pages was reached before this page was full; `late`: the time was over. */
  ending: 'told' | 'cut' | 'late'
}

/** A page of the composed list. */
export function takePage<T>(list: Composition<T>, wanted: PageRequest): Promise<ComposedPage<T>> {
  return takeRange(list, startOf(wanted), startOf(wanted) + wanted.perPage)
}

/** The items from `start` to before `end`. Reads only as far as needed to know whether more items follow. */
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
      // An empty cursor may continue with the newest item of all, so the order is not known before it is read on.
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

  /** What is left can be counted once every upstream list has been read to its end. */
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
  /** How many upstream items come before the next one. */
  consumed(): number
}

/** Reads an upstream list from a position in it, page by page. A page may be short although more pages follow. */
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

/** The cursor to take from next; undefined when all have ended. An item without a time goes before the others. */
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

/** Whether the time ended before the answer was there. */
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
  inTime.catch(() => {}) // nobody waits for it after the time limit
  try {
    return await Promise.race([inTime, late])
  } finally {
    clearTimeout(timer)
  }
}

/** A page of branches as callers get it. */
export interface BranchPage {
  items: Branch[]
  hasNext: boolean
  totalCount: number | null
  unreadable: number
}

/**
 * A page of branches: the default branch comes first on page 1 and is not repeated. The project may name a default
 * branch that does not exist, so `exists` is called when the branches read so far do not show it.
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
    // The last page that starts before the limit may end 99 items after it, and also looks one item ahead.
    maxPages: MAX_PAGES + 2,
  }
  // The default branch takes the first place, so every other branch comes one place later than upstream.
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
 * After the first 1,000 branches, only the wanted page and the last item of the page before it are read. Branches up to
 * the default branch stand one place later in our list than upstream. Both platforms sort by name, so comparing names
 * shows on which side of the page the default branch is.
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
