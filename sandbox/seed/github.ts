// The initial data that only GitHub has: its tokens with scopes and permissions, its limits, its OAuth app.

import type { TokenKind } from '../state.ts'
import { people } from './people.ts'
import type { SeededSite, TokenRow, VendorSeed } from './vendor-seed.ts'

export const githubPermissions = ['metadata=read', 'emails=read', 'keys=read', 'pull_requests=read', 'contents=read']

const tokenRows: TokenRow[] = [
  [people.alice, 'Alice', 'full', {}],
  [people.alice, 'Alice', 'no-keys', { scopes: ['repo', 'read:org', 'user:email'] }],
  [people.alice, 'Alice', 'no-orgs', { scopes: ['public_repo', 'read:public_key', 'user:email'] }],
  [people.alice, 'Alice', 'no-email', { scopes: ['repo', 'read:org', 'read:public_key'] }],
  [people.alice, 'Alice', 'public-only', { scopes: ['read:org', 'read:public_key', 'user:email'] }],
  [people.alice, 'Alice', 'profile-only', { scopes: [] }],
  [
    people.alice,
    'Alice',
    'wide',
    { scopes: ['repo', 'admin:org', 'admin:public_key', 'admin:ssh_signing_key', 'user'] },
  ],
  [people.alice, 'Alice', 'no-sso', { ssoAuthorized: [] }],
  [people.alice, 'Alice', 'fine-grained', { kind: 'fine-grained' }],
  [people.alice, 'Alice', 'fine-grained-no-keys', { kind: 'fine-grained', permissions: ['metadata=read'] }],
  [people.alice, 'Alice', 'fine-grained-one-repository', { kind: 'fine-grained', repositoryIds: [27] }],
  [
    people.alice,
    'Alice',
    'fine-grained-members',
    { kind: 'fine-grained', permissions: [...githubPermissions, 'members=read'] },
  ],
  [people.alice, 'Alice', 'app-user', { kind: 'app-user' }],
  [people.alice, 'Alice', 'app-user-no-keys', { kind: 'app-user', permissions: ['metadata=read'] }],
  [people.alice, 'Alice', 'expires-soon', { expiresAt: 'soon' }],
  [people.alice, 'Alice', 'expired', { expiresAt: '2025-01-01T00:00:00Z' }],
  [people.alice, 'Alice', 'revoked', { revoked: true }],
  [null, 'Acme', 'installation', { kind: 'installation', repositoryIds: [50] }],
]

const prefixes: Record<TokenKind, string> = {
  personal: 'ghp_',
  'fine-grained': 'github_pat_',
  installation: 'ghs_',
  'app-user': 'ghu_',
  oauth: 'gho_',
}

export const githubSeed: VendorSeed = {
  users: [],
  keys: [],
  organizations: [],
  nestsGroups: false,
  tokenRows: (site) => [...tokenRows, [people.alice, 'Alice', 'legacy', { value: legacyValue(site) }]],
  tokenPrefix: (kind) => prefixes[kind],
  tokenDefaults: (kind) =>
    kind === 'personal'
      ? { scopes: ['repo', 'read:org', 'read:public_key', 'user:email'], permissions: [], expiresAt: null }
      : { scopes: [], permissions: githubPermissions, expiresAt: null },
  clientId: (site) => `Ov23liSandbox${site.tag}`,
  rateLimits: { core: 5000, search: 30 },
  // For apps created since 14 August 2026; Enterprise Servers from 3.23 on:
  // https://github.com/orgs/community/discussions/204963
  tokenLife: (site) => ({ expiring: site.dotCom, accessTokenSeconds: 28_800, refreshTokenSeconds: 15_897_600 }),
}

/** Forty hexadecimal digits, as GitHub's tokens were before 2021. */
function legacyValue(site: SeededSite): string {
  return (site.dotCom ? 'a11ce' : 'a11ce9e').padEnd(40, '0')
}
