// GitLab's JSON for a project: short for anonymous callers and simple=true, long for signed-in users.

import type { CondensedNamespaceSchema, SimpleProjectSchema } from '@gitbeaker/core'
import type { Site } from '../site.ts'
import {
  findOrganization,
  findUser,
  fullName,
  lineage,
  type Repository,
  repositoryById,
  repositoryLevel,
  type User,
  type World,
} from '../state.ts'
import { canSeeProject } from './access.ts'
import { gitlabDate } from './bodies.ts'

export function projectBasic(site: Site, world: World, repository: Repository): SimpleProjectSchema {
  const name = fullName(repository)
  const namespace = namespaceBody(site, world, repository.owner)
  const empty = repository.branches.length === 0
  return {
    id: repository.id,
    description: repository.description,
    name: repository.title,
    name_with_namespace: `${displayName(world, repository.owner)} / ${repository.title}`,
    path: repository.name,
    path_with_namespace: name,
    created_at: gitlabDate(repository.createdAt),
    default_branch: repository.defaultBranch,
    tag_list: repository.topics,
    topics: repository.topics,
    ssh_url_to_repo: `git@${site.host.replace(/:\d+$/, '')}:${name}.git`,
    http_url_to_repo: `${site.url}/${name}.git`,
    web_url: `${site.url}/${name}`,
    readme_url: empty ? null : `${site.url}/${name}/-/blob/${repository.defaultBranch}/README.md`,
    forks_count: world.repositories.filter((other) => other.parentId === repository.id).length,
    avatar_url: null,
    star_count: repository.stars,
    last_activity_at: gitlabDate(repository.updatedAt),
    visibility: repository.visibility,
    namespace,
  }
}

export function projectBody(site: Site, world: World, user: User, repository: Repository): SimpleProjectSchema {
  const self = `${site.apiUrl}/projects/${repository.id}`
  const enabled = 'enabled'
  const owner = findUser(world, repository.owner)
  return {
    ...projectBasic(site, world, repository),
    container_registry_image_prefix: `registry.${site.host}/${fullName(repository)}`,
    _links: {
      self,
      issues: `${self}/issues`,
      merge_requests: `${self}/merge_requests`,
      repo_branches: `${self}/repository/branches`,
      labels: `${self}/labels`,
      events: `${self}/events`,
      members: `${self}/members`,
      cluster_agents: `${self}/cluster_agents`,
    },
    marked_for_deletion_at: repository.markedForDeletionOn,
    marked_for_deletion_on: repository.markedForDeletionOn,
    packages_enabled: true,
    empty_repo: repository.branches.length === 0,
    archived: repository.archived,
    ...(owner === undefined ? {} : { owner: { id: owner.id, username: owner.username, name: owner.name } }),
    resolve_outdated_diff_discussions: false,
    repository_object_format: 'sha1',
    issues_enabled: true,
    merge_requests_enabled: !repository.mergeRequestsDisabled,
    wiki_enabled: true,
    jobs_enabled: true,
    snippets_enabled: true,
    container_registry_enabled: true,
    service_desk_enabled: false,
    can_create_merge_request_in: true,
    issues_access_level: enabled,
    repository_access_level: repository.codeDisabled ? 'disabled' : enabled,
    merge_requests_access_level: repository.mergeRequestsDisabled ? 'disabled' : enabled,
    forking_access_level: enabled,
    wiki_access_level: enabled,
    builds_access_level: enabled,
    snippets_access_level: enabled,
    pages_access_level: 'private',
    releases_access_level: enabled,
    emails_disabled: false,
    emails_enabled: true,
    shared_runners_enabled: true,
    lfs_enabled: true,
    creator_id: owner?.id ?? user.id,
    ...forkFields(site, world, user, repository),
    import_status: 'none',
    open_issues_count: 0,
    updated_at: gitlabDate(repository.updatedAt),
    ci_config_path: '',
    public_jobs: true,
    shared_with_groups: sharedWith(world, repository),
    only_allow_merge_if_pipeline_succeeds: false,
    request_access_enabled: true,
    merge_method: 'merge',
    squash_option: 'default_off',
    autoclose_referenced_issues: true,
    permissions: permissions(world, user, repository),
  }
}

/** The parent is shown only to those who may see it; `mr_default_target_self` exists on every fork. */
function forkFields(site: Site, world: World, user: User, repository: Repository): object {
  if (!repository.fork) return {}
  const parent = repositoryById(world, repository.parentId)
  if (parent === undefined || !canSeeProject(world, user, parent)) return { mr_default_target_self: false }
  return { forked_from_project: projectBasic(site, world, parent), mr_default_target_self: false }
}

function permissions(world: World, user: User, repository: Repository): object {
  const level = repositoryLevel(world, user, repository)
  const inGroup = findOrganization(world, repository.owner) !== undefined
  const access = level === 0 ? null : { access_level: level, notification_level: 3 }
  return { project_access: inGroup ? null : access, group_access: inGroup ? access : null }
}

function sharedWith(world: World, repository: Repository): object[] {
  return repository.sharedWith.flatMap((path) => {
    const group = findOrganization(world, path)
    if (group === undefined) return []
    const { id, name, fullPath } = group
    return [{ group_id: id, group_name: name, group_full_path: fullPath, group_access_level: 30, expires_at: null }]
  })
}

export function namespaceBody(site: Site, world: World, owner: string): CondensedNamespaceSchema {
  const group = findOrganization(world, owner)
  if (group === undefined) {
    const user = findUser(world, owner)
    return {
      id: 100_000 + (user?.id ?? 0),
      name: user?.name ?? owner,
      path: owner,
      kind: 'user',
      full_path: owner,
      parent_id: null,
      avatar_url: null,
      web_url: `${site.url}/${owner}`,
    }
  }
  return {
    id: group.id,
    name: group.name,
    path: group.path,
    kind: 'group',
    full_path: group.fullPath,
    parent_id: group.parentId,
    // Without the host, even where the project's own avatar address has one.
    avatar_url: group.avatar ? `${site.basePath}/uploads/-/system/group/avatar/${group.id}/avatar.png` : null,
    web_url: `${site.url}/groups/${group.fullPath}`,
  }
}

function displayName(world: World, owner: string): string {
  const group = findOrganization(world, owner)
  if (group === undefined) return findUser(world, owner)?.name ?? owner
  return lineage(world, group)
    .map((ancestor) => ancestor.name)
    .reverse()
    .join(' / ')
}
