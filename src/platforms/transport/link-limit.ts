// Lets at most a few calls at once through for one link, and none while its platform has asked us to wait.

import { LRUCache } from 'lru-cache'
import { Failure } from '../../failure.ts'

interface Pause {
  until: number
  code: 'scm_rate_limited' | 'scm_unavailable'
}

export interface LinkGate {
  /** Waits for a place; the returned function gives it back. Rejects with the signal's reason when that comes first. */
  enter(link: string, signal: AbortSignal): Promise<() => void>
  /** Nothing is sent for the link for so many seconds. */
  pause(link: string, seconds: number, code: Pause['code']): void
  /** Throws what the pause's beginning threw, while it lasts. */
  check(link: string, host: string): void
}

export function createLinkGate(callsPerLink: number): LinkGate {
  // Links with calls under way only, so bounded by those.
  const busy = new Map<string, { slots: number; waiting: (() => void)[] }>()
  const pauses = new LRUCache<string, Pause>({ max: 10_000 })

  function leave(link: string): void {
    const state = busy.get(link)
    const next = state?.waiting.shift()
    if (next) next()
    else if (state && ++state.slots === callsPerLink) busy.delete(link)
  }

  async function enter(link: string, signal: AbortSignal): Promise<() => void> {
    const state = busy.get(link) ?? { slots: callsPerLink, waiting: [] }
    busy.set(link, state)
    if (state.slots > 0) state.slots--
    else {
      await new Promise<void>((resolve, reject) => {
        const gotSlot = () => {
          signal.removeEventListener('abort', gaveUp)
          resolve()
        }
        const gaveUp = () => {
          state.waiting.splice(state.waiting.indexOf(gotSlot), 1)
          reject(signal.reason)
        }
        state.waiting.push(gotSlot)
        signal.addEventListener('abort', gaveUp, { once: true })
      })
    }
    return () => leave(link)
  }

  function pause(link: string, seconds: number, code: Pause['code']): void {
    const until = Date.now() + seconds * 1000
    const before = pauses.get(link)
    if (!before || before.until < until) pauses.set(link, { until, code }, { ttl: seconds * 1000 })
  }

  function check(link: string, host: string): void {
    const paused = pauses.get(link)
    const left = paused ? Math.ceil((paused.until - Date.now()) / 1000) : 0
    if (!paused || left <= 0) return
    const sentence =
      paused.code === 'scm_rate_limited'
        ? `${host} takes no more calls of this account for now.`
        : `${host} has asked to be left alone for now.`
    throw new Failure(paused.code, `${sentence} Try again in ${left} s.`, { retryAfter: left })
  }

  return { enter, pause, check }
}
