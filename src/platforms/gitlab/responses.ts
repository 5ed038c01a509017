// The fields that we read of GitLab's answers, and how they become our nouns.
import { type Static, Type } from 'typebox'
import { avatarAddress, Id, isoTime, maybe, timeFrom, webAddress } from '../answers.ts'
import type { Branch, Organization, PlatformHealth, PullRequest, Repository, SshKey } from '../platform.ts'

export const User = Type.Object({
  id: Id,
  username: Type.String({ minLength: 1 }),
  bot: maybe(Type.Boolean()),
  avatar_url: maybe(Type.String()),
  email: maybe(Type.String()),
  confirmed_at: maybe(Type.String()),
  web_url: maybe(Type.String()),
})

export const PersonalToken = Type.Object({ scopes: Type.Array(Type.String()), expires_at: maybe(Type.String()) })

export const OAuthToken = Type.Object({ scope: Type.Array(Type.String()), expires_in: maybe(Type.Number()) })

export const Key = Type.Object({
  key: maybe(Type.String()),
  title: maybe(Type.String()),
  usage_type: maybe(Type.String()),
  expires_at: maybe(Type.String()),
})

export const Project = Type.Object({
  id: Id,
  path: maybe(Type.String()),
  path_with_namespace: Type.String(),
  web_url: maybe(Type.String()),
  description: maybe(Type.String()),
  visibility: maybe(Type.String()),
  default_branch: maybe(Type.String()),
  forked_from_project: Type.Optional(Type.Unknown()),
  mr_default_target_self: maybe(Type.Boolean()),
  marked_for_deletion_on: maybe(Type.String()),
})
export type Project = Static<typeof Project>

/** A single project, as far as guests may see it too. */
export const ProjectDetails = Type.Object({
  path_with_namespace: maybe(Type.String()),
  web_url: maybe(Type.String()),
  default_branch: maybe(Type.String()),
  merge_requests_access_level: maybe(Type.String()),
  merge_requests_enabled: maybe(Type.Boolean()),
})

/** Users and groups that are searched by name. */
export const Named = Type.Object({ id: Id, username: maybe(Type.String()), full_path: maybe(Type.String()) })

export const Group = Type.Object({
  id: Id,
  full_path: Type.String(),
  web_url: maybe(Type.String()),
  avatar_url: maybe(Type.String()),
  description: maybe(Type.String()),
  marked_for_deletion_on: maybe(Type.String()),
})

export const MergeRequest = Type.Object({
  id: maybe(Id),
  iid: Id,
  title: Type.String(),
  state: Type.String(),
  web_url: maybe(Type.String()),
  created_at: maybe(Type.String()),
  updated_at: maybe(Type.String()),
  author: maybe(Type.Object({ username: maybe(Type.String()) })),
  target_project_id: maybe(Id),
  source_project_id: maybe(Id),
  references: maybe(Type.Object({ full: maybe(Type.String()) })),
})
export type MergeRequest = Static<typeof MergeRequest>

export const BranchItem = Type.Object({ name: Type.String() })

export const Version = Type.Object({ version: maybe(Type.String()) })

export function keyFrom({ title, key, usage_type, expires_at }: Static<typeof Key>): SshKey {
  const isSigningOnly = usage_type === 'signing'
  const isExpired = expires_at ? Date.parse(expires_at) <= Date.now() : false
  const unusable = isExpired ? 'expired' : isSigningOnly ? 'signing only' : key ? null : 'has no content'
  return { title: title ?? '', key: key ?? '', unusable }
}

/**
 * The parent is shown only to those who may read it; the other key exists only on forks:
 * https://docs.gitlab.com/api/projects/ and lib/api/entities/project.rb
 */
export function isFork({ forked_from_project, mr_default_target_self }: Project): boolean {
  return (forked_from_project ?? null) !== null || (mr_default_target_self ?? null) !== null
}

/**
 * Projects and groups that wait for deletion stay in the lists for days, and older servers do not rename them:
 * https://docs.gitlab.com/user/project/working_with_projects/#delete-a-project (`active=true` leaves out archived ones
 * too.)
 */
export function isBeingDeleted(fullPath: string, markedOn: string | null | undefined): boolean {
  return Boolean(markedOn) || /-deletion_scheduled-\d+(?:\/|$)/.test(fullPath)
}

export function repositoryFrom(item: Project, webUrl: string): Repository {
  return {
    id: item.id,
    name: item.path ?? item.path_with_namespace.split('/').slice(-1).join(),
    fullName: item.path_with_namespace,
    url: webAddress(item.web_url) ?? webUrl,
    description: item.description ?? null,
    // "internal" means signed-in users only, which GitHub calls private too.
    private: item.visibility == null ? null : item.visibility !== 'public',
    fork: isFork(item),
    defaultBranch: item.default_branch ?? null,
  }
}

export function organizationFrom(item: Static<typeof Group>, webUrl: string): Organization {
  return {
    id: item.id,
    login: item.full_path,
    avatarUrl: avatarAddress(item.avatar_url, webUrl),
    url: webAddress(item.web_url) ?? webUrl,
    description: item.description ?? null,
  }
}

/** The project that a change comes from. */
export interface Source {
  name: string
  url: string | null
}

export function sourceFrom({ path_with_namespace, web_url }: Static<typeof ProjectDetails>): Source | null {
  return path_with_namespace == null ? null : { name: path_with_namespace, url: webAddress(web_url) }
}

/** The id of the project a change comes from, if it is another than the target; null also when it is deleted. */
export function forkOf({ source_project_id, target_project_id }: MergeRequest): number | null {
  return source_project_id && source_project_id !== target_project_id ? source_project_id : null
}

/**
 * The merge request's own project, read from its addresses: `group/project!3` and `W/group/project/-/merge_requests/3`.
 */
export function targetOf({ references, web_url }: MergeRequest, webUrl: string): Source | null {
  const [, url] = /^(.*?)(?:\/-)?\/merge_requests\/\d+$/.exec(webAddress(web_url) ?? '') ?? []
  const fromUrl = url?.startsWith(`${webUrl}/`) ? url.slice(webUrl.length + 1) : undefined
  const name = references?.full?.replace(/!\d+$/, '') ?? fromUrl
  return name === undefined ? null : { name, url: url ?? null }
}

export function pullRequestFrom(item: MergeRequest, source: Source | null, webUrl: string): PullRequest {
  return {
    id: item.id ?? null,
    number: item.iid,
    title: item.title,
    htmlUrl: webAddress(item.web_url) ?? webUrl,
    state: stateFrom(item.state),
    sourceRepoName: source?.name ?? null,
    sourceRepoHtmlUrl: source?.url ?? null,
    repoName: targetOf(item, webUrl)?.name ?? null,
    author: item.author?.username ?? null,
    createdAt: timeFrom(item.created_at),
    updatedAt: timeFrom(item.updated_at),
  }
}

export function branchFrom({ name }: Static<typeof BranchItem>): Branch {
  return { name }
}

/** Sent by servers that limit this account: https://docs.gitlab.com/administration/settings/user_and_ip_rate_limits/ */
export function rateLimitFrom(headers: Record<string, string>): PlatformHealth['rateLimit'] {
  const [limit, remaining, reset] = ['ratelimit-limit', 'ratelimit-remaining', 'ratelimit-reset'].map((name) =>
    /^\d{1,12}$/.test(headers[name] ?? '') ? Number(headers[name]) : null,
  )
  if (limit == null || remaining == null || reset == null) return null
  const resetAt = isoTime(reset * 1000)
  return resetAt === null ? null : { limit, remaining, resetAt }
}

/** `locked`: it is being merged at this moment. */
function stateFrom(state: string): PullRequest['state'] {
  if (state === 'merged' || state === 'closed') return state
  return 'open'
}
