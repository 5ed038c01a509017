// The fields that we read of GitHub's answers, and how they become our nouns.
import { type Static, Type } from 'typebox'
import { Id, isoTime, maybe, timeFrom, webAddress } from '../answers.ts'
import type { Branch, Organization, PlatformHealth, PullRequest, Repository, SshKey } from '../platform.ts'

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

export const RepositoryItem = Type.Object({
  id: Id,
  name: maybe(Type.String()),
  full_name: Type.String(),
  html_url: maybe(Type.String()),
  description: maybe(Type.String()),
  private: maybe(Type.Boolean()),
  visibility: maybe(Type.String()),
  fork: maybe(Type.Boolean()),
  default_branch: maybe(Type.String()),
})

export const RepositoryDetails = Type.Object({
  full_name: maybe(Type.String()),
  default_branch: maybe(Type.String()),
})

export const OrganizationItem = Type.Object({
  id: Id,
  login: Type.String(),
  url: maybe(Type.String()),
  avatar_url: maybe(Type.String()),
  description: maybe(Type.String()),
})

/** Answers of 2013 name the organisation only by `organization_url`. */
export const Membership = Type.Object({ organization: maybe(OrganizationItem) })

/** Who opened a pull request, and when; https://docs.github.com/en/rest/pulls/pulls. `user` of a deleted account is null. */
const Origin = Type.Object({
  user: maybe(Type.Object({ login: maybe(Type.String()) })),
  created_at: maybe(Type.String()),
  updated_at: maybe(Type.String()),
})

export const PullRequestItem = Type.Object({
  id: maybe(Id),
  number: Id,
  title: Type.String(),
  state: Type.String(),
  html_url: maybe(Type.String()),
  merged_at: maybe(Type.String()),
  ...Origin.properties,
  head: maybe(Type.Object({ repo: maybe(Type.Object({ full_name: Type.String(), html_url: maybe(Type.String()) })) })),
})

/**
 * A pull request in the form of the issue search: its `id` is the issue's, and it has no `head`. Without
 * `pull_request`, or with one whose members are null as in 2013, it is an issue. Old servers send no `repository_url`.
 */
export const IssueItem = Type.Object({
  number: Id,
  title: Type.String(),
  state: Type.String(),
  html_url: maybe(Type.String()),
  repository_url: maybe(Type.String()),
  ...Origin.properties,
  pull_request: maybe(Type.Object({ html_url: maybe(Type.String()), merged_at: maybe(Type.String()) })),
})

export const BranchItem = Type.Object({ name: Type.String() })

export const Meta = Type.Object({ installed_version: maybe(Type.String()) })

const RateLimit = Type.Object({ limit: Type.Integer(), remaining: Type.Integer(), reset: Type.Integer() })

/** `rate` has the same content as `core`: old servers send only `rate`, and version 2026-03-10 no longer sends it. */
export const RateLimits = Type.Object({
  resources: maybe(Type.Object({ core: maybe(RateLimit) })),
  rate: maybe(RateLimit),
})

export function keyFrom({ title, key }: Static<typeof Key>): SshKey {
  return { title: title ?? '', key: key ?? '', unusable: key ? null : 'has no content' }
}

export function repositoryFrom(item: Static<typeof RepositoryItem>, webUrl: string): Repository {
  return {
    id: item.id,
    name: item.name ?? item.full_name.split('/').slice(-1).join(),
    fullName: item.full_name,
    url: webAddress(item.html_url) ?? webUrl,
    description: item.description ?? null,
    private: item.private ?? (item.visibility == null ? null : item.visibility !== 'public'),
    fork: item.fork ?? false,
    defaultBranch: item.default_branch ?? null,
  }
}

export function organizationFrom(item: Static<typeof OrganizationItem>, webUrl: string): Organization {
  return {
    id: item.id,
    login: item.login,
    avatarUrl: webAddress(item.avatar_url),
    url: webAddress(item.url) ?? webUrl,
    description: item.description ?? null,
  }
}

export function pullRequestFrom(item: Static<typeof PullRequestItem>, webUrl: string): PullRequest {
  return {
    id: item.id ?? null,
    number: item.number,
    title: item.title,
    htmlUrl: webAddress(item.html_url) ?? webUrl,
    state: stateFrom(item.state, item.merged_at),
    sourceRepoName: item.head?.repo?.full_name ?? null,
    sourceRepoHtmlUrl: webAddress(item.head?.repo?.html_url),
    repoName: repositoryOf(item) || null,
    ...originOf(item),
  }
}

function originOf({ user, created_at, updated_at }: Static<typeof Origin>) {
  return { author: user?.login ?? null, createdAt: timeFrom(created_at), updatedAt: timeFrom(updated_at) }
}

/** An issue has no `pull_request`, or null; in 2014 it had one whose addresses are null. */
export function isPullRequest({ pull_request }: Static<typeof IssueItem>): boolean {
  return pull_request != null && pull_request.html_url !== null
}

/** `found` is the same pull request in its repository's list, when that could be read. */
export function pullRequestFromIssue(
  item: Static<typeof IssueItem>,
  found: Static<typeof PullRequestItem> | undefined,
  webUrl: string,
): PullRequest {
  return {
    id: found?.id ?? null,
    number: item.number,
    title: item.title,
    htmlUrl: webAddress(item.html_url) ?? webUrl,
    state: stateFrom(item.state, item.pull_request?.merged_at),
    sourceRepoName: found?.head?.repo?.full_name ?? null,
    sourceRepoHtmlUrl: webAddress(found?.head?.repo?.html_url),
    repoName: repositoryOf(item) || null,
    ...originOf(item),
  }
}

/** `owner/name` of a pull request's repository, which is named by addresses; empty when they are missing. */
export function repositoryOf({
  repository_url,
  html_url,
}: Pick<Static<typeof IssueItem>, 'repository_url' | 'html_url'>) {
  const address = repository_url ?? html_url?.replace(/\/pull\/\d+$/, '') ?? ''
  return address.split('/').slice(-2).join('/')
}

export function branchFrom({ name }: Static<typeof BranchItem>): Branch {
  return { name }
}

export function rateLimitFrom({ resources, rate }: Static<typeof RateLimits>): PlatformHealth['rateLimit'] {
  const core = resources?.core ?? rate
  const resetAt = core ? isoTime(core.reset * 1000) : null
  return core && resetAt !== null ? { limit: core.limit, remaining: core.remaining, resetAt } : null
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
