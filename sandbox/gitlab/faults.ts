// GitLab's form of the common faults, and faults that only GitLab has.

import { type Fault, say } from '../faults/exchange.ts'
import { json, type Reply } from '../http.ts'
import type { VendorErrors } from '../site.ts'
import { forbidden, invalidToken, notFound, unauthorized } from './access.ts'

export const gitlabErrors: VendorErrors = {
  unauthorized: (isNamed) =>
    isNamed ? invalidToken('Token was revoked. You have to re-authorize from the user.') : unauthorized(),
  forbidden,
  notFound: () => notFound(),
  repositoryNotFound: () => notFound('Project'),
  applicationNotFound: () => json(404, { error: '404 Not Found' }),
  tooManyRequests,
  limitHeaders,
  serverError: () => json(500, { message: '500 Internal Server Error' }),
}

export const gitlabFaults = {
  'account-blocked': say(() => json(403, { message: '403 Forbidden - Your account has been blocked.' })),
} satisfies Record<string, Fault>

/** Application limits answer with JSON and no special header; the throttle with plain text. */
function tooManyRequests(headers: Record<string, string>): Reply {
  if (Object.keys(headers).length === 0) {
    return json(429, { message: { error: 'This endpoint has been requested too many times. Try again later.' } })
  }
  return { status: 429, headers: { 'content-type': 'text/plain', ...headers }, body: 'Retry later\n' }
}

function limitHeaders(wait: number): Record<string, string> {
  const reset = Math.ceil(Date.now() / 1000) + wait
  return {
    'ratelimit-limit': '2000',
    'ratelimit-name': 'throttle_authenticated_api',
    'ratelimit-observed': '2001',
    'ratelimit-remaining': '0',
    'ratelimit-reset': String(reset),
    'ratelimit-resettime': new Date(reset * 1000).toUTCString(),
  }
}
