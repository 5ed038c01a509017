// What callers may ask of a token: its scopes and its end.

import { SCOPES } from './scopes.ts'

/** RFC 3339, or a date, which means its beginning in UTC. */
export const EXPIRY = /^\d{4}-\d\d-\d\d([Tt ]\d\d:\d\d(:\d\d(\.\d{1,9})?)?([Zz]|[+-]\d\d:\d\d))?$/

const LATEST = Date.parse('+010000-01-01T00:00:00Z')

/** undefined when it is a time to come. */
export function expiryProblem(value: unknown): string | undefined {
  const time = typeof value === 'string' && EXPIRY.test(value) ? Date.parse(value.replace(' ', 'T')) : Number.NaN
  if (Number.isNaN(time)) return 'must be a date and time such as 2030-01-31T00:00:00Z'
  // Times are compared as text, which would be wrong for a year with five digits.
  if (time >= LATEST) return 'must be before the year 10000'
  return time > Date.now() ? undefined : 'must be in the future'
}

/** Some scopes of users, none of them twice. */
export function scopesProblem(value: unknown): string | undefined {
  const isList = Array.isArray(value) && value.length > 0 && new Set(value).size === value.length
  const isKnown = isList && value.every((name) => SCOPES.some((scope) => scope === name))
  return isKnown ? undefined : `must be a list of some of ${SCOPES.join(', ')}`
}
