// The Platform interface and its nouns: all that the rest of Forgelink knows about an account on a platform.

import type { ScmType } from './scm-types.ts'

/** One account on one platform: its addresses and its token. */
export interface Connection {
  scmType: ScmType
  /** Web root, without a trailing slash; GitLab may have a path. */
  webUrl: string
  /** REST root, without a trailing slash. */
  apiUrl: string
  token: string
  /** The link's id: rate limits are counted by it. */
  link: string
  /** The link's owner; null before there is a link. */
  account: string | null
  /**
   * Whether the link has worked before. Then an odd answer comes from a proxy in between, not from another platform.
   */
  hasWorked: boolean
  /** The OAuth application that obtained the token, if one did. */
  clientId?: string | null
  /** What the OAuth answer said about the token, so that it need not be asked; absent for pasted tokens. */
  granted?: { scopes: string[] | null; expiresAt: string | null }
  /** What the platform said about this token before; it is used when nothing is said now. */
  known?: { scopes: string[] | null; expiresAt: string | null }
  /** Epoch milliseconds after which nobody waits for the answer. */
  deadline?: number
  /** Cancels the calls of this connection. */
  signal?: AbortSignal
  /** Epoch milliseconds at which the platform issued the token; unknown for pasted tokens. */
  obtainedAt?: number | undefined
  /** Called when the platform has accepted the token and answered. */
  onAccepted?: () => void
}

/** Whom a token belongs to, and what it may do. */
export interface Profile {
  /** The platform's own id of the account, as a string. */
  uid: string
  username: string
  avatarUrl: string | null
  /**
   * The account's own verified address; null where the platform gives none or the token may not read it, undefined when
   * it cannot tell just now.
   */
  email: string | null | undefined
  profileUrl: string
  /** Scopes the token was granted; null when the platform does not say (fine-grained and App tokens). */
  scopes: string[] | null
  /**
   * Scopes that the token lacks for our calls, in the platform's own words; empty when none is missing or it is
   * unknown.
   */
  missingScopes: string[]
  /** ISO date and time at which the token expires; null when the platform does not say. */
  tokenExpiresAt: string | null
}

export interface SshKey {
  title: string
  /** "type base64", optionally followed by a comment. */
  key: string
  /** Why this key cannot be used to sign in to us ("expired", "signing only"); null when it can. */
  unusable: string | null
}

export interface Repository {
  id: number
  name: string
  fullName: string
  url: string
  description: string | null
  /** null when the platform does not say. */
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
  /** The platform's own id of the pull request; null when a search does not include it. */
  id: number | null
  /** The number that people use: `#3`, `!3`. */
  number: number
  title: string
  htmlUrl: string
  state: 'open' | 'closed' | 'merged'
  /** `owner/name` of the repository the change comes from; null when it is deleted, hidden or unknown. */
  sourceRepoName: string | null
  sourceRepoHtmlUrl: string | null
  /** `owner/name` of the repository that it is in. Like the next three, null when the platform's list does not tell. */
  repoName: string | null
  /** The user name of who opened it; null also when that account is gone. */
  author: string | null
  createdAt: string | null
  updatedAt: string | null
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
  /** `owner/name`, with any depth on GitLab; null means all of the account's own. */
  repo: string | null
}

/** Which part of a list the caller wants: `page` from 1, `perPage` from 1 to 100. */
export interface PageRequest {
  page: number
  perPage: number
}

export interface Page<T> {
  items: T[]
  /** Whether there are items after this page. */
  hasNext: boolean
  /** null when the platform does not say, or when a composed list was not read to its end. */
  totalCount: number | null
  /** Sentences about what the platform did not show; empty when it showed everything. */
  warnings: string[]
}

export interface PlatformHealth {
  name: string
  version: string | null
  /** null when the platform sets no limit or does not say. */
  rateLimit: { limit: number; remaining: number; resetAt: string } | null
  /** Whether the platform gave any information about itself; where it did not, every call may be rejected. */
  isTold: boolean
  /**
   * Calls of ours that this server does not know (`GET /user/keys`), so it only resembles the platform; usually empty.
   */
  unknownCalls: string[]
}

/**
 * One account on one platform. Every method throws a `Failure` with an `scm_…` code when the platform does not do what
 * was asked. What is merely absent from an answer is null, and what the platform did not show becomes a warning.
 */
export interface Platform {
  /** Whose token it is. Throws `scm_token_rejected` for a token that does not belong to a person. */
  profile(): Promise<Profile>
  /** All SSH keys of the account, including unusable ones (each says why). */
  sshKeys(): Promise<SshKey[]>
  /** Repositories that the account can see. An unknown `user` gives an empty page with a warning. */
  searchRepositories(query: RepositoryQuery, page: PageRequest): Promise<Page<Repository>>
  /** Organisations (GitHub) or groups (GitLab) that the account is a member of. */
  organizations(page: PageRequest): Promise<Page<Organization>>
  /** Newest first. An unknown `repo` gives an empty page with a warning. */
  searchPullRequests(query: PullRequestQuery, page: PageRequest): Promise<Page<PullRequest>>
  /** The default branch comes first on page 1 and is not repeated. Throws `scm_not_found` for an unknown repository. */
  branches(repository: string, page: PageRequest): Promise<Page<Branch>>
  health(): Promise<PlatformHealth>
}
