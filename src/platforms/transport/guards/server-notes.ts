// Reads what servers say of themselves in headers: their version, and the date on which they end an API that we use.

import { LRUCache } from 'lru-cache'
import type { Log } from '../../../log-events.ts'
import { DAY_MS } from '../../../time.ts'
import type { Call, Guard } from '../guard.ts'

export interface NotedCall extends Call {
  /** Called with the headers of each answer below 500. */
  onHeaders?: ((headers: Record<string, string>) => void) | undefined
}

const MAX_SERVERS = 1_000

/** The servers' versions that vendors' clients were told, by REST root. */
export type ServerVersions = LRUCache<string, string>

export function createServerVersions(): ServerVersions {
  return new LRUCache({ max: MAX_SERVERS })
}

/** Logs the `Sunset` header (RFC 8594), once a day for each host, and passes the headers on to the vendor's client. */
export function createServerNotes(log: Log): Guard<NotedCall> {
  const logged = new LRUCache<string, true>({ max: MAX_SERVERS, ttl: DAY_MS })

  function noteSunset(host: string, headers: Record<string, string>): void {
    const sunset = sunsetOf(headers)
    if (sunset === null || logged.has(host)) return
    logged.set(host, true)
    log('scm_api_sunset', { host, sunset })
  }

  return async (call, next) => {
    const response = await next(call)
    if (response.status < 500) call.onHeaders?.(response.headers)
    noteSunset(call.url.host, response.headers)
    return response
  }
}

/** ISO 8601; null when the answer has no `Sunset`, or one that is not a date. */
export function sunsetOf({ sunset = '' }: Record<string, string>): string | null {
  const time = Date.parse(sunset)
  return Number.isNaN(time) ? null : new Date(time).toISOString()
}
