// GitLab's calls for projects: the lists, one project, its branches.

import { json, type Reply, redirect } from '../http.ts'
import {
  findMoved,
  findOrganization,
  findRepository,
  findUser,
  fullName,
  type Repository,
  repositoryById,
  repositoryLevel,
  userById,
} from '../state.ts'
import { canSeeGroup, canSeeProject, forbidden, type GitlabRequest, notFound } from './access.ts'
import { branchBody } from './bodies.ts'
import { listReply } from './paging.ts'
import { projectBasic, projectBody } from './project-body.ts'
import { checkValues, flag, matchesSearch, sorted, sortValues } from './search.ts'

const orderKeys: Record<string, (project: Repository) => string | number> = {
  id: (project) => project.id,
  name: (project) => project.title.toLowerCase(),
  path: (project) => project.name,
  created_at: (project) => project.createdAt,
  updated_at: (project) => project.updatedAt,
  last_activity_at: (project) => project.updatedAt,
  star_count: (project) => project.stars,
  similarity: (project) => project.name.length,
}

export function allProjects(request: GitlabRequest): Reply {
  return projectList(request, request.world.repositories)
}

export function userProjects(request: GitlabRequest): Reply {
  const { world, params } = request
  // A name of only digits is read as an id: lib/api/helpers.rb, find_user
  const wanted = params.id ?? ''
  const user = /^\d+$/.test(wanted) ? userById(world, Number(wanted)) : findUser(world, wanted)
  if (user === undefined) return notFound('User')
  return projectList(
    request,
    world.repositories.filter((project) => project.owner === user.username),
  )
}

export function groupProjects(request: GitlabRequest): Reply {
  const { world, params, call } = request
  const group = findGroup(request, params.id ?? '')
  if (group === undefined) return notFound('Group')
  const below = flag(call.query, 'include_subgroups')
  const shared = flag(call.query, 'with_shared', true)
  const found = world.repositories.filter((project) => {
    if (project.owner === group.fullPath || (shared && project.sharedWith.includes(group.fullPath))) return true
    return below && project.owner.startsWith(`${group.fullPath}/`)
  })
  return projectList(request, found)
}

export function findGroup({ world, user }: GitlabRequest, idOrPath: string) {
  const group = /^\d+$/.test(idOrPath)
    ? world.organizations.find(({ id }) => id === Number(idOrPath))
    : findOrganization(world, idOrPath)
  return group !== undefined && canSeeGroup(world, user, group) ? group : undefined
}

function projectList(request: GitlabRequest, candidates: Repository[]): Reply {
  const { site, world, user, call } = request
  const { query } = call
  const rejected = checkValues(query, {
    order_by: Object.keys(orderKeys),
    sort: sortValues,
    visibility: ['public', 'internal', 'private'],
  })
  if (rejected !== undefined) return rejected
  const found = candidates.filter((project) => {
    if (!canSeeProject(world, user, project) || !passes(request, project)) return false
    const names = flag(query, 'search_namespaces') ? [fullName(project)] : [project.title, project.name]
    return matchesSearch(query.get('search'), [...names, project.description])
  })
  const brief = user === null || flag(query, 'simple')
  return listReply(request, sorted(found, query, orderKeys, 'created_at'), (project) =>
    brief ? projectBasic(site, world, project) : projectBody(site, world, user, project),
  )
}

function passes({ world, user, call }: GitlabRequest, project: Repository): boolean {
  const { query } = call
  const level = repositoryLevel(world, user, project)
  const visibility = query.get('visibility')
  const archived = query.get('archived')
  if (visibility !== null && project.visibility !== visibility) return false
  if (archived !== null && project.archived !== flag(query, 'archived')) return false
  const active = !project.archived && project.markedForDeletionOn === null
  if (query.has('active') && active !== flag(query, 'active')) return false
  if (flag(query, 'membership') && level === 0) return false
  if (flag(query, 'owned') && level < 50) return false
  return level >= Number(query.get('min_access_level') ?? 0)
}

/** The project with an id or a full path, or the answer when it is hidden, unknown or moved. */
export function projectOf({ site, world, user, call, params }: GitlabRequest): Repository | Reply {
  const wanted = params.id ?? ''
  const found = /^\d+$/.test(wanted) ? repositoryById(world, Number(wanted)) : findRepository(world, wanted)
  const project = found ?? findMoved(world, wanted)
  if (project === undefined || !canSeeProject(world, user, project)) return notFound('Project')
  if (found !== undefined) return found
  // GitLab reads what follows a dot in the last part as a format, and cuts the project's address there:
  // https://github.com/python-gitlab/python-gitlab/issues/3299
  const [, raw = '', below = ''] = /\/projects\/([^/]+)(.*)$/.exec(call.path) ?? []
  const [, format] = /\.([^.%]+)$/.exec(raw) ?? []
  const target = format === undefined ? String(project.id) : `${project.id}.${format}`
  const query = call.query.size === 0 ? '' : `?${call.query}`
  const location = `${site.apiUrl}/projects/${target}${below}${query}`
  const headers = { ...redirect(location).headers, 'content-type': 'text/plain' }
  return { status: 302, headers, body: `This resource has been moved permanently to ${location}` }
}

export function oneProject(request: GitlabRequest): Reply {
  const project = projectOf(request)
  if ('status' in project) return project
  const { site, world, user } = request
  return json(200, user === null ? projectBasic(site, world, project) : projectBody(site, world, user, project))
}

export function branches(request: GitlabRequest): Reply {
  return withCode(request, (project, level) => {
    const search = request.call.query.get('search')
    const found = project.branches.filter((branch) => search === null || branchMatches(branch.name, search))
    return listReply(request, found, (branch) => branchBody(request.site, project, branch, level >= 30), 'Branch')
  })
}

export function oneBranch(request: GitlabRequest): Reply {
  return withCode(request, (project, level) => {
    const found = project.branches.find(({ name }) => name === request.params.branch)
    return found === undefined ? notFound('Branch') : json(200, branchBody(request.site, project, found, level >= 30))
  })
}

/** A guest of a private project can see the project, but not its code. */
function withCode(request: GitlabRequest, answer: (project: Repository, level: number) => Reply): Reply {
  const project = projectOf(request)
  if ('status' in project) return project
  if (project.codeDisabled) return notFound('Repository')
  const level = repositoryLevel(request.world, request.user, project)
  return project.visibility === 'private' && level < 20 ? forbidden() : answer(project, level)
}

function branchMatches(name: string, search: string): boolean {
  if (search.startsWith('^')) return name.startsWith(search.slice(1).replace(/\$$/, ''))
  return search.endsWith('$') ? name.endsWith(search.slice(0, -1)) : name.toLowerCase().includes(search.toLowerCase())
}
