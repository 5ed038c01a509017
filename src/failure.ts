// The only error type: every expected error is a Failure, and `http/failures.ts` answers it.

/** What went wrong. Each code has one row in the status table of `http/failures.ts`. */
export type FailureCode =
  // The caller's request
  | 'bad_json'
  | 'bad_request'
  | 'unauthorized'
  | 'csrf' // a write with a session, but not from a page of ours
  | 'insufficient_scope' // the bearer token may not do this
  | 'forbidden_for_delegate' // whoever acts for a user may not do this
  | 'delegate_required' // only whoever acts for a user may do this
  | 'wrong_code' // it does not complete the link session
  | 'admin_required' // for administrators only
  | 'password_required' // a session has to give the password again for this
  | 'user_required' // a service token is exchanged for a user that the body names
  | 'issuer_not_allowed' // a service acts only for users of the issuers that its token lists
  | 'session_required' // for a person in a browser only
  | 'sign_in_refused' // the provider, or a rule for signing in, refuses the person
  | 'issuer_unavailable' // the OpenID provider, or a trusted issuer's keys: no answer, or none that can be used
  | 'user_inactive' // deactivated: nobody acts for that user
  | 'claim_required' // a trusted issuer's JWT lacks a claim that TRUSTED_ISSUERS requires
  | 'user_unknown' // a trusted issuer's JWT names nobody, and nobody is to be made
  | 'issuer_email_taken' // the same as email_taken, where a JWT would make the user
  | 'not_found'
  | 'conflict'
  | 'email_taken' // another user has the e-mail address, and identities alone link people
  | 'last_administrator' // without this one there would be none
  | 'already_linked'
  | 'key_exists'
  | 'invalid'
  | 'payload_too_large'
  | 'unsupported_media_type'
  | 'rate_limited'
  | 'misdirected' // a page under a host name that is not ours
  // The platform behind a link
  | 'scm_token_rejected' // it rejects the token
  | 'scm_grant_refused' // it rejects our code or refresh token for good
  | 'scm_link_expired' // it has rejected the link's refresh token: link again
  | 'scm_token_unreadable' // the stored token cannot be decrypted: another token, or link again
  | 'scm_application_refused' // it rejects our application: client id, secret or callback
  | 'scm_scope_missing' // the token lacks a scope or permission
  | 'scm_sso_required' // the organisation requires that the token is authorised for SSO
  | 'scm_forbidden' // access denied for any other reason
  | 'scm_not_found' // absent or hidden: platforms do not say which
  | 'scm_query_refused' // it does not accept our search
  | 'scm_rate_limited'
  | 'scm_address_refused' // our own address policy: nothing was sent
  | 'scm_unreachable' // name, connection, TLS, time-out, reset
  | 'scm_redirected' // it points to another origin
  | 'scm_bad_response' // it answered, but not in the form of that platform's API
  | 'scm_unavailable' // 5xx, or not called for a while after repeated failures
  // A trusted issuer
  // Ourselves
  | 'mail_unavailable' // the operator's mail server did not take a mail
  | 'overloaded'
  | 'store_unavailable'
  | 'internal'

/** What a caller can do; docs/api.md says what each action means and which other members come with it. */
export const HINT_ACTIONS = [
  'use_address',
  'use_scm_type',
  'link',
  'link_again',
  'replace_token',
  'authorise',
  'open_platform',
  'ask_operator',
] as const

/** For programs: what the message says about fixing the problem. */
export interface Hint {
  action: (typeof HINT_ACTIONS)[number]
  /** For `invalid`: the field that this fixes. */
  field?: string
  /** The address to send instead, or the page to open. */
  url?: string
  /** The type to send instead. */
  scm_type?: string
}

export interface FailureDetails {
  /** For `not_found`: the API's word for what is missing, such as `scm_integration`. */
  resource?: string
  /** For `invalid`: messages by field; each continues after the field's name ("url is not an https address"). */
  errors?: Record<string, string[]>
  /** What the caller can do; when it is to wait, `retryAfter` says so. */
  hint?: Hint
  /** The sentence of the message that also fits an answer given without the failed part: it becomes a warning there. */
  advice?: string
  /** Seconds after which the caller may try again (`Retry-After`). */
  retryAfter?: number
  /** For `already_linked`: the id of the link that is there. */
  id?: string
  /** The platform rejects the account or us, not just this request, so any other call would fail too. */
  ofAccount?: true
  /** For `scm_query_refused`: the platform does not know, or hides, the account or repository that the query names. */
  isAbsent?: true
  /** For `insufficient_scope`: the scope that is needed. */
  scope?: string
  /** For the operator's log: never a secret, never a platform's text. */
  log?: Record<string, string | number>
  /** The earlier error; only its name and code go to the log, and nothing to the caller. */
  cause?: unknown
}

export class Failure extends Error {
  override readonly name = 'Failure'
  readonly code: FailureCode
  readonly details: FailureDetails

  /** The caller reads `message`: it says what is wrong and how to fix it, and contains no secret. */
  constructor(code: FailureCode, message: string, details: FailureDetails = {}) {
    super(message, { cause: details.cause })
    this.code = code
    this.details = details
  }
}

export function notFound(resource: string, advice?: string): Failure {
  return new Failure('not_found', 'not found', { resource, ...(advice !== undefined && { advice }) })
}

/** 422: `invalid({ url: ['is not an https address'] })`. `hint` is about the field that it names. */
export function invalid(
  errors: Record<string, string[]>,
  { cause, hint }: { cause?: unknown; hint?: Hint | undefined } = {},
): Failure {
  const [field = '', messages = []] = Object.entries(errors)[0] ?? []
  return new Failure('invalid', `${field} ${messages[0] ?? 'is invalid'}`, { errors, cause, ...(hint && { hint }) })
}

/** Sent to requests that arrive during shutdown, and to those that have not ended when it does. */
export function stopping(): Failure {
  return new Failure('overloaded', 'This server is stopping. Try again in a moment.', { retryAfter: 5 })
}
