// Every column that holds something sealed: a start asks it which keys are needed, and a rotation seals it anew.

import type { RawBuilder } from 'kysely'
import { sql } from 'kysely'
import { isKeyId, sealedWith, startOfSealed } from '../vault.ts'
import type { Database } from './database.ts'

export interface SealedColumn {
  table: string
  column: string
  /** The primary key's column: its value is the row in the place of the secret. */
  key: string
}

export interface SealedSecret {
  row: string
  sealed: string
}

/** All but `secret_keys.proof`, which stays sealed with the key that it proves. */
export const SEALED_COLUMNS: SealedColumn[] = [
  { table: 'scm_integrations', column: 'access_token', key: 'id' },
  { table: 'scm_integrations', column: 'refresh_token', key: 'id' },
  { table: 'oauth_states', column: 'verifier', key: 'state_hash' },
  { table: 'revocations', column: 'access_token', key: 'id' },
  { table: 'revocations', column: 'refresh_token', key: 'id' },
]

/** Those that are there: a database of an older program lacks some. */
export async function presentColumns(database: Database): Promise<SealedColumn[]> {
  const tables = await database.introspection.getTables()
  return SEALED_COLUMNS.filter(({ table, column }) =>
    tables.some(({ name, columns }) => name === table && columns.some((present) => present.name === column)),
  )
}

/** Secrets that this key has not sealed, in the order of their rows: at most `limit`, of rows that come after `after`. */
export function sealedByOthers(
  database: Database,
  column: SealedColumn,
  { keyId, after, limit }: { keyId: string; after: string; limit: number },
): Promise<SealedSecret[]> {
  const key = sql.ref(column.key)
  return listSecrets(
    database,
    column,
    sql`${key} > ${after} and not ${isSealedWith(column, keyId)} order by ${key}`,
    limit,
  )
}

export function sealedBy(
  database: Database,
  column: SealedColumn,
  { keyId, limit }: { keyId: string; limit: number },
): Promise<SealedSecret[]> {
  return listSecrets(database, column, isSealedWith(column, keyId), limit)
}

async function listSecrets(
  database: Database,
  { table, column, key }: SealedColumn,
  condition: RawBuilder<unknown>,
  limit: number,
): Promise<SealedSecret[]> {
  const { rows } = await sql<{ place: string; sealed: string }>`
    select ${sql.ref(key)} as place, ${sql.ref(column)} as sealed from ${sql.table(table)}
    where ${sql.ref(column)} is not null and ${condition} limit ${limit}`.execute(database)
  return rows.map(({ place, sealed }) => ({ row: place, sealed }))
}

export async function countSealedBy(database: Database, column: SealedColumn, keyId: string): Promise<number> {
  const { rows } = await sql<{ secrets: number | string }>`
    select count(*) as secrets from ${sql.table(column.table)} where ${isSealedWith(column, keyId)}`.execute(database)
  return Number(rows[0]?.secrets ?? 0)
}

/** Another ciphertext of the same secret; false when the old one is not there any more. Nothing else of the row changes. */
export async function replaceSealed(
  database: Database,
  { table, column, key }: SealedColumn,
  { row, sealed }: SealedSecret,
  anew: string,
): Promise<boolean> {
  const { numAffectedRows } = await sql`
    update ${sql.table(table)} set ${sql.ref(column)} = ${anew}
    where ${sql.ref(key)} = ${row} and ${sql.ref(column)} = ${sealed}`.execute(database)
  return numAffectedRows === 1n
}

/** Ids of keys, other than the known ones, that have sealed something: a scan of each column, and one for each id. */
export async function otherKeysInUse(database: Database, columns: SealedColumn[], known: string[]): Promise<string[]> {
  const found = new Set<string>()
  for (const column of columns) {
    for (;;) {
      const others = [...known, ...found].map((id) => sql`not ${isSealedWith(column, id)}`)
      // In no order: by the primary key, every row would be looked up apart.
      const condition = sql.join([sql`${sql.ref(column.column)} like 'v1.%.%'`, ...others], sql` and `)
      const [secret] = await listSecrets(database, column, condition, 1)
      if (!secret) break
      found.add(sealedWith(secret.sealed))
    }
  }
  return [...found].filter(isKeyId)
}

/** substr and not like: an id may hold an underscore, which is a wildcard there. */
function isSealedWith({ column }: SealedColumn, keyId: string): RawBuilder<unknown> {
  const start = startOfSealed(keyId)
  return sql`substr(${sql.ref(column)}, 1, ${sql.lit(start.length)}) = ${start}`
}
