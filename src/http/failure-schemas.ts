// The schemas of failures for the API description, made from the status table in failures.ts.

import type { TProperties, TSchema } from 'typebox'
import { Type } from 'typebox'
import type { FailureCode } from '../failure.ts'
import { HintSchema, oneOf } from '../schemas.ts'
import { failureRows } from './failures.ts'

const codes = Object.keys(failureRows) as FailureCode[]

/** The failures that a call of a platform may end with. */
export const PLATFORM_FAILURES = codes.filter((code) => code.startsWith('scm_'))

/** Outages and rate limits of platforms: the others are reported as `invalid` where they concern a field. */
export const PLATFORM_TROUBLE = PLATFORM_FAILURES.filter((code) => [429, 503].includes(failureRows[code].status))

/** For each status: its name in components, and its meaning. */
const statuses: Record<number, [name: string, meaning: string]> = {
  400: ['bad_request', 'The request cannot be read.'],
  401: ['unauthorized', 'No, wrong or expired credentials of the caller.'],
  403: ['forbidden', 'The caller may not do this, or the platform refuses it.'],
  404: ['not_found', 'Unknown, deleted or somebody else’s: the same for all three.'],
  409: ['conflict', 'It is there already, or belongs to another account.'],
  413: ['payload_too_large', 'The body is over 64 KiB.'],
  415: ['unsupported_media_type', 'The body is not JSON, or compressed.'],
  422: ['invalid', 'A field is wrong.'],
  429: ['too_many_requests', 'Too many requests here or at the platform.'],
  500: ['internal', 'A mistake of this server; its operator finds the cause by the id.'],
  503: ['unavailable', 'The platform or this server is down, busy or slow.'],
}

const headers: Record<number, object> = {
  401: { 'WWW-Authenticate': { schema: oneOf(['Bearer']) } },
  429: { 'Retry-After': retryAfter() },
  503: { 'Retry-After': retryAfter() },
}

function retryAfter() {
  return { description: 'Seconds to wait.', schema: Type.Integer({ minimum: 0 }), required: true }
}

/** The members besides `error` and `code`, by the code that callers see. */
const besides: Record<string, TProperties> = {
  insufficient_scope: { scope: Type.Optional(Type.String({ description: 'The scope that would do.' })) },
  already_linked: { id: Type.String({ format: 'uuid', description: 'The link that is there.' }) },
  internal: { request_id: Type.String() },
}

/** A component of the description. */
export interface NamedResponse {
  name: string
  response: { description: string; headers?: object; content: { 'application/json': { schema: TSchema } } }
}

/** One response for each status that `given` can have. */
export function failureResponses(given: FailureCode[]): Record<string, NamedResponse> {
  const byStatus = new Map<number, Set<string | null>>()
  for (const failure of codes.filter((code) => given.includes(code))) {
    const { status, code } = failureRows[failure]
    byStatus.set(status, (byStatus.get(status) ?? new Set()).add(code))
  }
  return Object.fromEntries(
    [...byStatus].map(([status, seen]) => [
      status,
      responseOf(
        status,
        [...seen].filter((code) => code !== null),
      ),
    ]),
  )
}

/** What any operation may answer besides: failures of HTTP itself. */
export const otherFailures: NamedResponse = {
  name: 'OtherFailure',
  response: {
    description: 'Other failures of HTTP itself: 400, 405, 408, 414, 415, 421 and 431.',
    content: {
      'application/json': {
        schema: Type.Object({ error: Type.String(), code: Type.Optional(Type.String()) }, { title: 'OtherFailure' }),
      },
    },
  },
}

const PlainFailure = Type.Object({ error: sentence() }, { title: 'PlainFailure' })

function responseOf(status: number, seen: string[]): NamedResponse {
  const [called, description] = statuses[status] ?? [String(status), '']
  const name = nameOf(called, seen)
  const members = membersOf(status, seen)
  return {
    name,
    response: {
      description,
      ...(headers[status] && { headers: headers[status] }),
      content: { 'application/json': { schema: members ? Type.Object(members, { title: name }) : PlainFailure } },
    },
  }
}

function sentence() {
  return Type.String({ description: 'A sentence for people.' })
}

/** undefined: only `error`. */
function membersOf(status: number, seen: string[]): TProperties | undefined {
  const error = sentence()
  const hint = Type.Optional(HintSchema)
  if (status === 404) return { resource: Type.String(), error }
  if (status === 422)
    return { errors: Type.Record(Type.String(), Type.Array(Type.String(), { minItems: 1 })), error, hint }
  if (seen.length === 0) return undefined
  const more = Object.assign({}, ...seen.map((code) => besides[code]))
  return { error, code: oneOf(seen), ...more, ...(status !== 500 && { hint }) }
}

/** What routes with such a failure are about: several sets of codes with one status need several names, the first counts. */
const SUBJECTS: Partial<Record<FailureCode, string>> = {
  wrong_code: 'completion_',
  delegate_required: 'link_session_',
  user_required: 'delegation_',
  user_inactive: 'invitation_',
  admin_required: 'administration_',
  last_administrator: 'administrator_',
  forbidden_for_delegate: 'personal_',
  claim_required: 'bearer_',
  email_taken: 'account_',
  mail_unavailable: 'mail_',
  issuer_unavailable: 'bearer_',
}

/**
 * `AlreadyLinkedFailure`; for several codes `BadRequestFailure`, or `PlatformForbiddenFailure` if one is a platform's.
 */
function nameOf(status: string, seen: string[]): string {
  const [only = status] = seen
  const isPlatforms = seen.some((code) => code.startsWith('scm_'))
  const [subject = ''] = Object.entries(SUBJECTS).flatMap(([code, name]) => (seen.includes(code) ? [name] : []))
  const words = seen.length < 2 ? only : `${isPlatforms ? 'platform_' : subject}${status}`
  return `${words.split('_').map(capitalised).join('')}Failure`
}

function capitalised(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1)
}
