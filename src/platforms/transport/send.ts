// Sends one POST or DELETE to a platform's OAuth endpoint.

import type { RawAnswer } from './guard.ts'
import type { AnswerReader } from './guards/read-answer.ts'
import type { Transport } from './transport.ts'

export interface SendRequest {
  method: 'POST' | 'DELETE'
  url: string
  headers: Record<string, string>
  /** Sent form-encoded. */
  form?: Record<string, string>
  json?: unknown
  /** The owner of a link that has worked. Only then do failures count for the circuit breaker. */
  account?: string
  /** `Date.now()` at which the caller's own request ends. */
  deadline?: number
  /**
   * Whether the platform wrote a 4xx, and not a proxy. Not called for a 429. Without it every 4xx counts as the
   * platform's.
   */
  recognises?: AnswerReader['recognises']
}

/**
 * Uses a new connection, and retries only while no byte can have been sent. Returns a success, a 429, or another 4xx
 * that the platform itself wrote. Throws a `Failure` for 5xx (`scm_unavailable`, with `retryAfter` only when the answer
 * names a time), for redirects, for a 4xx that a proxy wrote, and for network errors.
 */
export async function send(transport: Transport, request: SendRequest): Promise<RawAnswer> {
  const { limits } = transport
  const url = new URL(request.url)
  const { status, headers, body } = await transport.oauth({
    method: request.method,
    url,
    ...headersAndBody(request),
    endpoint: transport.endpointOf(url),
    maxBytes: limits.object,
    root: url.origin + url.pathname,
    account: request.account ?? null,
    deadline: Math.min(Date.now() + limits.call, request.deadline ?? Number.POSITIVE_INFINITY),
    recognises: request.recognises,
  })
  return { status, headers, body }
}

function headersAndBody({ headers, form, json }: SendRequest): {
  headers: Record<string, string>
  body: string | null
} {
  if (form) {
    const body = new URLSearchParams(form).toString()
    return { headers: { ...headers, 'content-type': 'application/x-www-form-urlencoded' }, body }
  }
  if (json === undefined) return { headers, body: null }
  return { headers: { ...headers, 'content-type': 'application/json' }, body: JSON.stringify(json) }
}
