// Reads an answer's body as JSON, whatever its status is.

import type { JsonReader } from '../body/json.ts'
import type { Call, Guard, HttpResponse } from '../guard.ts'
import type { Limits } from '../limits.ts'
import { leaseOf } from './body-budget.ts'

/** For questions to which a refusal is an answer too. */
export function createReadJson(json: JsonReader, limits: Limits): Guard<Call> {
  return async (call, next) => {
    const response = await next(call)
    return withBody(response, await json.read(response.bytes, limits, leaseOf(call)))
  }
}

/** The body of a refusal: undefined for what is no JSON, or JSON such as no platform writes. */
export async function readErrorBody(
  json: JsonReader,
  limits: Limits,
  call: Call,
  { bytes }: HttpResponse,
): Promise<unknown> {
  return json.read(bytes, limits, leaseOf(call)).catch(() => undefined)
}

const NO_BYTES = Buffer.alloc(0)

export function withBody({ status, headers }: HttpResponse, body: unknown): HttpResponse {
  return { status, headers, bytes: NO_BYTES, body }
}
