// For administrators: lists over all accounts, each with an index in its order; when a user was deactivated; and what an
// identity provider has provisioned by SCIM.

import type { Kysely } from 'kysely'
import { sql } from 'kysely'
import type { Database } from '../database.ts'
import { hostOfWebUrl } from '../expressions/url-host.ts'

/** Each list of users and of links is sorted by these, so that a page is read from an index, without sorting. */
const ORDER = ['created_at', 'id']

export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema.alterTable('users').addColumn('deactivated_at', 'text').execute()
  for (const [name, columns] of Object.entries({
    users_created: [],
    users_role_created: ['role'],
    users_active_created: ['active'],
    users_active_role_created: ['active', 'role'],
  })) {
    await db.schema
      .createIndex(name)
      .on('users')
      .columns([...columns, ...ORDER])
      .execute()
  }

  for (const [name, columns] of Object.entries({
    scm_integrations_created: [],
    scm_integrations_type_created: ['scm_type'],
    scm_integrations_status_created: ['status'],
    // Counting by type and status reads this one alone.
    scm_integrations_type_status_created: ['scm_type', 'status'],
  })) {
    await db.schema
      .createIndex(name)
      .on('scm_integrations')
      .columns([...columns, ...ORDER])
      .execute()
  }
  const host = hostOfWebUrl(db as Database)
  await sql`create index scm_integrations_host on scm_integrations ((${host}), created_at, id)`.execute(db)
  // A pasted token that is past its end makes the link expired, whatever its status was at its last use.
  await db.schema
    .createIndex('scm_integrations_ending')
    .on('scm_integrations')
    .columns(['token_expires_at', 'scm_type', 'status'])
    .where(sql.ref('refresh_token'), 'is', null)
    .execute()

  // Events are sorted by their ids; those of a user have `events_user` and `events_user_type`.
  await db.schema.createIndex('events_type').on('events').columns(['type', 'id']).execute()

  await db.schema
    .createTable('scim_users')
    .addColumn('user_id', 'text', (column) => column.primaryKey().references('users.id').onDelete('cascade'))
    .addColumn('user_name', 'text', (column) => column.notNull())
    .addColumn('created_at', 'text', (column) => column.notNull())
    .addColumn('updated_at', 'text', (column) => column.notNull())
    .execute()
  await db.schema.createIndex('scim_users_name').on('scim_users').expression(sql`lower(user_name)`).unique().execute()
  await db.schema.createIndex('scim_users_created').on('scim_users').columns(['created_at', 'user_id']).execute()
}
