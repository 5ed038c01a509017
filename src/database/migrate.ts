// Brings the schema up to date, in order; of several processes that start at once one does it and the others wait.

import { Migrator } from 'kysely'
import type { Database } from './database.ts'
import * as start from './migrations/001-start.ts'
import * as sessions from './migrations/002-sessions.ts'
import * as oauth from './migrations/003-oauth.ts'

const migrations = { '001-start': start, '002-sessions': sessions, '003-oauth': oauth }

/** Throws when a migration fails or when the database is newer than this program. */
export async function migrate(database: Database): Promise<void> {
  const migrator = new Migrator({ db: database, provider: { getMigrations: async () => migrations } })
  const { error } = await migrator.migrateToLatest()
  if (error) throw error
}
