// GitLab's JSON for people, keys, groups, branches and merge requests.

import { createHash } from 'node:crypto'
import type { BranchSchema, CondensedMergeRequestSchema, SimpleUserSchema, UserSSHKeySchema } from '@gitbeaker/core'
import type { Site } from '../site.ts'
import {
  type Branch,
  fullName,
  lineage,
  type Organization,
  type PullRequest,
  type Repository,
  repositoryById,
  type SshKey,
  type User,
  userById,
  type World,
} from '../state.ts'

type UserBasic = Omit<SimpleUserSchema, 'avatar_url' | 'created_at'> & { avatar_url: string | null }

export function gitlabDate(date: string): string {
  return new Date(date).toISOString()
}

/** Under a sub-path the avatar comes without its host, as some installations send it. */
function avatarUrl(site: Site, kind: 'user' | 'group', id: number): string {
  const root = site.basePath === '' ? site.url : site.basePath
  return `${root}/uploads/-/system/${kind}/avatar/${id}/avatar.png`
}

export function userBasic(site: Site, user: User): UserBasic {
  return {
    id: user.id,
    username: user.username,
    public_email: user.publicEmail ?? '',
    name: user.name,
    state: user.blocked ? 'blocked' : 'active',
    locked: false,
    avatar_url: user.avatar ? avatarUrl(site, 'user', user.id) : null,
    web_url: `${site.url}/${user.username}`,
  }
}

/** A user's own profile. */
export function ownUser(site: Site, user: User): object {
  const email = user.emails.find((one) => one.primary)?.email ?? `${user.username}@example.test`
  return {
    ...userBasic(site, user),
    created_at: gitlabDate(user.createdAt),
    bio: '',
    location: null,
    linkedin: '',
    twitter: '',
    discord: '',
    website_url: '',
    github: '',
    job_title: '',
    pronouns: null,
    organization: '',
    bot: user.bot,
    work_information: null,
    local_time: null,
    last_sign_in_at: '2026-01-01T00:00:00.000Z',
    confirmed_at: user.confirmedAt === null ? null : gitlabDate(user.confirmedAt),
    last_activity_on: '2026-01-01',
    email,
    theme_id: 3,
    color_scheme_id: 1,
    projects_limit: 100_000,
    current_sign_in_at: '2026-01-01T00:00:00.000Z',
    identities: [],
    can_create_group: true,
    can_create_project: true,
    two_factor_enabled: false,
    external: false,
    private_profile: false,
    commit_email: `${user.id}-${user.username}@users.noreply.${site.host.replace(/:\d+$/, '')}`,
    preferred_language: 'en',
  }
}

/** GitLab replaces the key's comment by the user's name and the host. */
export function keyBody(site: Site, user: User, key: SshKey): UserSSHKeySchema {
  return {
    id: key.id,
    title: key.title,
    created_at: gitlabDate(key.createdAt),
    expires_at: key.expiresAt === null ? null : gitlabDate(key.expiresAt),
    last_used_at: null,
    key: `${key.key} ${user.name} (${site.host.replace(/:\d+$/, '')})`,
    usage_type: key.usage,
  }
}

export function groupBody(site: Site, world: World, group: Organization): object {
  const names = lineage(world, group).map((ancestor) => ancestor.name)
  return {
    id: group.id,
    web_url: `${site.url}/groups/${group.fullPath}`,
    name: group.name,
    path: group.path,
    description: group.description ?? '',
    visibility: group.visibility,
    share_with_group_lock: false,
    require_two_factor_authentication: false,
    two_factor_grace_period: 48,
    project_creation_level: 'developer',
    auto_devops_enabled: null,
    subgroup_creation_level: 'maintainer',
    emails_disabled: false,
    emails_enabled: true,
    show_diff_preview_in_email: true,
    mentions_disabled: null,
    lfs_enabled: true,
    archived: false,
    math_rendering_limits_enabled: true,
    lock_math_rendering_limits_enabled: false,
    default_branch: null,
    default_branch_protection: 2,
    avatar_url: group.avatar ? avatarUrl(site, 'group', group.id) : null,
    request_access_enabled: true,
    full_name: names.reverse().join(' / '),
    full_path: group.fullPath,
    created_at: gitlabDate(group.createdAt),
    parent_id: group.parentId,
    marked_for_deletion_on: group.markedForDeletionOn ?? null,
    organization_id: 1,
    shared_runners_setting: 'enabled',
    ldap_cn: null,
    ldap_access: null,
    wiki_access_level: 'enabled',
  }
}

export function branchBody(
  site: Site,
  repository: Repository,
  branch: Branch,
  canPush: boolean,
): Omit<BranchSchema, 'commit'> {
  const sha = commitSha(repository, branch.name)
  const date = `${repository.updatedAt.slice(0, 19)}.000+00:00`
  const web = `${site.url}/${fullName(repository)}/-`
  return {
    name: branch.name,
    commit: {
      id: sha,
      short_id: sha.slice(0, 8),
      created_at: date,
      parent_ids: [],
      title: `Work on ${branch.name}`,
      message: `Work on ${branch.name}`,
      author_name: repository.owner,
      author_email: 'noreply@example.test',
      authored_date: date,
      committer_name: repository.owner,
      committer_email: 'noreply@example.test',
      committed_date: date,
      trailers: {},
      extended_trailers: {},
      web_url: `${web}/commit/${sha}`,
    },
    merged: false,
    protected: branch.protected,
    developers_can_push: false,
    developers_can_merge: false,
    can_push: canPush,
    default: branch.name === repository.defaultBranch,
    web_url: `${web}/tree/${encodeURI(branch.name).replaceAll('#', '%23')}`,
  }
}

const gitlabStates = { open: 'opened', closed: 'closed', merged: 'merged', locked: 'locked' }

export function gitlabState(pull: PullRequest): string {
  return gitlabStates[pull.state]
}

export function mergeRequestSimple(site: Site, world: World, pull: PullRequest): CondensedMergeRequestSchema {
  const project = repositoryById(world, pull.repositoryId)
  const name = project === undefined ? '' : fullName(project)
  return {
    id: pull.id,
    iid: pull.number,
    project_id: pull.repositoryId,
    title: pull.title,
    description: pull.body,
    state: gitlabState(pull),
    created_at: gitlabDate(pull.createdAt),
    updated_at: gitlabDate(pull.updatedAt),
    web_url: `${site.url}/${name}/-/merge_requests/${pull.number}`,
  }
}

export function mergeRequestBody(site: Site, world: World, pull: PullRequest): CondensedMergeRequestSchema {
  const project = repositoryById(world, pull.repositoryId)
  const found = userById(world, pull.authorId)
  const author = found === undefined ? null : userBasic(site, found)
  const merged = pull.mergedAt !== null
  const name = project === undefined ? '' : fullName(project)
  return {
    ...mergeRequestSimple(site, world, pull),
    merged_by: merged ? author : null,
    merge_user: merged ? author : null,
    merged_at: pull.mergedAt === null ? null : gitlabDate(pull.mergedAt),
    closed_by: pull.state === 'closed' ? author : null,
    closed_at: pull.state === 'closed' && pull.closedAt !== null ? gitlabDate(pull.closedAt) : null,
    target_branch: pull.baseBranch,
    source_branch: pull.headBranch,
    user_notes_count: 0,
    upvotes: 0,
    downvotes: 0,
    author,
    assignees: [],
    assignee: null,
    reviewers: [],
    source_project_id: pull.headRepositoryId,
    target_project_id: pull.repositoryId,
    labels: [],
    draft: pull.draft,
    imported: false,
    imported_from: 'none',
    work_in_progress: pull.draft,
    milestone: null,
    merge_when_pipeline_succeeds: false,
    merge_status: 'can_be_merged',
    detailed_merge_status: pull.state === 'open' ? 'mergeable' : 'not_open',
    merge_after: null,
    sha: project === undefined ? null : commitSha(project, pull.headBranch),
    merge_commit_sha: merged && project !== undefined ? commitSha(project, `merge-${pull.number}`) : null,
    squash_commit_sha: null,
    discussion_locked: null,
    should_remove_source_branch: null,
    force_remove_source_branch: false,
    prepared_at: gitlabDate(pull.createdAt),
    reference: `!${pull.number}`,
    references: { short: `!${pull.number}`, relative: `!${pull.number}`, full: `${name}!${pull.number}` },
    time_stats: { time_estimate: 0, total_time_spent: 0, human_time_estimate: null, human_total_time_spent: null },
    squash: false,
    squash_on_merge: false,
    task_completion_status: { count: 0, completed_count: 0 },
    has_conflicts: false,
    blocking_discussions_resolved: true,
  }
}

function commitSha(repository: Repository, branch: string): string {
  return createHash('sha1').update(`${repository.id}/${branch}`).digest('hex')
}
