// Tries a new token again before its refusal is believed: a platform's servers learn of it one after the other.

import { setTimeout as delay } from 'node:timers/promises'
import { Failure } from '../../../failure.ts'
import type { Call, Guard } from '../guard.ts'

/** For so many milliseconds a token counts as new. */
const NEW_TOKEN_MS = 60_000

interface TokenCall extends Call {
  /** `Date.now()` when the platform gave the token; undefined for a pasted one, whose every try counts. */
  obtainedAt: number | undefined
}

/** `pauses`: the milliseconds before each further try. */
export function createNewTokenGuard(pauses: number[]): Guard<TokenCall> {
  return async (call, next) => {
    for (const pause of isNewToken(call.obtainedAt) ? pauses : []) {
      try {
        return await next(call)
      } catch (error) {
        if (!(error instanceof Failure) || error.code !== 'scm_token_rejected') throw error
        // Out of time, the refusal is what there is to tell.
        await delay(pause, undefined, { signal: call.signal }).catch(() => {
          throw error
        })
      }
    }
    return next(call)
  }
}

export function isNewToken(obtainedAt: number | undefined): boolean {
  return obtainedAt !== undefined && Date.now() - obtainedAt < NEW_TOKEN_MS
}
