// Decrypts a link's stored tokens. For a call, use connect.ts instead, which refreshes the token when necessary.

import { Failure } from '../../failure.ts'
import type { Connection } from '../../platforms/platform.ts'
import { scmTypes } from '../../platforms/scm-types.ts'
import type { Sealed } from '../../sealed.ts'
import { integrationContext } from '../../secrets/sealed-columns.ts'
import type { SecretContext } from '../../secrets/vault.ts'
import { isKeyId, sealedWith } from '../../secrets/vault.ts'
import { linkPage } from '../hints.ts'
import type { Integration } from '../integrations.ts'
import type { Services } from '../services.ts'
import type { TokenPair } from './revocations.ts'

/** Throws `scm_token_unreadable`, or `store_unavailable` when this process lacks the key. */
export function openAccess(services: Services, integration: Integration): string {
  return open(services, integration, integration.accessToken, integrationContext('access_token', integration))
}

/** null when the platform gave none. Throws like `openAccess`. */
export function openRefresh(services: Services, integration: Integration): string | null {
  const { refreshToken } = integration
  const context = integrationContext('refresh_token', integration)
  return refreshToken === null ? null : open(services, integration, refreshToken, context)
}

/** Throws like `openAccess`. */
export function openPair(services: Services, integration: Integration): TokenPair {
  return { accessToken: openAccess(services, integration), refreshToken: openRefresh(services, integration) }
}

/** undefined when it can never be decrypted. */
export function findAccess(services: Services, integration: Integration): string | undefined {
  try {
    return openAccess(services, integration)
  } catch (error) {
    if (isUnreadable(error)) return undefined
    throw error
  }
}

export function isUnreadable(error: unknown): error is Failure {
  return error instanceof Failure && error.code === 'scm_token_unreadable'
}

function open(services: Services, integration: Integration, sealed: Sealed, context: SecretContext): string {
  try {
    return services.vault.open(sealed, context)
  } catch (cause) {
    throw unreadable(services, integration, context, { keyId: sealedWith(sealed), cause })
  }
}

function unreadable(
  { publicUrl, log, vault }: Services,
  { id, scmType }: Integration,
  { column }: SecretContext,
  { keyId, cause }: { keyId: string; cause: unknown },
): Failure {
  log('scm_token_unreadable', { scm_type: scmType, integration: id, column, key: isKeyId(keyId) ? keyId : 'none' })
  if (isKeyId(keyId) && !vault.keyIds.includes(keyId)) {
    const message =
      'This process lacks the key that the token of this link is sealed with. Its operator has to restart it with all SECRET_KEYS.'
    return new Failure('store_unavailable', message, { hint: { action: 'ask_operator' }, retryAfter: 30, cause })
  }
  const mend = scmTypes[scmType].oauth
    ? `Link it again at ${linkPage(publicUrl, { scmType, id })}`
    : 'Replace it with another token.'
  return new Failure('scm_token_unreadable', `The stored token of this link cannot be read any more. ${mend}`, {
    cause,
  })
}

/**
 * What is stored about a link's token: `granted` for OAuth, from its grant; `known` for a pasted one, from the last
 * check.
 */
export function grantedTo(integration: Integration): Pick<Connection, 'granted' | 'known'> {
  const { clientId, scopes, tokenExpiresAt } = integration
  const facts = { scopes: scopes?.split(' ').filter(Boolean) ?? null, expiresAt: tokenExpiresAt }
  return clientId === null ? { known: facts } : { granted: facts }
}
