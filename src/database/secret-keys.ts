// Which keys sealed what is stored here: a start with a wrong or missing key stops before anything is changed.

import { ConfigError } from '../config.ts'
import type { Vault } from '../vault.ts'
import type { Database } from './database.ts'

const PROOF = 'forgelink'

function placeOf(id: string) {
  return { table: 'secret_keys', column: 'proof', row: id }
}

/** Throws a `ConfigError` that names each key that is missing or is not the one that sealed. */
export async function checkSecretKeys(database: Database, vault: Vault): Promise<void> {
  const tables = await database.introspection.getTables()
  if (!tables.some((table) => table.name === 'secret_keys')) return
  const rows = await database.selectFrom('secretKeys').selectAll().execute()
  const problems = rows.flatMap(({ id, proof }) => {
    if (!vault.keyIds.includes(id)) return [`SECRET_KEYS lacks the key "${id}", which sealed secrets that are stored.`]
    try {
      vault.open(proof, placeOf(id))
      return []
    } catch {
      return [`SECRET_KEYS has another key under the id "${id}" than the one that sealed the stored secrets.`]
    }
  })
  if (problems.length > 0) throw new ConfigError(problems)
}

export async function recordSecretKey(database: Database, vault: Vault): Promise<void> {
  const id = vault.newestKeyId
  await database
    .insertInto('secretKeys')
    .values({ id, proof: vault.seal(PROOF, placeOf(id)) })
    .onConflict((conflict) => conflict.doNothing())
    .execute()
}
