// The services that integrations use.

import type { FailureTrail } from '../audit/failures.ts'
import type { TokenShowings } from '../audit/token-showings.ts'
import type { Config } from '../config.ts'
import type { Database } from '../database/database.ts'
import type { Log } from '../log-events.ts'
import type { OAuthSetups } from '../platforms/oauth-setups.ts'
import type { Transport } from '../platforms/transport/transport.ts'
import type { Vault } from '../secrets/vault.ts'
import type { Background } from './background.ts'
import type { Integration } from './integrations.ts'
import type { FreshPages } from './search/fresh-pages.ts'

export interface Services {
  database: Database
  vault: Vault
  transport: Transport
  failureTrail: FailureTrail
  tokenShowings: TokenShowings
  background: Background
  /** Refreshes that are running in this process, by link and token version: callers that need the same one share it. */
  refreshes: Map<string, Promise<Integration>>
  /** What searches have just been answered. */
  freshPages: FreshPages
  /** Without a trailing slash. */
  publicUrl: string
  limits: Pick<Config, 'maxKeys' | 'maxLinks'>
  oauth: OAuthSetups
  log: Log
}
