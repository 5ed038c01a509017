// GitLab's calls for groups and namespaces.

import { json, type Reply } from '../http.ts'
import { findOrganization, findUser, groupLevel, type Organization } from '../state.ts'
import { canSeeGroup, type GitlabRequest, notFound, reachableGroups } from './access.ts'
import { groupBody } from './bodies.ts'
import { listReply } from './paging.ts'
import { namespaceBody } from './project-body.ts'
import { findGroup } from './projects.ts'
import { checkValues, flag, matchesSearch, sorted, sortValues } from './search.ts'

const orderKeys: Record<string, (group: Organization) => string | number> = {
  name: (group) => group.name.toLowerCase(),
  path: (group) => group.path,
  id: (group) => group.id,
  similarity: (group) => group.name.length,
}

const accessLevels = ['5', '10', '15', '20', '30', '40', '50']

/**
 * With `min_access_level` only memberships; otherwise also ancestors, and groups of projects that the user is a member
 * of.
 */
export function groups(request: GitlabRequest): Reply {
  const { site, world, user, call } = request
  const { query } = call
  const rejected = checkValues(query, {
    order_by: Object.keys(orderKeys),
    sort: sortValues,
    min_access_level: accessLevels,
    visibility: ['public', 'internal', 'private'],
  })
  if (rejected !== undefined) return rejected
  const least = flag(query, 'owned') ? 50 : Number(query.get('min_access_level') ?? 0)
  const found = candidates(request, least).filter((group) => {
    if (flag(query, 'top_level_only') && group.parentId !== null) return false
    if (!isOfActivity(request, group)) return false
    return matchesSearch(query.get('search'), [group.name, group.path])
  })
  const byMembership = found.filter((group) => least === 0 || groupLevel(world, user, group) >= least)
  const inOrder = sorted(byMembership, query, orderKeys, 'name', 'asc')
  return listReply(request, inOrder, (group) => groupBody(site, world, group), 'Group')
}

/** `active` is from 18.0 on (https://gitlab.com/gitlab-org/gitlab/-/merge_requests/186393); Grape drops what it does not know. */
function isOfActivity({ site, call }: GitlabRequest, group: Organization): boolean {
  if (!call.query.has('active') || Number.parseInt(site.version, 10) < 18) return true
  return flag(call.query, 'active') === (group.markedForDeletionOn === undefined)
}

function candidates({ world, user, call }: GitlabRequest, least: number): Organization[] {
  if (least > 0) return world.organizations
  if (user === null || flag(call.query, 'all_available')) {
    return world.organizations.filter((group) => canSeeGroup(world, user, group))
  }
  return reachableGroups(world, user)
}

export function oneGroup(request: GitlabRequest): Reply {
  const group = findGroup(request, request.params.id ?? '')
  if (group === undefined) return notFound('Group')
  return json(200, { ...groupBody(request.site, request.world, group), shared_with_groups: [] })
}

export function namespace(request: GitlabRequest): Reply {
  const { site, world, params } = request
  const path = params.id ?? ''
  const group = findGroup(request, path)
  const user = findUser(world, path)
  if (group === undefined && user === undefined) return notFound('Namespace')
  return json(200, namespaceBody(site, world, findOrganization(world, path)?.fullPath ?? path))
}
