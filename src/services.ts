// Opens and closes what `serve` and the other commands use; each part is given only what it needs.

import { mkdirSync } from 'node:fs'
import { createOidcProvider } from './accounts/identities/oidc/provider.ts'
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
  /** Waits for work that must not be lost, as long as a stopping process may. */
  close(): Promise<void>
}

export interface ServiceOptions {
  /** Statements have no time limit: for commands, where no request waits. */
  patient?: boolean
  log?: Log
  /** Other limits for the transport, so that a test need not wait as long. */
  limits?: Partial<Limits>
  /** Resolves names for the transport, instead of the system. */
  lookup?: Lookup
}

/** Opens everything and migrates the schema. Throws when a key is wrong or missing, and has then changed nothing. */
export async function openServices(config: Config, options: ServiceOptions = {}): Promise<Services> {
  if (!config.databaseUrl) mkdirSync(config.dataDir, { recursive: true, mode: 0o700 })
  const vault = createVault(config.secretKeys ?? loadSecretKeys(config.dataDir))
  // A connection of its own: a migration, or waiting for another process's, may take longer than a request.
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
    oidc: config.oidc && createOidcProvider({ transport, log, publicUrl }, config.oidc),
    passwordSignIn: config.passwordSignIn,
    async close() {
      background.startDraining()
      await Promise.all([background.drained(), failureTrail.flush(), tokenShowings.flush()])
      await transport.close()
      await database.destroy()
    },
  }
}
