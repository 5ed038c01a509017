// Checks settings that are valid and still may not be what was meant.

import type { Environment } from '../../config.ts'
import { callbackUrl } from '../../platforms/oauth.ts'
import type { OAuthConfig } from '../../platforms/oauth-application.ts'
import { OAUTH_SCM_TYPES, scmTypes, settingsPrefix } from '../../platforms/scm-types.ts'
import type { Check } from './check.ts'
import { ok, warning } from './check.ts'

/** Where settings may come from. */
export interface Sources {
  environment: Environment
  /** The file of `--env-file` and the names of the settings that it gave. */
  envFile: { path: string; names: string[] } | null
}

/** `names`: of all settings. Says which are set, and where; no value. */
export function checkSources({ environment, envFile }: Sources, names: string[]): Check {
  const all = names.flatMap((name) => [name, `${name}_FILE`])
  const set = all.filter((name) => environment[name]?.trim())
  const ofFile = set.filter((name) => envFile?.names.includes(name))
  const ofEnvironment = set.filter((name) => !ofFile.includes(name))
  const groups = [{ from: 'the environment', set: ofEnvironment }]
  if (envFile) groups.push({ from: envFile.path, set: ofFile })
  const said = groups.map(
    (group) => `From ${group.from}: ${group.set.length === 0 ? 'none' : group.set.sort().join(', ')}.`,
  )
  return ok('settings', `${said.join(' ')} The others have their defaults.`)
}

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
