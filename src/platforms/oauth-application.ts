// The operator's OAuth application at a platform, read from the settings.

import type { Config } from '../config.ts'
import { callbackUrl, type OAuthApplication } from './oauth.ts'
import { platformAddress } from './platform-url.ts'
import type { OAuthScmType } from './scm-types.ts'
import { oauthEndpointsOf } from './vendors.ts'

/** What is set up for platforms that are linked by OAuth. */
export type OAuthConfig = Pick<Config, 'publicUrl' | OAuthScmType>

/** null when the operator has not set it up. */
export function oauthApplication(config: OAuthConfig, scmType: OAuthScmType): OAuthApplication | null {
  const { url, clientId, clientSecret, scopes } = config[scmType]
  if (clientId === null || clientSecret === null) return null
  const { webUrl, apiUrl } = platformAddress(scmType, url)
  const endpoints = oauthEndpointsOf(scmType)
  return {
    scmType,
    endpoints,
    webUrl,
    apiUrl,
    clientId,
    clientSecret,
    redirectUri: callbackUrl(config, scmType),
    scopes,
  }
}
