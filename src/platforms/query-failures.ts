// What a platform says when it does not take a query or a page, put as the caller's own mistake.
import { Failure } from '../failure.ts'

const MAX_QUOTED = 300

/** 422 at `query`, with what the platform said of it. */
export function queryFailure(label: string, said: unknown): Failure {
  const quoted = quote(said)
  const problem = quoted === null ? `is nothing that ${label} searches for` : `is refused by ${label}: ${quoted}`
  return new Failure('scm_query_refused', `query ${problem}`, { errors: { query: [problem] } })
}

/** 422 at `page`: the list goes on, but the platform gives no pages so far back. */
export function pageTooDeep(label: string): Failure {
  const problem = `is further into the list than ${label} gives pages; narrow the query`
  return new Failure('scm_query_refused', `page ${problem}`, { errors: { page: [problem] } })
}

/** The platform's own words on one line, bounded; null where it says nothing. */
function quote(said: unknown): string | null {
  if (typeof said !== 'string') return null
  const line = said
    .replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, ' ')
    .replace(/ +/g, ' ')
    .trim()
  if (line === '') return null
  return `"${line.length > MAX_QUOTED ? `${[...line].slice(0, MAX_QUOTED).join('')}…` : line}"`
}
