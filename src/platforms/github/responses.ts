// What GitHub answers, in the fields we read, and how it becomes our nouns.
import { type Static, Type } from 'typebox'
import type { Branch, Organization, PlatformHealth, PullRequest, Repository, SshKey } from '../platform.ts'
import { Id, isoTime, maybe, webAddress } from '../vendor.ts'

export const User = Type.Object({
  id: Id,
  login: Type.String({ minLength: 1 }),
  type: maybe(Type.String()),
  avatar_url: maybe(Type.String()),
  email: maybe(Type.String()),
  html_url: maybe(Type.String()),
})

export const Email = Type.Object({ email: Type.String(), primary: Type.Boolean(), verified: Type.Boolean() })

export const Key = Type.Object({ key: maybe(Type.String()), title: maybe(Type.String()) })

const RepositoryItem = Type.Object({
  id: Id,
  name: Type.String(),
  full_name: Type.String(),
  html_url: maybe(Type.String()),
  description: maybe(Type.String()),
  private: Type.Boolean(),
  fork: Type.Boolean(),
  default_branch: maybe(Type.String()),
})

export const RepositoriesFound = Type.Object({
  total_count: Type.Integer({ minimum: 0 }),
  incomplete_results: maybe(Type.Boolean()),
  items: Type.Array(RepositoryItem),
})

export const RepositoryDetails = Type.Object({ default_branch: maybe(Type.String()) })

export const OrganizationItem = Type.Object({
  id: Id,
  login: Type.String(),
  url: maybe(Type.String()),
  avatar_url: maybe(Type.String()),
  description: maybe(Type.String()),
})

/** Answers of 2013 name the organisation by `organization_url` alone. */
export const Membership = Type.Object({ organization: maybe(OrganizationItem) })

export const PullRequestItem = Type.Object({
  id: Id,
  number: Id,
  title: Type.String(),
  state: Type.String(),
  html_url: maybe(Type.String()),
  merged_at: maybe(Type.String()),
  head: Type.Object({ repo: maybe(Type.Object({ full_name: Type.String(), html_url: maybe(Type.String()) })) }),
})

/** A pull request as the issue search tells it: its `id` is the issue's, and it has no `head`. */
export const IssueItem = Type.Object({
  number: Id,
  title: Type.String(),
  state: Type.String(),
  html_url: maybe(Type.String()),
  repository_url: Type.String(),
  pull_request: maybe(Type.Object({ merged_at: maybe(Type.String()) })),
})

export const IssuesFound = Type.Object({
  total_count: Type.Integer({ minimum: 0 }),
  incomplete_results: maybe(Type.Boolean()),
  items: Type.Array(IssueItem),
})

export const BranchItem = Type.Object({ name: Type.String() })

export const Meta = Type.Object({ installed_version: maybe(Type.String()) })

export const RateLimits = Type.Object({
  resources: Type.Object({
    core: Type.Object({ limit: Type.Integer(), remaining: Type.Integer(), reset: Type.Integer() }),
  }),
})

export function keyFrom({ title, key }: Static<typeof Key>): SshKey {
  return { title: title ?? '', key: key ?? '', unusable: key ? null : 'has no content' }
}

export function repositoryFrom(item: Static<typeof RepositoryItem>, web: string): Repository {
  return {
    id: item.id,
    name: item.name,
    fullName: item.full_name,
    url: webAddress(item.html_url) ?? web,
    description: item.description ?? null,
    private: item.private,
    fork: item.fork,
    defaultBranch: item.default_branch ?? null,
  }
}

export function organizationFrom(item: Static<typeof OrganizationItem>, web: string): Organization {
  return {
    id: item.id,
    login: item.login,
    avatarUrl: webAddress(item.avatar_url),
    url: webAddress(item.url) ?? web,
    description: item.description ?? null,
  }
}

export function pullRequestFrom(item: Static<typeof PullRequestItem>, web: string): PullRequest {
  return {
    id: item.id,
    number: item.number,
    title: item.title,
    htmlUrl: webAddress(item.html_url) ?? web,
    state: stateFrom(item.state, item.merged_at),
    sourceRepoName: item.head.repo?.full_name ?? null,
    sourceRepoHtmlUrl: webAddress(item.head.repo?.html_url),
  }
}

/** `found` is the same pull request from its repository's list, where that was to be had. */
export function pullRequestFromIssue(
  item: Static<typeof IssueItem>,
  found: Static<typeof PullRequestItem> | undefined,
  web: string,
): PullRequest {
  return {
    id: found?.id ?? null,
    number: item.number,
    title: item.title,
    htmlUrl: webAddress(item.html_url) ?? web,
    state: stateFrom(item.state, item.pull_request?.merged_at),
    sourceRepoName: found?.head.repo?.full_name ?? null,
    sourceRepoHtmlUrl: webAddress(found?.head.repo?.html_url),
  }
}

/** `owner/name` at the end of an API address, which is all that a search tells of a pull request's repository. */
export function repositoryOf({ repository_url }: Static<typeof IssueItem>): string {
  return repository_url.split('/').slice(-2).join('/')
}

export function branchFrom({ name }: Static<typeof BranchItem>): Branch {
  return { name }
}

export function rateLimitFrom({ resources: { core } }: Static<typeof RateLimits>): PlatformHealth['rateLimit'] {
  const resetAt = isoTime(core.reset * 1000)
  return resetAt === null ? null : { limit: core.limit, remaining: core.remaining, resetAt }
}

/** `2026-03-01 08:00:00 UTC` or `2026-03-01 08:00:00 -0700`. */
export function expiryFrom(header: string | undefined): string | null {
  const [, date, time, zone] = /^(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d) (UTC|[+-]\d{4})$/.exec(header ?? '') ?? []
  const moment = new Date(`${date}T${time}${zone === 'UTC' ? 'Z' : zone}`)
  return Number.isNaN(moment.getTime()) ? null : moment.toISOString()
}

function stateFrom(state: string, mergedAt: string | null | undefined): PullRequest['state'] {
  if (mergedAt) return 'merged'
  return state === 'open' ? 'open' : 'closed'
}
