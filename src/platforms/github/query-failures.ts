// GitHub's 422: a page too far back, a name that cannot be searched, or a rejected query.
import { Failure } from '../../failure.ts'
import { membersOf } from '../answers.ts'
import { pageTooDeep, queryFailure } from '../failures.ts'

/**
 * Searches end after 1,000 results, and large lists at a page of GitHub's choosing:
 * https://docs.github.com/en/rest/search/search#about-search, https://github.com/MeltanoLabs/tap-github/pull/415
 */
const TOO_DEEP = /only the first 1,?000 search results|pagination with the page parameter is not supported/i

/** `The listed users and repositories cannot be searched either because the resources do not exist or …` */
const UNSEARCHABLE = /cannot be searched|do not exist|permission to view/i

/** `label` is the platform's name. */
export function githubQueryFailure(label: string, body: unknown): Failure {
  const { message, errors } = membersOf(body)
  if (typeof message === 'string' && TOO_DEEP.test(message)) return pageTooDeep(label)
  const [first] = Array.isArray(errors) ? errors : []
  const error = membersOf(first)
  // Other problems of a query come with the same field and code; only their message differs.
  const isOfNames = error.field === 'q' && error.code === 'invalid'
  if (isOfNames && (error.message === undefined || UNSEARCHABLE.test(String(error.message)))) {
    return new Failure('scm_query_refused', `query names nobody and nothing that ${label} searches in`, {
      isAbsent: true,
    })
  }
  const said = typeof first === 'string' ? first : (error.message ?? message)
  return queryFailure(label, said === 'Validation Failed' ? null : said)
}
