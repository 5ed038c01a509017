// Faults of what an answer says: nonsense bodies, wrong links, redirects, refusals, limits.

import { invalidToken } from '../gitlab/access.ts'
import { html, json, type Reply, redirect } from '../http.ts'
import type { Exchange, Fault } from './exchange.ts'

const rateLimitDocs = 'https://docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api'

export const answerFaults = {
  'html-200': say(() => html(200, 'Welcome', '<p>Please sign in to the captive portal.</p>')),
  'empty-body': say(() => ({ ...json(200, null), body: '' })),
  'json-junk': change((text) => `${text}\n<!-- served by cache 7 -->`),
  'json-cut': change((text) => text.slice(0, Math.floor(text.length * 0.7))),
  'json-null': say(() => json(200, null)),
  'array-for-object': change((text) => (text.startsWith('[') ? '{"items":[]}' : `[${text}]`)),
  'id-null': change((text) => text.replace(/"id":\d+/g, '"id":null')),
  'id-huge': change((text) => text.replace(/"id":\d+/g, '"id":9223372036854775808')),
  'deep-json': say(() => ({ ...json(200, null), body: `${'['.repeat(100_000)}${']'.repeat(100_000)}` })),
  'odd-text': change((text) => text.replace(/"(title|description|login|username)":"/g, '$&\\u0000\\ud800')),
  'invalid-utf8': (exchange) => {
    const reply = exchange.usual()
    exchange.send({ ...reply, body: Buffer.concat([Buffer.from(reply.body), Buffer.from([0xff, 0xfe])]) })
  },
  'list-doubled': list((items) => [...items, ...items]),
  'incomplete-results': change((text) => text.replace('"incomplete_results":false', '"incomplete_results":true')),
  'link-loop': (exchange) => withNextLink(exchange, `${exchange.site.origin}${exchange.request.url}`),
  'link-foreign': (exchange) => withNextLink(exchange, String(exchange.rule.value ?? 'http://elsewhere.invalid/next')),
  'page-3-fails': say(serverError),
  /** To the same address with `redirected=1`, which is answered as usual. */
  'redirect-same-origin': (exchange) => {
    const { call, site, send, usual } = exchange
    if (call.query.has('redirected')) return send(usual())
    const query = new URLSearchParams(call.query)
    query.set('redirected', '1')
    send(redirect(`${site.origin}${call.path}?${query}`, 301))
  },
  'redirect-loop': say(({ site, request }) => redirect(`${site.origin}${request.url}`, 301)),
  'redirect-foreign': say(({ rule }) => redirect(String(rule.value ?? 'http://elsewhere.invalid/api'), 302)),
  'redirect-metadata': say(() => redirect('http://169.254.169.254/latest/meta-data/', 302)),
  /** With the value `invalid_token` GitLab names the token, as it does when that was revoked or has expired. */
  'status-401': say(({ site, rule }) => {
    if (site.flavour === 'github') return github(401, 'Bad credentials')
    if (rule.value === 'invalid_token')
      return invalidToken('Token was revoked. You have to re-authorize from the user.')
    return json(401, { message: '401 Unauthorized' })
  }),
  'status-403': say(({ site }) =>
    site.flavour === 'github'
      ? github(403, 'Resource not accessible by personal access token')
      : json(403, { message: '403 Forbidden' }),
  ),
  'account-blocked': say(() => json(403, { message: '403 Forbidden - Your account has been blocked.' })),
  'too-many-logins': say(() => github(403, 'Maximum number of login attempts exceeded. Please try again later.')),
  /** `value` seconds until the window ends, 60 if not told. */
  'rate-limit-primary': say(({ rule }) => {
    const reset = Math.ceil(Date.now() / 1000) + Number(rule.value ?? 60)
    return github(403, 'API rate limit exceeded for user ID 42.', {
      'x-ratelimit-limit': '5000',
      'x-ratelimit-remaining': '0',
      'x-ratelimit-used': '5000',
      'x-ratelimit-reset': String(reset),
      'x-ratelimit-resource': 'core',
    })
  }),
  'rate-limit-secondary': say(({ rule }) => secondaryLimit(403, { 'retry-after': String(rule.value ?? 60) })),
  'rate-limit-secondary-bare': say(() => secondaryLimit(429, {})),
  'sso-required': say(({ site }) =>
    github(
      403,
      'Resource protected by organization SAML enforcement. You must grant your Personal Access token access to this organization.',
      {
        'x-github-sso': `required; url=${site.url}/orgs/sso-corp/sso?authorization_request=SANDBOX`,
      },
    ),
  ),
  'sso-partial-results': (exchange) => {
    const reply = exchange.usual()
    const sso = { 'x-github-sso': 'partial-results; organizations=21955855,20582480' }
    exchange.send({ ...reply, headers: { ...reply.headers, ...sso } })
  },
  'status-404': say(({ site }) =>
    site.flavour === 'github' ? github(404, 'Not Found') : json(404, { error: '404 Not Found' }),
  ),
  'status-429': say((exchange) => {
    const wait = Number(exchange.rule.value ?? 30)
    return tooMany(exchange, { 'retry-after': String(wait), ...throttle(exchange, wait) })
  }),
  'status-429-date': say((exchange) => {
    const until = new Date(Date.now() + Number(exchange.rule.value ?? 30) * 1000)
    return tooMany(exchange, { 'retry-after': until.toUTCString() })
  }),
  'status-429-garbage': say((exchange) => tooMany(exchange, { 'retry-after': 'soon-ish' })),
  'status-429-bare': say((exchange) => tooMany(exchange, {})),
  'status-500': say(serverError),
  'status-502': say(() => ({
    status: 502,
    headers: { 'content-type': 'text/html' },
    body: '<html><body><h1>502 Bad Gateway</h1></body></html>',
  })),
  /** With `Retry-After` only when a value is given. */
  'status-503': say(({ rule }) => {
    const wait: Record<string, string> = rule.value === undefined ? {} : { 'retry-after': String(rule.value) }
    return json(503, { message: 'Service Unavailable' }, wait)
  }),
} satisfies Record<string, Fault>

function say(answer: (exchange: Exchange) => Reply): Fault {
  return (exchange) => exchange.send(answer(exchange))
}

function change(alter: (text: string) => string): Fault {
  return (exchange) => {
    const reply = exchange.usual()
    exchange.send({ ...reply, body: alter(reply.body.toString()) })
  }
}

/** What is not a list stays as it is. */
function list(alter: (items: unknown[]) => unknown[]): Fault {
  return change((text) => {
    const value: unknown = JSON.parse(text)
    return Array.isArray(value) ? JSON.stringify(alter(value)) : text
  })
}

function withNextLink({ usual, send }: Exchange, target: string): void {
  const reply = usual()
  const headers = { ...reply.headers, link: `<${target}>; rel="next"`, 'x-next-page': '2' }
  send({ ...reply, headers })
}

function github(status: number, message: string, headers: Record<string, string> = {}): Reply {
  return json(status, { message, documentation_url: 'https://docs.github.com/rest', status: String(status) }, headers)
}

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

/** GitLab's application limits answer in JSON and without any header; its throttle in plain text. */
function tooMany({ site }: Exchange, headers: Record<string, string>): Reply {
  if (site.flavour === 'github') return github(429, 'Too many requests', headers)
  if (Object.keys(headers).length === 0) {
    return json(429, { message: { error: 'This endpoint has been requested too many times. Try again later.' } })
  }
  return { status: 429, headers: { 'content-type': 'text/plain', ...headers }, body: 'Retry later\n' }
}

function throttle({ site }: Exchange, wait: number): Record<string, string> {
  if (site.flavour === 'github') return {}
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

function serverError({ site }: Exchange): Reply {
  return site.flavour === 'github' ? github(500, 'Server Error') : json(500, { message: '500 Internal Server Error' })
}
