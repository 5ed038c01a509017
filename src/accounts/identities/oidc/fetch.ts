// Sends the requests of openid-client and jose through our own transport, so that the address policy and the limits hold
// for the OpenID provider too.

import { Failure } from '../../../failure.ts'
import type { Transport } from '../../../platforms/transport/transport.ts'

/** The parts of `fetch` that both libraries use. */
export type OpenIdFetch = (
  url: string,
  options: { method?: string; headers?: Headers | Record<string, string>; body?: unknown; signal?: AbortSignal | null },
) => Promise<Response>

/** All people who sign in share one account's places among the requests that wait for platforms. */
const WAITING_AS = 'sign-in'

/** `deadline`: `Date.now()` at which the caller's own request ends. Throws a `Failure`, also for a status of trouble. */
export function openIdFetch(transport: Transport, deadline: () => number): OpenIdFetch {
  return async (address, { method, headers, body, signal }) => {
    const url = new URL(address)
    const answer = await transport.waiting(WAITING_AS, (ours) =>
      transport.openId({
        method: method === 'POST' ? 'POST' : 'GET',
        url,
        headers: Object.fromEntries(new Headers(headers)),
        body: body === undefined || body === null ? null : String(body),
        endpoint: transport.endpointOf(url),
        maxBytes: transport.limits.object,
        deadline: Math.min(Date.now() + transport.limits.call, deadline()),
        signal: signal ? AbortSignal.any([signal, ours]) : ours,
      }),
    )
    const { status } = answer
    // The transport does not read the body of these, because the status says enough.
    if ((status >= 300 && status < 400) || status === 429 || status >= 500) {
      throw new Failure('issuer_unavailable', `${url.hostname} answers with status ${status} where it should not.`, {
        log: { host: url.hostname, status },
      })
    }
    const type = answer.headers['content-type']
    const challenge = answer.headers['www-authenticate']
    return new Response(status === 204 ? null : new Uint8Array(answer.bytes), {
      status,
      headers: { ...(type && { 'content-type': type }), ...(challenge && { 'www-authenticate': challenge }) },
    })
  }
}
