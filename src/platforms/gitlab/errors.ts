// What GitLab's refusals mean, and how their reader can mend them.
import { Failure } from '../../failure.ts'
import type { RawAnswer } from '../api.ts'
import { readRetryAfter } from '../outgoing/retry-after.ts'
import { pageTooDeep } from '../refused-query.ts'
import { scmTypes } from '../scm-types.ts'
import { type Connection, membersOf } from '../vendor.ts'
import { gitlabQueryFailure } from './refused-query.ts'

type Site = Pick<Connection, 'scmType' | 'web' | 'api'>

/** The limits of single endpoints come without a time: https://docs.gitlab.com/security/rate_limits/ */
const UNTOLD_WAIT = 60

/**
 * Whether it is GitLab that refuses: by its own header, or a body as it writes them. On a trial GitHub counts too, so that
 * it can be named.
 */
export function isOwnRefusal({ hasWorked }: Pick<Connection, 'hasWorked'>, answer: RawAnswer): boolean {
  const { message, error } = membersOf(answer.body)
  const isOwn =
    'x-gitlab-meta' in answer.headers || message !== undefined || (typeof error === 'string' && KNOWN_ERROR.test(error))
  return isOwn || (!hasWorked && looksLikeGitHub(answer))
}

/** The `error`s of its own: Grape's for a route and a parameter, OAuth's (RFC 6749, RFC 6750), and those for kinds of tokens. */
const KNOWN_ERROR =
  /^(404 Not Found|405 Not Allowed|API V3 is no longer supported.*|invalid_token|insufficient_[a-z_]+|dpop_error|invalid_[a-z]+|unauthorized_client|unsupported_[a-z_]+|access_denied|.* does not have a valid value|.* (is|are) (missing|invalid|empty).*|Offset pagination .*)$/

/** Reads every answer that is neither a success nor 5xx. */
export function gitlabFailure(site: Site, answer: RawAnswer): Failure {
  const { status, headers, body } = answer
  if (looksLikeGitHub(answer)) return notGitLab(site, `it answered ${status} as GitHub does`, true)
  if (status === 401) return tokenRejected(site)
  if (status === 403) return refusal(site, body)
  if (status === 404 && membersOf(body).error === '404 Not Found') return unknownPath(site)
  if (status === 404 || status === 410) {
    return new Failure('scm_not_found', 'GitLab has no such thing, or hides it from this account.')
  }
  if (status === 400 || status === 422) return gitlabQueryFailure(body)
  if (status === 405) return pageTooDeep('GitLab')
  if (status === 429) {
    const retryAfter = readRetryAfter(headers['retry-after']) ?? UNTOLD_WAIT
    return new Failure(
      'scm_rate_limited',
      'GitLab has answered this account as often as it does for now. Try again later.',
      {
        retryAfter,
      },
    )
  }
  return new Failure('scm_bad_response', `GitLab answered with the status ${status}, which we did not expect.`)
}

/** Project and group tokens: no person stands behind the link. */
export function notAPerson({ web }: Site): Failure {
  return new Failure(
    'scm_token_rejected',
    `The token belongs to a bot (a project or group access token); only a person's token can be linked. Make one at ${tokensPage(web)}.`,
  )
}

/** `found` reads on after "There is no GitLab: ". */
export function notGitLab({ scmType, api }: Site, found: string, isGitHub = false): Failure {
  const other = scmType === 'gitlab' ? 'github' : 'github-enterprise'
  const advice = isGitHub ? ` It seems to be GitHub: use the scm_type ${other}.` : ''
  return new Failure('scm_bad_response', `There is no GitLab at ${api}: ${found}.${advice}`)
}

/** For a call without a token: `scm_forbidden` when it is GitHub that refuses. */
export function strangerFailure(answer: RawAnswer): Failure {
  return new Failure(looksLikeGitHub(answer) ? 'scm_forbidden' : 'scm_not_found', 'This needs a token.')
}

/**
 * GitLab names what is missing ("404 Project Not Found"); this form is for paths it has no route for. On a server that
 * knows /user it is a proxy in front that decodes the %2F in a project's path:
 * https://docs.gitlab.com/api/rest/troubleshooting/#404-error-when-a-parameter-includes--encoded-as-2f
 */
function unknownPath({ api }: Site): Failure {
  return new Failure(
    'scm_bad_response',
    `GitLab at ${api} does not know the path. If linking works and only project and group paths fail, a proxy in front of it decodes %2F: have it pass paths on as they are.`,
  )
}

/** Links made by OAuth are made again; the others have a token that its owner made. */
function mend({ scmType }: Site, ofOwnToken: string): string {
  return scmTypes[scmType].oauth ? 'Link the account again.' : ofOwnToken
}

function tokenRejected(site: Site): Failure {
  return new Failure(
    'scm_token_rejected',
    `GitLab does not take the token: it is wrong, expired or revoked. ${mend(site, `Make another at ${tokensPage(site.web)}.`)}`,
  )
}

function refusal(site: Site, body: unknown): Failure {
  const { error, error_description, scope } = membersOf(body)
  if (typeof error === 'string' && error.startsWith('insufficient_')) {
    const scopes = namesIn(scope)
    const named = scopes.includes('read_api')
      ? 'the scope read_api'
      : scopes.length > 0
        ? `one of the scopes ${scopes.join(', ')}`
        : permissionIn(error_description)
    return new Failure(
      'scm_scope_missing',
      `The token lacks ${named}. ${mend(site, `Make one that has it at ${tokensPage(site.web)}.`)}`,
    )
  }
  return new Failure(
    'scm_forbidden',
    `GitLab refuses this to the account. Sign in at ${site.web} to see whether it is blocked, has terms to accept, or may not see this project's code; the server may also refuse our address.`,
  )
}

/** Fine-grained tokens: the permissions stand in brackets in the description. */
function permissionIn(description: unknown): string {
  const names = namesIn(/\[([a-z_, ]+)\]/.exec(typeof description === 'string' ? description : '')?.[1])
  return names.length > 0 ? `the permission ${names.join(', ')}` : 'a permission for this'
}

function namesIn(text: unknown): string[] {
  return typeof text === 'string' ? text.split(/[ ,]+/).filter((name) => /^[a-z][a-z_]{0,60}$/.test(name)) : []
}

function tokensPage(web: string): string {
  return `${web}/-/user_settings/personal_access_tokens`
}

function looksLikeGitHub({ headers, body }: RawAnswer): boolean {
  const hasHeader = ['x-github-request-id', 'x-github-enterprise-version', 'x-github-media-type'].some(
    (name) => name in headers,
  )
  return hasHeader || typeof membersOf(body).documentation_url === 'string'
}
