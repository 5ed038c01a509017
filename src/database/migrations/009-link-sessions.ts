// Link sessions. Attempts to link by OAuth may belong to one of them, instead of a session of the dashboard.

import type { Kysely } from 'kysely'
import { sql } from 'kysely'

export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('link_sessions')
    .addColumn('id', 'text', (column) => column.primaryKey())
    .addColumn('owner_id', 'text', (column) => column.notNull().references('users.id').onDelete('cascade'))
    .addColumn('status', 'text', (column) => column.notNull())
    .addColumn('return_url', 'text', (column) => column.notNull())
    .addColumn('scm_type', 'text')
    .addColumn('url', 'text')
    .addColumn('act_type', 'text', (column) => column.notNull())
    .addColumn('act_id', 'text', (column) => column.notNull())
    .addColumn('act_name', 'text', (column) => column.notNull())
    .addColumn('created_at', 'text', (column) => column.notNull())
    .addColumn('expires_at', 'text', (column) => column.notNull())
    .addColumn('browser_hash', 'text')
    .addColumn('code_hash', 'text')
    .addColumn('wrong_codes', 'integer', (column) => column.notNull().defaultTo(0))
    .addColumn('held', 'text')
    .addColumn('held_token', 'text')
    .addColumn('revocation_id', 'text')
    .addColumn('integration_id', 'text')
    .addColumn('error', 'text')
    .execute()
  await db.schema.createIndex('link_sessions_owner').on('link_sessions').columns(['owner_id', 'created_at']).execute()
  await db.schema.createIndex('link_sessions_end').on('link_sessions').columns(['status', 'expires_at']).execute()
  await db.schema.createIndex('link_sessions_created').on('link_sessions').column('created_at').execute()
  await letStatesBelongToBrowsers(db)
}

/** `session_hash` may be null. SQLite cannot change a column, so the table is made again. */
async function letStatesBelongToBrowsers(db: Kysely<unknown>): Promise<void> {
  await db.schema.dropIndex('oauth_states_session').execute()
  await db.schema.alterTable('oauth_states').renameTo('old_oauth_states').execute()
  await db.schema
    .createTable('oauth_states')
    .addColumn('state_hash', 'text', (column) => column.primaryKey())
    .addColumn('session_hash', 'text', (column) => column.references('sessions.id_hash').onDelete('cascade'))
    .addColumn('browser_hash', 'text')
    .addColumn('user_id', 'text', (column) => column.notNull().references('users.id').onDelete('cascade'))
    .addColumn('scm_type', 'text', (column) => column.notNull())
    .addColumn('verifier', 'text', (column) => column.notNull())
    .addColumn('again_id', 'text')
    .addColumn('expires_at', 'text', (column) => column.notNull())
    .execute()
  const columns = sql.raw('state_hash, session_hash, user_id, scm_type, verifier, again_id, expires_at')
  await sql`insert into oauth_states (${columns}) select ${columns} from old_oauth_states`.execute(db)
  await db.schema.dropTable('old_oauth_states').execute()
  await db.schema.createIndex('oauth_states_session').on('oauth_states').column('session_hash').execute()
  await db.schema.createIndex('oauth_states_browser').on('oauth_states').column('browser_hash').execute()
}
