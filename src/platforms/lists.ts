// Reads pages of a platform's list, leaves out unreadable items, and splits a page that is too large.

import { type Static, type TObject, Type } from 'typebox'
import { maybe, membersOf, queryOf, startOf } from './answers.ts'
import { hasCode } from './failures.ts'
import type { PageRequest } from './platform.ts'
import type { ApiClient } from './transport/api-client.ts'
import { wrongShape } from './transport/bad-answers.ts'
import { tellsMore } from './transport/next-page.ts'

export interface UpstreamPage<T> {
  /** null stands for an item that could not be read, so that positions in the list stay correct. */
  items: (T | null)[]
  /** null when nothing says whether more follows. */
  hasNext: boolean | null
  /** null where the platform does not tell. */
  totalCount: number | null
}

export type ReadPage<T> = (page: PageRequest) => Promise<UpstreamPage<T>>

export interface List<T extends TObject> {
  /** Below the API's root, without a query. */
  path: string
  parameters?: Record<string, string>
  /** The shape of an item; an item without a required member is left out. */
  item: T
  /** GitHub's searches answer with an object that has the list in `items`. */
  isSearch?: true
  /**
   * Whether the list's parent exists. A 404 of the list is not believed before that is known. Without it, the parent
   * exists.
   */
  isThere?: () => Promise<boolean>
}

export interface ListPage<T> extends UpstreamPage<T> {
  headers: Record<string, string>
  /** Whether a search ended early because it ran out of time. */
  isIncomplete: boolean
}

const Items = Type.Array(Type.Unknown())
const Found = Type.Object({
  items: Items,
  total_count: maybe(Type.Integer({ minimum: 0 })),
  incomplete_results: maybe(Type.Boolean()),
})

/** The same for both vendors. */
const MAX_PER_PAGE = 100
/** A body that is too large, in bytes or in values. */
const TOO_MUCH = ['TOO_LARGE', 'TOO_MANY']
/** The vendors' default page sizes are 20 and 30, so a 404 to a page this small is not about its size. */
export const SMALL_PAGE = 30

/** Reads the list's pages of up to 100 items. A page size that was too large once is not tried again. */
export function listAt<T extends TObject>(
  api: ApiClient,
  list: List<T>,
): (page: PageRequest) => Promise<ListPage<Static<T>>> {
  let most = MAX_PER_PAGE

  async function read(wanted: PageRequest): Promise<ListPage<Static<T>>> {
    if (wanted.perPage > most) return inPieces(wanted)
    try {
      return await readOnce(api, list, wanted)
    } catch (failure) {
      if (wanted.perPage === 1 || !(await isTooMuch(failure, wanted, list.isThere))) throw failure
      // Half the size, then a quarter: a list that always fails must not be read seven times.
      most = Math.max(1, Math.floor(wanted.perPage / (most < MAX_PER_PAGE ? 4 : 2)))
      return inPieces(wanted).catch((later) => {
        throw hasCode(later, 'scm_unreachable') ? failure : later
      })
    }
  }

  /** Reads the same items from smaller pages, which may begin and end elsewhere than the wanted page. */
  async function inPieces(wanted: PageRequest): Promise<ListPage<Static<T>>> {
    const end = startOf(wanted) + wanted.perPage
    const items: (Static<T> | null)[] = []
    const pieces: ListPage<Static<T>>[] = []
    let at = startOf(wanted)
    let hasNext: boolean | null = true
    while (at < end && hasNext !== false) {
      const part = { page: Math.floor(at / most) + 1, perPage: most }
      const piece = await read(part)
      pieces.push(piece)
      items.push(...piece.items.slice(at - startOf(part)).slice(0, end - at))
      at = startOf(part) + part.perPage
      hasNext = startOf(part) + piece.items.length > end || piece.hasNext
    }
    const [first] = pieces
    return {
      items,
      hasNext,
      totalCount: first?.totalCount ?? null,
      headers: first?.headers ?? {},
      isIncomplete: pieces.some(({ isIncomplete }) => isIncomplete),
    }
  }

  return read
}

async function readOnce<T extends TObject>(
  api: ApiClient,
  { path, parameters = {}, item, isSearch }: List<T>,
  wanted: PageRequest,
): Promise<ListPage<Static<T>>> {
  const address = `${path}?${queryOf(parameters, wanted)}`
  const { headers, found } = isSearch ? await search(api, address, item) : await plainList(api, address, item)
  const items = found.items.map((one) => api.narrow(item, one) ?? null)
  // Otherwise the platform would answer 304 for ever, and we would go on using a body that cannot be read.
  if (items.includes(null)) api.forget(address)
  // One unreadable item is left out; when there are several and none can be read, it is another API. An exception is
  // GitBucket, which gives every object the id 0 (https://github.com/gitbucket/gitbucket, ApiRepository).
  const isOther = items.length > 1 && items.every((one) => one === null)
  if (isOther && !found.items.every((one) => membersOf(one).id === 0)) throw wrongShape(api.host, '/0')
  return {
    items,
    hasNext: followsAfter(found, headers, wanted),
    totalCount: found.total,
    headers,
    isIncomplete: found.isIncomplete,
  }
}

interface Read {
  items: unknown[]
  total: number | null
  isIncomplete: boolean
}

async function search(
  api: ApiClient,
  address: string,
  item: TObject,
): Promise<{ headers: Record<string, string>; found: Read }> {
  const { headers, body } = await api.get(address, Found, Type.Object({ ...Found.properties, items: Type.Array(item) }))
  return {
    headers,
    found: { items: body.items, total: body.total_count ?? null, isIncomplete: body.incomplete_results ?? false },
  }
}

async function plainList(
  api: ApiClient,
  address: string,
  item: TObject,
): Promise<{ headers: Record<string, string>; found: Read }> {
  const { headers, body } = await api.get(address, Items, Type.Array(item))
  const total = headers['x-total'] ?? ''
  return {
    headers,
    found: { items: body, total: /^\d{1,15}$/.test(total) ? Number(total) : null, isIncomplete: false },
  }
}

/** Headers decide, else the total. Without both, a full page may have a next one: null. */
function followsAfter({ items, total }: Read, headers: Record<string, string>, wanted: PageRequest): boolean | null {
  const told = tellsMore(headers, wanted.page)
  if (told !== null) return told
  if (items.length === 0) return false
  if (total !== null) return startOf(wanted) + wanted.perPage < total
  // A server that sends more than was asked for has no pages.
  return items.length === wanted.perPage ? null : false
}

/**
 * Whether asking for fewer items may help: the page was larger than we read, or it was "not found" although the list's
 * parent exists. A GHES has answered 404 to `per_page` above 50:
 * https://github.com/renovatebot/renovate/issues/43750
 */
async function isTooMuch(failure: unknown, { perPage }: PageRequest, isThere = async () => true): Promise<boolean> {
  if (hasCode(failure, 'scm_bad_response')) return TOO_MUCH.includes(String(failure.details.log?.fault))
  return hasCode(failure, 'scm_not_found') && perPage > SMALL_PAGE && (await isThere())
}

/** One page for the caller. When nothing says whether more follows, the next page is looked at. */
export async function onePage<T, P extends UpstreamPage<T>>(
  read: (page: PageRequest) => Promise<P & UpstreamPage<T>>,
  wanted: PageRequest,
): Promise<Omit<P, 'items' | 'hasNext'> & { items: T[]; hasNext: boolean; unreadable: number }> {
  const page = await read(wanted)
  const items = page.items.filter((item) => item !== null)
  return { ...page, items, hasNext: await hasMore(read, page, wanted), unreadable: page.items.length - items.length }
}

async function hasMore<T>(read: ReadPage<T>, page: UpstreamPage<T>, wanted: PageRequest): Promise<boolean> {
  if (page.hasNext !== null) return page.hasNext
  return read({ ...wanted, page: wanted.page + 1 }).then(
    ({ items }) => items.length > 0,
    () => true,
  )
}
