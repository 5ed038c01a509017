// What may stand in a list's filters: a value that no row can have is an error, and not an empty list.

import { invalid } from '../failure.ts'
import { UNPRINTABLE } from '../text.ts'

/** What the text means, or what is wrong with it. */
export type Reader<T> = (text: string) => { value: T } | { problem: string }

export function choice<const T extends string>(values: readonly T[]): Reader<T> {
  return (text) => {
    const value = values.find((each) => each === text)
    return value === undefined ? { problem: `must be one of ${values.join(', ')}` } : { value }
  }
}

/** Printable text as it is. */
export function textUpTo(maxLength: number): Reader<string> {
  return (text) => {
    if (text.length > maxLength) return { problem: `is too long (at most ${maxLength} characters)` }
    // The engines end a text at NUL, or refuse it.
    return UNPRINTABLE.test(text) ? { problem: 'must not contain control characters' } : { value: text }
  }
}

/** The id of a user, who may have been removed since. */
export const userId: Reader<string> = (text) => {
  const value = text.toLowerCase()
  return /^us-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(value)
    ? { value }
    : { problem: 'must be the id of a user: us- and a UUID' }
}

/** A host as addresses have it, with its port unless that is the usual one. */
export const host: Reader<string> = (text) => {
  const url = URL.parse(`https://${text}`)
  return url !== null && url.href === `https://${url.host}/` && !/[/?#@\\]/.test(text)
    ? { value: url.host }
    : { problem: 'must be a host such as gitlab.corp.lan, or host:port' }
}

/** RFC 3339, or a date, which means its beginning in UTC; as ISO 8601 in UTC. */
export const time: Reader<string> = (text) => {
  const isTime = /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d:\d\d))?$/i.test(text)
  const at = isTime ? Date.parse(text) : Number.NaN
  return Number.isNaN(at)
    ? { problem: 'must be a date, or a date and time such as 2030-01-31T00:00:00Z' }
    : { value: new Date(at).toISOString() }
}

/** The filters that the query has. Throws `invalid` with every wrong one. */
export function readFilters<Readers extends Record<string, Reader<unknown>>>(
  query: Record<string, unknown>,
  readers: Readers,
): { [Name in keyof Readers]?: Readers[Name] extends Reader<infer T> ? T : never } {
  const errors: Record<string, string[]> = {}
  const values: Record<string, unknown> = {}
  for (const [name, read] of Object.entries(readers)) {
    const text = query[name]
    if (typeof text !== 'string') continue
    const found = read(text)
    if ('problem' in found) errors[name] = [found.problem]
    else values[name] = found.value
  }
  if (Object.keys(errors).length > 0) throw invalid(errors)
  return values as ReturnType<typeof readFilters<Readers>>
}
