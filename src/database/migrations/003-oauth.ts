// Links made by OAuth: the data to refresh a token, attempts to link that have not ended, tokens still to be revoked.

import type { Kysely } from 'kysely'

export async function up(db: Kysely<unknown>): Promise<void> {
  for (const column of ['refresh_token', 'client_id', 'asked_scopes', 'status_reason', 'refresh_lease']) {
    await db.schema.alterTable('scm_integrations').addColumn(column, 'text').execute()
  }

  await db.schema
    .createTable('oauth_states')
    .addColumn('state_hash', 'text', (column) => column.primaryKey())
    .addColumn('session_hash', 'text', (column) => column.notNull().references('sessions.id_hash').onDelete('cascade'))
    .addColumn('user_id', 'text', (column) => column.notNull().references('users.id').onDelete('cascade'))
    .addColumn('scm_type', 'text', (column) => column.notNull())
    .addColumn('verifier', 'text', (column) => column.notNull())
    .addColumn('again_id', 'text')
    .addColumn('expires_at', 'text', (column) => column.notNull())
    .execute()
  await db.schema.createIndex('oauth_states_session').on('oauth_states').column('session_hash').execute()

  await db.schema
    .createTable('revocations')
    .addColumn('id', 'text', (column) => column.primaryKey())
    .addColumn('scm_type', 'text', (column) => column.notNull())
    .addColumn('web_root', 'text', (column) => column.notNull())
    .addColumn('client_id', 'text', (column) => column.notNull())
    .addColumn('access_token', 'text', (column) => column.notNull())
    .addColumn('refresh_token', 'text')
    .addColumn('attempts', 'integer', (column) => column.notNull())
    .addColumn('created_at', 'text', (column) => column.notNull())
    .addColumn('next_at', 'text', (column) => column.notNull())
    .execute()
  await db.schema.createIndex('revocations_next').on('revocations').column('next_at').execute()
}
