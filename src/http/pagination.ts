// Pages of lists: which page the caller wants, and its `meta.pagination`.

import { Type } from 'typebox'
import { invalid } from '../failure.ts'
import { nullable } from '../schemas.ts'

const DEFAULT_PER_PAGE = 20
const MAX_PER_PAGE = 100
const MAX_PAGE = 1_000_000

/** A whole number in a query, which arrives as text. */
export function numberInQuery(options: { minimum: number; maximum: number; description: string; examples: number[] }) {
  return Type.Optional(Type.Unsafe<string>({ type: 'integer', ...options }))
}

export const PageQuery = Type.Object({
  page: numberInQuery({ minimum: 1, maximum: MAX_PAGE, description: 'Page, from 1.', examples: [1] }),
  per_page: numberInQuery({
    minimum: 1,
    maximum: MAX_PER_PAGE,
    description: `Items a page, 1 to ${MAX_PER_PAGE}.`,
    examples: [20],
  }),
})

const Count = nullable(Type.Integer())

export const Pagination = Type.Object(
  {
    current_page: Type.Integer(),
    prev_page: Count,
    next_page: Count,
    total_pages: Count,
    total_count: Count,
  },
  { title: 'Pagination' },
)

/** Beside the items of a page. */
export const PageMeta = Type.Object({ pagination: Pagination }, { title: 'PageMeta' })

/** Throws `invalid` for anything but whole numbers in range. */
export function readPage(query: Record<string, unknown>): { page: number; perPage: number } {
  const errors: Record<string, string[]> = {}
  function read(field: string, fallback: number, max: number): number {
    const value = query[field]
    if (value === undefined) return fallback
    const number = typeof value === 'string' && /^\d{1,7}$/.test(value) ? Number(value) : 0
    if (number < 1 || number > max) errors[field] = [`must be a whole number from 1 to ${max}`]
    return number
  }
  const page = read('page', 1, MAX_PAGE)
  const perPage = read('per_page', DEFAULT_PER_PAGE, MAX_PER_PAGE)
  if (Object.keys(errors).length > 0) throw invalid(errors)
  return { page, perPage }
}

/** `meta.pagination` of a page; totals are null when unknown. */
export function paginationJson(
  asked: { page: number; perPage: number },
  found: { hasNext: boolean; totalCount: number | null },
) {
  const totalPages = found.totalCount === null ? null : Math.ceil(found.totalCount / asked.perPage)
  return {
    current_page: asked.page,
    // For a page after the end, the last page that exists; null when there is none.
    prev_page: Math.min(asked.page - 1, totalPages ?? Number.POSITIVE_INFINITY) || null,
    next_page: found.hasNext ? asked.page + 1 : null,
    total_pages: totalPages,
    total_count: found.totalCount,
  }
}

/** The warning with a list that was cut, of those without pages: older versions let an account have more items. */
export const CutMeta = Type.Optional(Type.Object({ warnings: Type.Array(Type.String()) }, { title: 'CutMeta' }))

/** Every list has a limit: `items` may be one more than `limit`, which `setting` sets. */
export function cutAt<T>(
  limit: number,
  items: T[],
  setting: string,
): { items: T[]; meta: { meta?: { warnings: string[] } } } {
  if (items.length <= limit) return { items, meta: {} }
  const warning = `Only the oldest ${limit} are listed: you have more than an account may have (${setting}).`
  return { items: items.slice(0, limit), meta: { meta: { warnings: [warning] } } }
}
