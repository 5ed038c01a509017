// The public keys of one trusted issuer: asked for when they are needed, and kept for ten minutes.

import { createLocalJWKSet, type JSONWebKeySet } from 'jose'
import { Failure } from '../../failure.ts'
import type { Log } from '../../log-events.ts'

/** The same keys until the next renewal. */
export interface KeySet {
  find: ReturnType<typeof createLocalJWKSet>
  /** The `kid` of each key that has one. */
  ids: ReadonlySet<unknown>
  /** `Date.now()` from which they are not used any more. */
  until: number
}

export interface IssuerKeys {
  /** undefined: there are none yet, or they are too old. */
  current(): KeySet | undefined
  /** Asks the issuer where that is needed. The set may lack the key. Throws `issuer_unavailable`. */
  keysFor(kid: string | undefined): Promise<KeySet>
}

/** A key that the issuer withdraws ends after this time, even when the issuer cannot be reached. */
const KEPT_MS = 10 * 60_000
/** After an unknown `kid` was asked for: whoever invents one must not make us ask all the time. */
const UNKNOWN_PAUSE_MS = 60_000
const FAILURE_PAUSE_MS = 5_000

/** Calls that need keys at the same time share one call of `fetchKeys`. */
export function createIssuerKeys(issuer: string, fetchKeys: () => Promise<JSONWebKeySet>, log: Log): IssuerKeys {
  let kept: KeySet | undefined
  let renewal: Promise<KeySet> | undefined
  let failedUntil = 0
  let unknownUntil = 0

  function current(): KeySet | undefined {
    return kept && Date.now() < kept.until ? kept : undefined
  }

  function renew(): Promise<KeySet> {
    renewal ??= load().finally(() => {
      renewal = undefined
    })
    return renewal
  }

  async function load(): Promise<KeySet> {
    const began = Date.now()
    const isForUnknown = current() !== undefined
    if (began < failedUntil) throw unavailable(issuer, failedUntil - began)
    try {
      const jwks = await fetchKeys()
      const find = createLocalJWKSet(jwks)
      kept = { find, ids: new Set(jwks.keys.map(({ kid }) => kid)), until: began + KEPT_MS }
      if (isForUnknown) unknownUntil = Date.now() + UNKNOWN_PAUSE_MS
      return kept
    } catch (error) {
      failedUntil = Date.now() + FAILURE_PAUSE_MS
      const reason = error instanceof Failure ? error.code : (error as Error).message
      log('issuer_unavailable', { issuer, reason })
      throw unavailable(issuer, FAILURE_PAUSE_MS, error)
    }
  }

  return {
    current,
    async keysFor(kid) {
      const set = current()
      if (set && (kid === undefined || set.ids.has(kid))) return set
      const mustWait = set && !renewal && Date.now() < unknownUntil
      return mustWait ? set : renew()
    },
  }
}

function unavailable(issuer: string, ms: number, cause?: unknown): Failure {
  const message = `The keys of ${issuer} cannot be had, so its JWTs cannot be checked. Try again in a moment; if it lasts, the operator finds the reason in the log.`
  return new Failure('issuer_unavailable', message, { retryAfter: Math.max(1, ms / 1000), cause })
}
