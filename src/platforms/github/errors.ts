// What GitHub's refusals mean, and how their reader can mend them.
import { Failure } from '../../failure.ts'
import type { RawAnswer } from '../api.ts'
import { clampWait, readRetryAfter } from '../outgoing/retry-after.ts'
import { scmTypes } from '../scm-types.ts'
import { type Connection, membersOf } from '../vendor.ts'
import { githubQueryFailure } from './refused-query.ts'
import { missingScopes, scopesOf } from './scopes.ts'

type Site = Pick<Connection, 'scmType' | 'web' | 'api'>

/** GitHub asks for a minute where a secondary limit names no time. */
const UNTOLD_WAIT = 60

/** What GitHub calls the permissions of fine-grained tokens where they are ticked. */
const PERMISSIONS: Record<string, string> = {
  keys: 'Git SSH keys',
  emails: 'Email addresses',
  members: 'Members',
  metadata: 'Metadata',
  contents: 'Contents',
  pull_requests: 'Pull requests',
  issues: 'Issues',
}

/**
 * Whether it is GitHub that refuses: by a header of its own, or a body as it writes them (an object with a `message`).
 * On a trial GitLab counts too, so that it can be named.
 */
export function isOwnRefusal({ hasWorked }: Pick<Connection, 'hasWorked'>, answer: RawAnswer): boolean {
  const { message } = membersOf(answer.body)
  const hasHeader = Object.keys(answer.headers).some((name) => name.startsWith('x-github-'))
  return hasHeader || typeof message === 'string' || (!hasWorked && looksLikeGitLab(answer))
}

/** Reads every answer that is neither a success nor 5xx. Headers decide; wording only where no header tells. */
export function githubFailure(site: Site, answer: RawAnswer): Failure {
  const { status, headers } = answer
  if (looksLikeGitLab(answer)) return notGitHub(site, `it answered ${status} as GitLab does`, true)
  if (status === 401) return tokenRejected(site)
  if (status === 429) return rateLimited(site, answer)
  if (status === 403) return refusal(site, answer)
  if (status === 404 || status === 410) {
    // Keys and e-mails are not there at all for a token that may not read them.
    const missing = lackedOf(headers).filter((scope) => scope === 'read:public_key' || scope === 'user:email')
    return missing.length > 0 ? scopeMissing(site, missing) : absent(site, headers)
  }
  const { label } = scmTypes[site.scmType]
  if (status === 422) return githubQueryFailure(label, answer.body)
  if (status === 451) return new Failure('scm_forbidden', `${label} has taken this down for legal reasons.`)
  return new Failure('scm_bad_response', `${label} answered with the status ${status}, which we did not expect.`)
}

/** Scopes of classic and OAuth tokens. */
export function scopeMissing(site: Site, scopes: string[]): Failure {
  const named = scopes.length > 1 ? `one of the scopes ${scopes.join(', ')}` : `the scope ${scopes.join()}`
  return new Failure(
    'scm_scope_missing',
    `The token lacks ${named}. ${mend(site, `Tick it at ${site.web}/settings/tokens, or give the link another token.`)}`,
  )
}

/** Bots and installation tokens act for an app or a workflow: no person stands behind the link. */
export function notAPerson({ web }: Site): Failure {
  return new Failure(
    'scm_token_rejected',
    `The token belongs to a bot or an app installation; only a person's token can be linked. Make one at ${web}/settings/tokens.`,
  )
}

/** `found` reads on after "It is not GitHub's API: ". */
export function notGitHub({ scmType, api }: Site, found: string, isGitLab = false): Failure {
  const other = scmType === 'github' ? 'gitlab' : 'gitlab-self-hosted'
  const advice = isGitLab ? ` It seems to be GitLab: use the scm_type ${other}.` : ''
  return new Failure('scm_bad_response', `There is no GitHub at ${api}: ${found}.${advice}`)
}

/** For a call without a token: `scm_forbidden` when it is GitLab that refuses. */
export function strangerFailure(answer: RawAnswer): Failure {
  return new Failure(looksLikeGitLab(answer) ? 'scm_forbidden' : 'scm_not_found', 'This needs a token.')
}

/** Links made by OAuth are made again; the others have a token that its owner made. */
function mend({ scmType }: Site, ofOwnToken: string): string {
  return scmTypes[scmType].oauth ? 'Link the account again.' : ofOwnToken
}

function tokenRejected(site: Site): Failure {
  return new Failure(
    'scm_token_rejected',
    `${scmTypes[site.scmType].label} does not take the token: it is wrong, expired or revoked. ${mend(site, `Make another at ${site.web}/settings/tokens.`)}`,
  )
}

/** GitHub hides private repositories from a token without `repo`: absent and private look alike. */
function absent({ scmType }: Site, headers: RawAnswer['headers']): Failure {
  const granted = scopesOf(headers['x-oauth-scopes'])
  const accepted = scopesOf(headers['x-accepted-oauth-scopes']) ?? []
  // An App's token has permissions in place of scopes, and yet the header, which is empty.
  const hasScopes = granted !== null && !headers['x-oauth-client-id']?.startsWith('Iv')
  const needsRepo = hasScopes && accepted.includes('repo') && !accepted.some((scope) => granted.includes(scope))
  return new Failure(
    'scm_not_found',
    `${scmTypes[scmType].label} has no such thing, or hides it from this account.`,
    needsRepo ? { hint: 'If it is private, the token needs the scope repo.' } : {},
  )
}

function refusal(site: Site, answer: RawAnswer): Failure {
  const { headers } = answer
  const { message } = membersOf(answer.body)
  const says = (text: string) => typeof message === 'string' && message.toLowerCase().includes(text)

  if (headers['x-github-sso']?.startsWith('required')) return ssoRequired(site, headers['x-github-sso'])
  if (headers['x-ratelimit-remaining'] === '0' || headers['retry-after'] !== undefined) return rateLimited(site, answer)
  // https://docs.github.com/en/rest/authentication/authenticating-to-the-rest-api#failed-login-limit
  if (says('secondary rate limit') || says('login attempts')) return rateLimited(site, answer)

  const lacked = lackedOf(headers)
  if (lacked.length > 0) return scopeMissing(site, lacked)
  const permissions = headers['x-oauth-scopes'] === undefined ? headers['x-accepted-github-permissions'] : undefined
  if (permissions) return permissionMissing(site, permissions)
  if (says('resource not accessible by')) return permissionMissing(site, '')
  return new Failure(
    'scm_forbidden',
    `${scmTypes[site.scmType].label} refuses this to the account. Sign in at ${site.web} to see whether it is suspended or an organisation restricts its access.`,
  )
}

/** The scopes of which GitHub accepts any for this call, where the token has none of those that we know of. */
function lackedOf(headers: RawAnswer['headers']): string[] {
  const granted = scopesOf(headers['x-oauth-scopes'])
  const accepted = scopesOf(headers['x-accepted-oauth-scopes']) ?? []
  if (granted === null || accepted.length === 0) return []
  const missing = missingScopes(granted).filter((scope) => accepted.includes(scope))
  if (missing.length > 0) return missing
  return accepted.some((scope) => granted.includes(scope)) ? [] : accepted
}

/** `keys=read,metadata=read; contents=read`: `,` is and, `;` is or. */
function permissionMissing(site: Site, header: string): Failure {
  const named = header
    .split(';')
    .map((all) => {
      const each = [...all.matchAll(/([a-z_]+)=([a-z]+)/g)]
      return each.map(([, name = '', access]) => `${PERMISSIONS[name] ?? name}: ${access}`).join(' and ')
    })
    .filter((all) => all !== '')
    .join(', or ')
  return new Failure(
    'scm_scope_missing',
    `The token lacks ${named === '' ? 'a permission for this' : `the permission ${named}`}. ${mend(site, `Add it at ${site.web}/settings/personal-access-tokens, or give the link another token.`)}`,
  )
}

/** `required; url=U`, where U lets its reader authorise the token within the hour. */
function ssoRequired({ web }: Site, header: string): Failure {
  const given = /url=(\S+)/.exec(header)?.[1] ?? ''
  const url = URL.canParse(given) ? new URL(given) : null
  const isSecure = url?.protocol === 'https:' || url?.origin === new URL(web).origin
  const isSafe = url && isSecure && url.username === '' && url.password === ''
  const how = isSafe ? `at ${url.href}` : 'on the page of your tokens (Configure SSO)'
  return new Failure(
    'scm_sso_required',
    `The organisation wants the token authorised for single sign-on. Do that ${how}, then try again.`,
  )
}

function rateLimited({ scmType }: Site, { headers }: RawAnswer): Failure {
  const reset = Number(headers['x-ratelimit-reset'] ?? Number.NaN)
  const untilReset = headers['x-ratelimit-remaining'] === '0' ? reset - Date.now() / 1000 : Number.NaN
  const retryAfter = readRetryAfter(headers['retry-after']) ?? clampWait(untilReset, UNTOLD_WAIT)
  return new Failure(
    'scm_rate_limited',
    `${scmTypes[scmType].label} has answered this account as often as it does for now. Try again later.`,
    {
      retryAfter,
    },
  )
}

/** By GitLab's own header, or a body as GitLab writes it: `{"message":"404 Not Found"}`, `{"error":"..."}`. */
function looksLikeGitLab({ status, headers, body }: RawAnswer): boolean {
  const { message, error } = membersOf(body)
  const tellsStatus = typeof message === 'string' && message.startsWith(`${status} `)
  return 'x-gitlab-meta' in headers || typeof error === 'string' || tellsStatus
}
