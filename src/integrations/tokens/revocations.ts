// The revocations table: tokens that we obtained by OAuth and that still have to be revoked at their platform.

import { randomUUID } from 'node:crypto'
import type { Selectable } from 'kysely'
import type { NewEvent } from '../../audit/event-types.ts'
import { recordEvent, SERVER } from '../../audit/events.ts'
import type { Database, Transaction } from '../../database/database.ts'
import type { RevocationsTable } from '../../database/tables.ts'
import type { OAuthScmType } from '../../platforms/scm-types.ts'
import { revocationContext } from '../../secrets/sealed-columns.ts'
import type { Vault } from '../../secrets/vault.ts'
import { fromNow, now } from '../../time.ts'

export type Revocation = Selectable<RevocationsTable>

/** After this time another process may take over: longer than three calls of 20 s and the store. */
const CLAIM_MS = 120_000

export interface TokenPair {
  accessToken: string
  refreshToken: string | null
}

/** Tokens to be revoked at their platform. */
export interface RevocationInput {
  /** So that queueing it again, when the store's answer was lost, changes nothing. */
  id?: string
  scmType: OAuthScmType
  webUrl: string
  clientId: string
  tokens: TokenPair
  ownerId: string
  /** null when the tokens never belonged to a link. */
  integrationId: string | null
  /** Without it: at once. */
  dueAt?: string
}

/** Returns its id. */
export async function queueRevocation(
  database: Database,
  vault: Vault,
  { tokens, dueAt = now(), id = randomUUID(), ...revocation }: RevocationInput,
): Promise<string> {
  const row = { id, ...revocation }
  await database
    .insertInto('revocations')
    .values({
      ...row,
      ...sealedTokens(vault, row, tokens),
      attempts: 0,
      createdAt: now(),
      nextAt: dueAt,
    })
    .onConflict((conflict) => conflict.column('id').doNothing())
    .execute()
  return row.id
}

/** Those of these that have not ended; `wasTried`: the first try is over, and it has to be tried again. */
export async function listRevocations(database: Database, ids: string[]): Promise<{ id: string; wasTried: boolean }[]> {
  if (ids.length === 0) return []
  const rows = await database
    .selectFrom('revocations')
    .select(['id', 'attempts', 'nextAt'])
    .where('id', 'in', ids)
    .execute()
  // While it is claimed, the next time is that at which the claim ends; a first pause is shorter.
  const claimedUntil = fromNow(CLAIM_MS / 2)
  return rows.map(({ id, attempts, nextAt }) => ({ id, wasTried: attempts > 0 && nextAt < claimedUntil }))
}

/** Those of tokens that never belonged to a link begin now. */
export async function hastenRevocations(transaction: Transaction, owner: string): Promise<void> {
  await transaction
    .updateTable('revocations')
    .set({ nextAt: now() })
    .where('ownerId', '=', owner)
    .where('integrationId', 'is', null)
    .where('attempts', '=', 0)
    .execute()
}

/** Another time to begin; false when it has begun already. */
export async function rescheduleRevocation(database: Database, id: string, dueAt: string): Promise<boolean> {
  const { numUpdatedRows } = await database
    .updateTable('revocations')
    .set({ nextAt: dueAt })
    .where('id', '=', id)
    .where('attempts', '=', 0)
    .executeTakeFirst()
  return numUpdatedRows > 0n
}

/** Cancels it, and returns its tokens; undefined when it has begun already. */
export async function cancelRevocation(
  transaction: Transaction,
  vault: Vault,
  id: string,
): Promise<(Revocation & { tokens: TokenPair }) | undefined> {
  const cancelled = await transaction
    .deleteFrom('revocations')
    .where('id', '=', id)
    .where('attempts', '=', 0)
    .returningAll()
    .executeTakeFirst()
  return cancelled && { ...cancelled, tokens: openRevocation(vault, cancelled) }
}

/** The columns that the sealed tokens are bound to. */
type BoundColumns = Pick<Revocation, 'id' | 'ownerId' | 'webUrl'>

function sealedTokens(vault: Vault, row: BoundColumns, { accessToken, refreshToken }: TokenPair) {
  const refreshContext = revocationContext('refresh_token', row)
  return {
    accessToken: vault.seal(accessToken, revocationContext('access_token', row)),
    refreshToken: refreshToken === null ? null : vault.seal(refreshToken, refreshContext),
  }
}

/** Replaces the pair by the one it was refreshed to. */
export async function replaceRevoked(
  database: Database,
  vault: Vault,
  revocation: Revocation,
  tokens: TokenPair,
): Promise<void> {
  await database
    .updateTable('revocations')
    .set(sealedTokens(vault, revocation, tokens))
    .where('id', '=', revocation.id)
    .execute()
}

/** Claims one that is due, for this process alone, until the claim ends. */
export async function claimRevocation(database: Database): Promise<Revocation | undefined> {
  for (;;) {
    const due = await database
      .selectFrom('revocations')
      .selectAll()
      .where('nextAt', '<=', now())
      .orderBy('nextAt')
      .limit(1)
      .executeTakeFirst()
    if (!due) return undefined
    const claimed = await database
      .updateTable('revocations')
      .set({ nextAt: fromNow(CLAIM_MS), attempts: due.attempts + 1 })
      .where('id', '=', due.id)
      .where('nextAt', '=', due.nextAt)
      .returningAll()
      .executeTakeFirst()
    if (claimed) return claimed
  }
}

export function openRevocation(vault: Vault, revocation: Revocation): TokenPair {
  const { accessToken, refreshToken } = revocation
  const refreshContext = revocationContext('refresh_token', revocation)
  return {
    accessToken: vault.open(accessToken, revocationContext('access_token', revocation)),
    refreshToken: refreshToken === null ? null : vault.open(refreshToken, refreshContext),
  }
}

/** Ends it: done, or given up for a `reason`. Does nothing when another process has ended it meanwhile. */
export async function endRevocation(transaction: Transaction, revocation: Revocation, reason?: string): Promise<void> {
  const { id, scmType, webUrl, ownerId, integrationId } = revocation
  const { numDeletedRows } = await transaction.deleteFrom('revocations').where('id', '=', id).executeTakeFirst()
  if (numDeletedRows === 0n) return
  const data = { integration_id: integrationId, integration_type: scmType, url: webUrl }
  const event: NewEvent =
    reason === undefined ? { type: 'revoke_success', data } : { type: 'revoke_failure', data: { ...data, reason } }
  await recordEvent(transaction, SERVER, ownerId, event)
}

export async function postponeRevocation(database: Database, { id }: Revocation, ms: number): Promise<void> {
  await database
    .updateTable('revocations')
    .set({ nextAt: fromNow(ms) })
    .where('id', '=', id)
    .execute()
}

/** Postpones all of one platform that would be due earlier. */
export async function postponeRevocationsAt(database: Database, webUrl: string, ms: number): Promise<void> {
  const nextAt = fromNow(ms)
  await database
    .updateTable('revocations')
    .set({ nextAt })
    .where('webUrl', '=', webUrl)
    .where('nextAt', '<', nextAt)
    .execute()
}

/** Milliseconds until the next one is due; undefined when there is none. */
export async function nextRevocationIn(database: Database): Promise<number | undefined> {
  const next = await database.selectFrom('revocations').select('nextAt').orderBy('nextAt').limit(1).executeTakeFirst()
  return next && Date.parse(next.nextAt) - Date.now()
}

/** How many there are, and how many of them are due. */
export async function countRevocations(database: Database): Promise<{ pending: number; due: number }> {
  const { pending, due } = await database
    .selectFrom('revocations')
    .select(({ fn }) => [
      fn.countAll<string | number>().as('pending'),
      fn.countAll<string | number>().filterWhere('nextAt', '<=', now()).as('due'),
    ])
    .executeTakeFirstOrThrow()
  return { pending: Number(pending), due: Number(due) }
}
