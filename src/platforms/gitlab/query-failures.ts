// GitLab's 400 and 422: a rejected parameter.
import type { Failure } from '../../failure.ts'
import { membersOf } from '../answers.ts'
import { pageTooDeep, queryFailure } from '../failures.ts'

/** Grape's sentence about a parameter: `search does not have a valid value`. */
const OF_PARAMETER = /^[\w.[\], -]{1,200} (does not have a valid value|(is|are) (missing|invalid|empty))/

/**
 * Reads `{"error":"search does not have a valid value"}`, `{"message":"400 Bad request - …"}` and
 * `{"message":{"search":["is too short"]}}`: https://docs.gitlab.com/api/rest/troubleshooting/
 */
export function gitlabQueryFailure(body: unknown): Failure {
  const { error, message } = membersOf(body)
  const said = [error, message].find(
    (text) => typeof text === 'string' && (OF_PARAMETER.test(text) || /^4\d\d /.test(text)),
  )
  if (/^(page|per_page) /.test(String(said))) return pageTooDeep('GitLab')
  return queryFailure('GitLab', said ?? (typeof message === 'object' ? fieldsOf(message) : undefined))
}

function fieldsOf(message: unknown): string | undefined {
  const fields = Object.entries(membersOf(message)).map(([field, problems]) => {
    const told = Array.isArray(problems) ? problems.filter((one) => typeof one === 'string') : [problems]
    return `${field} ${told.join(', ')}`
  })
  return fields.length === 0 ? undefined : fields.join('; ')
}
