// Seals secrets of older Forgelink versions again in the present form, in the background of a running server.

import { setTimeout as delay } from 'node:timers/promises'
import type { Database } from '../database/database.ts'
import type { Sealed } from '../sealed.ts'
import type { SealedSecret } from './sealed-columns.ts'
import { inOldForm, replaceSealed, SEALED_COLUMNS } from './sealed-columns.ts'
import type { Vault } from './vault.ts'

export interface Resealer {
  /** Stops after the current secret; the next start goes on. */
  close(): Promise<void>
}

/** How many secrets are read at once; each is written by its own statement. */
const BATCH = 200
/** Milliseconds of pause between two batches, and when the store is unavailable. */
const PAUSE_MS = 50
const AWAY_MS = 60_000

/**
 * Runs once after a start. A secret is replaced only if it is still the one that was read, so that writes in the
 * meantime are kept, and several servers may run it at once. Secrets that no key can open stay as they are.
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

/** Each batch begins after the last row of the one before. */
export async function* inBatches(list: (after: string) => Promise<SealedSecret[]>): AsyncGenerator<SealedSecret[]> {
  let after: string | undefined = ''
  while (after !== undefined) {
    const batch: SealedSecret[] = await list(after)
    if (batch.length > 0) yield batch
    after = batch.at(-1)?.row
  }
}

/** Sealed by the newest key in the present form; undefined when no key can open it. */
export function sealedAnew(vault: Vault, { sealed, context }: SealedSecret): Sealed | undefined {
  try {
    return vault.seal(vault.open(sealed, context), context)
  } catch {
    return undefined
  }
}
