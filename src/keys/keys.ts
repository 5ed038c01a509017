// The keys table: people's SSH public keys.

import { randomUUID } from 'node:crypto'
import type { Selectable } from 'kysely'
import type { Database } from '../database/database.ts'
import type { KeysTable } from '../database/tables.ts'
import { Failure, notFound } from '../failure.ts'
import { now } from '../time.ts'
import type { PublicKey } from './public-key.ts'

export type Key = Selectable<KeysTable>

export interface NewKey {
  name: string
  /** Stored and answered byte for byte. */
  content: string
  publicKey: PublicKey
}

/** Oldest first. */
export async function listKeys(database: Database, owner: string): Promise<Key[]> {
  return database
    .selectFrom('keys')
    .selectAll()
    .where('ownerId', '=', owner)
    .orderBy('createdAt')
    .orderBy('id')
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

/** undefined when the owner has a key of this fingerprint already. */
export async function addKeyIfNew(database: Database, owner: string, key: NewKey): Promise<Key | undefined> {
  return database
    .insertInto('keys')
    .values({
      id: randomUUID(),
      ownerId: owner,
      name: key.name,
      content: key.content,
      fingerprint: key.publicKey.fingerprint,
      fingerprintSha256: key.publicKey.fingerprintSha256,
      createdAt: now(),
    })
    .onConflict((conflict) => conflict.columns(['ownerId', 'fingerprintSha256']).doNothing())
    .returningAll()
    .executeTakeFirst()
}

/** Throws `key_exists` when the owner has a key of this fingerprint already. */
export async function addKey(database: Database, owner: string, key: NewKey): Promise<Key> {
  const added = await addKeyIfNew(database, owner, key)
  if (!added) throw new Failure('key_exists', 'You have a key with this fingerprint already.')
  return added
}

export async function deleteKey(database: Database, owner: string, id: string): Promise<void> {
  const { numDeletedRows } = await database
    .deleteFrom('keys')
    .where('ownerId', '=', owner)
    .where('id', '=', id.toLowerCase())
    .executeTakeFirst()
  if (numDeletedRows === 0n) throw notFound('key')
}
