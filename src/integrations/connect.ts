// An integration becomes a Platform: the one place where a stored token is opened for use.

import { Failure } from '../failure.ts'
import { createPlatform } from '../platforms/create-platform.ts'
import type { Platform } from '../platforms/platform.ts'
import type { Services } from '../services.ts'
import type { Integration } from './integrations.ts'
import { accessTokenPlace, getIntegration, noteStatus } from './integrations.ts'

/** How long a whole request of ours may take, in milliseconds: clients give up at 30 s. */
const REQUEST_LIMIT = 25_000

/** The token itself, for its owner. */
export function openAccessToken({ vault }: Services, integration: Integration): string {
  return vault.open(integration.accessToken, accessTokenPlace(integration.id))
}

function connect(services: Services, integration: Integration, onAccepted: () => void): Platform {
  return createPlatform(services.outgoing, {
    scmType: integration.scmType,
    web: integration.webRoot,
    api: integration.apiRoot,
    token: openAccessToken(services, integration),
    link: `${integration.id}/${integration.tokenVersion}`,
    deadline: Date.now() + REQUEST_LIMIT,
    onAccepted,
  })
}

/** A platform for a link that does not exist yet. */
export function connectOnTrial(
  services: Services,
  link: Pick<Integration, 'scmType' | 'webRoot' | 'apiRoot'> & { accessToken: string },
): Platform {
  return createPlatform(services.outgoing, {
    scmType: link.scmType,
    web: link.webRoot,
    api: link.apiRoot,
    token: link.accessToken,
    link: `trial/${crypto.randomUUID()}`,
    deadline: Date.now() + REQUEST_LIMIT,
  })
}

/** Uses the owner's link, by id or scm_type, and notes whether the platform still takes its token. */
export async function withPlatform<T>(
  services: Services,
  owner: string,
  idOrType: string,
  use: (platform: Platform, integration: Integration) => Promise<T>,
): Promise<T> {
  const integration = await getIntegration(services.database, owner, idOrType)
  let accepted = false
  const platform = connect(services, integration, () => {
    accepted = true
  })
  try {
    const result = await use(platform, integration)
    if (accepted) await noteStatus(services.database, integration, true)
    return result
  } catch (error) {
    if (error instanceof Failure && error.code === 'scm_token_rejected') {
      await noteStatus(services.database, integration, false)
    }
    throw error
  }
}
