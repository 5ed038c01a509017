// The OAuth columns of scm_integrations: a grant makes or renews a link, and a later grant replaces it.

import { randomUUID } from 'node:crypto'
import { lockActiveUser } from '../../accounts/users.ts'
import type { Actor } from '../../audit/events.ts'
import { recordEvent, SERVER } from '../../audit/events.ts'
import type { Transaction } from '../../database/database.ts'
import { Failure } from '../../failure.ts'
import type { OAuthApplication, TokenGrant } from '../../platforms/oauth.ts'
import { missingScopes } from '../../platforms/oauth.ts'
import type { Profile } from '../../platforms/platform.ts'
import { platformAddress } from '../../platforms/platform-url.ts'
import { integrationContext } from '../../secrets/sealed-columns.ts'
import type { Vault } from '../../secrets/vault.ts'
import { now } from '../../time.ts'
import type { Integration } from '../integrations.ts'
import { checkLinkCount, integrationData, newLinkColumns, profileColumns, statusFor } from '../integrations.ts'

/** `link`: those of its columns that the sealed tokens are bound to. */
function grantColumns(
  vault: Vault,
  link: Parameters<typeof integrationContext>[1],
  { accessToken, refreshToken, expiresAt }: TokenGrant,
) {
  const refreshContext = integrationContext('refresh_token', link)
  return {
    accessToken: vault.seal(accessToken, integrationContext('access_token', link)),
    refreshToken: refreshToken === null ? null : vault.seal(refreshToken, refreshContext),
    tokenExpiresAt: expiresAt,
    tokenObtainedAt: now(),
    statusReason: null,
    refreshLease: null,
  }
}

function scopeColumns(application: OAuthApplication, scopes: string[] | null) {
  const missing = missingScopes(application, scopes)
  return {
    askedScopes: application.scopes.join(' '),
    scopes: scopes?.join(' ') ?? null,
    missingScopes: missing.join(' '),
    status: statusFor(missing),
  }
}

/** For App tokens GitHub sends an empty scope, which means that the scopes are unknown. */
function grantedScopes(grant: TokenGrant, profile: Profile): string[] | null {
  return profile.scopes ?? (grant.scopes?.length ? grant.scopes : null)
}

interface StoreInput {
  application: OAuthApplication
  grant: TokenGrant
  profile: Profile
  maxLinks: number
}

/**
 * Stores the grant in the owner's link to this account, and returns in `before` what that link was; without such a
 * link, a new one is made. Another account of the same platform gets a link of its own. Throws `invalid` when there are
 * too many links.
 */
export async function storeGrant(
  transaction: Transaction,
  vault: Vault,
  actor: Actor,
  owner: string,
  input: StoreInput,
): Promise<{ integration: Integration; before: Integration | null }> {
  await lockActiveUser(transaction, owner)
  // Repeated when the link was added, removed or given another token in the meantime.
  for (let attempt = 0; attempt < 5; attempt++) {
    const stored = await tryToStore(transaction, vault, actor, owner, input)
    if (stored) return stored
  }
  throw new Failure('store_unavailable', 'This link is being changed elsewhere just now. Try again in a moment.')
}

async function tryToStore(
  transaction: Transaction,
  vault: Vault,
  actor: Actor,
  owner: string,
  { application, grant, profile, maxLinks }: StoreInput,
): Promise<{ integration: Integration; before: Integration | null } | undefined> {
  const { scmType } = application
  const address = platformAddress(scmType, application.webUrl)
  const shared = {
    ...profileColumns(profile),
    ...scopeColumns(application, grantedScopes(grant, profile)),
    clientId: application.clientId,
    updatedAt: now(),
  }
  const expiresAt = grant.expiresAt ?? profile.tokenExpiresAt

  const columns = newLinkColumns(randomUUID(), owner, scmType, address)
  const added = await transaction
    .insertInto('scmIntegrations')
    .values({
      ...columns,
      ...shared,
      ...grantColumns(vault, columns, { ...grant, expiresAt }),
    })
    .onConflict((conflict) => conflict.columns(['ownerId', 'scmType', 'urlKey', 'uid']).doNothing())
    .returningAll()
    .executeTakeFirst()
  if (added) {
    await checkLinkCount(transaction, owner, maxLinks)
    await recordEvent(transaction, actor, owner, { type: 'new_integration', data: integrationData(added) })
    return { integration: added, before: null }
  }

  const before = await transaction
    .selectFrom('scmIntegrations')
    .selectAll()
    .where('ownerId', '=', owner)
    .where('scmType', '=', scmType)
    .where('urlKey', '=', address.key)
    .where('uid', '=', profile.uid)
    .executeTakeFirst()
  if (!before) return undefined
  const integration = await transaction
    .updateTable('scmIntegrations')
    .set({
      ...shared,
      ...grantColumns(vault, before, { ...grant, expiresAt }),
      tokenVersion: before.tokenVersion + 1,
    })
    .where('ownerId', '=', owner)
    .where('id', '=', before.id)
    .where('tokenVersion', '=', before.tokenVersion)
    .returningAll()
    .executeTakeFirst()
  if (!integration) return undefined
  await recordEvent(transaction, actor, owner, { type: 'renew_integration', data: integrationData(integration) })
  return { integration, before }
}

/**
 * Replaces the old pair by the new one; undefined when the old one is not stored any more. `unproven`: the token counts
 * as rejected until the platform has accepted it.
 */
export async function replacePair(
  transaction: Transaction,
  vault: Vault,
  integration: Integration,
  application: OAuthApplication,
  grant: TokenGrant,
  unproven: boolean,
): Promise<Integration | undefined> {
  const updated = await transaction
    .updateTable('scmIntegrations')
    .set({
      ...grantColumns(vault, integration, grant),
      ...(grant.scopes?.length
        ? scopeColumns(application, grant.scopes)
        : { status: statusFor(integration.missingScopes.split(' ').filter(Boolean)) }),
      ...(unproven && { status: 'token_rejected' as const }),
      tokenVersion: integration.tokenVersion + 1,
      updatedAt: now(),
    })
    .where('ownerId', '=', integration.ownerId)
    .where('id', '=', integration.id)
    .where('tokenVersion', '=', integration.tokenVersion)
    .returningAll()
    .executeTakeFirst()
  if (updated) {
    const data = integrationData(updated)
    await recordEvent(transaction, SERVER, updated.ownerId, { type: 'refresh_integration', data })
  }
  return updated
}

/** Marks the link as expired, since its tokens are dead; false when they were replaced meanwhile. */
export async function markExpired(
  transaction: Transaction,
  integration: Integration,
  reason: string,
): Promise<boolean> {
  const { numUpdatedRows } = await transaction
    .updateTable('scmIntegrations')
    .set({ status: 'expired', statusReason: reason, refreshLease: null, updatedAt: now() })
    .where('ownerId', '=', integration.ownerId)
    .where('id', '=', integration.id)
    .where('tokenVersion', '=', integration.tokenVersion)
    .executeTakeFirst()
  if (numUpdatedRows === 0n) return false
  const data = { ...integrationData(integration), reason }
  await recordEvent(transaction, SERVER, integration.ownerId, { type: 'expire_integration', data })
  return true
}
