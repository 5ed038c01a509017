// What `serve` and the other commands open once and hand to everything else: configuration, database, vault, door to the platforms.

import { mkdirSync } from 'node:fs'
import type { Config } from './config.ts'
import type { Database } from './database/database.ts'
import { openDatabase } from './database/database.ts'
import { migrate } from './database/migrate.ts'
import { checkSecretKeys, recordSecretKey } from './database/secret-keys.ts'
import type { Outgoing } from './platforms/api.ts'
import { createOutgoing } from './platforms/api.ts'
import { loadSecretKeys } from './secret-key-file.ts'
import type { Vault } from './vault.ts'
import { createVault } from './vault.ts'

export interface Services {
  config: Config
  database: Database
  vault: Vault
  outgoing: Outgoing
  log: Log
  close(): Promise<void>
}

/** What the operator may read: an event and fields that are no secret. */
export type Log = (event: string, fields: Record<string, string | number>) => void

/** Opens everything, newest schema included. Throws when a key is wrong or missing, and has changed nothing then. */
export async function openServices(config: Config, log: Log = () => undefined): Promise<Services> {
  if (!config.databaseUrl) mkdirSync(config.dataDir, { recursive: true, mode: 0o700 })
  const vault = createVault(config.secretKeys ?? loadSecretKeys(config.dataDir))
  const database = openDatabase(config)
  try {
    await checkSecretKeys(database, vault)
    await migrate(database)
    await recordSecretKey(database, vault)
  } catch (error) {
    await database.destroy()
    throw error
  }
  const outgoing = createOutgoing({ ...config, log })
  return {
    config,
    database,
    vault,
    outgoing,
    log,
    async close() {
      await outgoing.close()
      await database.destroy()
    },
  }
}
