// Retries with a new token before its rejection is believed: a platform's servers do not all know it at the same time.

import { setTimeout as delay } from 'node:timers/promises'
import { Failure } from '../../../failure.ts'
import type { Call, Guard } from '../guard.ts'

/** How long a token counts as new. */
const NEW_TOKEN_MS = 60_000

interface TokenCall extends Call {
  /** `Date.now()` when the platform issued the token; undefined for a pasted one, which is never retried here. */
  obtainedAt: number | undefined
}

/** `pauses`: the milliseconds before each retry. */
export function createNewTokenGuard(pauses: number[]): Guard<TokenCall> {
  return async (call, next) => {
    for (const pause of isNewToken(call.obtainedAt) ? pauses : []) {
      try {
        return await next(call)
      } catch (error) {
        if (!(error instanceof Failure) || error.code !== 'scm_token_rejected') throw error
        // When the time is over, the rejection is the result.
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
