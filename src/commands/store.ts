// The command `forgelink store compact`.

import type { Config } from '../config.ts'
import { compactSqlite } from '../database/compact.ts'
import { databaseFile } from '../database/database.ts'
import { Failure } from '../failure.ts'

/** Needs a stopped server. Throws `store_unavailable`. */
export function storeCompact(
  { databaseUrl, dataDir }: Pick<Config, 'databaseUrl' | 'dataDir'>,
  { json }: { json: boolean },
): string {
  if (databaseUrl !== null) {
    const message =
      'The store is PostgreSQL, which is compacted by its own means: see docs/operations.md#what-was-deleted.'
    throw new Failure('store_unavailable', message)
  }
  const { before, after } = compactSqlite(databaseFile(dataDir))
  if (json) return JSON.stringify({ before, after })
  return `Compacted ${databaseFile(dataDir)}: ${before} bytes before, ${after} now. Nothing that was deleted is left in it.`
}
