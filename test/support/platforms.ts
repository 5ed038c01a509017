// The sandbox for tests: both platforms on free ports, and the settings that let a service contact them.

import type { Sandbox, SandboxPlatform } from '../../sandbox/sandbox.ts'
import { startSandbox } from '../../sandbox/sandbox.ts'
import type { Environment } from '../../src/config.ts'
import type { Account } from './service.ts'

/** The platforms that are linked by URL and token. */
export const SELF_HOSTED = ['github-enterprise', 'gitlab-self-hosted', 'gitlab-subpath'] as const

export async function startPlatforms(): Promise<{ sandbox: Sandbox; settings: Environment }> {
  const sandbox = await startSandbox({ ports: 'free' })
  const origins = SELF_HOSTED.map((name) => new URL(sandbox.platforms[name].url).origin)
  return { sandbox, settings: { ALLOWED_HOSTS: origins.join(',') } }
}

/** The body that links a platform's account to the caller. */
export function linkBody(platform: SandboxPlatform, username = 'alice', purpose = 'full') {
  return {
    scm_integration: {
      scm_type: platform.scmType,
      url: platform.url,
      access_token: platform.token(username, purpose),
    },
  }
}

/** Links the account and gives the link's id; throws when that is refused. */
export async function linkAccount(
  account: Account,
  platform: SandboxPlatform,
  username = 'alice',
  purpose = 'full',
): Promise<string> {
  const answer = await account.call('POST', '/v1/scm_integrations', linkBody(platform, username, purpose))
  if (answer.status !== 201) throw new Error(`linking answered ${answer.status}: ${answer.text}`)
  return answer.json.scm_integration.id
}
