// One HTTP request and its answer, over connections that lead only where the address policy allows.

import type { Readable } from 'node:stream'
import { Failure } from '../../failure.ts'
import { readBody } from './body/body.ts'
import { targetOf } from './connect/address.ts'
import type { ConnectorParts } from './connect/connector.ts'
import type { Dispatchers } from './connect/dispatchers.ts'
import type { Call, HttpResponse, Next } from './guard.ts'
import { leaseOf } from './guards/body-budget.ts'

/** Bytes: platforms' own refusals have a few hundred, and pages of others only have to be known as such. */
const MAX_ERROR_BYTES = 64 * 1024

const NO_BYTES = Buffer.alloc(0)

/**
 * No redirect is followed and nothing is tried again. The body of a redirect or 304 is not read, nor that of a limit or of
 * the platform's trouble, which their status tells whatever the body is; of another refusal no more than its beginning.
 * Throws the errors of Node and undici, which `readFault` understands.
 */
export function createExchange(
  { policy, failureOf, limits }: ConnectorParts,
  dispatchers: Dispatchers,
  userAgent: string,
): Next<Call> {
  return async (call) => {
    const { url, method, body, signal } = call
    const lease = leaseOf(call)
    const target = targetOf(url)
    if (!target) throw new Failure('internal', 'Internal error')
    signal?.throwIfAborted()
    const violation = policy.checkTarget(target)
    if (violation) throw failureOf(violation)
    // A kept connection may be dead, and what changes something must not be lost on one.
    const dispatcher = await dispatchers.dispatcherFor(target, method !== 'GET')
    const answer = await dispatcher.request({
      origin: url.origin,
      path: url.pathname + url.search,
      method,
      headers: { ...call.headers, 'user-agent': userAgent, 'accept-encoding': 'gzip' },
      body,
      signal: signal ?? null,
    })
    const { statusCode: status } = answer
    const response: HttpResponse = { status, headers: flatten(answer.headers), bytes: NO_BYTES, body: undefined }
    if (isToldByStatus(status)) {
      discard(answer.body, status)
      return response
    }
    const isError = status >= 400
    const bounds = { ...limits, body: isError ? MAX_ERROR_BYTES : call.maxBytes, cut: isError }
    return { ...response, bytes: await readBody(answer.body, response.headers, bounds, lease) }
  }
}

function isToldByStatus(status: number): boolean {
  return (status >= 300 && status < 400) || status === 429 || status >= 500
}

function discard(body: Readable, status: number): void {
  body.on('error', () => {}) // nobody reads it
  // A 304 has no body, so that its connection can be kept.
  if (status === 304) body.resume()
  else body.destroy()
}

function flatten(headers: Record<string, string | string[] | undefined>): Record<string, string> {
  const flat: Record<string, string> = {}
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined) flat[name.toLowerCase()] = Array.isArray(value) ? value.join(', ') : value
  }
  return flat
}
