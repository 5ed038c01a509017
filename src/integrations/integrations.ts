// The scm_integrations table: each row links one user to one account on one platform. Every query names the owner.

import { randomUUID } from 'node:crypto'
import type { Selectable } from 'kysely'
import { lockActiveUser } from '../accounts/users.ts'
import type { IntegrationData } from '../audit/event-types.ts'
import type { Actor } from '../audit/events.ts'
import { recordEvent } from '../audit/events.ts'
import { type Database, noteIfPossible, type Transaction } from '../database/database.ts'
import { createStatement } from '../database/statement.ts'
import type { IntegrationStatus, ScmIntegrationsTable } from '../database/tables.ts'
import { Failure, invalid, notFound } from '../failure.ts'
import type { Profile } from '../platforms/platform.ts'
import type { PlatformAddress } from '../platforms/platform-url.ts'
import { isScmType, type ScmType } from '../platforms/scm-types.ts'
import { integrationContext } from '../secrets/sealed-columns.ts'
import type { Vault } from '../secrets/vault.ts'
import { now } from '../time.ts'

export type Integration = Selectable<ScmIntegrationsTable>

/** More than any account has, for callers that set no limit. */
const MAX_LISTED = 1_000_000

/** The link as events show it. The picture's query is left out: on private servers it gives access to the picture. */
export function integrationData({ id, scmType, username, avatarUrl, url }: Integration): IntegrationData {
  const picture = avatarUrl?.split('?')[0] ?? null
  return {
    integration_id: id,
    integration_type: scmType,
    data: { login: username, avatar_url: picture !== null && picture.length <= 255 ? picture : null, url },
  }
}

const ofOwner = createStatement<{ owner: string; limit: number }, Integration>((database, value) =>
  database
    .selectFrom('scmIntegrations')
    .selectAll()
    .where('ownerId', '=', value('owner'))
    .orderBy('createdAt')
    .orderBy('id')
    .limit(value('limit')),
)

/** Oldest first. */
export async function listIntegrations(
  database: Database,
  owner: string,
  { scmType, url, limit = MAX_LISTED }: { scmType?: string | undefined; url?: string | undefined; limit?: number } = {},
): Promise<Integration[]> {
  if (scmType === undefined && url === undefined) return ofOwner(database, { owner, limit })
  let query = database.selectFrom('scmIntegrations').selectAll().where('ownerId', '=', owner)
  if (scmType !== undefined) query = query.where('scmType', '=', scmType as ScmType)
  if (url !== undefined) query = query.where('url', '=', url)
  return query.orderBy('createdAt').orderBy('id').limit(limit).execute()
}

/**
 * Call it after adding a link, with the owner locked. Throws `invalid` when there are too many; the caller rolls back.
 */
export async function checkLinkCount(transaction: Transaction, owner: string, maxLinks: number): Promise<void> {
  const { total } = await transaction
    .selectFrom('scmIntegrations')
    .select((row) => row.fn.countAll().as('total'))
    .where('ownerId', '=', owner)
    .executeTakeFirstOrThrow()
  if (Number(total) <= maxLinks) return
  const problem = `is more than the ${maxLinks} that an account may have (MAX_LINKS). Unlink one first`
  throw invalid({ scm_integration: [problem] })
}

const byId = createStatement<{ owner: string; id: string }, Integration>((database, value) =>
  database
    .selectFrom('scmIntegrations')
    .selectAll()
    .where('ownerId', '=', value('owner'))
    .where('id', '=', value('id')),
)

const oldestOfType = createStatement<{ owner: string; scmType: ScmType }, Integration>((database, value) =>
  database
    .selectFrom('scmIntegrations')
    .selectAll()
    .where('ownerId', '=', value('owner'))
    .where('scmType', '=', value('scmType'))
    .orderBy('createdAt')
    .orderBy('id')
    .limit(1),
)

/** By id, or by scm_type: then the oldest of that type. */
export async function getIntegration(database: Database, owner: string, idOrType: string): Promise<Integration> {
  const [integration] = isScmType(idOrType)
    ? await oldestOfType(database, { owner, scmType: idOrType })
    : await byId(database, { owner, id: idOrType.toLowerCase() })
  if (!integration) throw notFound('scm_integration')
  return integration
}

/** undefined when the link does not exist any more. */
export async function findIntegration(database: Database, owner: string, id: string): Promise<Integration | undefined> {
  const [integration] = await byId(database, { owner, id })
  return integration
}

/** A platform's profile of an account and its token, as columns. */
export function profileColumns(profile: Profile) {
  return {
    ...accountColumns(profile),
    tokenExpiresAt: profile.tokenExpiresAt,
    scopes: profile.scopes?.join(' ') ?? null,
    missingScopes: profile.missingScopes.join(' '),
    status: statusFor(profile.missingScopes),
    statusReason: null,
  }
}

function accountColumns({ uid, username, avatarUrl, email, profileUrl }: Profile) {
  return { uid, username, avatarUrl, email, profileUrl }
}

export function statusFor(missingScopes: string[]): IntegrationStatus {
  return missingScopes.length > 0 ? 'scope_missing' : 'ok'
}

/** The status of a link whose calls succeed. */
export function workingStatus({ missingScopes }: Integration): IntegrationStatus {
  return statusFor(missingScopes.split(' ').filter(Boolean))
}

/** The columns of a new link: those that never change, and the initial values. */
export function newLinkColumns(id: string, ownerId: string, scmType: ScmType, address: PlatformAddress) {
  const time = now()
  return {
    id,
    ownerId,
    scmType,
    url: address.url,
    urlKey: address.key,
    webUrl: address.webUrl,
    apiUrl: address.apiUrl,
    tokenVersion: 1,
    createdAt: time,
    updatedAt: time,
  }
}

/**
 * The new row, or the id of the owner's existing link to the same account. Throws `store_unavailable` when that link is
 * unlinked at the same moment.
 */
export async function addIntegration(
  transaction: Transaction,
  vault: Vault,
  actor: Actor,
  owner: string,
  link: { scmType: ScmType; address: PlatformAddress; accessToken: string; profile: Profile; maxLinks: number },
): Promise<Integration | { existingId: string }> {
  const { scmType, address, accessToken, profile } = link
  await lockActiveUser(transaction, owner)
  const columns = newLinkColumns(randomUUID(), owner, scmType, address)
  const added = await transaction
    .insertInto('scmIntegrations')
    .values({
      ...columns,
      ...profileColumns(profile),
      accessToken: vault.seal(accessToken, integrationContext('access_token', columns)),
    })
    .onConflict((conflict) => conflict.columns(['ownerId', 'scmType', 'urlKey', 'uid']).doNothing())
    .returningAll()
    .executeTakeFirst()
  if (added) {
    await checkLinkCount(transaction, owner, link.maxLinks)
    await recordEvent(transaction, actor, owner, { type: 'new_integration', data: integrationData(added) })
    return added
  }
  const existing = await transaction
    .selectFrom('scmIntegrations')
    .select('id')
    .where('ownerId', '=', owner)
    .where('scmType', '=', scmType)
    .where('urlKey', '=', address.key)
    .where('uid', '=', profile.uid)
    .executeTakeFirst()
  if (!existing) {
    const message = 'The link to this account was unlinked at the same moment. Try again.'
    throw new Failure('store_unavailable', message, { retryAfter: 1 })
  }
  return { existingId: existing.id }
}

/** Stores another token for the same account. Throws `not_found` when the link does not exist any more. */
export async function replaceAccessToken(
  transaction: Transaction,
  vault: Vault,
  actor: Actor,
  integration: Integration,
  accessToken: string,
  profile: Profile,
): Promise<Integration> {
  const updated = await transaction
    .updateTable('scmIntegrations')
    .set((column) => ({
      accessToken: vault.seal(accessToken, integrationContext('access_token', integration)),
      tokenVersion: column('tokenVersion', '+', 1),
      updatedAt: now(),
      ...profileColumns(profile),
    }))
    .where('ownerId', '=', integration.ownerId)
    .where('id', '=', integration.id)
    .returningAll()
    .executeTakeFirst()
  if (!updated) throw notFound('scm_integration')
  const data = integrationData(updated)
  await recordEvent(transaction, actor, integration.ownerId, { type: 'edit_integration', data })
  return updated
}

/**
 * Stores the platform's present profile of the account and its token, unless the link is gone or has another token by
 * now. Scopes and expiry of an OAuth token stay as they were granted.
 */
export async function noteProfile(database: Database, integration: Integration, profile: Profile): Promise<void> {
  const columns = integration.clientId === null ? profileColumns(profile) : accountColumns(profile)
  // An undefined member is unknown now, so its column stays.
  const told = Object.entries(columns).filter(([, value]) => value !== undefined)
  const isKnown = told.every(([name, value]) => integration[name as keyof Integration] === value)
  if (isKnown) return
  await noteIfPossible(
    database
      .updateTable('scmIntegrations')
      .set({ ...columns, updatedAt: now() })
      .where('ownerId', '=', integration.ownerId)
      .where('id', '=', integration.id)
      .where('uid', '=', profile.uid)
      .where('tokenVersion', '=', integration.tokenVersion)
      .execute(),
  )
}

/** Stores what using a token has shown, unless the link is gone or has another token by now. */
export async function noteStatus(
  database: Database,
  integration: Integration,
  shown: { status: IntegrationStatus; statusReason: string | null },
): Promise<void> {
  await noteIfPossible(
    database
      .updateTable('scmIntegrations')
      .set({ ...shown, updatedAt: now() })
      .where('ownerId', '=', integration.ownerId)
      .where('id', '=', integration.id)
      .where('tokenVersion', '=', integration.tokenVersion)
      // A call that began before the link expired must not set its status back.
      .where('status', '!=', 'expired')
      .execute(),
  )
}

/** The row at the moment of deletion: its tokens may be newer than the caller's. undefined when it is already gone. */
export async function deleteIntegration(
  transaction: Transaction,
  actor: Actor,
  { ownerId, id }: Integration,
): Promise<Integration | undefined> {
  const deleted = await transaction
    .deleteFrom('scmIntegrations')
    .where('ownerId', '=', ownerId)
    .where('id', '=', id)
    .returningAll()
    .executeTakeFirst()
  if (!deleted) return undefined
  await recordEvent(transaction, actor, ownerId, { type: 'delete_integration', data: integrationData(deleted) })
  return deleted
}

/** How many links of all owners there are, by type and status. It reads an index, not the rows. */
export async function countLinks(
  database: Database,
): Promise<{ scmType: ScmType; status: IntegrationStatus; count: number }[]> {
  const counted = await database
    .selectFrom('scmIntegrations')
    .select(({ fn }) => ['scmType', 'status', fn.countAll<string | number>().as('count')])
    .groupBy(['scmType', 'status'])
    .execute()
  return counted.map((each) => ({ ...each, count: Number(each.count) }))
}
