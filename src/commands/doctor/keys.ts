// Checks the keys: whether all needed keys exist, how many secrets each has sealed, and whether a rotation is due.

import { existsSync } from 'node:fs'
import type { Config, SecretKey } from '../../config.ts'
import { ConfigError } from '../../config.ts'
import type { Database } from '../../database/database.ts'
import { Failure } from '../../failure.ts'
import { readSecretKeys, secretKeyFile } from '../../secrets/key-file.ts'
import { recordProblems, storedProblems } from '../../secrets/key-ids.ts'
import { countSealedBy, presentColumns } from '../../secrets/sealed-columns.ts'
import type { Vault } from '../../secrets/vault.ts'
import { createVault } from '../../secrets/vault.ts'
import type { Check } from './check.ts'
import { failed, ok, warning } from './check.ts'

type KeyConfig = Pick<Config, 'secretKeys' | 'dataDir'>

/** null: no key is there, or they cannot be read. */
export function vaultAtHand(config: KeyConfig): Vault | null {
  const keys = findKeys(config, false)
  return Array.isArray(keys) ? createVault(keys) : null
}

/** `database` null: there is no file yet. */
export async function checkKeys(config: KeyConfig, database: Database | null): Promise<Check[]> {
  const keys = findKeys(config, database !== null)
  if (!Array.isArray(keys)) return [keys]
  const vault = createVault(keys)
  if (database === null) return [ok('keys', `At hand: ${vault.keyIds.join(', ')}. Nothing is sealed yet.`)]
  try {
    const problems = [...(await recordProblems(database, vault)), ...(await storedProblems(database, vault))]
    const messages = [...new Set(problems.map(({ message }) => message))]
    return [
      ...messages.map((message) => failed('keys', `${message} Put it back.`)),
      ...(await countByKey(database, vault)),
    ]
  } catch (error) {
    if (error instanceof Failure) return [] // the check of the store reports it
    throw error
  }
}

function findKeys({ secretKeys, dataDir }: KeyConfig, isNeeded: boolean): SecretKey[] | Check {
  if (secretKeys !== null) return secretKeys
  const file = secretKeyFile(dataDir)
  if (!existsSync(file)) {
    if (!isNeeded) return ok('keys', `There is no ${file} yet; the first start makes it.`)
    return failed('keys', `${file} is missing. Put it back from your backup, or set SECRET_KEYS.`)
  }
  try {
    return readSecretKeys(file)
  } catch (error) {
    if (error instanceof ConfigError) return failed('keys', `${error.message}.`)
    throw error
  }
}

async function countByKey(database: Database, vault: Vault): Promise<Check[]> {
  const columns = await presentColumns(database)
  const checks: Check[] = []
  for (const id of vault.keyIds) {
    let secrets = 0
    for (const column of columns) secrets += await countSealedBy(database, column, id)
    const counted = `The key "${id}" has sealed ${secrets} of the stored secrets`
    if (id === vault.newestKeyId) checks.push(ok('keys', `${counted}, and seals new ones.`))
    else if (secrets > 0) checks.push(warning('keys', `${counted}. A rotation is due: forgelink keys rotate`))
    else checks.push(ok('keys', `${counted}. An old key can be taken out; see docs/operations.md#rotating-keys`))
  }
  return checks
}
