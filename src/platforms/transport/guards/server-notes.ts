// What servers say of themselves beside their answers: the version they are, and the day they end what we ask for.

import { LRUCache } from 'lru-cache'
import type { Log } from '../../../log-events.ts'
import type { Call, Guard } from '../guard.ts'

export interface NotedCall extends Call {
  /** Called with the headers of each answer below 500. */
  onHeaders?: ((headers: Record<string, string>) => void) | undefined
}

const DAY_MS = 86_400_000
const MAX_SERVERS = 1_000

/** What adapters were told of the versions of servers, by their REST root. */
export type ServerVersions = LRUCache<string, string>

export function createServerVersions(): ServerVersions {
  return new LRUCache({ max: MAX_SERVERS })
}

/** Logs the `Sunset` (RFC 8594) of answers, once a day for each host, and shows their headers to the adapter. */
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

/** ISO 8601; null when the answer has no `Sunset` that is a time. */
export function sunsetOf({ sunset = '' }: Record<string, string>): string | null {
  const time = Date.parse(sunset)
  return Number.isNaN(time) ? null : new Date(time).toISOString()
}
