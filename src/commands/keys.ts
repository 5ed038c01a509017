// The command `forgelink keys rotate`: seals every stored secret with the newest key, also while servers are running.

import type { Config } from '../config.ts'
import type { Database } from '../database/database.ts'
import { secretKeyFile } from '../secrets/key-file.ts'
import { forgetUnusedKeys } from '../secrets/key-ids.ts'
import { inBatches, sealedAnew } from '../secrets/reseal.ts'
import { countSealedBy, notSealedBy, otherKeysInUse, replaceSealed, SEALED_COLUMNS } from '../secrets/sealed-columns.ts'
import type { Vault } from '../secrets/vault.ts'
import type { Services } from '../services.ts'

/** How many secrets are read at once; each is written by its own statement. */
const BATCH = 200
/** Milliseconds between two progress lines. */
const PROGRESS_EVERY = 500
/** Maximum number of secrets that are listed individually. */
const SHOWN = 50

interface Rotation {
  newest: string
  /** How many secrets this run has sealed again. */
  sealed: number
  /** How many are now sealed with the newest key. */
  total: number
  /** Secrets that no key can open, such as `scm_integrations.access_token of ID`. */
  unreadable: string[]
  /** Keys of this process with which nothing stored is sealed. */
  unused: string[]
  /** Older keys with which something stored is still sealed. */
  inUse: string[]
}

/**
 * Works row by row, and replaces a secret only if the old ciphertext is still there, so that a server's writes
 * meanwhile are kept. Skips secrets sealed with the newest key, so an aborted run can be repeated, and several may run
 * at once.
 */
export async function keysRotate(
  { database, vault }: Services,
  { secretKeys, dataDir }: Pick<Config, 'secretKeys' | 'dataDir'>,
  { json }: { json: boolean },
): Promise<string> {
  const rotation = await rotate(database, vault)
  if (json) return JSON.stringify(printed(rotation))
  const context = secretKeys === null ? secretKeyFile(dataDir) : 'SECRET_KEYS'
  return inWords(rotation, vault.keyIds.length === 1, context)
}

async function rotate(database: Database, vault: Vault): Promise<Rotation> {
  const progress = createProgress()
  const unreadable: string[] = []
  for (const column of SEALED_COLUMNS) {
    const keyId = vault.newestKeyId
    for await (const batch of inBatches((after) => notSealedBy(database, column, { keyId, after, limit: BATCH }))) {
      for (const secret of batch) {
        const anew = sealedAnew(vault, secret)
        if (anew === undefined) unreadable.push(`${column.table}.${column.column} of ${secret.row}`)
        else if (await replaceSealed(database, column, secret, anew)) progress.count()
      }
    }
  }
  progress.end()
  await forgetUnusedKeys(database, vault)
  const inUse = await otherKeysInUse(database, SEALED_COLUMNS, [vault.newestKeyId])
  return {
    newest: vault.newestKeyId,
    sealed: progress.counted(),
    total: await countSealed(database, vault.newestKeyId),
    unreadable,
    unused: vault.keyIds.filter((id) => id !== vault.newestKeyId && !inUse.includes(id)),
    inUse,
  }
}

async function countSealed(database: Database, keyId: string): Promise<number> {
  let total = 0
  for (const column of SEALED_COLUMNS) total += await countSealedBy(database, column, keyId)
  return total
}

/** Prints on standard error if it is a terminal, and only when the work takes longer than half a second. */
function createProgress() {
  let counted = 0
  let shown = Date.now()
  let isOpen = false
  return {
    counted: () => counted,
    count() {
      counted += 1
      if (!process.stderr.isTTY || Date.now() - shown < PROGRESS_EVERY) return
      shown = Date.now()
      isOpen = true
      process.stderr.write(`\r${counted} secrets sealed anew …`)
    },
    end() {
      if (isOpen) process.stderr.write('\n')
    },
  }
}

function printed({ newest, sealed, total, unreadable, unused, inUse }: Rotation) {
  return { newest, sealed, total, unreadable, unused, in_use: inUse }
}

function inWords(
  { newest, sealed, total, unreadable, unused, inUse }: Rotation,
  isOnly: boolean,
  context: string,
): string {
  return [
    `Sealed ${sealed} anew. With the key "${newest}" are sealed now: ${total}.`,
    ...(isOnly ? [`There is no other key. For a new one see docs/operations.md#rotating-keys`] : []),
    ...unused.map(
      (id) =>
        `The key "${id}" has sealed nothing that is stored. If it is an old one, take it out of ${context} an hour after every process was restarted with "${newest}" first.`,
    ),
    ...inUse.map((id) =>
      unreadable.length > 0
        ? `The key "${id}" is still needed, for secrets that do not open with it.`
        : `The key "${id}" is still needed: a process that has it first sealed with it meanwhile. Restart that with "${newest}" first, and run this again.`,
    ),
    ...(unreadable.length > 0
      ? [
          `No key opens these (${unreadable.length}). They stay as they are, until the link is given another token or unlinked:`,
          ...unreadable.slice(0, SHOWN).map((secret) => `  ${secret}`),
        ]
      : []),
  ].join('\n')
}
