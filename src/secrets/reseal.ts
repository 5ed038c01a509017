// Seals in the present form, in the background of a server, what an older Forgelink has sealed in the form before.

import { setTimeout as delay } from 'node:timers/promises'
import type { Database } from '../database/database.ts'
import type { Sealed } from '../sealed.ts'
import type { SealedSecret } from './sealed-columns.ts'
import { inOldForm, replaceSealed, SEALED_COLUMNS } from './sealed-columns.ts'
import type { Vault } from './vault.ts'

export interface Resealer {
  /** Ends after the secret that is at work; the next start goes on. */
  close(): Promise<void>
}

/** Secrets that are read at once; each is written by a statement of its own. */
const BATCH = 200
/** So long nothing is sealed between two batches, and after the store was away, in milliseconds. */
const PAUSE_MS = 50
const AWAY_MS = 60_000

/**
 * Once after a start. Each secret is replaced only if it is still the one that was read, so that whatever is stored
 * meanwhile stays, and several servers may do it at once. What no key opens stays as it is.
 */
export function createResealer({ database, vault }: { database: Database; vault: Vault }): Resealer {
  const ending = new AbortController()
  const running = reseal().catch(() => undefined)

  async function reseal(): Promise<void> {
    for (;;) {
      try {
        return await resealAll()
      } catch {
        await delay(AWAY_MS, undefined, { signal: ending.signal, ref: false })
      }
    }
  }

  async function resealAll(): Promise<void> {
    for (const column of SEALED_COLUMNS) {
      const batches = inBatches((after) => inOldForm(database, column, { after, limit: BATCH }))
      for await (const batch of batches) {
        for (const secret of batch) {
          if (ending.signal.aborted) return
          const anew = sealedAnew(vault, secret)
          if (anew !== undefined) await replaceSealed(database, column, secret, anew)
        }
        await delay(PAUSE_MS, undefined, { signal: ending.signal })
      }
    }
  }

  return {
    async close() {
      ending.abort()
      await running
    },
  }
}

/** Each begins after the last row of the one before. */
export async function* inBatches(list: (after: string) => Promise<SealedSecret[]>): AsyncGenerator<SealedSecret[]> {
  let after: string | undefined = ''
  while (after !== undefined) {
    const batch: SealedSecret[] = await list(after)
    if (batch.length > 0) yield batch
    after = batch.at(-1)?.row
  }
}

/** By the newest key, in the present form; undefined when no key opens it. */
export function sealedAnew(vault: Vault, { sealed, context }: SealedSecret): Sealed | undefined {
  try {
    return vault.seal(vault.open(sealed, context), context)
  } catch {
    return undefined
  }
}
