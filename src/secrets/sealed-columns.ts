// The list of all columns with sealed text: a start uses it to find the needed keys, a rotation to seal again.

import type { RawBuilder, Selectable } from 'kysely'
import { sql } from 'kysely'
import type { OidcStatesTable, SessionsTable } from '../database/account-tables.ts'
import type { Database } from '../database/database.ts'
import { listSealedStarts, sealedStart } from '../database/expressions/sealed-start.ts'
import type { LinkSessionsTable, OAuthStatesTable, RevocationsTable, ScmIntegrationsTable } from '../database/tables.ts'
import type { Sealed } from '../sealed.ts'
import type { SecretContext } from './vault.ts'
import { isKeyId, keyIdOfStart, OLD_FORM_START, startOfSealed } from './vault.ts'

export interface SealedColumn {
  table: string
  column: string
  /** The name of the primary key's column. */
  key: string
  /** The context that a secret of this row is bound to. */
  contextIn(row: SealedRow): SecretContext
}

/** A row of one of the tables: each column reads only members that its table has. */
type SealedRow = IntegrationRow & RevocationRow & StateRow & LinkSessionRow & SessionRow
type IntegrationRow = Pick<Selectable<ScmIntegrationsTable>, 'id' | 'ownerId' | 'url' | 'webUrl' | 'apiUrl'>
type RevocationRow = Pick<Selectable<RevocationsTable>, 'id' | 'ownerId' | 'webUrl'>
type LinkSessionRow = Pick<Selectable<LinkSessionsTable>, 'id' | 'ownerId' | 'held'>
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

/** `held` has the addresses that the token may be sent to. */
export function heldTokenContext({ id, ownerId, held }: LinkSessionRow): SecretContext {
  return { table: 'link_sessions', column: 'held_token', row: id, owner: ownerId, sentTo: [held ?? ''] }
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
  { table: 'link_sessions', column: 'held_token', key: 'id', contextIn: heldTokenContext },
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
export async function inOldForm(
  database: Database,
  column: SealedColumn,
  { after, limit }: { after: string; limit: number },
): Promise<SealedSecret[]> {
  const starts = (await listSealedStarts(database, column)).filter((start) => start.startsWith(OLD_FORM_START))
  if (starts.length === 0) return []
  return listAfter(database, column, startsWithOneOf(database, column.column, starts), after, limit)
}

export function sealedBy(
  database: Database,
  column: SealedColumn,
  { keyId, limit }: { keyId: string; limit: number },
): Promise<SealedSecret[]> {
  return listSecrets(database, column, isSealedWith(database, column, keyId), limit)
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
    select count(*) as secrets from ${sql.table(column.table)} where ${isSealedWith(database, column, keyId)}`.execute(
    database,
  )
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

/** Ids of keys, other than the known ones, that have sealed something. */
export async function otherKeysInUse(database: Database, columns: SealedColumn[], known: string[]): Promise<string[]> {
  const found = new Set<string>()
  for (const column of columns) {
    for (const start of await listSealedStarts(database, column)) found.add(keyIdOfStart(start))
  }
  return [...found].filter((id) => isKeyId(id) && !known.includes(id))
}

/** In either form. */
function isSealedWith(
  database: Database,
  { column }: Pick<SealedColumn, 'column'>,
  keyId: string,
): RawBuilder<unknown> {
  return startsWithOneOf(database, column, [startOfSealed(keyId), `${OLD_FORM_START}${keyId}.`])
}

function startsWithOneOf(database: Database, column: string, starts: string[]): RawBuilder<unknown> {
  return sql`${sealedStart(database, column)} in (${sql.join(starts)})`
}

/** substr and not like: an id may contain an underscore, which is a wildcard in like. */
function startsWith({ column }: Pick<SealedColumn, 'column'>, start: string): RawBuilder<unknown> {
  return sql`substr(${sql.ref(column)}, 1, ${sql.lit(start.length)}) = ${start}`
}
