// Roles, identities at issuers, service tokens, who acted for somebody else, and how a session began. A user may have no
// e-mail address.

import type { Kysely } from 'kysely'
import { sql } from 'kysely'
import { type Database, locksRows } from '../database.ts'

export async function up(db: Kysely<unknown>): Promise<void> {
  await allowNoEmail(db)
  await db.schema
    .alterTable('users')
    .addColumn('role', 'text', (column) => column.notNull().defaultTo('member'))
    .execute()
  await db.schema
    .alterTable('users')
    .addColumn('active', 'integer', (column) => column.notNull().defaultTo(1))
    .execute()
  // Administrators are few, and are asked for whenever one of them might be the last.
  await db.schema.createIndex('users_role').on('users').columns(['role', 'id']).execute()

  await db.schema
    .createTable('identities')
    .addColumn('id', 'text', (column) => column.notNull().unique())
    .addColumn('issuer', 'text', (column) => column.notNull())
    .addColumn('subject', 'text', (column) => column.notNull())
    .addColumn('user_id', 'text', (column) => column.notNull().references('users.id').onDelete('cascade'))
    .addColumn('created_at', 'text', (column) => column.notNull())
    .addColumn('last_used_at', 'text')
    .addPrimaryKeyConstraint('identities_key', ['issuer', 'subject'])
    .execute()
  await db.schema.createIndex('identities_user').on('identities').columns(['user_id', 'created_at']).execute()

  // No foreign key for the maker: the token is the platform's, and stays when the person has left.
  await db.schema
    .createTable('service_tokens')
    .addColumn('id', 'text', (column) => column.primaryKey())
    .addColumn('name', 'text', (column) => column.notNull())
    .addColumn('token_hash', 'text', (column) => column.notNull().unique())
    .addColumn('scopes', 'text', (column) => column.notNull())
    .addColumn('issuers', 'text', (column) => column.notNull())
    .addColumn('created_at', 'text', (column) => column.notNull())
    .addColumn('expires_at', 'text')
    .addColumn('last_used_at', 'text')
    .addColumn('maker_id', 'text')
    .execute()

  for (const column of ['act_type', 'act_id', 'act_name']) {
    await db.schema.alterTable('events').addColumn(column, 'text').execute()
  }
  await db.schema
    .alterTable('sessions')
    .addColumn('began_by', 'text', (column) => column.notNull().defaultTo('password'))
    .execute()
  for (const column of ['remote_ip', 'user_agent']) {
    await db.schema.alterTable('sessions').addColumn(column, 'text').execute()
  }
}

async function allowNoEmail(db: Kysely<unknown>): Promise<void> {
  if (locksRows(db as Database)) {
    await db.schema
      .alterTable('users')
      .alterColumn('email', (column) => column.dropNotNull())
      .execute()
    return
  }
  // SQLite changes no constraint of a column, but replaces the column: https://www.sqlite.org/lang_altertable.html. To
  // build the table again would need `foreign_keys = off`, which does nothing inside of a transaction, and with foreign
  // keys on, dropping the table would delete all that belongs to users.
  await db.schema.dropIndex('users_email').execute()
  await db.schema.alterTable('users').renameColumn('email', 'old_email').execute()
  await db.schema.alterTable('users').addColumn('email', 'text').execute()
  await sql`update users set email = old_email`.execute(db)
  await db.schema.alterTable('users').dropColumn('old_email').execute()
  await db.schema.createIndex('users_email').on('users').expression(sql`lower(email)`).unique().execute()
}
