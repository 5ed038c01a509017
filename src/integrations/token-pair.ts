// Opens the stored tokens of a link. Whoever wants to use one asks connect.ts, which refreshes it when due.

import type { Services } from '../services.ts'
import type { Vault } from '../vault.ts'
import type { Integration } from './integrations.ts'
import { accessTokenPlace, refreshTokenPlace } from './integrations.ts'
import type { TokenPair } from './revocations.ts'

export function openPair(vault: Vault, { id, accessToken, refreshToken }: Integration): TokenPair {
  return {
    accessToken: vault.open(accessToken, accessTokenPlace(id)),
    refreshToken: refreshToken === null ? null : vault.open(refreshToken, refreshTokenPlace(id)),
  }
}

/** undefined, and a line in the log, when a secret does not open: the link must be able to go all the same. */
export function openPairIfPossible({ vault, log }: Services, integration: Integration): TokenPair | undefined {
  try {
    return openPair(vault, integration)
  } catch {
    log('secret_does_not_open', { scm_type: integration.scmType, integration: integration.id })
    return undefined
  }
}
