// What people tell of themselves: their name and the address of their picture.

import type { Kysely } from 'kysely'

export async function up(db: Kysely<unknown>): Promise<void> {
  for (const column of ['full_name', 'avatar_url']) {
    await db.schema.alterTable('users').addColumn(column, 'text').execute()
  }
}
