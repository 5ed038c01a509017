// What a platform starts with that the other vendor's do not have, or have otherwise.

import type { Organization, Settings, SshKey, Token, TokenKind, User } from '../state.ts'

/** Of the platform that is seeded. */
export interface SeededSite {
  name: string
  dotCom: boolean
  tag: string
}

export type TokenRow = [userId: number | null, username: string, purpose: string, own: Partial<Token>]

export interface VendorSeed {
  users: User[]
  /** Of Alice. */
  keys: SshKey[]
  organizations: Organization[]
  /** Groups lie in groups; else what belongs to one belongs to its topmost ancestor. */
  nestsGroups: boolean
  tokenRows: (site: SeededSite) => TokenRow[]
  tokenPrefix: (kind: TokenKind) => string
  /** What a token has of which its row does not tell otherwise. */
  tokenDefaults: (kind: TokenKind) => Pick<Token, 'scopes' | 'permissions' | 'expiresAt'>
  clientId: (site: SeededSite) => string
  rateLimits: { core: number; search: number }
  tokenLife: (site: SeededSite) => Pick<Settings['oauth'], 'expiring' | 'accessTokenSeconds' | 'refreshTokenSeconds'>
}
