// The keys table: users' SSH public keys.

import { randomUUID } from 'node:crypto'
import type { Selectable } from 'kysely'
import { lockActiveUser } from '../accounts/users.ts'
import type { NewEvent } from '../audit/event-types.ts'
import type { Actor } from '../audit/events.ts'
import { recordEvent } from '../audit/events.ts'
import type { Database, Transaction } from '../database/database.ts'
import { manyRows, manyValues } from '../database/expressions/many-rows.ts'
import type { KeysTable } from '../database/tables.ts'
import { Failure, invalid, notFound } from '../failure.ts'
import { now } from '../time.ts'
import type { PublicKey } from './public-key.ts'

export type Key = Selectable<KeysTable>

const COLUMNS = ['id', 'ownerId', 'name', 'content', 'fingerprint', 'fingerprintSha256', 'createdAt'] as const

/** Its texts have neither control characters nor lone surrogates. */
export interface NewKey {
  name: string
  /** Stored and returned byte for byte. */
  content: string
  publicKey: PublicKey
}

/** Oldest first, at most `limit`. */
export async function listKeys(database: Database, owner: string, limit: number): Promise<Key[]> {
  return database
    .selectFrom('keys')
    .selectAll()
    .where('ownerId', '=', owner)
    .orderBy('createdAt')
    .orderBy('id')
    .limit(limit)
    .execute()
}

export async function getKey(database: Database, owner: string, id: string): Promise<Key> {
  const key = await database
    .selectFrom('keys')
    .selectAll()
    .where('ownerId', '=', owner)
    .where('id', '=', id.toLowerCase())
    .executeTakeFirst()
  if (!key) throw notFound('key')
  return key
}

/**
 * Adds the keys that the owner does not have, in the given order, as long as `maxKeys` allows it; returns those added.
 */
export async function addKeys<T extends NewKey>(
  transaction: Transaction,
  actor: Actor,
  owner: string,
  keys: T[],
  maxKeys: number,
): Promise<{ added: Key[]; tooMany: T[] }> {
  if (keys.length === 0) return { added: [], tooMany: [] }
  await lockActiveUser(transaction, owner)
  const fresh = await withoutKnown(transaction, owner, keys)
  const room = Math.max(0, maxKeys - (await countKeys(transaction, owner)))
  const added = await insertKeys(transaction, actor, owner, fresh.slice(0, room))
  return { added, tooMany: fresh.slice(room) }
}

async function countKeys(transaction: Transaction, owner: string): Promise<number> {
  const { total } = await transaction
    .selectFrom('keys')
    .select((row) => row.fn.countAll().as('total'))
    .where('ownerId', '=', owner)
    .executeTakeFirstOrThrow()
  return Number(total)
}

/** Each fingerprint once, and none that the owner already has. */
async function withoutKnown<T extends NewKey>(transaction: Transaction, owner: string, keys: T[]): Promise<T[]> {
  const fingerprints = keys.map(({ publicKey }) => publicKey.fingerprintSha256)
  const rows = await transaction
    .selectFrom('keys')
    .select('fingerprintSha256')
    .where('ownerId', '=', owner)
    .where('fingerprintSha256', 'in', manyValues(transaction, fingerprints))
    .execute()
  const known = new Set(rows.map((row) => row.fingerprintSha256))
  return keys.filter(({ publicKey: { fingerprintSha256 } }) => {
    const isNew = !known.has(fingerprintSha256)
    known.add(fingerprintSha256)
    return isNew
  })
}

async function insertKeys(transaction: Transaction, actor: Actor, owner: string, keys: NewKey[]): Promise<Key[]> {
  if (keys.length === 0) return []
  const createdAt = now()
  const rows = keys.map(({ name, content, publicKey }) => ({
    id: randomUUID(),
    ownerId: owner,
    name,
    content,
    fingerprint: publicKey.fingerprint,
    fingerprintSha256: publicKey.fingerprintSha256,
    createdAt,
  }))
  // All in the same order, so that two requests that add the same keys wait for each other without a deadlock.
  const sorted = rows.toSorted((one, other) => compare(one.fingerprintSha256, other.fingerprintSha256))
  const inserted = await transaction
    .insertInto('keys')
    .columns(COLUMNS)
    .expression(manyRows(transaction, COLUMNS, sorted))
    .onConflict((conflict) => conflict.columns(['ownerId', 'fingerprintSha256']).doNothing())
    .returning('id')
    .execute()
  const ids = new Set(inserted.map(({ id }) => id))
  const added = rows.filter(({ id }) => ids.has(id))
  const events = added.map((key): NewEvent => ({ type: 'new_key', data: eventData(key) }))
  await recordEvent(transaction, actor, owner, ...events)
  return added
}

/** Throws `key_exists` when the owner already has a key with this fingerprint, `invalid` when there are too many. */
export async function addKey(
  transaction: Transaction,
  actor: Actor,
  owner: string,
  key: NewKey,
  maxKeys: number,
): Promise<Key> {
  const {
    added: [added],
    tooMany,
  } = await addKeys(transaction, actor, owner, [key], maxKeys)
  if (tooMany.length > 0) {
    throw invalid({ key: [`is more than the ${maxKeys} that an account may have (MAX_KEYS). Remove one first`] })
  }
  if (!added) throw new Failure('key_exists', 'You have a key with this fingerprint already.')
  return added
}

export async function deleteKey(transaction: Transaction, actor: Actor, owner: string, id: string): Promise<void> {
  const deleted = await transaction
    .deleteFrom('keys')
    .where('ownerId', '=', owner)
    .where('id', '=', id.toLowerCase())
    .returning(['name', 'fingerprint'])
    .executeTakeFirst()
  if (!deleted) throw notFound('key')
  await recordEvent(transaction, actor, owner, { type: 'delete_key', data: eventData(deleted) })
}

function compare(one: string, other: string): number {
  return one === other ? 0 : one < other ? -1 : 1
}

function eventData({ name, fingerprint }: Pick<Key, 'name' | 'fingerprint'>) {
  return { name, fingerprint }
}
