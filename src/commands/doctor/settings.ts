// Checks settings that are valid and still may not be what was meant.

import { callbackUrl } from '../../platforms/oauth.ts'
import type { OAuthConfig } from '../../platforms/oauth-application.ts'
import { OAUTH_SCM_TYPES, scmTypes, settingsPrefix } from '../../platforms/scm-types.ts'
import type { Check } from './check.ts'
import { ok, warning } from './check.ts'

export function checkSettings(config: OAuthConfig): Check[] {
  return [ok('settings', 'All of them can be read.'), checkPublicUrl(config), ...checkOAuth(config)]
}

function checkPublicUrl({ publicUrl }: OAuthConfig): Check {
  if (publicUrl.startsWith('https://')) return ok('PUBLIC_URL', `${publicUrl}.`)
  return warning(
    'PUBLIC_URL',
    `${publicUrl} can be opened on this machine only. For others put a reverse proxy with TLS in front and set PUBLIC_URL to its https address.`,
  )
}

function checkOAuth(config: OAuthConfig): Check[] {
  return OAUTH_SCM_TYPES.map((scmType) => {
    const about = `OAuth ${scmType}`
    const { url, clientId } = config[scmType]
    const callback = callbackUrl(config, scmType)
    if (clientId !== null) {
      return ok(about, `Set up for ${url}. The callback address to register there is ${callback}`)
    }
    const prefix = settingsPrefix(scmType)
    return warning(
      about,
      `Not set up: accounts on ${scmTypes[scmType].label} cannot be linked. Make an OAuth application at ${url} with the callback address ${callback} and set ${prefix}_CLIENT_ID and ${prefix}_CLIENT_SECRET.`,
    )
  })
}
