// Signing in at an OpenID provider: attempts that have not ended, what a session needs to end there too, and logout
// tokens that were used.

import type { Kysely } from 'kysely'

export async function up(db: Kysely<unknown>): Promise<void> {
  for (const column of ['oidc_issuer', 'oidc_subject', 'oidc_sid', 'id_token']) {
    await db.schema.alterTable('sessions').addColumn(column, 'text').execute()
  }
  // The provider names the session or the person when it ends sessions.
  await db.schema.createIndex('sessions_oidc_sid').on('sessions').column('oidc_sid').execute()
  await db.schema.createIndex('sessions_oidc_subject').on('sessions').column('oidc_subject').execute()

  await db.schema
    .createTable('oidc_states')
    .addColumn('state_hash', 'text', (column) => column.primaryKey())
    .addColumn('browser_hash', 'text', (column) => column.notNull())
    .addColumn('purpose', 'text', (column) => column.notNull())
    .addColumn('user_id', 'text', (column) => column.references('users.id').onDelete('cascade'))
    .addColumn('nonce', 'text', (column) => column.notNull())
    .addColumn('verifier', 'text', (column) => column.notNull())
    .addColumn('return_to', 'text', (column) => column.notNull())
    .addColumn('created_at', 'text', (column) => column.notNull())
    .addColumn('expires_at', 'text', (column) => column.notNull())
    .execute()
  await db.schema.createIndex('oidc_states_browser').on('oidc_states').column('browser_hash').execute()
  await db.schema.createIndex('oidc_states_user').on('oidc_states').column('user_id').execute()
  await db.schema.createIndex('oidc_states_expires').on('oidc_states').column('expires_at').execute()

  await db.schema
    .createTable('oidc_logout_tokens')
    .addColumn('token_hash', 'text', (column) => column.primaryKey())
    .addColumn('expires_at', 'text', (column) => column.notNull())
    .execute()
  await db.schema.createIndex('oidc_logout_tokens_expires').on('oidc_logout_tokens').column('expires_at').execute()
}
