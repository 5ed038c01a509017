// Records which keys have sealed what is stored: with a wrong or missing key, a start stops before it changes anything.

import { ConfigError } from '../config.ts'
import type { Database } from '../database/database.ts'
import type { Sealed } from '../sealed.ts'
import { otherKeysInUse, presentColumns, sealedBy } from './sealed-columns.ts'
import type { SecretContext, Vault } from './vault.ts'

const PROOF = 'forgelink'
/** How many secrets are tried to tell the right key from a wrong one: a few may be damaged for other reasons. */
const TRIED = 20

function whereIs(id: string): SecretContext {
  return { table: 'secret_keys', column: 'proof', row: id, owner: null, sentTo: [] }
}

/** Throws a `ConfigError` that names each key that is missing or has another value than the one that sealed. */
export async function checkSecretKeys(database: Database, vault: Vault): Promise<void> {
  throwProblems([...(await recordProblems(database, vault)), ...(await storedProblems(database, vault))])
}

export interface KeyProblem {
  keyId: string
  message: string
}

function throwProblems(problems: KeyProblem[]): void {
  if (problems.length > 0) throw new ConfigError([...new Set(problems.map(({ message }) => message))])
}

function missing(keyId: string): KeyProblem {
  return { keyId, message: `SECRET_KEYS lacks the key "${keyId}", which sealed secrets that are stored.` }
}

function another(keyId: string): KeyProblem {
  return {
    keyId,
    message: `SECRET_KEYS has another key under the id "${keyId}" than the one that sealed the stored secrets.`,
  }
}

/** Checks the recorded keys: another process may be sealing with any of them. */
export async function recordProblems(database: Database, vault: Vault): Promise<KeyProblem[]> {
  return (await listRecords(database)).flatMap(({ id, proof }) => {
    if (!vault.keyIds.includes(id)) return [missing(id)]
    return opens(vault, proof, whereIs(id)) ? [] : [another(id)]
  })
}

async function listRecords(database: Database): Promise<{ id: string; proof: Sealed }[]> {
  const tables = await database.introspection.getTables()
  if (!tables.some(({ name }) => name === 'secret_keys')) return []
  return database.selectFrom('secretKeys').selectAll().orderBy('id').execute()
}

/**
 * Checks the keys of what is stored: a process that kept running with an old key may have sealed with it after a
 * rotation removed that key from the record.
 */
export async function storedProblems(database: Database, vault: Vault): Promise<KeyProblem[]> {
  const columns = await presentColumns(database)
  const problems = (await otherKeysInUse(database, columns, vault.keyIds)).map(missing)
  const recorded = (await listRecords(database)).map(({ id }) => id)
  for (const keyId of vault.keyIds.filter((id) => !recorded.includes(id))) {
    const tried: boolean[] = []
    for (const column of columns) {
      const secrets = await sealedBy(database, column, { keyId, limit: TRIED })
      tried.push(...secrets.map(({ sealed, context }) => opens(vault, sealed, context)))
    }
    if (tried.length > 0 && !tried.includes(true)) problems.push(another(keyId))
  }
  return problems
}

function opens(vault: Vault, sealed: Sealed, context: SecretContext): boolean {
  try {
    vault.open(sealed, context)
    return true
  } catch {
    return false
  }
}

/** Call it before anything is sealed. Throws a `ConfigError` when another process has recorded other keys meanwhile. */
export async function recordSecretKey(database: Database, vault: Vault): Promise<void> {
  const id = vault.newestKeyId
  const { numInsertedOrUpdatedRows } = await database
    .insertInto('secretKeys')
    .values({ id, proof: vault.seal(PROOF, whereIs(id)) })
    .onConflict((conflict) => conflict.doNothing())
    .executeTakeFirst()
  const problems = await recordProblems(database, vault)
  // Taken back: otherwise two processes that start at once with different keys would block each other and all later
  // starts.
  if (problems.length > 0 && numInsertedOrUpdatedRows) {
    await database.deleteFrom('secretKeys').where('id', '=', id).execute()
  }
  throwProblems(problems)
}

/** Removes keys from the record with which nothing stored is sealed, except the newest. Returns their ids. */
export async function forgetUnusedKeys(database: Database, vault: Vault): Promise<string[]> {
  const inUse = await otherKeysInUse(database, await presentColumns(database), [vault.newestKeyId])
  const forgotten = await database
    .deleteFrom('secretKeys')
    .where('id', 'not in', [vault.newestKeyId, ...inUse])
    .returning('id')
    .execute()
  return forgotten.map(({ id }) => id)
}
