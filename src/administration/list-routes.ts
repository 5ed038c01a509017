// What the lists of administrators' routes share: their pages, their answers and their failures.

import { type TSchema, Type } from 'typebox'
import { invalid } from '../failure.ts'
import { PageMeta, paginationJson, readPage } from '../http/pagination.ts'
import type { Found } from './pages.ts'

/** A later page would have to skip too many rows. */
const MAX_LISTED_PAGE = 500

export const FORBIDDEN = ['admin_required' as const]

/** Throws `invalid` for anything but a page that is listed. */
export function readListPage(query: Record<string, unknown>): { page: number; perPage: number } {
  const page = readPage(query)
  if (page.page > MAX_LISTED_PAGE) {
    throw invalid({ page: [`must be at most ${MAX_LISTED_PAGE}: narrow the list with its filters`] })
  }
  return page
}

export function metaOf<Item>(page: { page: number; perPage: number }, { hasNext, totalCount }: Found<Item>) {
  return { pagination: paginationJson(page, { hasNext, totalCount }) }
}

/** `item` has a title. */
export function listAnswer<const Name extends string, Item extends TSchema>(
  name: Name,
  item: Item & { title?: string },
) {
  const items = { [name]: Type.Array(item) } as Record<Name, ReturnType<typeof Type.Array<Item>>>
  return Type.Object({ ...items, meta: PageMeta }, { title: `${item.title}List` })
}
