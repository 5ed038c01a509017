// The tokens of the sandbox, by person and purpose; their values say whose and what for, and that they are no secret.

import type { Site } from '../site.ts'
import type { Token } from '../state.ts'
import { people } from './people.ts'

const githubScopes = ['repo', 'read:org', 'read:public_key', 'user:email']
export const githubPermissions = ['metadata=read', 'emails=read', 'keys=read', 'pull_requests=read', 'contents=read']

type Row = [userId: number | null, username: string, purpose: string, own: Partial<Token>]

const githubRows: Row[] = [
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

const gitlabRows: Row[] = [
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

const everybody: Row[] = [
  [people.johnDiggle, 'JohnDiggle', 'full', {}],
  [people.bob, 'Bob', 'full', {}],
  [people.carol, 'Carol', 'full', {}],
  [people.dave, 'Dave', 'full', {}],
]

export function seedTokens(site: Site): Token[] {
  const github = site.flavour === 'github'
  const tokens = [...(github ? githubRows : gitlabRows), ...everybody].map((row) => tokenOf(site, row))
  const old = tokenOf(site, [people.alice, 'Alice', 'legacy', {}])
  return github ? [...tokens, { ...old, value: legacyValue(site) }] : tokens
}

export function oauthClient(site: Site): { id: string; secret: string } {
  const id = site.flavour === 'github' ? `Ov23liSandbox${site.tag}` : `sandbox-${site.name}-application-id`
  return { id, secret: `sandbox-${site.name}-client-secret` }
}

function tokenOf(site: Site, [userId, username, purpose, own]: Row): Token {
  const github = site.flavour === 'github'
  const kind = own.kind ?? 'personal'
  const classic = kind === 'personal'
  const scopes = github ? githubScopes : ['api']
  const expiresAt = own.expiresAt === undefined ? (github ? null : '2099-12-31T00:00:00Z') : own.expiresAt
  return {
    value: tokenValue(prefixOf(site, kind), `${site.tag}${username}${camel(purpose)}`),
    purpose,
    kind,
    userId,
    permissions: classic || !github ? [] : githubPermissions,
    repositoryIds: null,
    ssoAuthorized: ['sso-corp'],
    createdAt: '2025-01-01T00:00:00Z',
    revoked: false,
    oauth: null,
    ...own,
    scopes: classic ? (own.scopes ?? scopes) : github ? [] : ['granular'],
    expiresAt: expiresAt === 'soon' ? new Date(Date.now() + 3 * 86_400_000).toISOString() : expiresAt,
  }
}

function prefixOf(site: Site, kind: Token['kind']): string {
  if (site.flavour === 'gitlab') return 'glpat-'
  if (kind === 'fine-grained') return 'github_pat_'
  if (kind === 'installation') return 'ghs_'
  return kind === 'app-user' ? 'ghu_' : 'ghp_'
}

/** As long as the vendors' own, filled up with zeros. */
function tokenValue(prefix: string, name: string): string {
  return `${prefix}sandbox${name}`.padEnd(prefix === 'github_pat_' ? 93 : 40, '0')
}

/** Forty hexadecimal digits, as GitHub's tokens were before 2021. */
function legacyValue(site: Site): string {
  return (site.dotCom ? 'a11ce' : 'a11ce9e').padEnd(40, '0')
}

function camel(purpose: string): string {
  return purpose.replace(/(^|-)([a-z])/g, (_, _dash: string, letter: string) => letter.toUpperCase())
}
