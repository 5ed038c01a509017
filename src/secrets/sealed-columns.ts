// The list of all columns with sealed text: a start uses it to find the needed keys, a rotation to seal again.

import type { RawBuilder, Selectable } from 'kysely'
import { sql } from 'kysely'
import type { Database } from '../database/database.ts'
import type {
  OAuthStatesTable,
  OidcStatesTable,
  RevocationsTable,
  ScmIntegrationsTable,
  SessionsTable,
} from '../database/tables.ts'
import type { Sealed } from '../sealed.ts'
import type { SecretContext } from './vault.ts'
import { isKeyId, OLD_FORM_START, sealedWith, startOfSealed } from './vault.ts'

export interface SealedColumn {
  table: string
  column: string
  /** The name of the primary key's column. */
  key: string
  /** The context that a secret of this row is bound to. */
  contextIn(row: SealedRow): SecretContext
}

/** A row of one of the tables: each column reads only members that its table has. */
type SealedRow = IntegrationRow & RevocationRow & StateRow & SessionRow
type IntegrationRow = Pick<Selectable<ScmIntegrationsTable>, 'id' | 'ownerId' | 'url' | 'webUrl' | 'apiUrl'>
type RevocationRow = Pick<Selectable<RevocationsTable>, 'id' | 'ownerId' | 'webUrl'>
type StateRow = Pick<Selectable<OAuthStatesTable>, 'stateHash' | 'userId'>
type OidcStateRow = Pick<Selectable<OidcStatesTable>, 'stateHash' | 'userId'>
type SessionRow = Pick<Selectable<SessionsTable>, 'idHash' | 'userId' | 'oidcIssuer'>

export interface SealedSecret {
  row: string
  sealed: Sealed
  context: SecretContext
}

type TokenColumn = 'access_token' | 'refresh_token'

export function integrationContext(column: TokenColumn, row: IntegrationRow): SecretContext {
  const { id, ownerId, url, webUrl, apiUrl } = row
  return { table: 'scm_integrations', column, row: id, owner: ownerId, sentTo: [url, webUrl, apiUrl] }
}

export function revocationContext(column: TokenColumn, { id, ownerId, webUrl }: RevocationRow): SecretContext {
  return { table: 'revocations', column, row: id, owner: ownerId, sentTo: [webUrl] }
}

/** The verifier is sent to the platform that is set up. */
export function verifierContext({ stateHash, userId }: StateRow): SecretContext {
  return { table: 'oauth_states', column: 'verifier', row: stateHash, owner: userId, sentTo: [] }
}

/** The verifier is sent to the OpenID provider that is set up. */
export function oidcVerifierContext({ stateHash, userId }: OidcStateRow): SecretContext {
  return { table: 'oidc_states', column: 'verifier', row: stateHash, owner: userId, sentTo: [] }
}

export function idTokenContext({ idHash, userId, oidcIssuer }: SessionRow): SecretContext {
  return { table: 'sessions', column: 'id_token', row: idHash, owner: userId, sentTo: oidcIssuer ? [oidcIssuer] : [] }
}

/** All except `secret_keys.proof`, which stays sealed with the key that it proves. */
export const SEALED_COLUMNS: SealedColumn[] = [
  ...(['access_token', 'refresh_token'] as const).flatMap((column) => [
    {
      table: 'scm_integrations',
      column,
      key: 'id',
      contextIn: (row: SealedRow) => integrationContext(column, row),
    },
    { table: 'revocations', column, key: 'id', contextIn: (row: SealedRow) => revocationContext(column, row) },
  ]),
  { table: 'oauth_states', column: 'verifier', key: 'state_hash', contextIn: verifierContext },
  { table: 'oidc_states', column: 'verifier', key: 'state_hash', contextIn: oidcVerifierContext },
  { table: 'sessions', column: 'id_token', key: 'id_hash', contextIn: idTokenContext },
]

/** The columns that exist: an older version's database lacks some. */
export async function presentColumns(database: Database): Promise<SealedColumn[]> {
  const tables = await database.introspection.getTables()
  return SEALED_COLUMNS.filter(({ table, column }) =>
    tables.some(({ name, columns }) => name === table && columns.some((present) => present.name === column)),
  )
}

/** Secrets that this key has not sealed in the present form, in row order: at most `limit`, after the row `after`. */
export function notSealedBy(
  database: Database,
  column: SealedColumn,
  { keyId, after, limit }: { keyId: string; after: string; limit: number },
): Promise<SealedSecret[]> {
  const start = startOfSealed(keyId)
  return listAfter(database, column, sql`not ${startsWith(column, start)}`, after, limit)
}

/** The same for secrets in the old form, whichever key has sealed them. */
export function inOldForm(
  database: Database,
  column: SealedColumn,
  { after, limit }: { after: string; limit: number },
): Promise<SealedSecret[]> {
  return listAfter(database, column, startsWith(column, OLD_FORM_START), after, limit)
}

export function sealedBy(
  database: Database,
  column: SealedColumn,
  { keyId, limit }: { keyId: string; limit: number },
): Promise<SealedSecret[]> {
  return listSecrets(database, column, isSealedWith(column, keyId), limit)
}

function listAfter(
  database: Database,
  column: SealedColumn,
  condition: RawBuilder<unknown>,
  after: string,
  limit: number,
): Promise<SealedSecret[]> {
  const key = sql.ref(column.key)
  return listSecrets(database, column, sql`${key} > ${after} and ${condition} order by ${key}`, limit)
}

async function listSecrets(
  database: Database,
  { table, column, key, contextIn }: SealedColumn,
  condition: RawBuilder<unknown>,
  limit: number,
): Promise<SealedSecret[]> {
  const { rows } = await sql<SealedRow & { sealedRow: string; sealedText: Sealed }>`
    select *, ${sql.ref(key)} as sealed_row, ${sql.ref(column)} as sealed_text from ${sql.table(table)}
    where ${sql.ref(column)} is not null and ${condition} limit ${limit}`.execute(database)
  return rows.map((row) => ({ row: row.sealedRow, sealed: row.sealedText, context: contextIn(row) }))
}

export async function countSealedBy(
  database: Database,
  column: Pick<SealedColumn, 'table' | 'column'>,
  keyId: string,
): Promise<number> {
  const { rows } = await sql<{ secrets: number | string }>`
    select count(*) as secrets from ${sql.table(column.table)} where ${isSealedWith(column, keyId)}`.execute(database)
  return Number(rows[0]?.secrets ?? 0)
}

/**
 * Replaces a ciphertext by another one of the same secret; false when the old one is gone. Nothing else in the row
 * changes.
 */
export async function replaceSealed(
  database: Database,
  { table, column, key }: Pick<SealedColumn, 'table' | 'column' | 'key'>,
  { row, sealed }: Pick<SealedSecret, 'row' | 'sealed'>,
  anew: Sealed,
): Promise<boolean> {
  const { numAffectedRows } = await sql`
    update ${sql.table(table)} set ${sql.ref(column)} = ${anew}
    where ${sql.ref(key)} = ${row} and ${sql.ref(column)} = ${sealed}`.execute(database)
  return numAffectedRows === 1n
}

/**
 * Ids of keys, other than the known ones, that have sealed something. Scans each column, and once more for each id
 * found.
 */
export async function otherKeysInUse(database: Database, columns: SealedColumn[], known: string[]): Promise<string[]> {
  const found = new Set<string>()
  for (const column of columns) {
    for (;;) {
      const others = [...known, ...found].map((id) => sql`not ${isSealedWith(column, id)}`)
      // Not sorted: by the primary key, every row would be looked up separately.
      const condition = sql.join([sql`${sql.ref(column.column)} like 'v_.%.%'`, ...others], sql` and `)
      const [secret] = await listSecrets(database, column, condition, 1)
      if (!secret) break
      found.add(sealedWith(secret.sealed))
    }
  }
  return [...found].filter(isKeyId)
}

/** In either form. */
function isSealedWith(column: Pick<SealedColumn, 'column'>, keyId: string): RawBuilder<unknown> {
  return sql`(${startsWith(column, startOfSealed(keyId))} or ${startsWith(column, `${OLD_FORM_START}${keyId}.`)})`
}

/** substr and not like: an id may contain an underscore, which is a wildcard in like. */
function startsWith({ column }: Pick<SealedColumn, 'column'>, start: string): RawBuilder<unknown> {
  return sql`substr(${sql.ref(column)}, 1, ${sql.lit(start.length)}) = ${start}`
}
