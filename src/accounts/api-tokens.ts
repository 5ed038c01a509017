// The api_tokens table: `tk-us-…` tokens that programs exchange for a JWT; only their hash is stored.

import { createHash, randomBytes, randomUUID } from 'node:crypto'
import type { Selectable } from 'kysely'
import type { Actor } from '../audit/events.ts'
import { recordEvent } from '../audit/events.ts'
import { type Database, noteIfPossible, type Transaction } from '../database/database.ts'
import type { ApiTokensTable } from '../database/tables.ts'
import { notFound } from '../failure.ts'
import { now } from '../time.ts'
import type { User } from './users.ts'

export type ApiToken = Selectable<ApiTokensTable>

/** The only moment at which a token's value is known. */
export interface IssuedToken {
  apiToken: ApiToken
  token: string
}

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

export async function createApiToken(
  transaction: Transaction,
  actor: Actor,
  owner: string,
  name: string,
): Promise<IssuedToken> {
  const token = makeToken()
  const time = now()
  const apiToken = await transaction
    .insertInto('apiTokens')
    .values({ id: randomUUID(), userId: owner, name, tokenHash: hashOf(token), createdAt: time, issuedAt: time })
    .returningAll()
    .executeTakeFirstOrThrow()
  await recordEvent(transaction, actor, owner, { type: 'new_token', data: eventData(apiToken) })
  return { apiToken, token }
}

/** Oldest first. */
export async function listApiTokens(database: Database, owner: string): Promise<ApiToken[]> {
  return database
    .selectFrom('apiTokens')
    .selectAll()
    .where('userId', '=', owner)
    .orderBy('createdAt')
    .orderBy('id')
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

/** A new value under the same id; the old one and every JWT made from it stop working. */
export async function renewApiToken(
  transaction: Transaction,
  actor: Actor,
  owner: string,
  id: string,
): Promise<IssuedToken> {
  const token = makeToken()
  const apiToken = await transaction
    .updateTable('apiTokens')
    .set({ tokenHash: hashOf(token), issuedAt: now(), lastUsedAt: null })
    .where('userId', '=', owner)
    .where('id', '=', id.toLowerCase())
    .returningAll()
    .executeTakeFirst()
  if (!apiToken) throw notFound('token')
  await recordEvent(transaction, actor, owner, { type: 'regenerate_token', data: eventData(apiToken) })
  return { apiToken, token }
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

/** The token as stored, with its use noted; undefined when there is none of this value. */
export async function redeemApiToken(database: Database, token: string): Promise<ApiToken | undefined> {
  if (!token.startsWith(PREFIX)) return undefined
  const tokenHash = hashOf(token)
  const apiToken = await database
    .selectFrom('apiTokens')
    .selectAll()
    .where('tokenHash', '=', tokenHash)
    .executeTakeFirst()
  if (!apiToken) return undefined
  const lastUsedAt = now()
  await noteIfPossible(
    database.updateTable('apiTokens').set({ lastUsedAt }).where('tokenHash', '=', tokenHash).execute(),
  )
  return { ...apiToken, lastUsedAt }
}

/** The user whose token this is, as long as both are there and the token was not renewed since. */
export async function findTokenOwner(
  database: Database,
  id: string,
  issuedAt: string,
): Promise<{ user: User; apiToken: { id: string; name: string } } | undefined> {
  const found = await database
    .selectFrom('apiTokens')
    .innerJoin('users', 'users.id', 'apiTokens.userId')
    .selectAll('users')
    .select('apiTokens.name as tokenName')
    .where('apiTokens.id', '=', id)
    .where('apiTokens.issuedAt', '=', issuedAt)
    .executeTakeFirst()
  if (!found) return undefined
  const { tokenName, ...user } = found
  return { user, apiToken: { id, name: tokenName } }
}
