// Pages of GitHub's searches, and warnings about what GitHub left out of an answer.
import type { Failure } from '../../failure.ts'
import { emptyPage, startOf, unreadableWarnings } from '../answers.ts'
import { hasCode } from '../failures.ts'
import type { Page, PageRequest } from '../platform.ts'

/** Searches return no more: https://docs.github.com/en/rest/search/search#about-search */
const MAX_FOUND = 1000

interface FoundPage<T> {
  items: T[]
  hasNext: boolean
  totalCount: number | null
  unreadable: number
  headers: Record<string, string>
  isIncomplete: boolean
}

/** A page of a search; only its first 1,000 results exist. */
export async function searched<T>(page: PageRequest, ask: () => Promise<FoundPage<T>>): Promise<Page<T>> {
  const narrow = `GitHub gives only the first ${MAX_FOUND} results of a search; narrow the query.`
  if (startOf(page) >= MAX_FOUND) return emptyPage(null, narrow)
  const { items, hasNext, totalCount, unreadable, headers, isIncomplete } = await ask()
  const isLast = startOf(page) + page.perPage >= MAX_FOUND
  const cutShort = 'GitHub ran out of time for this search, so results may be missing.'
  return {
    items,
    hasNext: hasNext && !isLast,
    totalCount,
    warnings: [
      ...heldBack(headers),
      ...(isIncomplete ? [cutShort] : []),
      ...unreadableWarnings('GitHub', unreadable),
      ...(isLast && (totalCount === null ? hasNext : totalCount > MAX_FOUND) ? [narrow] : []),
    ],
  }
}

/** Whether GitHub does not know, or does not show, the user or repository in the query. */
export function isAbsent(failure: unknown): failure is Failure {
  return hasCode(failure, 'scm_query_refused') && failure.details.isAbsent === true
}

export function unknown(where: string, reason?: Failure): Page<never> {
  const advice = reason?.details.advice === undefined ? '' : ` ${reason.details.advice}`
  return emptyPage(0, `GitHub has no ${where} that this account can see.${advice}`)
}

/** https://docs.github.com/en/rest/using-the-rest-api/troubleshooting-the-rest-api names this header for single sign-on. */
export function heldBack(headers: Record<string, string>): string[] {
  const header = headers['x-github-sso'] ?? ''
  if (!header.startsWith('partial-results')) return []
  const count = /organizations=([\d,]+)/.exec(header)?.[1]?.split(',').length
  const whose = count === undefined ? 'organisations' : count === 1 ? '1 organisation' : `${count} organisations`
  return [`GitHub left out what belongs to ${whose} wanting the token authorised for single sign-on.`]
}
