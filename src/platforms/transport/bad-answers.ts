// Failures for answers we cannot use: 5xx, an answer that a proxy wrote instead of the platform, or the wrong JSON
// shape.

import { Failure } from '../../failure.ts'
import type { HttpResponse } from './guard.ts'
import { readRetryAfter, timeOf, tryAgainIn } from './retry-after.ts'

/** The platform answered with a 5xx. `fallback`: the seconds to wait when the answer names none. */
export function unavailable(
  host: string,
  { status, headers }: Pick<HttpResponse, 'status' | 'headers'>,
  fallback: number | null = 30,
): Failure {
  const retryAfter = readRetryAfter(headers['retry-after'], timeOf(headers)) ?? fallback
  // Without a fallback the caller decides how long to wait, which may be longer.
  const advice = retryAfter === null || fallback === null ? 'Try again later.' : tryAgainIn(retryAfter)
  const message = `${host} has trouble of its own (status ${status}). ${advice}`
  return new Failure('scm_unavailable', message, { log: { host, status }, ...(retryAfter !== null && { retryAfter }) })
}

/** `what` continues the sentence that begins with the host's name. */
export function badResponse(host: string, what: string, log: Record<string, string | number> = {}): Failure {
  const message = `${host} ${what}. Check that this is the address of the platform and that scm_type is right.`
  return new Failure('scm_bad_response', message, { log: { host, ...log } })
}

/** `field`: JSON pointer of the first field that is missing or has the wrong type. */
export function wrongShape(host: string, field: string): Failure {
  return badResponse(host, 'answers with JSON of another shape than the API has', { field: field.slice(0, 100) })
}

/** The part of an answer that shows what it is. */
interface Excerpt {
  status: number
  headers: Record<string, string>
  /** The beginning of its body. */
  start: string
}

/** Call it before the body is parsed: parsing a large answer gives its bytes to another thread. */
export function excerptOf({ status, headers, bytes }: HttpResponse): Excerpt {
  return { status, headers, start: bytes.subarray(0, 256).toString('latin1') }
}

/** An error that the platform did not write, so it says nothing about the link, the token or the requested object. */
export function notThePlatform(url: URL, excerpt: Excerpt, body: unknown): Failure {
  const { status, headers } = excerpt
  const seen = `${url.hostname} answered ${status} with ${whatIs(excerpt, body)}, not as the platform does: a proxy, gateway or sign-in wall before it must have written that.`
  // https://httpd.apache.org/docs/2.4/mod/core.html#allowencodedslashes
  const slashes = /%2f/i.test(url.pathname) && [400, 404].includes(status)
  const mend = slashes
    ? 'If only paths with %2F fail, it does not pass encoded slashes on: its administrator has to allow them.'
    : 'Try again later, or ask its administrator.'
  const log = { host: url.hostname, status, server: productOf(headers) ?? 'unknown' }
  return new Failure('scm_bad_response', `${seen} ${mend}`, { log })
}

/** A successful status with a body that is not JSON. */
export function notJson(host: string, excerpt: Excerpt): Failure {
  return badResponse(
    host,
    isHtml(excerpt) ? 'answers with a web page where its API should be' : 'does not answer with JSON',
  )
}

function whatIs(excerpt: Excerpt, body: unknown): string {
  const product = productOf(excerpt.headers)
  const whose = product === null ? '' : ` of ${product}`
  if (excerpt.start.trim() === '') return `an empty answer${whose}`
  if (isHtml(excerpt)) return `a web page${whose}`
  return body === undefined ? `plain text${whose}` : `JSON of another form${whose}`
}

/** `Apache` of `Apache/2.4.62 (Debian)`. */
function productOf({ server = '' }: Record<string, string>): string | null {
  return /^[A-Za-z][A-Za-z0-9._-]{0,30}/.exec(server)?.[0] ?? null
}

function isHtml({ headers, start }: Excerpt): boolean {
  return /html/i.test(headers['content-type'] ?? '') || /^\s*</.test(start)
}
