// Limits the bytes of platforms' answers that are in memory at once, in the whole process: the largest body is dropped.

import { Failure } from '../../../failure.ts'
import type { BodyLease, Call, Guard } from '../guard.ts'

/** Gives each call a lease, from here until its body is read and parsed. */
export function createBodyBudget(maxBytes: number): Guard<Call> {
  const openLease = createLeases(maxBytes)
  return async (call, next) => {
    const lease = openLease()
    try {
      return await next({ ...call, lease })
    } finally {
      lease.release()
    }
  }
}

/** Throws when no guard has opened a lease: bytes that are not counted must not be read. */
export function leaseOf({ lease }: Call): BodyLease {
  if (!lease) throw new Failure('internal', 'Internal error')
  return lease
}

/** Opens leases that together hold at most `maxBytes`. */
export function createLeases(maxBytes: number): () => BodyLease {
  const leases = new Set<{ bytes: number; kept: boolean; controller: AbortController }>()
  let total = 0

  return () => {
    const lease = { bytes: 0, kept: false, controller: new AbortController() }
    leases.add(lease)

    function put(bytes: number): void {
      total += bytes - lease.bytes
      lease.bytes = bytes
    }

    return {
      signal: lease.controller.signal,
      take(bytes) {
        put(bytes)
        while (total > maxBytes) {
          const largest = [...leases].filter(({ kept }) => !kept).sort((one, other) => other.bytes - one.bytes)[0]
          if (!largest || largest.bytes === 0) break
          total -= largest.bytes
          largest.bytes = 0
          leases.delete(largest)
          largest.controller.abort(tooMuch())
        }
        lease.controller.signal.throwIfAborted()
      },
      keep() {
        lease.kept = true
      },
      release() {
        put(0)
        leases.delete(lease)
      },
    }
  }
}

function tooMuch(): Failure {
  const message = 'This server reads more of platforms at once than it has room for. Try again in a moment.'
  return new Failure('overloaded', message, { retryAfter: 2 })
}
