// GitHub's form of the common faults, and faults that only GitHub has.

import { type Fault, say } from '../faults/exchange.ts'
import { json, type Reply } from '../http.ts'
import type { VendorErrors } from '../site.ts'
import { githubError, ssoRequired } from './access.ts'

const rateLimitDocs = 'https://docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api'

export const githubErrors: VendorErrors = {
  unauthorized: () => githubError(401, 'Bad credentials'),
  forbidden: () => githubError(403, 'Resource not accessible by personal access token'),
  notFound: () => githubError(404, 'Not Found'),
  repositoryNotFound: () => githubError(404, 'Not Found'),
  applicationNotFound: () => json(404, { error: 'Not Found' }),
  tooManyRequests: (headers) => withHeaders(githubError(429, 'Too many requests'), headers),
  limitHeaders: () => ({}),
  serverError: () => githubError(500, 'Server Error'),
}

export const githubFaults = {
  'too-many-logins': say(() => githubError(403, 'Maximum number of login attempts exceeded. Please try again later.')),
  /** `value` seconds until the window ends (default 60). */
  'rate-limit-primary': say(({ rule }) => {
    const reset = Math.ceil(Date.now() / 1000) + Number(rule.value ?? 60)
    return withHeaders(githubError(403, 'API rate limit exceeded for user ID 42.'), {
      'x-ratelimit-limit': '5000',
      'x-ratelimit-remaining': '0',
      'x-ratelimit-used': '5000',
      'x-ratelimit-reset': String(reset),
      'x-ratelimit-resource': 'core',
    })
  }),
  'rate-limit-secondary': say(({ rule }) => secondaryLimit(403, { 'retry-after': String(rule.value ?? 60) })),
  'rate-limit-secondary-bare': say(() => secondaryLimit(429, {})),
  'sso-required': say(({ site }) => ssoRequired(site, 'sso-corp')),
  'sso-partial-results': (exchange) => {
    const reply = exchange.usual()
    const sso = { 'x-github-sso': 'partial-results; organizations=21955855,20582480' }
    exchange.send({ ...reply, headers: { ...reply.headers, ...sso } })
  },
  'oauth-bad-refresh-token': say(() =>
    json(200, {
      error: 'bad_refresh_token',
      error_description: 'The refresh token passed is incorrect or expired.',
      error_uri: 'https://docs.github.com',
    }),
  ),
  'oauth-slow-down': say(() =>
    json(200, { error: 'slow_down', error_description: 'Too many requests have been made in the same timeframe.' }),
  ),
} satisfies Record<string, Fault>

function secondaryLimit(status: number, headers: Record<string, string>): Reply {
  const message = 'You have exceeded a secondary rate limit. Please wait a few minutes before you try again.'
  const left = {
    'x-ratelimit-limit': '5000',
    'x-ratelimit-remaining': '4000',
    'x-ratelimit-used': '1000',
    'x-ratelimit-reset': String(Math.ceil(Date.now() / 1000) + 3000),
    'x-ratelimit-resource': 'core',
  }
  return json(status, { message, documentation_url: rateLimitDocs, status: String(status) }, { ...left, ...headers })
}

function withHeaders(reply: Reply, headers: Record<string, string>): Reply {
  return { ...reply, headers: { ...reply.headers, ...headers } }
}
