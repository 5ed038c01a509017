// Lists the platforms do not have: filtered, merged or reordered over as few upstream pages as a page of ours needs.
import type { Branch, PageRequest } from './platform.ts'
import { startOf } from './vendor.ts'

const UPSTREAM_PAGE = 100
const MOST_PAGES = 10
const MOST_ITEMS = UPSTREAM_PAGE * MOST_PAGES

export interface UpstreamPage<T> {
  items: T[]
  hasNext: boolean
  /** null where the platform does not tell. */
  totalCount: number | null
}

export type ReadPage<T> = (page: PageRequest) => Promise<UpstreamPage<T>>

/** A piece of a list, and what follows it: more, nothing, or more than we are ready to read. */
export interface Stretch<T> {
  items: T[]
  ending: 'more' | 'complete' | 'cut'
}

/** Gives the next stretch of a list each time it is called. */
export type Reader<T> = () => Promise<Stretch<T>>

/** How many upstream pages may still be read; shared by the lists that make up one answer. */
export interface Budget {
  pages: number
}

export function readBudget(pages = MOST_PAGES): Budget {
  return { pages }
}

/** Reads upstream pages of 100 in turn; the budget keeps one call of ours from reading a whole server. */
export function pagesInTurn<T>(budget: Budget, read: ReadPage<T>): Reader<T> {
  let page = 0
  return async () => {
    if (budget.pages === 0) return { items: [], ending: 'cut' }
    budget.pages -= 1
    page += 1
    const { items, hasNext } = await read({ page, perPage: UPSTREAM_PAGE })
    return { items, ending: hasNext ? 'more' : 'complete' }
  }
}

export function keeping<T>(source: Reader<T>, keep: (item: T) => boolean): Reader<T> {
  return async () => {
    const { items, ending } = await source()
    return { items: items.filter(keep), ending }
  }
}

/** Merges lists that are each sorted newest first. */
export function newestFirst<T>(sources: Reader<T>[], createdAt: (item: T) => string): Reader<T> {
  const lists = sources.map((read) => ({ read, items: [] as T[], ending: 'more' as Stretch<T>['ending'] }))

  return async () => {
    const dry = lists.filter(({ items, ending }) => items.length === 0 && ending === 'more')
    await Promise.all(dry.map(async (list) => Object.assign(list, await list.read())))

    const merged: T[] = []
    // Where an unfinished list has run dry its next item may be the newest, so the order is known no further.
    while (lists.every(({ items, ending }) => items.length > 0 || ending === 'complete')) {
      const item = takeNewest()
      if (item === undefined) return { items: merged, ending: 'complete' }
      merged.push(item)
    }
    const isCut = lists.some(({ items, ending }) => items.length === 0 && ending === 'cut')
    return { items: merged, ending: isCut ? 'cut' : 'more' }
  }

  function takeNewest(): T | undefined {
    const heads = lists.flatMap(({ items }) => {
      const [head] = items
      return head === undefined ? [] : [{ items, time: Date.parse(createdAt(head)) }]
    })
    return heads.sort((one, other) => other.time - one.time)[0]?.items.shift()
  }
}

/** Puts one item before all others, wherever it comes upstream. */
export function startingWith<T>(first: T, isFirst: (item: T) => boolean, source: Reader<T>): Reader<T> {
  let begun = false
  return async () => {
    const { items, ending } = await source()
    const others = items.filter((item) => !isFirst(item))
    // A short list that lacks it does not get it: an empty repository names a default branch too.
    const known = ending !== 'complete' || others.length < items.length
    const isStart = !begun
    begun = true
    return { items: isStart && known ? [first, ...others] : others, ending }
  }
}

export interface ComposedPage<T> {
  items: T[]
  hasNext: boolean
  /** null unless the whole list was read. */
  totalCount: number | null
  /** Whether the budget ended the reading before the page was full. */
  cut: boolean
}

/** Reads just so much that the page is full and it is known whether anything comes after it. */
export async function takePage<T>(source: Reader<T>, wanted: PageRequest): Promise<ComposedPage<T>> {
  const start = startOf(wanted)
  const end = start + wanted.perPage
  const items: T[] = []
  let ending: Stretch<T>['ending'] = 'more'
  while (ending === 'more' && items.length <= end) {
    const stretch = await source()
    items.push(...stretch.items)
    ending = stretch.ending
  }
  return {
    items: items.slice(start, end),
    hasNext: items.length > end,
    totalCount: ending === 'complete' ? items.length : null,
    cut: ending === 'cut' && items.length <= end,
  }
}

/** A page of branches, the default branch first on page 1 and not again. */
export async function branchPage(
  read: ReadPage<Branch>,
  defaultBranch: string | null,
  wanted: PageRequest,
): Promise<UpstreamPage<Branch>> {
  if (startOf(wanted) >= MOST_ITEMS) return deepBranchPage(read, defaultBranch, wanted)
  // The last page that starts before the bound may end up to 99 items behind it, and looks one ahead.
  let told: number | null = null
  const upstream = pagesInTurn(readBudget(MOST_PAGES + 2), async (page) => {
    const part = await read(page)
    told = part.totalCount
    return part
  })
  const isDefault = (branch: Branch) => branch.name === defaultBranch
  const source = defaultBranch === null ? upstream : startingWith({ name: defaultBranch }, isDefault, upstream)
  const { items, hasNext, totalCount } = await takePage(source, wanted)
  return { items, hasNext, totalCount: totalCount ?? told }
}

/**
 * Beyond the first 1,000 branches only the page itself is read, and the last item of the one before. Everything up to
 * the default branch stands one place later in our list than upstream; both platforms sort by name, so comparing names
 * tells on which side of the page the default branch is.
 */
async function deepBranchPage(
  read: ReadPage<Branch>,
  defaultBranch: string | null,
  wanted: PageRequest,
): Promise<UpstreamPage<Branch>> {
  const page = await read(wanted)
  const [first] = page.items
  if (defaultBranch === null || (first !== undefined && defaultBranch < first.name)) return page

  const before = await read({ ...wanted, page: wanted.page - 1 })
  const window = [...before.items.slice(wanted.perPage - 1), ...page.items]
  const others = window.filter((branch) => branch.name !== defaultBranch)
  if (others.length < window.length) return { ...page, items: others }
  return page.hasNext ? { ...page, items: window.slice(0, -1) } : page
}
