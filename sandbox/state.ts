// What one simulated platform contains, and look-ups in it; tests change it freely.

export interface Email {
  email: string
  primary: boolean
  verified: boolean
  visibility: 'public' | 'private' | null
}

export interface SshKey {
  id: number
  title: string
  /** "type base64", without a comment. */
  key: string
  createdAt: string
  /** GitLab only. */
  expiresAt: string | null
  usage: 'auth' | 'signing' | 'auth_and_signing'
}

export interface User {
  id: number
  username: string
  name: string
  emails: Email[]
  publicEmail: string | null
  /** null: GitLab's confirmation e-mail was never answered. */
  confirmedAt: string | null
  avatar: boolean
  createdAt: string
  /** The user of a GitLab project or group access token. */
  bot: boolean
  blocked: boolean
  /** GitLab: a reason for which the account is blocked. */
  accountState?: AccountState
  /** GitLab: the owner requires a proof of possession with each call by a personal access token. */
  dpop?: true
  keys: SshKey[]
}

export type AccountState =
  | 'internal'
  | 'pending-approval'
  | 'terms-not-accepted'
  | 'deactivated'
  | 'unconfirmed'
  | 'password-expired'

/** GitLab's levels: 10 guest, 20 reporter, 30 developer, 40 maintainer, 50 owner; GitHub only needs any level. */
export interface Member {
  userId: number
  level: 10 | 20 | 30 | 40 | 50
}

/** An organisation on GitHub, a group or subgroup on GitLab. */
export interface Organization {
  id: number
  path: string
  /** With all ancestors, `acme/tools`; on GitHub the same as `path`. */
  fullPath: string
  name: string
  parentId: number | null
  description: string | null
  visibility: 'public' | 'private'
  avatar: boolean
  /** GitHub shows this organisation's private data only to tokens authorised for it. */
  sso: boolean
  createdAt: string
  /** GitLab: the day since which it waits for deletion; its path then ends in `-deletion_scheduled-ID`. */
  markedForDeletionOn?: string
  /** GitLab: accepts only fine-grained personal access tokens. */
  onlyFineGrained?: true
  members: Member[]
}

export interface Branch {
  name: string
  protected: boolean
}

export interface Repository {
  id: number
  name: string
  /** GitLab's free display name; GitHub has none. */
  title: string
  /** User name, or full path of the organisation. */
  owner: string
  description: string | null
  visibility: 'public' | 'internal' | 'private'
  fork: boolean
  /** Set even when the reader may not see the fork's parent; null when the parent was deleted. */
  parentId: number | null
  defaultBranch: string
  /** Empty: nothing was ever pushed. */
  branches: Branch[]
  topics: string[]
  stars: number
  archived: boolean
  /** GitLab: the repository feature is switched off. */
  codeDisabled: boolean
  /** GitLab: merge requests are switched off. */
  mergeRequestsDisabled: boolean
  /** GitLab: the day of a deletion that can still be undone; servers from 18.0 on also rename such a project. */
  markedForDeletionOn: string | null
  createdAt: string
  updatedAt: string
  members: Member[]
  /** GitLab: full paths of groups it is shared with. */
  sharedWith: string[]
}

export interface PullRequest {
  /** The pull request's own id; GitHub's searches return `issueId` instead. */
  id: number
  issueId: number
  number: number
  repositoryId: number
  title: string
  body: string | null
  /** `locked` is GitLab's short state while merging; GitHub shows it as open. */
  state: 'open' | 'closed' | 'merged' | 'locked'
  authorId: number
  /** null: the repository the change came from was deleted. */
  headRepositoryId: number | null
  headBranch: string
  baseBranch: string
  draft: boolean
  createdAt: string
  updatedAt: string
  closedAt: string | null
  mergedAt: string | null
}

export type TokenKind = 'personal' | 'fine-grained' | 'oauth' | 'app-user' | 'installation'

export interface Token {
  value: string
  /** The purpose in the seed: `full`, `no-keys`, `expired`. */
  purpose: string
  kind: TokenKind
  /** null for an installation token, which belongs to no user. */
  userId: number | null
  scopes: string[]
  /** For a fine-grained or App token: `keys=read`. */
  permissions: string[]
  /** Private repositories that a fine-grained or App token may access; null means all of its user's. */
  repositoryIds: number[] | null
  /** Logins of the SSO organisations it is authorised for. */
  ssoAuthorized: string[]
  createdAt: string
  expiresAt: string | null
  revoked: boolean
  oauth: { clientId: string; family: string } | null
}

export interface Grant {
  code: string
  clientId: string
  redirectUri: string
  userId: number
  scopes: string[]
  codeChallenge: string | null
  offline: boolean
  expiresAt: number
  used: boolean
}

export interface RefreshToken {
  value: string
  accessToken: string
  clientId: string
  userId: number
  scopes: string[]
  family: string
  redirectUri: string
  expiresAt: number | null
  spent: boolean
  revoked: boolean
}

export interface Settings {
  /** Requests per user in each window; null switches the limits and their headers off. */
  rateLimits: { core: number; search: number } | null
  /** GHES: every call needs a token. */
  privateMode: boolean
  oauth: {
    redirectUris: string[]
    /** Accept any loopback address that ends in /users/github/callback or /users/gitlab/callback. */
    anyLoopbackCallback: boolean
    /** Tokens expire and have a refresh token; GitHub apps from before 14 August 2026 issue tokens without expiry. */
    expiring: boolean
    accessTokenSeconds: number
    refreshTokenSeconds: number | null
    /** Grant at most these of the requested scopes; null grants those that the user leaves ticked. */
    grantOnly: string[] | null
    /** gitlab.com's second OAuth server, which has other forms of codes and tokens. */
    iam: boolean
  }
}

export interface World {
  users: User[]
  organizations: Organization[]
  repositories: Repository[]
  pullRequests: PullRequest[]
  tokens: Token[]
  /** Old full name in lower case -> id of the repository it became. */
  moved: Map<string, number>
  grants: Grant[]
  refreshTokens: RefreshToken[]
  oauthClients: { id: string; secret: string }[]
  /** `user:bucket` -> the requests used in the window that began at `since`. */
  spent: Map<string, { since: number; used: number }>
  settings: Settings
  /** Replace it to travel in time. */
  now: () => number
}

export function findUser(world: World, username: string): User | undefined {
  const wanted = username.toLowerCase()
  return world.users.find((user) => user.username.toLowerCase() === wanted)
}

export function userById(world: World, id: number | null): User | undefined {
  return world.users.find((user) => user.id === id)
}

export function findOrganization(world: World, fullPath: string): Organization | undefined {
  const wanted = fullPath.toLowerCase()
  return world.organizations.find((organization) => organization.fullPath.toLowerCase() === wanted)
}

export function fullName(repository: Repository): string {
  return `${repository.owner}/${repository.name}`
}

export function findRepository(world: World, name: string): Repository | undefined {
  const wanted = name.toLowerCase()
  return world.repositories.find((repository) => fullName(repository).toLowerCase() === wanted)
}

export function repositoryById(world: World, id: number | null): Repository | undefined {
  return world.repositories.find((repository) => repository.id === id)
}

/** The repository that had this name before. */
export function findMoved(world: World, name: string): Repository | undefined {
  return repositoryById(world, world.moved.get(name.toLowerCase()) ?? null)
}

/** The organisation and its ancestors, nearest first. */
export function lineage(world: World, organization: Organization): Organization[] {
  const parent = world.organizations.find((candidate) => candidate.id === organization.parentId)
  return parent === undefined ? [organization] : [organization, ...lineage(world, parent)]
}

/** The user's level in a group, including memberships of its ancestors; 0 is none. */
export function groupLevel(world: World, user: User | null, organization: Organization): number {
  if (user === null) return 0
  const levels = lineage(world, organization).map((group) => memberLevel(group.members, user))
  return Math.max(0, ...levels)
}

/** The user's level in a repository; 0 is no more than everybody has. */
export function repositoryLevel(world: World, user: User | null, repository: Repository): number {
  if (user === null) return 0
  if (repository.owner.toLowerCase() === user.username.toLowerCase()) return 50
  const own = memberLevel(repository.members, user)
  const groups = [repository.owner, ...repository.sharedWith].map((path) => findOrganization(world, path))
  return Math.max(own, ...groups.map((group) => (group === undefined ? 0 : groupLevel(world, user, group))))
}

function memberLevel(members: Member[], user: User): number {
  return members.find((member) => member.userId === user.id)?.level ?? 0
}

export function findToken(world: World, value: string): Token | undefined {
  return world.tokens.find((token) => token.value === value)
}

export function isExpired(world: World, token: Token): boolean {
  return token.expiresAt !== null && Date.parse(token.expiresAt) <= world.now()
}

export function revokeToken(world: World, value: string): void {
  const token = findToken(world, value)
  if (token !== undefined) token.revoked = true
}

/** Deletes a repository and its pull requests; pull requests that came from it lose their head. */
export function deleteRepository(world: World, name: string): void {
  const gone = findRepository(world, name)
  if (gone === undefined) return
  world.repositories = world.repositories.filter((repository) => repository !== gone)
  world.pullRequests = world.pullRequests.filter((pull) => pull.repositoryId !== gone.id)
  for (const pull of world.pullRequests) if (pull.headRepositoryId === gone.id) pull.headRepositoryId = null
  for (const repository of world.repositories) if (repository.parentId === gone.id) repository.parentId = null
}
