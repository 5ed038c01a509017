// Sends nothing for a link for as long as its platform has asked us to wait.

import { LRUCache } from 'lru-cache'
import { Failure } from '../../../failure.ts'
import type { Call, Guard } from '../guard.ts'
import { tryAgainIn } from '../retry-after.ts'

interface Pause {
  /** `Date.now()` at which it ends. */
  until: number
  code: 'scm_rate_limited' | 'scm_unavailable'
}

export interface LinkPauses {
  /** From now on nothing is sent for the link for this many seconds. */
  pause(link: string, seconds: number, code: Pause['code']): void
  /** While a pause lasts, throws the code with which it began. */
  guard: Guard<Call & { link: string }>
}

export function createLinkPauses(): LinkPauses {
  const pauses = new LRUCache<string, Pause>({ max: 10_000 })

  return {
    pause(link, seconds, code) {
      const until = Date.now() + seconds * 1000
      const before = pauses.get(link)
      if (!before || before.until < until) pauses.set(link, { until, code }, { ttl: seconds * 1000 })
    },
    async guard(call, next) {
      const pause = pauses.get(call.link)
      const left = pause ? Math.ceil((pause.until - Date.now()) / 1000) : 0
      if (pause && left > 0) throw stillPaused(call.endpoint.host, pause.code, left)
      return next(call)
    },
  }
}

function stillPaused(host: string, code: Pause['code'], left: number): Failure {
  const sentence =
    code === 'scm_rate_limited'
      ? `${host} takes no more calls of this account for now.`
      : `${host} has asked to be left alone for now.`
  return new Failure(code, `${sentence} ${tryAgainIn(left)}`, { retryAfter: left })
}
