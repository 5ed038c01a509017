// Opens and closes what `serve` and the other commands use; each part is given only what it needs.

import { mkdirSync } from 'node:fs'
import { createOidcProvider } from './accounts/identities/oidc/provider.ts'
import { createPasswords } from './accounts/passwords.ts'
import { createTrustedIssuers } from './accounts/trusted-issuers/trusted-issuers.ts'
import { countUsers } from './accounts/users.ts'
import { createFailureTrail } from './audit/failures.ts'
import { createTokenShowings } from './audit/token-showings.ts'
import type { Config } from './config.ts'
import { type Database, openDatabase, pingDatabase, type StoreWatch } from './database/database.ts'
import { migrate } from './database/migrate.ts'
import { createBackground } from './integrations/background.ts'
import { countLinks } from './integrations/integrations.ts'
import { createFreshPages } from './integrations/search/fresh-pages.ts'
import type { Services as IntegrationServices } from './integrations/services.ts'
import { countRevocations } from './integrations/tokens/revocations.ts'
import type { Services as InvitationServices } from './invitations/services.ts'
import type { Log } from './log-events.ts'
import { createMailer } from './mail/mailer.ts'
import type { Population, StoreLoad } from './metrics/at-scrape.ts'
import type { Metrics } from './metrics/metrics.ts'
import { createMetrics } from './metrics/metrics.ts'
import { readOAuthSetups } from './platforms/oauth-setups.ts'
import { OAUTH_SCM_TYPES } from './platforms/scm-types.ts'
import { authoritiesWith } from './platforms/transport/authorities.ts'
import type { Lookup } from './platforms/transport/connect/connector.ts'
import type { Limits } from './platforms/transport/limits.ts'
import { createTransport } from './platforms/transport/transport.ts'
import { vendorOf } from './platforms/vendors.ts'
import { loadSecretKeys } from './secrets/key-file.ts'
import { checkSecretKeys, recordSecretKey } from './secrets/key-ids.ts'
import { createVault, type Vault } from './secrets/vault.ts'

export interface Services extends InvitationServices, IntegrationServices {
  limits: Pick<Config, 'maxKeys' | 'maxLinks' | 'maxApiTokens'>
  metrics: Metrics
  /** Waits for work that must not be lost, as long as a stopping process may. */
  close(): Promise<void>
}

export interface ServiceOptions {
  /** Statements have no time limit: for commands, where no request waits. */
  patient?: boolean
  log?: Log
  /** Gets each statement that the store has run. */
  ran?: StoreWatch['ran'] | undefined
  /** Other limits for the transport, so that a test need not wait as long. */
  limits?: Partial<Limits>
  /** In milliseconds: how long a mail may take. */
  mailWithin?: number
  /** Resolves names for the transport, instead of the system. */
  lookup?: Lookup
}

/** Opens everything and migrates the schema. Throws when a key is wrong or missing, and has then changed nothing. */
export async function openServices(config: Config, options: ServiceOptions = {}): Promise<Services> {
  if (!config.databaseUrl) mkdirSync(config.dataDir, { recursive: true, mode: 0o700 })
  const vault = createVault(config.secretKeys ?? loadSecretKeys(config.dataDir))
  await prepareStore(config, vault)
  const metrics = createMetrics(configuredHosts(config))
  const log: Log = (...entry) => {
    metrics.count(...entry)
    options.log?.(...entry)
  }
  let storeLoad = (): StoreLoad => ({ idle: 0, used: 0, waiting: 0 })
  const watch: StoreWatch = {
    ran(sql, ms) {
      metrics.statement(commandOf(sql), ms)
      options.ran?.(sql, ms)
    },
    opened(load) {
      storeLoad = load
    },
  }
  const database = openDatabase(config, { patient: options.patient ?? false, watch })
  const { publicUrl, allowedHosts, extraCaCerts, httpsProxy, noProxy, maxKeys, maxLinks, maxApiTokens } = config
  const transport = createTransport({
    allowedHosts,
    extraCaCerts,
    httpsProxy,
    noProxy,
    ...options,
    log,
    counts: metrics.counts,
  })
  const background = createBackground()
  const failureTrail = createFailureTrail(database)
  const tokenShowings = createTokenShowings(database)
  const refreshes: Services['refreshes'] = new Map()
  metrics.measure({
    count: () => countAll(database),
    ping: () => pingDatabase(database),
    storeLoad: () => storeLoad(),
    refreshes: () => refreshes.size,
    secretKeys: vault.keyIds.length,
  })
  return {
    database,
    vault,
    transport,
    metrics,
    log,
    passwords: createPasswords(),
    trustedIssuers: createTrustedIssuers(config.trustedIssuers, { transport, log }),
    failureTrail,
    tokenShowings,
    background,
    refreshes,
    freshPages: createFreshPages(config.searchFreshSeconds, metrics.counts.cache.search),
    publicUrl,
    limits: { maxKeys, maxLinks, maxApiTokens },
    oauth: readOAuthSetups(config),
    oidc: config.oidc && createOidcProvider({ transport, log, publicUrl }, config.oidc),
    passwordSignIn: config.passwordSignIn,
    mailer: config.mail && createMailer(config.mail, authoritiesWith(extraCaCerts), { log, maxMs: options.mailWithin }),
    async close() {
      background.startDraining()
      await Promise.all([background.drained(), failureTrail.flush(), tokenShowings.flush()])
      await transport.close()
      await database.destroy()
    },
  }
}

/** On a connection of its own: a migration, or waiting for another process's, may take longer than a request. */
async function prepareStore(config: Config, vault: Vault): Promise<void> {
  const start = openDatabase(config, { patient: true })
  try {
    await checkSecretKeys(start, vault)
    await migrate(start)
    await recordSecretKey(start, vault)
  } finally {
    await start.destroy()
  }
}

/** The hosts that the settings name: of the platforms that are linked by OAuth, of their APIs, and of ALLOWED_HOSTS. */
function configuredHosts(config: Config): string[] {
  const urls = OAUTH_SCM_TYPES.flatMap((type) => [config[type].url, vendorOf(type).addresses.apiUrl(config[type].url)])
  const allowed = config.allowedHosts.flatMap((entry) => (entry.kind === 'host' ? [entry.host] : []))
  return [...urls.map((url) => new URL(url).hostname), ...allowed]
}

/**
 * In a transaction, because SQLite runs that in the thread that writes: counting a million rows takes time, which the
 * event loop has not.
 */
async function countAll(database: Database): Promise<Population> {
  return database.transaction().execute(async (transaction) => ({
    users: await countUsers(transaction),
    links: await countLinks(transaction),
    revocations: await countRevocations(transaction),
  }))
}

/** "select" of "select … from …". */
function commandOf(sql: string): string {
  return sql.slice(0, 'select'.length)
}
