// The initial data that only GitLab has: bots, an expired key, subgroups three levels deep, its tokens and limits.

import { organization, organizationIds } from './organizations.ts'
import { key, people, person } from './people.ts'
import { publicKeys } from './public-keys.ts'
import type { TokenRow, VendorSeed } from './vendor-seed.ts'

const tokenRows: TokenRow[] = [
  [people.alice, 'Alice', 'full', { scopes: ['api'] }],
  [people.alice, 'Alice', 'read-api', { scopes: ['read_api'] }],
  [people.alice, 'Alice', 'profile-only', { scopes: ['read_user'] }],
  [people.alice, 'Alice', 'repository-only', { scopes: ['read_repository'] }],
  [people.alice, 'Alice', 'fine-grained', { kind: 'fine-grained', permissions: ['*'] }],
  [people.alice, 'Alice', 'fine-grained-no-keys', { kind: 'fine-grained', permissions: ['read_user', 'read_project'] }],
  [people.alice, 'Alice', 'expires-soon', { scopes: ['read_api'], expiresAt: 'soon' }],
  [people.alice, 'Alice', 'no-expiry', { scopes: ['read_api'], expiresAt: null }],
  [people.alice, 'Alice', 'expired', { expiresAt: '2025-01-01T00:00:00Z' }],
  [people.alice, 'Alice', 'revoked', { revoked: true }],
  [people.bot, 'Bot', 'bot', {}],
  [people.serviceAccount, 'ServiceAccount', 'full', {}],
]

export const gitlabSeed: VendorSeed = {
  users: [
    person(people.bot, 'project_101_bot_0a1b2c', 'ci token', { bot: true }),
    person(people.serviceAccount, 'service_account_group_7_0a1b2c', 'Service account user', { bot: true }),
  ],
  keys: [{ ...key(112, 'Expired', publicKeys.ed25519Third), expiresAt: '2021-01-01T00:00:00Z' }],
  organizations: [
    organization(organizationIds.tools, 'tools', {
      fullPath: 'acme/tools',
      name: 'Tools',
      description: '',
      parentId: organizationIds.acme,
    }),
    organization(organizationIds.deep, 'deep', {
      fullPath: 'acme/tools/deep',
      name: 'Deep',
      description: '',
      parentId: organizationIds.tools,
      members: [{ userId: people.carol, level: 30 }],
    }),
  ],
  nestsGroups: true,
  tokenRows: () => tokenRows,
  tokenPrefix: () => 'glpat-',
  tokenDefaults: (kind) => ({
    scopes: kind === 'personal' ? ['api'] : ['granular'],
    permissions: [],
    expiresAt: '2099-12-31T00:00:00Z',
  }),
  clientId: (site) => `sandbox-${site.name}-application-id`,
  rateLimits: { core: 2000, search: 2000 },
  tokenLife: () => ({ expiring: true, accessTokenSeconds: 7200, refreshTokenSeconds: null }),
}
