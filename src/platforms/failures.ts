// Groups of failures that an answer can do without, and failures for rejected queries.
import { Failure, type FailureCode } from '../failure.ts'

export function hasCode(error: unknown, ...codes: FailureCode[]): error is Failure {
  return error instanceof Failure && codes.includes(error.code)
}

/** The platform answered, but does not give us this one thing. */
export const WITHHELD: FailureCode[] = ['scm_not_found', 'scm_forbidden', 'scm_scope_missing', 'scm_sso_required']

/** The platform cannot answer now, but perhaps later. */
export const TROUBLES: FailureCode[] = ['scm_rate_limited', 'scm_unavailable', 'scm_unreachable', 'scm_bad_response']

/** null instead of a failure with one of the codes: for parts that our answer can do without. */
export async function orNull<T>(asked: Promise<T>, codes: FailureCode[]): Promise<T | null> {
  try {
    return await asked
  } catch (failure) {
    if (hasCode(failure, ...codes)) return null
    throw failure
  }
}

const MAX_LOOKUPS = 10

/**
 * Looks up what a list does not say about its items, at most ten times. `isComplete`: whether all lookups were made.
 */
export async function lookUpEach<K, T>(
  keys: Set<K>,
  ask: (key: K) => Promise<T>,
): Promise<{ found: Map<K, T>; isComplete: boolean }> {
  const found = new Map<K, T>()
  let isComplete = keys.size <= MAX_LOOKUPS
  await Promise.all(
    [...keys].slice(0, MAX_LOOKUPS).map(async (key) => {
      try {
        found.set(key, await ask(key))
      } catch (failure) {
        if (hasCode(failure, ...TROUBLES)) isComplete = false
        else if (!hasCode(failure, ...WITHHELD)) throw failure
      }
    }),
  )
  return { found, isComplete }
}

const MAX_QUOTED = 300

/** 422 at `query`, with the platform's own explanation. */
export function queryFailure(label: string, said: unknown): Failure {
  const quoted = quote(said)
  const problem = quoted === null ? `is nothing that ${label} searches for` : `is refused by ${label}: ${quoted}`
  return new Failure('scm_query_refused', `query ${problem}`, { errors: { query: [problem] } })
}

/** 422 at `page`: the list goes on, but the platform does not serve pages this far back. */
export function pageTooDeep(label: string): Failure {
  const problem = `is further into the list than ${label} gives pages; narrow the query`
  return new Failure('scm_query_refused', `page ${problem}`, { errors: { page: [problem] } })
}

/** The platform's own words on one line, cut to a maximum length; null when it says nothing. */
function quote(said: unknown): string | null {
  if (typeof said !== 'string') return null
  const line = said
    .replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, ' ')
    .replace(/ +/g, ' ')
    .trim()
  if (line === '') return null
  return `"${line.length > MAX_QUOTED ? `${[...line].slice(0, MAX_QUOTED).join('')}…` : line}"`
}
