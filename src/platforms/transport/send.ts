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
  /** Whose link it is for, once it has worked; what others see never leaves the endpoint alone. */
  account?: string
  /** `Date.now()` at which the caller's own request ends. */
  deadline?: number
  /** Whether the platform itself wrote a 4xx, and not somebody in between; not asked of a 429. Without it, it did. */
  recognises?: AnswerReader['recognises']
}

/**
 * Uses a connection of its own, and is never tried again once bytes may have left. Answers with a success, a 429, or another
 * 4xx that the platform itself wrote; throws a `Failure` for 5xx (`scm_unavailable`, with `retryAfter` only where it is
 * told), redirects, what somebody in between wrote, and all that `ApiClient` throws for.
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
