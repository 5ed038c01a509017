// Limits the concurrent calls of one link; further calls wait in turn.

import type { Call, Guard } from '../guard.ts'

/** A caller whose signal fires while it waits gets the signal's reason. */
export function createLinkLimit(callsPerLink: number): Guard<Call & { link: string }> {
  // Has only links with running calls, so it stays small.
  const busy = new Map<string, { slots: number; waiting: (() => void)[] }>()

  async function enter(link: string, signal: AbortSignal | undefined): Promise<void> {
    const state = busy.get(link) ?? { slots: callsPerLink, waiting: [] }
    busy.set(link, state)
    if (state.slots > 0) {
      state.slots--
      return
    }
    await new Promise<void>((resolve, reject) => {
      const gotSlot = () => {
        signal?.removeEventListener('abort', gaveUp)
        resolve()
      }
      const gaveUp = () => {
        state.waiting.splice(state.waiting.indexOf(gotSlot), 1)
        reject(signal?.reason)
      }
      state.waiting.push(gotSlot)
      signal?.addEventListener('abort', gaveUp, { once: true })
    })
  }

  function leave(link: string): void {
    const state = busy.get(link)
    const next = state?.waiting.shift()
    if (next) next()
    else if (state && ++state.slots === callsPerLink) busy.delete(link)
  }

  return async (call, next) => {
    await enter(call.link, call.signal)
    try {
      return await next(call)
    } finally {
      leave(call.link)
    }
  }
}
