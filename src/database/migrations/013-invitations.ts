// Invitations: links for one use, by which users set their password.

import type { Kysely } from 'kysely'

export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('invitations')
    .addColumn('user_id', 'text', (column) => column.primaryKey().references('users.id').onDelete('cascade'))
    .addColumn('secret_hash', 'text', (column) => column.notNull().unique())
    .addColumn('account_hash', 'text', (column) => column.notNull())
    .addColumn('act_type', 'text')
    .addColumn('act_id', 'text')
    .addColumn('act_name', 'text')
    .addColumn('created_at', 'text', (column) => column.notNull())
    .addColumn('expires_at', 'text', (column) => column.notNull())
    .execute()
  await db.schema.createIndex('invitations_expires').on('invitations').column('expires_at').execute()
}
