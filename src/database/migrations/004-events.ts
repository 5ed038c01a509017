// The audit trail, and the owners of tokens in the queue of revocations.

import type { Kysely } from 'kysely'

export async function up(db: Kysely<unknown>): Promise<void> {
  // No foreign key: events of removed users are kept.
  await db.schema
    .createTable('events')
    .addColumn('id', 'text', (column) => column.primaryKey())
    .addColumn('created_at', 'text', (column) => column.notNull())
    .addColumn('type', 'text', (column) => column.notNull())
    .addColumn('user_id', 'text')
    .addColumn('username', 'text')
    .addColumn('via', 'text', (column) => column.notNull())
    .addColumn('token_id', 'text')
    .addColumn('token_name', 'text')
    .addColumn('remote_ip', 'text')
    .addColumn('request_id', 'text')
    .addColumn('type_data', 'text', (column) => column.notNull())
    .execute()
  await db.schema.createIndex('events_user').on('events').columns(['user_id', 'id']).execute()
  await db.schema.createIndex('events_created').on('events').column('created_at').execute()

  for (const column of ['owner_id', 'integration_id']) {
    await db.schema.alterTable('revocations').addColumn(column, 'text').execute()
  }
}
