// Answers failures: the table of statuses, and the JSON body of each kind.

import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify'
import type { FailureCode } from '../failure.ts'
import { Failure } from '../failure.ts'

interface Row {
  status: number
  /** The `code` that clients see; null: the body has none. */
  code: string | null
}

/** Never 502 or 504, which clients cannot read; 401 only for the caller's own credentials. */
export const failureRows: Record<FailureCode, Row> = {
  bad_json: { status: 400, code: 'bad_json' },
  bad_request: { status: 400, code: 'bad_request' },
  unauthorized: { status: 401, code: null },
  csrf: { status: 403, code: 'csrf' },
  insufficient_scope: { status: 403, code: 'insufficient_scope' },
  forbidden_for_delegate: { status: 403, code: 'forbidden_for_delegate' },
  delegate_required: { status: 403, code: 'delegate_required' },
  wrong_code: { status: 403, code: 'wrong_code' },
  admin_required: { status: 403, code: 'admin_required' },
  password_required: { status: 403, code: 'password_required' },
  user_required: { status: 403, code: 'user_required' },
  issuer_not_allowed: { status: 403, code: 'issuer_not_allowed' },
  session_required: { status: 403, code: 'session_required' },
  sign_in_refused: { status: 403, code: 'sign_in_refused' },
  user_inactive: { status: 403, code: 'user_inactive' },
  claim_required: { status: 403, code: 'claim_required' },
  user_unknown: { status: 403, code: 'user_unknown' },
  issuer_email_taken: { status: 403, code: 'email_taken' },
  not_found: { status: 404, code: null },
  conflict: { status: 409, code: 'conflict' },
  email_taken: { status: 409, code: 'email_taken' },
  last_administrator: { status: 409, code: 'last_administrator' },
  already_linked: { status: 409, code: 'already_linked' },
  key_exists: { status: 409, code: 'key_exists' },
  invalid: { status: 422, code: null },
  payload_too_large: { status: 413, code: null },
  unsupported_media_type: { status: 415, code: null },
  rate_limited: { status: 429, code: 'rate_limited' },
  misdirected: { status: 421, code: 'misdirected' },
  scm_token_rejected: { status: 403, code: 'scm_token_rejected' },
  scm_grant_refused: { status: 403, code: 'scm_token_rejected' },
  scm_link_expired: { status: 403, code: 'scm_token_rejected' },
  scm_token_unreadable: { status: 403, code: 'scm_token_rejected' },
  scm_application_refused: { status: 503, code: 'scm_unavailable' },
  scm_scope_missing: { status: 403, code: 'scm_scope_missing' },
  scm_sso_required: { status: 403, code: 'scm_sso_required' },
  scm_forbidden: { status: 403, code: 'scm_forbidden' },
  // Where a missing object is a normal answer, the caller of the platform handles it; anywhere else the answer makes no
  // sense.
  scm_not_found: { status: 503, code: 'scm_bad_response' },
  scm_query_refused: { status: 422, code: null },
  scm_rate_limited: { status: 429, code: 'scm_rate_limited' },
  scm_address_refused: { status: 503, code: 'scm_unavailable' },
  scm_unreachable: { status: 503, code: 'scm_unavailable' },
  scm_redirected: { status: 503, code: 'scm_bad_response' },
  scm_bad_response: { status: 503, code: 'scm_bad_response' },
  scm_unavailable: { status: 503, code: 'scm_unavailable' },
  issuer_unavailable: { status: 503, code: 'issuer_unavailable' },
  mail_unavailable: { status: 503, code: 'mail_unavailable' },
  overloaded: { status: 503, code: 'overloaded' },
  store_unavailable: { status: 503, code: 'store_unavailable' },
  internal: { status: 500, code: 'internal' },
}

/** Seconds to wait when nothing better is known. */
const DEFAULT_RETRY_AFTER_SECONDS = 5

/** Turns an error of Fastify itself into a Failure. */
function failureFrom(error: FastifyError | Failure): Failure {
  if (error instanceof Failure) return error
  const { statusCode = 500, code } = error
  if (statusCode === 413) return new Failure('payload_too_large', 'The body is over 64 KiB.')
  if (statusCode === 415) {
    return new Failure('unsupported_media_type', 'Send the body as JSON, with Content-Type: application/json.')
  }
  // A caller that disconnects while sending is not a bug of ours.
  if ((statusCode >= 400 && statusCode < 500) || code === 'ECONNRESET') {
    return new Failure('bad_request', 'This request cannot be read.')
  }
  return new Failure('internal', 'Internal error', { cause: error })
}

/** `failure-schemas.ts` describes the same. */
function bodyOf(failure: Failure, row: Row, requestId: string): object {
  const { details } = failure
  const { hint } = details
  if (row.status === 404) {
    return {
      resource: details.resource,
      error: details.advice === undefined ? 'not found' : `not found. ${details.advice}`,
    }
  }
  if (row.status === 422) {
    const errors = details.errors ?? { query: [failure.message] }
    return { errors, error: failure.message, ...(hint && { hint }) }
  }
  if (row.status === 500) return { error: 'Internal error', code: row.code, request_id: requestId }
  return {
    error: failure.message,
    ...(row.code && { code: row.code }),
    ...(details.id && { id: details.id }),
    ...(details.scope && { scope: details.scope }),
    ...(hint && { hint }),
  }
}

/** The stack without its first line, because messages may repeat what a user sent. */
function frames(error: Error): string {
  return (error.stack ?? '')
    .split('\n')
    .filter((line) => line.startsWith('    at '))
    .slice(0, 12)
    .join('\n')
}

/** Logs the failure, and sets the answer's headers for it. */
export function noteFailure(
  error: FastifyError | Failure,
  request: FastifyRequest,
  reply: FastifyReply,
): { failure: Failure; row: Row } {
  const failure = failureFrom(error)
  const row = failureRows[failure.code]
  const { cause } = failure.details
  const known = { request_id: request.id, code: failure.code, status: row.status, ...failure.details.log }
  if (failure.code === 'internal') {
    const name = cause instanceof Error ? cause.name : typeof cause
    request.log.error({ ...known, name, at: cause instanceof Error ? frames(cause) : undefined }, 'internal error')
  } else {
    request.log.debug(known, 'failure')
  }
  if (row.status === 401) reply.header('www-authenticate', 'Bearer')
  if (row.status === 429 || row.status === 503) {
    reply.header('retry-after', String(Math.ceil(failure.details.retryAfter ?? DEFAULT_RETRY_AFTER_SECONDS)))
  }
  return { failure, row }
}

export function answerFailure(error: FastifyError | Failure, request: FastifyRequest, reply: FastifyReply): void {
  const { failure, row } = noteFailure(error, request, reply)
  reply
    .status(row.status)
    .type('application/json; charset=utf-8')
    .serializer(JSON.stringify)
    .send(bodyOf(failure, row, request.id))
}

/** Answers an error of the HTTP parser, before there is a request, with JSON like every other answer. */
export function answerClientError(
  error: { code?: string },
  socket: { writable: boolean; end(text: string): void },
): void {
  if (error.code === 'ECONNRESET' || !socket.writable) return
  const [status, message] =
    error.code === 'HPE_HEADER_OVERFLOW'
      ? ['431 Request Header Fields Too Large', 'The request headers are too large.']
      : error.code === 'ERR_HTTP_REQUEST_TIMEOUT'
        ? ['408 Request Timeout', 'The request took too long to arrive.']
        : ['400 Bad Request', 'This is not an HTTP request that can be read.']
  const body = JSON.stringify({ error: message })
  socket.end(
    `HTTP/1.1 ${status}\r\nContent-Type: application/json; charset=utf-8\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
  )
}
