// Scopes and expiry of API tokens, when a session last gave its password, and devices that have signed in.

import type { Kysely } from 'kysely'

export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .alterTable('api_tokens')
    .addColumn('scopes', 'text', (column) => column.notNull().defaultTo('read write tokens account access_tokens'))
    .execute()
  await db.schema.alterTable('api_tokens').addColumn('expires_at', 'text').execute()
  await db.schema.alterTable('sessions').addColumn('confirmed_at', 'text').execute()

  await db.schema
    .createTable('known_devices')
    .addColumn('user_id', 'text', (column) => column.notNull().references('users.id').onDelete('cascade'))
    .addColumn('device', 'text', (column) => column.notNull())
    .addColumn('failures', 'integer', (column) => column.notNull())
    .addColumn('seen_at', 'text', (column) => column.notNull())
    .addPrimaryKeyConstraint('known_devices_key', ['user_id', 'device'])
    .execute()
  await db.schema.createIndex('known_devices_seen').on('known_devices').column('seen_at').execute()
}
