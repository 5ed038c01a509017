// The initial data in which one vendor's platforms differ from the others.

import type { Organization, Settings, SshKey, Token, TokenKind, User } from '../state.ts'

/** The platform that is being seeded. */
export interface SeededSite {
  name: string
  dotCom: boolean
  tag: string
}

export type TokenRow = [userId: number | null, username: string, purpose: string, own: Partial<Token>]

export interface VendorSeed {
  users: User[]
  /** Alice's keys. */
  keys: SshKey[]
  organizations: Organization[]
  /** Whether groups can contain groups; otherwise what belongs to a group belongs to its topmost ancestor. */
  nestsGroups: boolean
  tokenRows: (site: SeededSite) => TokenRow[]
  tokenPrefix: (kind: TokenKind) => string
  /** The values of a token that its row does not set. */
  tokenDefaults: (kind: TokenKind) => Pick<Token, 'scopes' | 'permissions' | 'expiresAt'>
  clientId: (site: SeededSite) => string
  rateLimits: { core: number; search: number }
  tokenLife: (site: SeededSite) => Pick<Settings['oauth'], 'expiring' | 'accessTokenSeconds' | 'refreshTokenSeconds'>
}
