// A platform may refuse a token that it has just given: its servers learn of it one after the other.

import { setTimeout as delay } from 'node:timers/promises'
import { Failure } from '../../failure.ts'

/** For so many milliseconds a token counts as new. */
const NEW_TOKEN_MS = 60_000

/**
 * What `ask` gives. While the token is new, a refusal of it is believed only after all pauses. `obtainedAt`: `Date.now()`
 * when the platform gave it; undefined for a token that somebody pasted, whose every try counts.
 */
export async function withNewToken<T>(
  ask: () => Promise<T>,
  { obtainedAt, pauses, signal }: { obtainedAt: number | undefined; pauses: number[]; signal: AbortSignal },
): Promise<T> {
  for (const pause of isNewToken(obtainedAt) ? pauses : []) {
    try {
      return await ask()
    } catch (error) {
      if (!(error instanceof Failure) || error.code !== 'scm_token_rejected') throw error
      // Out of time, the refusal is what there is to tell.
      await delay(pause, undefined, { signal }).catch(() => {
        throw error
      })
    }
  }
  return ask()
}

export function isNewToken(obtainedAt: number | undefined): boolean {
  return obtainedAt !== undefined && Date.now() - obtainedAt < NEW_TOKEN_MS
}
