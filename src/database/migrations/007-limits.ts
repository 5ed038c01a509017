// An index on an account's events of one type, newest first, because they are counted at each insert.

import type { Kysely } from 'kysely'

export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema.createIndex('events_user_type').on('events').columns(['user_id', 'type', 'id']).execute()
}
