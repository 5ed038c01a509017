// One HTTP request and its response, over connections that the address policy allows.

import type { Readable } from 'node:stream'
import { LRUCache } from 'lru-cache'
import { Failure } from '../../failure.ts'
import { readBody } from './body/body.ts'
import { type Target, targetOf } from './connect/address.ts'
import type { ConnectorParts } from './connect/connector.ts'
import type { Dispatchers } from './connect/dispatchers.ts'
import type { Call, Next } from './guard.ts'
import { leaseOf } from './guards/body-budget.ts'

/** Bytes of an error that are read: platforms' own errors are short, and a proxy's page needs only to be recognised. */
const MAX_ERROR_BYTES = 64 * 1024

const MAX_ORIGINS = 1_000

const NO_BYTES = Buffer.alloc(0)

/**
 * Follows no redirect and retries nothing. The body of a redirect, 304, 429 or 5xx is not read, because the status says
 * enough. Of any other error only the first `MAX_ERROR_BYTES` are read. Throws the errors of Node and undici, which
 * `readFault` understands.
 */
export function createExchange(
  { policy, failureOf, limits }: ConnectorParts,
  dispatchers: Dispatchers,
  userAgent: string,
): Next<Call> {
  // The policy never changes, so what it has allowed stays allowed. Connections are checked again when they are opened.
  const allowed = new LRUCache<string, Target>({ max: MAX_ORIGINS })

  /** Throws when the policy forbids it. */
  function allowedTarget(url: URL): Target {
    const known = allowed.get(url.origin)
    if (known) return known
    const target = targetOf(url)
    if (!target) throw new Failure('internal', 'Internal error')
    const violation = policy.checkTarget(target)
    if (violation) throw failureOf(violation)
    allowed.set(url.origin, target)
    return target
  }

  return async (call) => {
    const { url, method, body, signal } = call
    const lease = leaseOf(call)
    signal?.throwIfAborted()
    const target = allowedTarget(url)
    // A kept connection may be dead; a request that changes something must not be lost on it.
    const dispatcher = await dispatchers.dispatcherFor(target, method !== 'GET')
    const askedAt = performance.now()
    const answer = await dispatcher.request({
      origin: url.origin,
      path: url.pathname + url.search,
      method,
      // To pack 100 kB and to unpack them takes 2 ms, in which a near platform has sent them as they are. Every server may
      // answer so: https://www.rfc-editor.org/rfc/rfc9110#section-12.5.3
      headers: {
        ...call.headers,
        'user-agent': userAgent,
        'accept-encoding': dispatchers.isNear(target) ? 'identity' : 'gzip',
      },
      body,
      signal: signal ?? null,
    })
    dispatchers.noteAnswered(target, performance.now() - askedAt)
    const { statusCode: status } = answer
    const headers = flatten(answer.headers)
    if (isToldByStatus(status)) {
      discard(answer.body, status)
      return { status, headers, bytes: NO_BYTES, size: 0, body: undefined }
    }
    const isError = status >= 400
    const bounds = { ...limits, body: isError ? MAX_ERROR_BYTES : call.maxBytes, cut: isError }
    const bytes = await readBody(answer.body, headers, bounds, lease)
    return { status, headers, bytes, size: bytes.length, body: undefined }
  }
}

function isToldByStatus(status: number): boolean {
  return (status >= 300 && status < 400) || status === 429 || status >= 500
}

function discard(body: Readable, status: number): void {
  body.on('error', () => {}) // nobody reads it
  // A 304 has no body, so reading it to its end is free and keeps the connection.
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
