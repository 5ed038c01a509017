// Whether GitHub wrote an error, what it means, and how the user can fix it.

import { Failure } from '../../failure.ts'
import { isOfGateway, membersOf, onlyMessageOf } from '../answers.ts'
import { scmTypes } from '../scm-types.ts'
import type { RawAnswer } from '../transport/guard.ts'
import {
  lackedOf,
  notGitHub,
  permissionMissing,
  rateLimited,
  type Site,
  says,
  scopeMissing,
  ssoRequired,
  tokenRejected,
} from './failures.ts'
import { forbidden } from './forbidden.ts'
import { githubQueryFailure } from './query-failures.ts'
import { covers, isAppToken, scopesIn, scopesOf } from './scopes.ts'

/**
 * Whether GitHub itself wrote the error: it has one of GitHub's headers, or GitHub's form of body. Before a link has
 * worked, GitLab's errors count too, so that the message can name GitLab.
 */
export function recognises(site: Pick<Site, 'hasWorked'>, answer: RawAnswer): boolean {
  return hasOwnHeader(answer.headers) || hasOwnForm(answer) || mayBeGitLab(site, answer)
}

/** Reads an answer to a call of `url` that is neither a success nor a 5xx. */
export function githubFailure(site: Site, answer: RawAnswer, url?: URL): Failure {
  const { status, headers } = answer
  const { label } = scmTypes[site.scmType]
  if (status === 429) return rateLimited(site, answer)
  if (mayBeGitLab(site, answer)) return notGitHub(site, `it answered ${status} as GitLab does`, true)
  if (status === 401) return tokenRejected(site)
  const sso = headers['x-github-sso']
  if (sso?.startsWith('required')) return ssoRequired(site, sso)
  if (status === 403) return forbidden(site, answer, url)
  if (status === 410 || (status === 400 && says(answer, /\bversion\b/i))) return versionUnsupported(site, answer)
  if (status === 404) return absent(site, headers, url)
  if (status === 422) return githubQueryFailure(label, answer.body)
  if (status === 451) return new Failure('scm_forbidden', `${label} has taken this down for legal reasons.`)
  return new Failure('scm_bad_response', `${label} answered with the status ${status}, which we did not expect.`)
}

/** For a call without a token: `scm_forbidden` when GitLab wrote the error. */
export function foreignFailure(answer: RawAnswer): Failure {
  return new Failure(looksLikeGitLab(answer) ? 'scm_forbidden' : 'scm_not_found', 'This needs a token.')
}

function absent(site: Site, headers: RawAnswer['headers'], url: URL | undefined): Failure {
  const isOfAccount = url === undefined || /\/user\/(keys|emails)$/.test(url.pathname)
  // A token that may not read keys or e-mails gets 404 for them, as if they did not exist.
  const missing = lackedOf(headers).filter((scope) => scope === 'read:public_key' || scope === 'user:email')
  if (isOfAccount && missing.length > 0) return scopeMissing(site, missing)
  if (isOfAccount && url && isToldPermissions(headers)) return permissionMissing(site, headers, url)
  const advice = privateAdvice(headers, url)
  const message = `${scmTypes[site.scmType].label} has no such thing, or hides it from this account.`
  return advice === null
    ? new Failure('scm_not_found', message)
    : new Failure('scm_not_found', `${message} ${advice}`, { advice })
}

function isToldPermissions(headers: RawAnswer['headers']): boolean {
  return isAppToken(headers) || headers['x-accepted-github-permissions'] !== undefined
}

/** To a token without the right scope, a private repository looks as if it did not exist. */
function privateAdvice(headers: RawAnswer['headers'], url: URL | undefined): string | null {
  const granted = scopesOf(headers)
  const isRepository =
    /\/repos\/[^/]+\/[^/]+/.test(url?.pathname ?? '') ||
    scopesIn(headers['x-accepted-oauth-scopes'] ?? '').includes('repo')
  if (granted === null || !isRepository || covers(granted, 'repo')) return null
  return 'If it is private, the token needs the scope repo, which it lacks.'
}

/**
 * https://docs.github.com/en/rest/about-the-rest-api/api-versions: 400 for an unknown version, 410 for a retired one.
 */
function versionUnsupported({ scmType, apiUrl }: Site, { status }: RawAnswer): Failure {
  const { hostname } = new URL(apiUrl)
  return new Failure(
    'scm_bad_response',
    `${scmTypes[scmType].label} at ${hostname} no longer takes the version of its API that this server asks for (status ${status}). The operator of this server has to update it.`,
    { log: { host: hostname, status, fault: 'api_version' } },
  )
}

export function isVersionUnsupported(failure: unknown): boolean {
  return failure instanceof Failure && failure.details.log?.fault === 'api_version'
}

/**
 * These headers come with `GET /user/orgs` and the like too, whose bodies have no fixed form. No proxy sends them
 * itself.
 */
const OWN_HEADER =
  /^(x-github-|x-oauth-scopes$|x-oauth-client-id$|x-accepted-(oauth-scopes|github-permissions)$|x-ratelimit-resource$|github-authentication-token-expiration$)/

function hasOwnHeader(headers: RawAnswer['headers']): boolean {
  return Object.keys(headers).some((name) => OWN_HEADER.test(name))
}

/**
 * GitHub's errors have had a `documentation_url` since 2014 (counted over recorded answers); a `status` written as text
 * proves nothing. Gateways write `{"message":"…"}` too, so a body with only a message must have GitHub's own sentence.
 */
function hasOwnForm({ headers, body }: RawAnswer): boolean {
  const { message, documentation_url: docs } = membersOf(body)
  if (typeof message !== 'string') return false
  return typeof docs === 'string' || (OWN_SENTENCE.test(message) && !isOfGateway(headers))
}

/** How GitHub and similar servers begin their errors, spelled as they do: Kong, for example, writes "Not found". */
const OWN_SENTENCE =
  /^(Not Found|Bad credentials|Requires authentication|Validation Failed|Rate limiting is not enabled|Must (specify|authenticate|have)\b|Max(imum)? number of login|API rate limit|You (need|have exceeded|have triggered)\b|Resource (not accessible|protected)|(Sorry\. )?Your account\b|Although you appear|Pagination with|Problems parsing JSON|Missing or invalid User Agent|Git Repository is empty|Repository access|(Bad Request: )?The version you specified|Only the first 1000|.* forbids access via)/

/**
 * On a link that has worked such an answer comes from a proxy, not from GitLab; GitHub's own headers exclude GitLab
 * too.
 */
function mayBeGitLab({ hasWorked }: Pick<Site, 'hasWorked'>, answer: RawAnswer): boolean {
  return !hasWorked && !hasOwnHeader(answer.headers) && looksLikeGitLab(answer)
}

/** Has GitLab's own header, or its body for an unknown path, for an anonymous call, or for its old API. */
function looksLikeGitLab({ status, headers, body }: RawAnswer): boolean {
  const { error } = membersOf(body)
  const isItsError = typeof error === 'string' && /^(404 Not Found$|API V3 is no longer supported)/.test(error)
  const message = onlyMessageOf(body)
  // `{"message":"404 Project Not Found"}`. Proxies write "404 page not found".
  const isItsMessage = typeof message === 'string' && message.startsWith(`${status} `) && /^\d+ [A-Z("]/.test(message)
  return 'x-gitlab-meta' in headers || isItsMessage || isItsError
}
