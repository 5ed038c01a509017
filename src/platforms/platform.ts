// The Platform interface and its nouns: all that the rest of Forgelink knows of an account on a platform.

import type { ScmType } from './scm-types.ts'

/** One account on one platform: where it is and with what we sign in. */
export interface Connection {
  scmType: ScmType
  /** Web root, without a trailing slash; GitLab may have a path. */
  webUrl: string
  /** REST root, without a trailing slash. */
  apiUrl: string
  token: string
  /** The link's id: limits are counted by it. */
  link: string
  /** Whose link it is; null before there is one. */
  account: string | null
  /** Whether the link has worked: then what answers oddly is somebody in between, and never another platform. */
  hasWorked: boolean
  /** The OAuth application that obtained the token, if one did. */
  clientId?: string | null
  /** What OAuth said of the token when it gave it, which is then not asked about; absent for pasted tokens. */
  granted?: { scopes: string[] | null; expiresAt: string | null }
  /** What the platform has said of this very token before: it stands where nothing is told of it now. */
  known?: { scopes: string[] | null; expiresAt: string | null }
  /** Epoch milliseconds after which nobody waits for the answer. */
  deadline?: number
  /** Ends the waiting of this connection's calls. */
  signal?: AbortSignal
  /** Epoch milliseconds at which the platform gave us the token; of pasted tokens it is not told. */
  obtainedAt?: number | undefined
  /** Called when the platform took the token and answered. */
  onAccepted?: () => void
}

/** Whom a token belongs to, and what it may do. */
export interface Profile {
  /** The platform's own number of the account, as a string. */
  uid: string
  username: string
  avatarUrl: string | null
  /**
   * The account's own verified address; null where the platform gives none or the token may not read it, undefined when
   * it cannot tell just now.
   */
  email: string | null | undefined
  profileUrl: string
  /** Scopes the token was granted; null where the platform does not tell (fine-grained and App tokens). */
  scopes: string[] | null
  /** What the token would need besides to serve every call, in the platform's own words; empty when all is there or unknown. */
  missingScopes: string[]
  /** ISO date and time after which the platform no longer takes the token; null when it does not tell. */
  tokenExpiresAt: string | null
}

export interface SshKey {
  title: string
  /** "type base64", perhaps followed by a comment. */
  key: string
  /** Why this key is no use for signing in to us ("expired", "signing only"); null when it is. */
  unusable: string | null
}

export interface Repository {
  id: number
  name: string
  fullName: string
  url: string
  description: string | null
  /** null where the platform does not tell. */
  private: boolean | null
  fork: boolean
  defaultBranch: string | null
}

export interface Organization {
  id: number
  /** Usable as `user:` of a repository search; on GitLab the full path. */
  login: string
  avatarUrl: string | null
  url: string
  description: string | null
}

export interface PullRequest {
  /** The platform's own id of the pull request; null when a search does not tell it. */
  id: number | null
  /** The number people say: `#3`, `!3`. */
  number: number
  title: string
  htmlUrl: string
  state: 'open' | 'closed' | 'merged'
  /** `owner/name` of the repository the change comes from; null when it is deleted, hidden or not told. */
  sourceRepoName: string | null
  sourceRepoHtmlUrl: string | null
}

export interface Branch {
  name: string
}

export interface RepositoryQuery {
  /** Each is one keyword; a quoted phrase is one. */
  words: string[]
  forks: boolean
  user: string | null
}

export interface PullRequestQuery {
  words: string[]
  state: 'open' | 'closed' | null
  /** `owner/name`, any depth on GitLab; null means the account's own. */
  repo: string | null
}

/** Which part of a list the caller wants: `page` from 1, `perPage` from 1 to 100. */
export interface PageRequest {
  page: number
  perPage: number
}

export interface Page<T> {
  items: T[]
  /** Whether a further page has anything. */
  hasNext: boolean
  /** null when the platform does not tell, or when not all of a composed list was read. */
  totalCount: number | null
  /** Sentences on what the platform held back; empty when nothing. */
  warnings: string[]
}

export interface PlatformHealth {
  name: string
  version: string | null
  /** null when the platform sets no limit or does not tell. */
  rateLimit: { limit: number; remaining: number; resetAt: string } | null
  /** Whether it told anything of itself; where it did not, every call may be refused. */
  isTold: boolean
  /** Calls of ours that this server does not know (`GET /user/keys`), so that it is only like the platform; usually empty. */
  unknownCalls: string[]
}

/**
 * One account on one platform. Every method throws a `Failure` with an `scm_…` code when the platform
 * does not do as asked; what is merely absent from an answer is null, and what was held back is a warning.
 */
export interface Platform {
  /** Whom the token belongs to. Throws `scm_token_rejected` for what is not a person's token. */
  profile(): Promise<Profile>
  /** All SSH keys of the account, also those that are no use (they say why). */
  sshKeys(): Promise<SshKey[]>
  /** Repositories that the account can see. An unknown `user` gives an empty page with a warning. */
  searchRepositories(query: RepositoryQuery, page: PageRequest): Promise<Page<Repository>>
  /** Organisations (GitHub) or groups (GitLab) that the account is a member of. */
  organizations(page: PageRequest): Promise<Page<Organization>>
  /** Newest first. An unknown `repo` gives an empty page with a warning. */
  searchPullRequests(query: PullRequestQuery, page: PageRequest): Promise<Page<PullRequest>>
  /** The default branch first on page 1 and not again. Throws `scm_not_found` for an unknown repository. */
  branches(repository: string, page: PageRequest): Promise<Page<Branch>>
  health(): Promise<PlatformHealth>
}
