// What GitLab's errors mean, and how the user can fix them.

import { Failure } from '../../failure.ts'
import { isOfGateway, membersOf, onlyMessageOf } from '../answers.ts'
import { pageTooDeep } from '../failures.ts'
import type { Connection } from '../platform.ts'
import { scmTypes } from '../scm-types.ts'
import type { RawAnswer } from '../transport/guard.ts'
import { clampWait, readRetryAfter, timeOf, tryAgainIn } from '../transport/retry-after.ts'
import { TOKENS_PATH } from './addresses.ts'
import { gitlabQueryFailure } from './query-failures.ts'

type Site = Pick<Connection, 'scmType' | 'webUrl' | 'apiUrl' | 'hasWorked'>

/** Limits of single endpoints name no time to wait: https://docs.gitlab.com/security/rate_limits/ */
const UNTOLD_WAIT_SECONDS = 60

/**
 * Whether GitLab itself wrote the error: it has GitLab's header (since 2023), or its API's form of body. Before a link
 * has worked, GitHub's errors count too, so that the message can name GitHub.
 */
export function recognises({ hasWorked }: Pick<Connection, 'hasWorked'>, answer: RawAnswer): boolean {
  if ('x-gitlab-meta' in answer.headers) return true
  if (looksLikeGitHub(answer)) return !hasWorked
  return isOwnMessage(answer) || isOwnError(answer.status, membersOf(answer.body).error)
}

/**
 * Messages begin with the status ("404 Project Not Found") or list what is wrong; only errors about sent values are
 * free sentences: `render_api_error!` in lib/api/helpers.rb of GitLab. Gateways write bodies such as
 * {"message":"Unauthorized"} or {"message":"no Route matched with those values"}.
 */
function isOwnMessage({ status, headers, body }: RawAnswer): boolean {
  if (hasGitLabsForm(status, body)) return true
  if (![400, 409, 422].includes(status) || isOfGateway(headers)) return false
  const message = onlyMessageOf(body)
  if (typeof message === 'string') return !/^[\w-]+( [\w-]+)?$/.test(message.trim())
  return typeof message === 'object' && message !== null
}

/** `{"message":"404 Project Not Found"}` is the form of most GitLab errors. Proxies write "404 page not found". */
function hasGitLabsForm(status: number, body: unknown): boolean {
  const message = onlyMessageOf(body)
  return typeof message === 'string' && message.startsWith(`${status} `) && /^\d+ [A-Z("]/.test(message)
}

/**
 * The `error` texts by status: Grape's for routes and parameters, and those of lib/api/api_guard.rb for tokens (RFC
 * 6750).
 */
const OWN_ERRORS: Record<number, RegExp> = {
  400: / does not have a valid value$| (is|are) (missing|invalid|empty|mutually exclusive)\b|^(invalid_[a-z]+|unsupported_[a-z_]+)$/,
  401: /^(invalid_token|invalid_client|dpop_error|restricted_language_server_client_error)$/,
  403: /^(insufficient_scope|insufficient_granular_scope|unauthorized_client|access_denied)$/,
  404: /^404 Not Found$/,
  405: /^(405 Not Allowed|(Offset|Keyset) pagination .*)$/,
  410: /^API V3 is no longer supported/,
}

function isOwnError(status: number, error: unknown): boolean {
  return typeof error === 'string' && OWN_ERRORS[status]?.test(error) === true
}

/** Reads an answer that is neither a success nor a 5xx. */
export function gitlabFailure(site: Site, answer: RawAnswer, url?: URL): Failure {
  const { status, headers, body } = answer
  if (status === 429) return limited(site, headers)
  if (!site.hasWorked && looksLikeGitHub(answer)) {
    return notGitLab(site, `it answered ${status} as GitHub does`, true)
  }
  if (status === 401) return unauthorized(site, body)
  if (status === 403) return forbidden(site, body)
  if (status === 404 && membersOf(body).error === '404 Not Found') return unknownPath(site)
  if (status === 404 || status === 410) {
    return new Failure('scm_not_found', 'GitLab has no such thing, or hides it from this account.')
  }
  if (status === 400 || status === 422) return gitlabQueryFailure(body)
  if (status === 405 && url?.searchParams.has('page') !== false) return pageTooDeep('GitLab')
  return new Failure('scm_bad_response', `GitLab answered with the status ${status}, which we did not expect.`)
}

/** The token belongs to a bot, so there is no person to link. */
export function notAPerson({ webUrl }: Site, username: string): Failure {
  // https://docs.gitlab.com/user/project/settings/project_access_tokens/#bot-users-for-projects, and the like for groups
  const owner = /^(project|group)_\d+_bot/.exec(username)?.[1]
  const whose = owner === undefined ? 'a service account' : `a bot (a ${owner} access token)`
  return new Failure(
    'scm_token_rejected',
    `The token belongs to ${whose}; only a person's token can be linked. Make one at ${tokensPage(webUrl)}.`,
  )
}

/** `found` continues the sentence "There is no GitLab: ". */
export function notGitLab({ scmType, apiUrl }: Site, found: string, isGitHub = false): Failure {
  const other = scmType === 'gitlab' ? 'github' : 'github-enterprise'
  const message = `There is no GitLab at ${apiUrl}: ${found}.`
  if (!isGitHub) return new Failure('scm_bad_response', message)
  return new Failure('scm_bad_response', `${message} It seems to be GitHub: use the scm_type ${other}.`, {
    hint: { action: 'use_scm_type', scm_type: other },
  })
}

/**
 * A proxy's answer to /user: before a link has worked, its address may lack the path under which GitLab is installed.
 */
export function perhapsNotGitLab({ apiUrl, hasWorked }: Site, { code, message, details }: Failure): Failure {
  const sentence = hasWorked ? message : `${message} Or there is no GitLab at ${apiUrl}: it does not know /user.`
  return new Failure(code, sentence, details)
}

/** For a call without a token: `scm_forbidden` when GitHub wrote the error. */
export function foreignFailure(answer: RawAnswer): Failure {
  return new Failure(looksLikeGitHub(answer) ? 'scm_forbidden' : 'scm_not_found', 'This needs a token.')
}

/**
 * GitLab names what is missing ("404 Project Not Found"); it uses this other form for paths without a route. If the
 * server knows /user, the cause is a proxy that decodes the %2F in a project's path:
 * https://docs.gitlab.com/api/rest/troubleshooting/#404-error-when-a-parameter-includes--encoded-as-2f
 */
function unknownPath({ apiUrl }: Site): Failure {
  return new Failure(
    'scm_bad_response',
    `GitLab at ${apiUrl} does not know the path. If linking works and only project and group paths fail, a proxy in front of it decodes %2F: have it pass paths on as they are.`,
    { log: { said: '404 Not Found' } },
  )
}

/** Whether nothing is at the requested path, whoever answered. */
export function isUnknownPath({ code, details }: Failure): boolean {
  if (code === 'scm_not_found' || details.log?.said === '404 Not Found') return true
  return code === 'scm_bad_response' && details.log?.status === 404
}

/** Whether a proxy or gateway wrote the error: `readAnswer` logs the name of its server product. */
export function isSomebodyElses({ code, details }: Failure): boolean {
  return code === 'scm_bad_response' && details.log?.server !== undefined
}

/** A link made by OAuth must be linked again; other links have a token that the user created. */
function mend({ scmType }: Site, ofOwnToken: string): string {
  return scmTypes[scmType].oauth ? 'Link the account again.' : ofOwnToken
}

/** GitLab's own word is kept in the log, because only "invalid_token" is certainly about the token. */
function unauthorized(site: Site, body: unknown): Failure {
  const { error } = membersOf(body)
  // lib/api/api_guard.rb: required only for personal access tokens whose owner has switched it on.
  if (error === 'dpop_error') {
    return accountForbidden(
      `The token is good, but its owner has GitLab ask for a proof of possession (DPoP) with each call, which this server cannot give. Switch that off at ${tokensPage(site.webUrl)}.`,
    )
  }
  if (typeof error === 'string' && error !== 'invalid_token') return notPermitted(site)
  return new Failure(
    'scm_token_rejected',
    `GitLab does not take the token: it is wrong, expired or revoked. ${mend(site, `Make another at ${tokensPage(site.webUrl)}.`)}`,
    { log: { said: typeof error === 'string' ? error : 'unauthorized' } },
  )
}

/**
 * Whether it was "401 Unauthorized", which may be about this one call:
 * https://docs.gitlab.com/api/rest/troubleshooting/
 */
export function mayBeAboutTheCall({ code, details }: Failure): boolean {
  return code === 'scm_token_rejected' && details.log?.said === 'unauthorized'
}

/** For a call that got "401 Unauthorized" although GitLab accepts the token. */
export function callForbidden({ webUrl }: Pick<Site, 'webUrl'>): Failure {
  return new Failure(
    'scm_forbidden',
    `GitLab takes the token, but does not permit the account or the token to do this (401). Ask an administrator of ${webUrl}.`,
  )
}

/** GitLab's reasons after "403 Forbidden - " (lib/gitlab/auth/user_access_denied_reason.rb), and how to fix them. */
const ACCOUNT_REASONS: [said: string, reason: string, advice: string][] = [
  ['has been blocked', 'Your account has been blocked', 'Ask an administrator there.'],
  ['has been deactivated', 'Your account has been deactivated', 'Sign in there to activate it again.'],
  ['accept the Terms of Service', 'You must accept the Terms of Service', 'Sign in there to read them.'],
  ['password expired', 'Your password expired', 'Sign in there to set another.'],
  [
    'is not confirmed',
    'Your primary email address is not confirmed',
    'Follow the link in the mail you got, or sign in.',
  ],
  ['pending approval', 'Your account is pending approval from your administrator', 'Ask an administrator there.'],
  ['internal users', 'This cannot be performed by internal users', 'Use the token of a person.'],
]

function forbidden(site: Site, body: unknown): Failure {
  const { error, error_description, scope, message } = membersOf(body)
  if (error === 'insufficient_granular_scope') return permissionMissing(site, error_description)
  if (error === 'insufficient_scope') return scopeMissing(site, scope)
  const said = typeof message === 'string' ? message : ''
  const [, reason, advice] = ACCOUNT_REASONS.find(([words]) => said.includes(words)) ?? []
  if (reason) return accountForbidden(`GitLab at ${site.webUrl} refuses the account: "${reason}". ${advice}`)
  if (/\bIP\b/.test(said)) {
    return accountForbidden(
      `GitLab at ${site.webUrl} does not permit calls from this server's IP address. An administrator there has to add it.`,
    )
  }
  return notPermitted(site)
}

/** Independent of the call: it is about the account, or about our server. */
function accountForbidden(message: string): Failure {
  return new Failure('scm_forbidden', message, { ofAccount: true })
}

function notPermitted({ webUrl }: Site): Failure {
  return new Failure(
    'scm_forbidden',
    `GitLab refuses this to the account. Sign in at ${webUrl} to see whether it may see this there, and this project's code; the server may also refuse our address.`,
  )
}

function scopeMissing(site: Site, scope: unknown): Failure {
  const scopes =
    typeof scope === 'string' ? scope.split(/[ ,]+/).filter((name) => /^[a-z][a-z_]{0,60}$/.test(name)) : []
  const several = scopes.length > 0 ? `one of the scopes ${scopes.join(', ')}` : 'a scope for this'
  const named = scopes.includes('read_api') ? 'the scope read_api' : several
  return new Failure(
    'scm_scope_missing',
    `The token lacks ${named}. ${mend(site, `Make one that has it at ${tokensPage(site.webUrl)}.`)}`,
  )
}

/**
 * A fine-grained token lacks permissions, listed as `[Merge Request: Read, Project: Read]` or, in 18.10,
 * `[read_ssh_key]`. Classic tokens get the same when a group or server accepts only fine-grained ones, so no scope is
 * advised: https://docs.gitlab.com/auth/tokens/fine_grained_access_tokens/
 */
function permissionMissing(site: Site, description: unknown): Failure {
  const said = typeof description === 'string' ? description : ''
  if (/(doesn't|not yet) support/.test(said)) {
    return new Failure(
      'scm_scope_missing',
      'GitLab does not support fine-grained tokens for this, and takes another kind only where the group and the server permit it.',
    )
  }
  const names = (/\[([^\]]{1,1000})\]/.exec(said)?.[1] ?? '').split(/, */)
  const known = names.filter((name) => /^[A-Za-z][\w -]{0,60}(: [A-Za-z]{1,30})?$/.test(name)).slice(0, 20)
  const named = known.length > 0 ? `the permission ${known.join(', ')}` : 'a permission for this'
  const advice = scmTypes[site.scmType].oauth
    ? 'Linking again does not change that: the owners of the group can permit other tokens.'
    : `Such a token cannot be changed: make a new one at ${tokensPage(site.webUrl)}.`
  return new Failure(
    'scm_scope_missing',
    `The token lacks ${named}, which GitLab takes from a fine-grained token here. ${advice}`,
  )
}

/**
 * GitLab names the limit that was reached, if it is one for users or for addresses; others have no name. A token that
 * GitLab does not know counts as anonymous:
 * https://docs.gitlab.com/administration/settings/user_and_ip_rate_limits/#response-headers
 */
function limited({ hasWorked }: Site, headers: Record<string, string>): Failure {
  const name = headers['ratelimit-name']
  const isOfServer = name === undefined ? !hasWorked : name.includes('unauthenticated')
  const retryAfter = waitIn(headers) ?? UNTOLD_WAIT_SECONDS
  const sentence = isOfServer
    ? 'GitLab limits this server for now: too many calls came from its address.'
    : 'GitLab has answered this account as often as it does for now.'
  return new Failure('scm_rate_limited', `${sentence} ${tryAgainIn(retryAfter)}`, { retryAfter })
}

/** Seconds, counted by the platform's clock. */
function waitIn(headers: Record<string, string>): number | null {
  const now = timeOf(headers)
  const reset = /^\d{1,12}$/.test(headers['ratelimit-reset'] ?? '') ? Number(headers['ratelimit-reset']) : null
  return readRetryAfter(headers['retry-after'], now) ?? (reset === null ? null : clampWait(reset - now / 1000))
}

function tokensPage(webUrl: string): string {
  return `${webUrl}${TOKENS_PATH}`
}

function looksLikeGitHub({ headers, body }: RawAnswer): boolean {
  const hasHeader = ['x-github-request-id', 'x-github-enterprise-version', 'x-github-media-type'].some(
    (name) => name in headers,
  )
  return hasHeader || typeof membersOf(body).documentation_url === 'string'
}
