// Checks the store: whether it exists, its engine, its schema version, whether it is writable, and who may read it.

import { accessSync, constants, existsSync, statfsSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { sql } from 'kysely'
import type { Config } from '../../config.ts'
import type { Database } from '../../database/database.ts'
import { databaseFile } from '../../database/database.ts'
import { pendingMigrations } from '../../database/migrate.ts'
import { storeWords } from '../../database/postgres/store-words.ts'
import { Failure } from '../../failure.ts'
import { secretKeyFile } from '../../secrets/key-file.ts'
import type { Check } from './check.ts'
import { failed, ok, warning } from './check.ts'

/** Bytes that should be free; the write-ahead log alone can soon use up less. */
const LOW_SPACE_BYTES = 1024 ** 3
const NO_SPACE_BYTES = 64 * 1024 ** 2
/** https://www.sqlite.org/pragma.html#pragma_auto_vacuum */
const INCREMENTAL = 2
/**
 * How many seconds this machine's clock and PostgreSQL's may differ: one writes times of expiry, the other compares
 * them.
 */
const CLOCK_SLACK_SECONDS = 10

type StoreConfig = Pick<Config, 'databaseUrl' | 'dataDir'>

/** `database` is open for reading; null when there is no file yet. */
export async function checkStore(config: StoreConfig, database: Database | null): Promise<Check[]> {
  const files = config.databaseUrl === null ? [...checkWritable(config.dataDir), ...checkSpace(config.dataDir)] : []
  const modes = existsSync(config.dataDir) ? checkModes(config.dataDir) : []
  if (database === null) {
    return [
      ok('store', `SQLite. There is no ${databaseFile(config.dataDir)} yet; the first start makes it.`),
      ...files,
      ...modes,
    ]
  }
  try {
    const asked =
      config.databaseUrl === null
        ? await askSqlite(database, config.dataDir)
        : await askPostgres(database, config.databaseUrl)
    return [...asked, await checkSchema(database), ...files, ...modes]
  } catch (error) {
    if (!(error instanceof Failure)) throw error
    return [unreachable(config, error), ...files, ...modes]
  }
}

function unreachable({ databaseUrl, dataDir }: StoreConfig, { details }: Failure): Check {
  const code = details.log?.store ?? 'no reason given'
  if (databaseUrl === null) {
    return failed('store', `${databaseFile(dataDir)} cannot be read (${code}). Check who owns it, and the disk.`)
  }
  const advice = storeWords(details.log?.store) ?? "Check DATABASE_URL, its user's rights, and whether it runs."
  return failed('store', `PostgreSQL at ${whereIs(databaseUrl)} does not let us in (${code}). ${advice}`)
}

/** The database's address without user name and password. */
function whereIs(databaseUrl: string): string {
  const { host, pathname } = new URL(databaseUrl)
  return `${host}${pathname}`
}

async function askSqlite(database: Database, dataDir: string): Promise<Check[]> {
  const { rows } = await sql<{ version: string }>`select sqlite_version() as version`.execute(database)
  const kept = await sql<{ autoVacuum: number }>`pragma auto_vacuum`.execute(database)
  return [
    ok('store', `SQLite ${rows[0]?.version} in ${databaseFile(dataDir)}.`),
    ...(kept.rows[0]?.autoVacuum === INCREMENTAL
      ? []
      : [
          warning(
            'store',
            'An older version made this file, and what was deleted then may still lie in it. Stop the server and run: forgelink store compact',
          ),
        ]),
  ]
}

async function askPostgres(database: Database, databaseUrl: string): Promise<Check[]> {
  const { rows } = await sql<{ version: string; isReadOnly: boolean; mayCreate: boolean; time: Date }>`
    select current_setting('server_version') as version,
      pg_is_in_recovery() or current_setting('transaction_read_only') = 'on' as is_read_only,
      coalesce(has_schema_privilege(current_schema(), 'CREATE'), false) as may_create,
      clock_timestamp() as time`.execute(database)
  const { version, isReadOnly, mayCreate, time } = rows[0] ?? {}
  const skew = Math.round(Math.abs(Date.now() - Number(time)) / 1000)
  return [
    ok('store', `PostgreSQL ${version} at ${whereIs(databaseUrl)}.`),
    ...(isReadOnly
      ? [failed('store', 'It takes no writes (a standby, or read only). Point DATABASE_URL at the primary.')]
      : []),
    ...(mayCreate
      ? []
      : [
          failed(
            'store',
            'The user of DATABASE_URL may not create tables, which an upgrade does. Grant it CREATE on the schema.',
          ),
        ]),
    ...(skew > CLOCK_SLACK_SECONDS
      ? [warning('clock', `This machine's clock and PostgreSQL's differ by ${skew} s. Set both by NTP.`)]
      : []),
  ]
}

async function checkSchema(database: Database): Promise<Check> {
  const { pending, unknown } = await pendingMigrations(database)
  if (unknown.length > 0) {
    return failed(
      'schema',
      `The database was made by a newer Forgelink (${unknown.join(', ')}). Start the newer one, or put back a backup from before it.`,
    )
  }
  if (pending.length === 0) return ok('schema', 'Up to date.')
  return warning('schema', `The next start brings it up to date (${pending.join(', ')}). Make a backup before.`)
}

function checkWritable(dataDir: string): Check[] {
  const file = databaseFile(dataDir)
  let nearest = dataDir
  while (!existsSync(nearest) && dirname(nearest) !== nearest) nearest = dirname(nearest)
  const paths = [nearest, file, `${file}-wal`].filter((path) => existsSync(path))
  const locked = paths.filter((path) => !isAllowed(path, constants.R_OK | constants.W_OK))
  return locked.map((path) =>
    failed('store', `This user may not write ${path}. Give it to the user that runs Forgelink.`),
  )
}

function isAllowed(path: string, mode: number): boolean {
  try {
    accessSync(path, mode)
    return true
  } catch {
    return false
  }
}

function checkSpace(dataDir: string): Check[] {
  if (!existsSync(dataDir)) return []
  const { bavail, bsize } = statfsSync(dataDir)
  const free = bavail * bsize
  const text =
    free >= 1024 ** 3 ? `${(free / 1024 ** 3).toFixed(1)} GiB free` : `${Math.floor(free / 1024 ** 2)} MiB free`
  if (free < NO_SPACE_BYTES) return [failed('disk', `${text} at ${dataDir}. Make room: writes are about to fail.`)]
  if (free < LOW_SPACE_BYTES) return [warning('disk', `${text} at ${dataDir}. Make room before writes fail.`)]
  return [ok('disk', `${text} at ${dataDir}.`)]
}

/** Not on Windows, which has no such file modes. */
function checkModes(dataDir: string): Check[] {
  if (process.getuid === undefined) return []
  const folder = modeOf(dataDir)
  const isOpen = (folder & 0o055) !== 0
  const exposed = ['forgelink.db', 'forgelink.db-wal']
    .map((name) => join(dataDir, name))
    .filter((path) => isOpen && isExposed(path))
  const key = secretKeyFile(dataDir)
  const greeting = join(dataDir, 'first-start.txt')
  const checks = [
    ...(isOpen ? [warning('files', `Others may look into ${dataDir}: chmod 700 ${dataDir}`)] : []),
    ...exposed.map((path) => warning('files', `Others may read ${path}: chmod 600 ${path}`)),
    ...(isExposed(key) ? [warning('files', `Others may read the keys in ${key}: chmod 600 ${key}`)] : []),
    ...(existsSync(greeting)
      ? [warning('files', `${greeting} still has the first password. Keep that elsewhere and delete the file.`)]
      : []),
  ]
  return checks.length > 0 ? checks : [ok('files', `${dataDir} is for its owner only.`)]
}

function modeOf(path: string): number {
  return statSync(path).mode & 0o777
}

function isExposed(path: string): boolean {
  return existsSync(path) && (modeOf(path) & 0o077) !== 0
}
