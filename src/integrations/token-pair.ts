// Opens the stored tokens of a link. Whoever wants to use one asks connect.ts, which refreshes it when due.

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
