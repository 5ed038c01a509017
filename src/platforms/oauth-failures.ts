// Errors of platforms' OAuth endpoints: who wrote them, and what they mean for a link and for the operator.

import { Failure } from '../failure.ts'
import { membersOf } from './answers.ts'
import type { OAuthScmType } from './scm-types.ts'
import { scmTypes, settingsPrefix } from './scm-types.ts'
import type { RawAnswer } from './transport/guard.ts'
import { clampWait, readRetryAfter } from './transport/retry-after.ts'

/**
 * - grant: the code or refresh token is wrong, used up, expired or revoked. Asking again gives the same answer.
 * - email: the account's e-mail address must be verified at the platform first.
 * - application: the platform rejects our application. The operator can fix that, and the link works again afterwards.
 * - limit: we ask too often.
 * - trouble: the platform has an error of its own.
 */
type Meaning = 'grant' | 'email' | 'application' | 'limit' | 'trouble'

/** The part of an `OAuthApplication` that is read here. */
interface Site {
  scmType: OAuthScmType
  webUrl: string
  endpoints: { recognises(answer: RawAnswer): boolean }
}

/** RFC 6749 sections 4.1.2.1 and 5.2, RFC 8628 section 3.5. */
const MEANINGS: Record<string, Meaning> = {
  invalid_grant: 'grant',
  invalid_client: 'application',
  unauthorized_client: 'application',
  unsupported_grant_type: 'application',
  invalid_scope: 'application',
  slow_down: 'limit',
  server_error: 'trouble',
  temporarily_unavailable: 'trouble',
  // GitHub's own, which others may copy; nobody uses them in another sense:
  // https://docs.github.com/en/apps/oauth-apps/maintaining-oauth-apps/troubleshooting-oauth-app-access-token-request-errors
  bad_verification_code: 'grant',
  bad_refresh_token: 'grant',
  unverified_user_email: 'email',
  incorrect_client_credentials: 'application',
  redirect_uri_mismatch: 'application',
  application_suspended: 'application',
}

function codeIn({ body }: RawAnswer): string | null {
  const { error } = membersOf(body)
  return typeof error === 'string' && /^[a-z_]{1,60}$/.test(error) ? error : null
}

function meaningOf(code: string | null): Meaning | undefined {
  return code !== null && Object.hasOwn(MEANINGS, code) ? MEANINGS[code] : undefined
}

/** Whether the platform itself wrote a 4xx of an OAuth endpoint: in OAuth's form, or in another form of its own. */
export function recognises(site: Site, answer: RawAnswer): boolean {
  const { error_description } = membersOf(answer.body)
  const code = codeIn(answer)
  if (code !== null && (meaningOf(code) || typeof error_description === 'string')) return true
  return site.endpoints.recognises(answer)
}

/** What an answer with an `error`, or a status of 400 to 499, means. The platform wrote it, or it is a 429. */
export function oauthFailure(site: Site, answer: RawAnswer): Failure {
  const { status, headers } = answer
  const { label } = scmTypes[site.scmType]
  const code = codeIn(answer)
  const log = { host: new URL(site.webUrl).hostname, status, oauth_error: code ?? 'unknown' }
  const retryAfter = readRetryAfter(headers['retry-after'], timeOf(headers))
  const meaning = status === 429 ? 'limit' : meaningOf(code)
  if (meaning === 'grant') return new Failure('scm_grant_refused', `${label} refused it (${code}).`, { log })
  if (meaning === 'email') {
    const message = `${label} links only accounts whose primary e-mail address is verified. Verify it there and try again.`
    return new Failure('scm_grant_refused', message, { log })
  }
  if (meaning === 'application' || (code === null && status === 404)) return applicationDenied(site, code, log)
  if (meaning === 'trouble') {
    const details = { log, ...(retryAfter !== null && { retryAfter }) }
    return new Failure('scm_unavailable', `${label} has trouble of its own (${code}). Try again later.`, details)
  }
  const isSpent = headers['x-ratelimit-remaining'] === '0'
  if (meaning === 'limit' || retryAfter !== null || isSpent) {
    const wait = retryAfter ?? (isSpent ? untilReset(headers) : undefined)
    const message = `${label} asks to wait before it gives tokens.`
    return new Failure('scm_rate_limited', message, { retryAfter: clampWait(wait, 60), log })
  }
  const what = code === null ? '' : ` (${code})`
  return badAnswer(site, `answered with the status ${status}${what} where it should give a token`, log)
}

/** Seconds. */
function untilReset(headers: RawAnswer['headers']): number {
  return Number(headers['x-ratelimit-reset'] ?? Number.NaN) - timeOf(headers) / 1000
}

/** The times in an answer are by the platform's clock. */
function timeOf({ date = '' }: RawAnswer['headers']): number {
  return Date.parse(date) || Date.now()
}

/** GitHub answers 404 without a code when the application does not exist. */
function applicationDenied({ scmType }: Site, code: string | null, log: Record<string, string | number>): Failure {
  const { label } = scmTypes[scmType]
  return new Failure(
    'scm_application_refused',
    `${label} does not take this server's OAuth application (${code ?? `status ${log.status}`}). Its operator has to check ${settingsOf(scmType, code === null)} and the callback address registered there.`,
    { log },
  )
}

function settingsOf(scmType: OAuthScmType, withUrl: boolean): string {
  const name = settingsPrefix(scmType)
  return `${withUrl ? `${name}_URL, ` : ''}${name}_CLIENT_ID, ${name}_CLIENT_SECRET`
}

/**
 * At a wrong address something else answers 404. That must not end a link, but the operator may have to fix the
 * setting.
 */
export function withSettings({ scmType }: Site, error: unknown): unknown {
  if (!(error instanceof Failure) || error.code !== 'scm_bad_response' || error.details.log?.status !== 404)
    return error
  const message = `${error.message} If it stays so, the operator of this server has to check ${settingsOf(scmType, true)}.`
  return new Failure(error.code, message, error.details)
}

/** `what` continues the sentence that begins with the platform's name and host. */
export function badAnswer({ scmType, webUrl }: Site, what: string, log: Record<string, string | number> = {}): Failure {
  const host = new URL(webUrl).hostname
  const message = `${scmTypes[scmType].label} at ${host} ${what}. Try again later.`
  return new Failure('scm_bad_response', message, { log: { host, ...log } })
}
