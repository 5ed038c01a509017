// GitLab's search in lists, its sorting, and its check of parameters that accept only certain words.

import type { Reply } from '../http.ts'
import { invalidValue } from './access.ts'

/**
 * All words of three or more characters must occur in the same column; shorter words are ignored. If all words are
 * shorter, a column must be equal to the whole text.
 */
export function matchesSearch(search: string | null, columns: (string | null)[]): boolean {
  if (search === null || search.trim() === '') return true
  const folded = columns.map((column) => (column ?? '').toLowerCase())
  const words = [...search.toLowerCase().matchAll(/"([^"]+)"|(\S+)/g)].map((found) => found[1] ?? found[2] ?? '')
  const long = words.filter((word) => word.length >= 3)
  if (long.length === 0) return folded.includes(search.trim().toLowerCase())
  return folded.some((column) => long.every((word) => column.includes(word)))
}

/** The error for the first parameter whose value is not allowed. */
export function checkValues(query: URLSearchParams, allowed: Record<string, string[]>): Reply | undefined {
  for (const [name, values] of Object.entries(allowed)) {
    const value = query.get(name)
    if (value !== null && !values.includes(value)) return invalidValue(name)
  }
  return undefined
}

export const sortValues = ['asc', 'desc']

export function sorted<T extends object>(
  items: T[],
  query: URLSearchParams,
  keys: Record<string, (item: T) => string | number>,
  usual: string,
  usualDirection = 'desc',
): T[] {
  const keyOf = keys[query.get('order_by') ?? usual] ?? keys[usual]
  if (keyOf === undefined) return items
  const sign = (query.get('sort') ?? usualDirection) === 'asc' ? 1 : -1
  return [...items].sort((a, b) => sign * compare(keyOf(a), keyOf(b)))
}

function compare(a: string | number, b: string | number): number {
  if (typeof a === 'number' && typeof b === 'number') return a - b
  return String(a).localeCompare(String(b))
}

export function flag(query: URLSearchParams, name: string, otherwise = false): boolean {
  const value = query.get(name)
  return value === null ? otherwise : ['true', '1', 't', 'yes', ''].includes(value)
}
