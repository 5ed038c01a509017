// What `serve` and the other commands open once and hand to everything else: configuration, database, vault, transport to the platforms.

import { mkdirSync } from 'node:fs'
import type { Config } from './config.ts'
import type { Database } from './database/database.ts'
import { openDatabase } from './database/database.ts'
import { migrate } from './database/migrate.ts'
import type { Metrics } from './metrics.ts'
import { createMetrics } from './metrics.ts'
import type { Transport } from './platforms/api.ts'
import { createTransport } from './platforms/api.ts'
import type { Lookup } from './platforms/transport/connect/connector.ts'
import type { Limits } from './platforms/transport/limits.ts'
import { loadSecretKeys } from './secrets/key-file.ts'
import { checkSecretKeys, recordSecretKey } from './secrets/key-ids.ts'
import type { Vault } from './secrets/vault.ts'
import { createVault } from './secrets/vault.ts'

export interface Services {
  config: Config
  database: Database
  vault: Vault
  transport: Transport
  metrics: Metrics
  log: Log
  close(): Promise<void>
}

/** What the operator may read: an event and fields that are no secret. */
export type Log = (event: string, fields: Record<string, string | number>) => void

export interface ServiceOptions {
  /** Statements may take as long as they take: for commands, which nobody waits for within a request. */
  patient?: boolean
  log?: Log
  /** Other limits for the transport, so that a test of them need not take their time. */
  limits?: Partial<Limits>
  /** Looks names up in place of the system, for the transport. */
  lookup?: Lookup
}

/** Opens everything, newest schema included. Throws when a key is wrong or missing, and has changed nothing then. */
export async function openServices(config: Config, options: ServiceOptions = {}): Promise<Services> {
  if (!config.databaseUrl) mkdirSync(config.dataDir, { recursive: true, mode: 0o700 })
  const vault = createVault(config.secretKeys ?? loadSecretKeys(config.dataDir))
  // By a connection of its own: a migration, or waiting for another's, may take longer than a request.
  const start = openDatabase(config, { patient: true })
  try {
    await checkSecretKeys(start, vault)
    await migrate(start)
    await recordSecretKey(start, vault)
  } finally {
    await start.destroy()
  }
  const database = openDatabase(config, { patient: options.patient ?? false })
  const metrics = createMetrics()
  const log: Log = (event, fields) => {
    metrics.count(event, fields)
    options.log?.(event, fields)
  }
  const transport = createTransport({ ...config, ...options, log })
  return {
    config,
    database,
    vault,
    transport,
    metrics,
    log,
    async close() {
      await transport.close()
      await database.destroy()
    },
  }
}
