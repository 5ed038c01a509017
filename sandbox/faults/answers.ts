// Faults in the content of an answer: invalid bodies, wrong links, redirects, errors, rate limits.

import { html, json, type Reply, redirect } from '../http.ts'
import { type Exchange, type Fault, say } from './exchange.ts'

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
  /** Redirects to the same address with `redirected=1`, which is answered as usual. */
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
  /** With the value `invalid_token` GitLab uses that error, as for a revoked or expired token. */
  'status-401': say(({ site, rule }) => site.vendor.errors.unauthorized(rule.value === 'invalid_token')),
  'status-403': say(({ site }) => site.vendor.errors.forbidden()),
  'status-404': say(({ site }) => site.vendor.errors.notFound()),
  'status-429': say(({ site, rule }) => {
    const wait = Number(rule.value ?? 30)
    const { errors } = site.vendor
    return errors.tooManyRequests({ 'retry-after': String(wait), ...errors.limitHeaders(wait) })
  }),
  'status-429-date': say(({ site, rule }) => {
    const until = new Date(Date.now() + Number(rule.value ?? 30) * 1000)
    return site.vendor.errors.tooManyRequests({ 'retry-after': until.toUTCString() })
  }),
  'status-429-garbage': say(({ site }) => site.vendor.errors.tooManyRequests({ 'retry-after': 'soon-ish' })),
  'status-429-bare': say(({ site }) => site.vendor.errors.tooManyRequests({})),
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

function change(alter: (text: string) => string): Fault {
  return (exchange) => {
    const reply = exchange.usual()
    exchange.send({ ...reply, body: alter(reply.body.toString()) })
  }
}

/** A body that is not a list is not changed. */
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

function serverError({ site }: Exchange): Reply {
  return site.vendor.errors.serverError()
}
