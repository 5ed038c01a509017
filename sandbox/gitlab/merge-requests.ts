// GitLab's two lists of merge requests: those of one project, and those of the caller.

import type { Reply } from '../http.ts'
import { findUser, type PullRequest, repositoryById, repositoryLevel } from '../state.ts'
import { canSeeProject, forbidden, type GitlabRequest } from './access.ts'
import { gitlabState, mergeRequestBody, mergeRequestSimple } from './bodies.ts'
import { listReply } from './paging.ts'
import { projectOf } from './projects.ts'
import { checkValues, matchesSearch, sorted, sortValues } from './search.ts'

const allowed = {
  state: ['opened', 'closed', 'locked', 'merged', 'all'],
  scope: ['created_by_me', 'created-by-me', 'assigned_to_me', 'assigned-to-me', 'reviews_for_me', 'all'],
  order_by: [
    'created_at',
    'updated_at',
    'merged_at',
    'title',
    'priority',
    'label_priority',
    'milestone_due',
    'popularity',
  ],
  sort: sortValues,
  view: ['simple'],
}

const orderKeys: Record<string, (pull: PullRequest) => string | number> = {
  created_at: (pull) => `${pull.createdAt} ${String(pull.id).padStart(12, '0')}`,
  updated_at: (pull) => pull.updatedAt,
  merged_at: (pull) => pull.mergedAt ?? '',
  title: (pull) => pull.title.toLowerCase(),
}

export function projectMergeRequests(request: GitlabRequest): Reply {
  const project = projectOf(request)
  if ('status' in project) return project
  const { world, user } = request
  if (project.mergeRequestsDisabled) return forbidden()
  if (project.visibility === 'private' && repositoryLevel(world, user, project) < 20) return forbidden()
  const ofProject = world.pullRequests.filter((pull) => pull.repositoryId === project.id)
  return mergeRequestList(request, ofProject, 'all')
}

export function ownMergeRequests(request: GitlabRequest): Reply {
  const { world, user } = request
  const visible = world.pullRequests.filter((pull) => {
    const project = repositoryById(world, pull.repositoryId)
    return project !== undefined && canSeeProject(world, user, project)
  })
  return mergeRequestList(request, visible, 'created_by_me')
}

function mergeRequestList(request: GitlabRequest, candidates: PullRequest[], usualScope: string): Reply {
  const { site, world, user, call } = request
  const { query } = call
  const rejected = checkValues(query, allowed)
  if (rejected !== undefined) return rejected
  const scope = (query.get('scope') ?? usualScope).replaceAll('-', '_')
  const found = candidates.filter((pull) => {
    if (scope === 'created_by_me' && pull.authorId !== user?.id) return false
    // In the sandbox nobody is assigned to anything or reviews it.
    if (scope !== 'created_by_me' && scope !== 'all') return false
    return passes(request, pull)
  })
  const body = query.get('view') === 'simple' ? mergeRequestSimple : mergeRequestBody
  const inOrder = sorted(found, query, orderKeys, 'created_at')
  return listReply(request, inOrder, (pull) => body(site, world, pull), 'MergeRequest')
}

function passes({ world, call }: GitlabRequest, pull: PullRequest): boolean {
  const { query } = call
  const state = query.get('state') ?? 'all'
  if (state !== 'all' && gitlabState(pull) !== state) return false
  const author = query.get('author_username')
  if (author !== null && findUser(world, author)?.id !== pull.authorId) return false
  if (query.has('author_id') && Number(query.get('author_id')) !== pull.authorId) return false
  const iids = query.getAll('iids[]')
  if (iids.length > 0 && !iids.includes(String(pull.number))) return false
  if (query.has('source_branch') && query.get('source_branch') !== pull.headBranch) return false
  if (query.has('target_branch') && query.get('target_branch') !== pull.baseBranch) return false
  const columns = (query.get('in') ?? 'title,description').split(',')
  const texts = [columns.includes('title') ? pull.title : null, columns.includes('description') ? pull.body : null]
  return matchesSearch(query.get('search'), texts)
}
