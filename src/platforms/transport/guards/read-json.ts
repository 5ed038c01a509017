// Reads a response's body as JSON, whatever its status is.

import type { JsonReader } from '../body/json.ts'
import type { Call, Guard, HttpResponse } from '../guard.ts'
import type { Limits } from '../limits.ts'
import { leaseOf } from './body-budget.ts'

/** For questions to which an error status is an answer too. */
export function createReadJson(json: JsonReader, limits: Limits): Guard<Call> {
  return async (call, next) => {
    const response = await next(call)
    return withBody(response, await json.read(response.bytes, limits, leaseOf(call)))
  }
}

/** The body of an error: undefined when it is not JSON, or JSON that is too deep or too large. */
export async function readErrorBody(
  json: JsonReader,
  limits: Limits,
  call: Call,
  { bytes }: HttpResponse,
): Promise<unknown> {
  return json.read(bytes, limits, leaseOf(call)).catch(() => undefined)
}

const NO_BYTES = Buffer.alloc(0)

export function withBody({ status, headers, size }: HttpResponse, body: unknown): HttpResponse {
  return { status, headers, bytes: NO_BYTES, size, body }
}
