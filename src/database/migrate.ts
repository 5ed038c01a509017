// Brings the schema up to date. When several processes start at once, one migrates and the others wait.

import { DEFAULT_MIGRATION_TABLE, Migrator, sql } from 'kysely'
import { Failure } from '../failure.ts'
import type { Database } from './database.ts'
import * as start from './migrations/001-start.ts'
import * as sessions from './migrations/002-sessions.ts'
import * as oauth from './migrations/003-oauth.ts'
import * as events from './migrations/004-events.ts'
import * as tokenObtained from './migrations/005-token-obtained.ts'
import * as scopesAndDevices from './migrations/006-scopes-and-devices.ts'
import * as limits from './migrations/007-limits.ts'
import * as platformsInFront from './migrations/008-platforms-in-front.ts'
import * as linkSessions from './migrations/009-link-sessions.ts'
import * as oidcSignIn from './migrations/010-oidc-sign-in.ts'
import * as administration from './migrations/011-administration.ts'
import * as sealedStarts from './migrations/012-sealed-starts.ts'
import * as invitations from './migrations/013-invitations.ts'
import * as profile from './migrations/014-profile.ts'

/** By name, in their order. */
export const migrations = {
  '001-start': start,
  '002-sessions': sessions,
  '003-oauth': oauth,
  '004-events': events,
  '005-token-obtained': tokenObtained,
  '006-scopes-and-devices': scopesAndDevices,
  '007-limits': limits,
  '008-platforms-in-front': platformsInFront,
  '009-link-sessions': linkSessions,
  '010-oidc-sign-in': oidcSignIn,
  '011-administration': administration,
  '012-sealed-starts': sealedStarts,
  '013-invitations': invitations,
  '014-profile': profile,
}

/** What a start would do: the migrations still to run, and those that only a newer version knows. */
export async function pendingMigrations(database: Database): Promise<{ pending: string[]; unknown: string[] }> {
  const known = Object.keys(migrations)
  const tables = await database.introspection.getTables({ withInternalKyselyTables: true })
  if (!tables.some(({ name }) => name === DEFAULT_MIGRATION_TABLE)) return { pending: known, unknown: [] }
  const { rows } = await sql<{ name: string }>`
    select name from ${sql.table(DEFAULT_MIGRATION_TABLE)} order by name`.execute(database)
  const run = rows.map(({ name }) => name)
  return { pending: known.filter((name) => !run.includes(name)), unknown: run.filter((name) => !known.includes(name)) }
}

/** Throws when a migration fails or when the database is newer than this program. */
export async function migrate(database: Database): Promise<void> {
  const migrator = new Migrator({ db: database, provider: { getMigrations: async () => migrations } })
  const { error } = await migrator.migrateToLatest()
  const [, unknown] =
    /previously executed migration (\S+) is missing/.exec(error instanceof Error ? error.message : '') ?? []
  if (unknown) {
    throw new Failure(
      'store_unavailable',
      `The database was made by a newer Forgelink: it has "${unknown}", which this one does not know. Start the newer one, or put back a backup from before it.`,
    )
  }
  if (error) throw error
}
