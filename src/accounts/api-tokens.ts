// The api_tokens table: `tk-us-…` tokens that programs exchange for a JWT; only their hash is stored.

import { createHash, randomBytes, randomUUID } from 'node:crypto'
import type { Selectable } from 'kysely'
import type { NewEvent } from '../audit/event-types.ts'
import type { Actor } from '../audit/events.ts'
import { recordEvent } from '../audit/events.ts'
import type { ApiTokensTable } from '../database/account-tables.ts'
import { type Database, noteIfPossible, type Transaction } from '../database/database.ts'
import { createStatement } from '../database/statement.ts'
import { invalid, notFound } from '../failure.ts'
import { now } from '../time.ts'
import { CALLER_KEPT_MS } from './callers/kept.ts'
import { insufficientScope, joinScopes, SCOPES, type Scope, splitScopes } from './scopes.ts'
import { lockActiveUser, type User } from './users.ts'

export type ApiToken = Selectable<ApiTokensTable>

/** A new token with its value, which is known only at this moment. */
export interface IssuedToken {
  apiToken: ApiToken
  token: string
}

/** What a token may do and until when. `expiresAt` null: it never expires. */
export interface Powers {
  scopes: readonly Scope[]
  expiresAt: string | null
}

export const ALL_POWERS: Powers = { scopes: SCOPES, expiresAt: null }

function powersOf({ scopes, expiresAt }: Pick<ApiToken, 'scopes' | 'expiresAt'>): Powers {
  return { scopes: splitScopes(scopes), expiresAt }
}

/** Maximum number of an account's expired tokens that are kept, so that the user can still see them. */
export const MAX_EXPIRED = 100
const PREFIX = 'tk-us-'
const TOKEN_BYTES = 32

function makeToken(): string {
  return PREFIX + randomBytes(TOKEN_BYTES).toString('base64url')
}

function hashOf(token: string): string {
  return createHash('sha256').update(token).digest('base64url')
}

function eventData({ id, name }: Pick<ApiToken, 'id' | 'name'>) {
  return { token_id: id, token_name: name }
}

/** Throws `invalid` when the owner already has `max` tokens that have not expired. */
export async function createApiToken(
  transaction: Transaction,
  actor: Actor,
  owner: string,
  name: string,
  { scopes, expiresAt, max = Number.POSITIVE_INFINITY }: Powers & { max?: number } = ALL_POWERS,
): Promise<IssuedToken> {
  await lockActiveUser(transaction, owner)
  await makeRoom(transaction, owner, max)
  const token = makeToken()
  const time = now()
  const apiToken = await transaction
    .insertInto('apiTokens')
    .values({
      id: randomUUID(),
      userId: owner,
      name,
      tokenHash: hashOf(token),
      createdAt: time,
      issuedAt: time,
      scopes: joinScopes(scopes),
      expiresAt,
    })
    .returningAll()
    .executeTakeFirstOrThrow()
  await recordEvent(transaction, actor, owner, { type: 'new_token', data: eventData(apiToken) })
  return { apiToken, token }
}

async function makeRoom(transaction: Transaction, owner: string, max: number): Promise<void> {
  const { count } = await transaction
    .selectFrom('apiTokens')
    .select((row) => row.fn.countAll().as('count'))
    .where('userId', '=', owner)
    .where((row) => row.or([row('expiresAt', 'is', null), row('expiresAt', '>', now())]))
    .executeTakeFirstOrThrow()
  if (Number(count) >= max) {
    throw invalid({ token: [`is one more than the ${max} that an account may have. Revoke one that is not used`] })
  }
  await transaction
    .deleteFrom('apiTokens')
    .where('id', 'in', (query) =>
      query
        .selectFrom('apiTokens')
        .select('id')
        .where('userId', '=', owner)
        .where('expiresAt', '<=', now())
        .orderBy('expiresAt', 'desc')
        // A number larger than any count: SQLite does not accept an offset without a limit.
        .limit(1_000_000)
        .offset(MAX_EXPIRED),
    )
    .execute()
}

/** Oldest first, at most `limit`. */
export async function listApiTokens(database: Database, owner: string, limit: number): Promise<ApiToken[]> {
  return database
    .selectFrom('apiTokens')
    .selectAll()
    .where('userId', '=', owner)
    .orderBy('createdAt')
    .orderBy('id')
    .limit(limit)
    .execute()
}

export async function getApiToken(database: Database, owner: string, id: string): Promise<ApiToken> {
  const apiToken = await database
    .selectFrom('apiTokens')
    .selectAll()
    .where('userId', '=', owner)
    .where('id', '=', id.toLowerCase())
    .executeTakeFirst()
  if (!apiToken) throw notFound('token')
  return apiToken
}

/**
 * Gives the token a new value under the same id; the old value and every JWT made from it stop working. Throws
 * `invalid` when the token has expired, and `insufficient_scope` when it may do more, or lasts longer, than the
 * caller's own token.
 */
export async function renewApiToken(
  transaction: Transaction,
  actor: Actor,
  owner: string,
  id: string,
  asking: Powers = ALL_POWERS,
): Promise<IssuedToken> {
  await lockActiveUser(transaction, owner)
  const before = await getApiToken(transaction, owner, id)
  if (isExpired(before)) throw invalid({ expires_at: ['is over: make another token instead'] })
  const missing = splitScopes(before.scopes).find((scope) => !asking.scopes.includes(scope))
  if (missing) throw insufficientScope(missing)
  if (outlives(before.expiresAt, asking.expiresAt)) {
    throw invalid({ expires_at: ['is later than that of the token which asks for this'] })
  }
  const token = makeToken()
  const apiToken = await transaction
    .updateTable('apiTokens')
    .set({ tokenHash: hashOf(token), issuedAt: now(), lastUsedAt: null })
    .where('userId', '=', owner)
    .where('id', '=', before.id)
    .returningAll()
    .executeTakeFirst()
  if (!apiToken) throw notFound('token')
  await recordEvent(transaction, actor, owner, { type: 'regenerate_token', data: eventData(apiToken) })
  return { apiToken, token }
}

/** Whether it expires later than `other`; null means never. */
function outlives(expiresAt: string | null, other: string | null): boolean {
  return other !== null && (expiresAt === null || expiresAt > other)
}

function isExpired({ expiresAt }: Pick<ApiToken, 'expiresAt'>): boolean {
  return expiresAt !== null && expiresAt <= now()
}

/** The requested powers, if the caller has them too. Throws `invalid` for more. */
export function powersWithin(
  asking: Powers,
  wanted: { scopes?: Scope[] | undefined; expiresAt?: string | null | undefined },
): Powers {
  const { scopes = asking.scopes } = wanted
  const expiresAt = wanted.expiresAt ?? asking.expiresAt
  const errors: Record<string, string[]> = {}
  if (!scopes.every((scope) => asking.scopes.includes(scope))) {
    errors.scopes = [`must be among those of the token that makes it: ${asking.scopes.join(', ')}`]
  }
  if (outlives(expiresAt, asking.expiresAt)) {
    errors.expires_at = [`must not be later than that of the token that makes it: ${asking.expiresAt}`]
  }
  if (Object.keys(errors).length > 0) throw invalid(errors)
  return { scopes, expiresAt }
}

export async function deleteApiToken(transaction: Transaction, actor: Actor, owner: string, id: string): Promise<void> {
  const deleted = await transaction
    .deleteFrom('apiTokens')
    .where('userId', '=', owner)
    .where('id', '=', id.toLowerCase())
    .returning(['id', 'name'])
    .executeTakeFirst()
  if (!deleted) throw notFound('token')
  await recordEvent(transaction, actor, owner, { type: 'delete_token', data: eventData(deleted) })
}

/** Deletes all tokens of a user; returns how many there were. */
export async function deleteApiTokens(transaction: Transaction, actor: Actor, owner: string): Promise<number> {
  const deleted = await transaction
    .deleteFrom('apiTokens')
    .where('userId', '=', owner)
    .returning(['id', 'name'])
    .execute()
  // One statement accepts only a limited number of values.
  for (let from = 0; from < deleted.length; from += 500) {
    const events = deleted
      .slice(from, from + 500)
      .map((token): NewEvent => ({ type: 'delete_token', data: eventData(token) }))
    await recordEvent(transaction, actor, owner, ...events)
  }
  return deleted.length
}

/** The token with this value, whose use is noted; undefined when there is none, it has expired, or its user is inactive. */
export async function redeemApiToken(database: Database, token: string): Promise<ApiToken | undefined> {
  if (!token.startsWith(PREFIX)) return undefined
  const tokenHash = hashOf(token)
  const apiToken = await database
    .selectFrom('apiTokens')
    .innerJoin('users', 'users.id', 'apiTokens.userId')
    .selectAll('apiTokens')
    .where('apiTokens.tokenHash', '=', tokenHash)
    .where('users.active', '=', 1)
    .executeTakeFirst()
  if (!apiToken || isExpired(apiToken)) return undefined
  const lastUsedAt = now()
  await noteIfPossible(
    database.updateTable('apiTokens').set({ lastUsedAt }).where('tokenHash', '=', tokenHash).execute(),
  )
  return { ...apiToken, lastUsedAt }
}

/** The API token from which a caller's JWT was made. */
export interface CallersToken extends Powers {
  id: string
  name: string
}

const tokenOwner = createStatement<{ id: string; issuedAt: string }, TokenOwnerRow>(
  (database, value) =>
    database
      .selectFrom('apiTokens')
      .innerJoin('users', 'users.id', 'apiTokens.userId')
      .selectAll('users')
      .select(['apiTokens.name as tokenName', 'apiTokens.scopes', 'apiTokens.expiresAt'])
      .where('apiTokens.id', '=', value('id'))
      .where('apiTokens.issuedAt', '=', value('issuedAt'))
      .where('users.active', '=', 1),
  { lateMs: CALLER_KEPT_MS },
)

type TokenOwnerRow = User & Pick<ApiToken, 'scopes' | 'expiresAt'> & { tokenName: string }

/** The token's user, as long as the user is active and the token has neither expired nor been renewed since. */
export async function findTokenOwner(
  database: Database,
  id: string,
  issuedAt: string,
): Promise<{ user: User; apiToken: CallersToken } | undefined> {
  const [found] = await tokenOwner(database, { id, issuedAt })
  if (!found || isExpired(found)) return undefined
  const { tokenName, scopes, expiresAt, ...user } = found
  return { user, apiToken: { id, name: tokenName, ...powersOf({ scopes, expiresAt }) } }
}
