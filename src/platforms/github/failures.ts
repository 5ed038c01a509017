// The failures of GitHub, with sentences that say how to fix them.

import { Failure } from '../../failure.ts'
import { membersOf } from '../answers.ts'
import type { Connection } from '../platform.ts'
import { scmTypes } from '../scm-types.ts'
import type { RawAnswer } from '../transport/guard.ts'
import { clampWait, readRetryAfter, timeOf, tryAgainIn } from '../transport/retry-after.ts'
import { TOKENS_PATH } from './addresses.ts'
import { permissionFor } from './permissions.ts'
import { isAppToken, notIncluded, scopesIn, scopesOf } from './scopes.ts'

export type Site = Pick<Connection, 'scmType' | 'webUrl' | 'apiUrl'> &
  Partial<Pick<Connection, 'hasWorked' | 'clientId'>>

/** GitHub's documentation asks to wait one minute when a secondary rate limit names no time. */
const UNTOLD_WAIT_SECONDS = 60

export function tokenRejected(site: Site): Failure {
  return new Failure(
    'scm_token_rejected',
    `${scmTypes[site.scmType].label} does not take the token: it is wrong, expired or revoked. ${mend(site, `Make another at ${site.webUrl}${TOKENS_PATH}.`)}`,
  )
}

/** Scopes of classic and OAuth tokens. */
export function scopeMissing(site: Site, scopes: string[]): Failure {
  const named = scopes.length > 1 ? `one of the scopes ${scopes.join(', ')}` : `the scope ${scopes.join()}`
  return new Failure(
    'scm_scope_missing',
    `The token lacks ${named}. ${mend(site, `Tick it at ${site.webUrl}${TOKENS_PATH}, or give the link another token.`)}`,
  )
}

/** A missing permission of a fine-grained token or a GitHub App, named when it is known. */
export function permissionMissing(site: Site, headers: RawAnswer['headers'], url?: URL): Failure {
  const permission = permissionFor(headers['x-accepted-github-permissions'], url)
  const isOfApp = isAppToken(headers) || scmTypes[site.scmType].oauth
  // https://docs.github.com/en/apps/using-github-apps/approving-updated-permissions-for-a-github-app
  const page = `${site.webUrl}/settings/${isOfApp ? 'installations' : 'personal-access-tokens'}`
  const how = isOfApp
    ? 'The operator of this server has to add it to the GitHub App; then it is accepted on GitHub by who linked the account.'
    : `Add it at ${page}, or give the link another token.`
  return new Failure(
    'scm_scope_missing',
    `The token lacks ${permission === null ? 'a permission for this' : `the permission ${permission}`}. ${how}`,
    { hint: { action: 'authorise', url: page } },
  )
}

/** Bots and installation tokens act for an App or a workflow, so there is no person to link. */
export function notAPerson({ webUrl }: Site): Failure {
  return new Failure(
    'scm_token_rejected',
    `The token belongs to a bot or an app installation; only a person's token can be linked. Make one at ${webUrl}${TOKENS_PATH}.`,
  )
}

/**
 * `found` continues the sentence "There is no GitHub at …: ". Once a link has worked, its address is known to be
 * GitHub.
 */
export function notGitHub({ scmType, apiUrl, hasWorked }: Site, found: string, isGitLab = false): Failure {
  const other = scmType === 'github' ? 'gitlab' : 'gitlab-self-hosted'
  const message = `There is no GitHub at ${apiUrl}: ${found}.`
  if (!isGitLab || hasWorked) return new Failure('scm_bad_response', message)
  return new Failure('scm_bad_response', `${message} It seems to be GitLab: use the scm_type ${other}.`, {
    hint: { action: 'use_scm_type', scm_type: other },
  })
}

/** For a server without GitHub's calls for keys and searches, such as GitBucket. Another token does not help. */
export function callUnknown({ webUrl }: Site, calls: string[]): Failure {
  return new Failure(
    'scm_bad_response',
    `${new URL(webUrl).hostname} is only like GitHub: it does not know ${calls.join(' and ')}, so that this cannot be had from it.`,
  )
}

/** `required; url=U`: at U the user can authorise the token, within one hour. */
export function ssoRequired({ webUrl }: Site, header: string): Failure {
  const given = /url=(\S+)/.exec(header)?.[1] ?? ''
  const url = URL.canParse(given) ? new URL(given) : null
  const isSecure = url?.protocol === 'https:' || url?.origin === new URL(webUrl).origin
  const isSafe = url && isSecure && url.username === '' && url.password === ''
  const how = isSafe ? `at ${url.href}` : 'on the page of your tokens (Configure SSO)'
  return new Failure(
    'scm_sso_required',
    `The organisation wants the token authorised for single sign-on. Do that ${how}, then try again.`,
    isSafe ? { hint: { action: 'authorise', url: url.href } } : {},
  )
}

export function rateLimited({ scmType }: Site, { headers }: RawAnswer): Failure {
  // The reset is a time of the platform's clock, which may differ from ours.
  const now = timeOf(headers)
  const reset = Number(headers['x-ratelimit-reset'] ?? Number.NaN)
  const untilReset = headers['x-ratelimit-remaining'] === '0' ? reset - now / 1000 : Number.NaN
  const retryAfter = readRetryAfter(headers['retry-after'], now) ?? clampWait(untilReset, UNTOLD_WAIT_SECONDS)
  return new Failure(
    'scm_rate_limited',
    `${scmTypes[scmType].label} has answered this account as often as it does for now. ${tryAgainIn(retryAfter)}`,
    { retryAfter },
  )
}

/** The scopes of which GitHub accepts any one for this call; empty when the token has one of them. */
export function lackedOf(headers: RawAnswer['headers']): string[] {
  const granted = scopesOf(headers)
  const accepted = scopesIn(headers['x-accepted-oauth-scopes'] ?? '')
  if (granted === null || accepted.length === 0) return []
  const missing = notIncluded(granted).filter((scope) => accepted.includes(scope))
  if (missing.length > 0) return missing
  return accepted.some((scope) => granted.includes(scope)) ? [] : accepted
}

/** Whether the body's `message` matches. */
export function says({ body }: RawAnswer, pattern: RegExp): boolean {
  const { message } = membersOf(body)
  return typeof message === 'string' && pattern.test(message)
}

/** A link made by OAuth must be linked again; other links have a token that the user created. */
function mend({ scmType }: Site, ofOwnToken: string): string {
  return scmTypes[scmType].oauth ? 'Link the account again.' : ofOwnToken
}
