// Follows redirects of a GET only within its origin and below its root, since other sites must not see token or
// request.

import { Failure } from '../../../failure.ts'
import { badResponse } from '../bad-answers.ts'
import type { Call, Guard } from '../guard.ts'

interface RootedCall extends Call {
  /** The URL below which all redirects must lead. */
  root: string
}

export function createSameOriginRedirects(maxRedirects: number): Guard<RootedCall> {
  return async (call, next) => {
    let here = call
    for (let hops = 0; hops <= maxRedirects; hops++) {
      const response = await next(here)
      if (!isRedirect(response.status)) return response
      const url = redirectTarget(here.url, response.headers.location)
      if (!isBelow(url, call.root)) throw badResponse(url.hostname, 'redirects to a path outside of its API')
      here = { ...call, url }
    }
    throw badResponse(call.url.hostname, 'redirects again and again')
  }
}

export function isRedirect(status: number): boolean {
  return [301, 302, 303, 307, 308].includes(status)
}

/** Where a redirect leads. Throws when that is another origin, which must never see the token. */
export function redirectTarget(url: URL, location: string | undefined): URL {
  const next = location === undefined ? null : URL.parse(location, url.href)
  if (!next) throw badResponse(url.hostname, 'redirects to nowhere')
  if (next.origin === url.origin) return next
  const where = next.origin === 'null' ? 'something that is not a web address' : next.origin
  throw new Failure(
    'scm_redirected',
    `${url.hostname} redirects to ${where}, and no token is sent after it. If that is your platform, use its address instead.`,
    {
      log: { host: url.hostname },
      ...(next.protocol === 'https:' && { hint: { action: 'use_address', url: next.origin } }),
    },
  )
}

function isBelow(url: URL, root: string): boolean {
  const { origin, pathname } = new URL(root)
  return url.origin === origin && url.pathname.startsWith(`${pathname.replace(/\/$/, '')}/`)
}
