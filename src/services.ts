// What `serve` and the other commands open once, each part handed only what it uses, and close in the end.

import { mkdirSync } from 'node:fs'
import { createPasswords } from './accounts/passwords.ts'
import type { Services as AccountServices } from './accounts/services.ts'
import { createFailureTrail } from './audit/failures.ts'
import { createTokenShowings } from './audit/token-showings.ts'
import type { Config } from './config.ts'
import { openDatabase } from './database/database.ts'
import { migrate } from './database/migrate.ts'
import { createBackground } from './integrations/background.ts'
import type { Services as IntegrationServices } from './integrations/services.ts'
import type { Log } from './log-events.ts'
import type { Metrics } from './metrics.ts'
import { createMetrics } from './metrics.ts'
import { readOAuthSetups } from './platforms/oauth-setups.ts'
import type { Lookup } from './platforms/transport/connect/connector.ts'
import type { Limits } from './platforms/transport/limits.ts'
import { createTransport } from './platforms/transport/transport.ts'
import { loadSecretKeys } from './secrets/key-file.ts'
import { checkSecretKeys, recordSecretKey } from './secrets/key-ids.ts'
import { createVault } from './secrets/vault.ts'

export interface Services extends AccountServices, IntegrationServices {
  limits: Pick<Config, 'maxKeys' | 'maxLinks' | 'maxApiTokens'>
  metrics: Metrics
  /** Waits for what must not be lost, for as long as a process that stops may take. */
  close(): Promise<void>
}

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
  const log: Log = (...entry) => {
    metrics.count(...entry)
    options.log?.(...entry)
  }
  const { publicUrl, allowedHosts, extraCaCerts, httpsProxy, noProxy, maxKeys, maxLinks, maxApiTokens } = config
  const transport = createTransport({ allowedHosts, extraCaCerts, httpsProxy, noProxy, ...options, log })
  const background = createBackground()
  const failureTrail = createFailureTrail(database)
  const tokenShowings = createTokenShowings(database)
  return {
    database,
    vault,
    transport,
    metrics,
    log,
    passwords: createPasswords(),
    failureTrail,
    tokenShowings,
    background,
    refreshes: new Map(),
    publicUrl,
    limits: { maxKeys, maxLinks, maxApiTokens },
    oauth: readOAuthSetups(config),
    async close() {
      background.startDraining()
      await Promise.all([background.drained(), failureTrail.flush(), tokenShowings.flush()])
      await transport.close()
      await database.destroy()
    },
  }
}
