// The services that accounts use.

import type { FailureTrail } from '../audit/failures.ts'
import type { Config } from '../config.ts'
import type { Database } from '../database/database.ts'
import type { OAuthSetups } from '../platforms/oauth-setups.ts'
import type { Vault } from '../secrets/vault.ts'
import type { OidcProvider } from './identities/oidc/provider.ts'
import type { Passwords } from './passwords.ts'
import type { TrustedIssuers } from './trusted-issuers/trusted-issuers.ts'

export interface Services {
  database: Database
  vault: Vault
  passwords: Passwords
  failureTrail: FailureTrail
  trustedIssuers: TrustedIssuers
  /** Without a trailing slash. */
  publicUrl: string
  limits: Pick<Config, 'maxApiTokens'>
  oauth: OAuthSetups
  /** null: people do not sign in at a provider. */
  oidc: OidcProvider | null
  /** Whether people sign in with a password of Forgelink. */
  passwordSignIn: boolean
}
