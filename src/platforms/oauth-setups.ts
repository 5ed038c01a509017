// The platforms that are linked by OAuth, each with the application that the operator has set up there.

import { callbackUrl, type OAuthApplication } from './oauth.ts'
import { type OAuthConfig, oauthApplication } from './oauth-application.ts'
import { OAUTH_SCM_TYPES, type OAuthScmType } from './scm-types.ts'

export interface OAuthSetup {
  /** The platform's root, also when no application is set up there. */
  url: string
  /** The address that the operator registers there. */
  callbackUrl: string
  /** null: not set up. */
  application: OAuthApplication | null
}

export type OAuthSetups = Record<OAuthScmType, OAuthSetup>

export function readOAuthSetups(config: OAuthConfig): OAuthSetups {
  const setups = OAUTH_SCM_TYPES.map((scmType): [OAuthScmType, OAuthSetup] => [
    scmType,
    {
      url: config[scmType].url,
      callbackUrl: callbackUrl(config, scmType),
      application: oauthApplication(config, scmType),
    },
  ])
  return Object.fromEntries(setups) as OAuthSetups
}
