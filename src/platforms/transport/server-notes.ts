// What servers say of themselves beside their answers: the version they are, and the day they end what we ask for.

import { LRUCache } from 'lru-cache'
import type { Log } from '../../log-events.ts'

export interface ServerNotes {
  /** What an adapter was told of the version of a server, by its REST root. */
  versions: LRUCache<string, string>
  /** Logs the `Sunset` (RFC 8594) of an answer, once a day for each host. */
  noteSunset(host: string, headers: Record<string, string>): void
}

const DAY_MS = 86_400_000
const MAX_SERVERS = 1_000

export function createServerNotes(log: Log): ServerNotes {
  const logged = new LRUCache<string, true>({ max: MAX_SERVERS, ttl: DAY_MS })

  function noteSunset(host: string, headers: Record<string, string>): void {
    const sunset = sunsetOf(headers)
    if (sunset === null || logged.has(host)) return
    logged.set(host, true)
    log('scm_api_sunset', { host, sunset })
  }

  return { versions: new LRUCache({ max: MAX_SERVERS }), noteSunset }
}

/** ISO 8601; null when the answer has no `Sunset` that is a time. */
export function sunsetOf({ sunset = '' }: Record<string, string>): string | null {
  const time = Date.parse(sunset)
  return Number.isNaN(time) ? null : new Date(time).toISOString()
}
