// Failures from the server: the API's form of them, and the sentence that people read.

import type { Hint } from '../src/failure.ts'

/** The API's form, described in docs/api.md. */
export interface FailureBody {
  error?: string
  code?: string
  id?: string
  errors?: Record<string, string[]>
  hint?: Hint
  request_id?: string
}

/** A failure in the server's own words; `status` 0 means that the server could not be reached. */
export class ApiFailure extends Error {
  readonly status: number
  readonly code: string | undefined
  /** For a 422: what is wrong with each field. */
  readonly fields: Record<string, string[]>
  /** What can be done about it. */
  readonly hint: Hint | undefined

  constructor(status: number, body: FailureBody) {
    super(sentence(status, body))
    this.status = status
    this.code = body.code
    this.fields = body.errors ?? {}
    this.hint = body.hint
  }
}

/** Says at the field what is missing, in the server's form, before anything is sent. */
export function requireText(field: string, text: string, message: string): void {
  if (text.trim() === '') throw new ApiFailure(422, { errors: { [field]: [message] } })
}

function sentence(status: number, { error, request_id }: FailureBody): string {
  if (status === 0) return 'The server does not answer. Check your connection, and whether Forgelink is running.'
  if (status === 500) return `Something went wrong inside Forgelink${request_id ? ` (request ${request_id})` : ''}.`
  if (status === 404) return 'This is no longer there. It may have been removed elsewhere.'
  return error || `The server answered ${status}.`
}

/** Everything thrown is shown as a failure, including our own bugs. */
export function asFailure(error: unknown): ApiFailure {
  return error instanceof ApiFailure ? error : new ApiFailure(500, {})
}
