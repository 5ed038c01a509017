// GitLab's projects: all visible ones, a user's, or those of a group and its subgroups.

import { pathParts, unreadableWarnings } from '../answers.ts'
import { takePage } from '../composed-list.ts'
import { hasCode } from '../failures.ts'
import { type List, listAt, onePage } from '../lists.ts'
import type { Page, PageRequest, Repository, RepositoryQuery } from '../platform.ts'
import type { ApiClient } from '../transport/api-client.ts'
import type { ListPositions } from '../transport/positions.ts'
import { endingWarnings, searchText, unknown } from './found.ts'
import { isBeingDeleted, isFork, Named, Project, repositoryFrom } from './responses.ts'

type ProjectList = List<typeof Project>

const MAX_NAME_PAGES = 10

/** `until`: `Date.now()` after which the page is returned as far as it was read. */
export async function searchProjects(
  api: ApiClient,
  webUrl: string,
  query: RepositoryQuery,
  page: PageRequest,
  until: number,
): Promise<Page<Repository>> {
  const lists = (await listsOf(api, query)).map((list) => ({ list, positions: positionsOf(api, list) }))
  // The list that worked for another page of this search is tried first.
  const isKnown = ({ positions }: (typeof lists)[number]) => positions.before(Number.MAX_SAFE_INTEGER) !== undefined
  lists.sort((one, other) => Number(isKnown(other)) - Number(isKnown(one)))
  for (const { list, positions } of lists) {
    try {
      const read = query.forks ? withForks : withoutForks
      const { items, warnings, ...found } = await read(api, list, page, positions, until)
      return { ...found, items: items.map((project) => repositoryFrom(project, webUrl)), warnings }
    } catch (failure) {
      if (query.user === null || !hasCode(failure, 'scm_not_found')) throw failure
    }
  }
  return unknown(`user or group "${query.user}"`)
}

async function withForks(api: ApiClient, list: ProjectList, page: PageRequest, positions: ListPositions) {
  const found = await onePage(listAt(api, list), page)
  positions.note({ kept: 0, consumed: [0] })
  return {
    items: found.items.filter(isListed),
    hasNext: found.hasNext,
    totalCount: found.totalCount,
    warnings: unreadableWarnings('GitLab', found.unreadable),
  }
}

/** GitLab cannot leave out forks, so we drop them and fill our page from further upstream pages. */
async function withoutForks(
  api: ApiClient,
  list: ProjectList,
  page: PageRequest,
  positions: ListPositions,
  until: number,
) {
  const keep = (project: Project) => !isFork(project) && isListed(project)
  const found = await takePage({ lists: [listAt(api, list)], keep, positions, until }, page)
  const cut = 'GitLab has more projects than were looked through for ones that are no forks; narrow the query.'
  return {
    items: found.items,
    hasNext: found.hasNext,
    totalCount: found.totalCount,
    warnings: [...unreadableWarnings('GitLab', found.unreadable), ...endingWarnings(found.ending, cut)],
  }
}

function isListed({ path_with_namespace, marked_for_deletion_on }: Project): boolean {
  return !isBeingDeleted(path_with_namespace, marked_for_deletion_on)
}

function positionsOf(api: ApiClient, { path, parameters }: ProjectList): ListPositions {
  return api.positions(`${path}?${new URLSearchParams(parameters)}`)
}

/**
 * The lists where the projects may be, in the order to try: a name is a user's or a group's, and only groups have a
 * `/`.
 */
async function listsOf(api: ApiClient, { user, words }: RepositoryQuery): Promise<ProjectList[]> {
  const search = words.length === 0 ? {} : { search: searchText(words) }
  if (user === null) {
    const order = { order_by: 'last_activity_at', sort: 'desc' }
    // "group/name" is never part of a project's own name: https://docs.gitlab.com/api/projects/#list-all-projects
    const whole = words.some((word) => word.includes('/')) ? { search_namespaces: 'true' } : {}
    return [{ path: '/projects', parameters: { ...order, ...search, ...whole }, item: Project }]
  }
  const parts = pathParts(user)
  if (parts === null) return []
  // A 404 of these lists means that the name does not exist, so `isThere` makes no further call.
  const list = (path: string, parameters: Record<string, string>): ProjectList => {
    return { path, parameters, item: Project, isThere: async () => false }
  }
  const ofUser = (id: string | number) => list(`/users/${id}/projects`, search)
  const inGroup = { include_subgroups: 'true', with_shared: 'false', ...search }
  const ofGroup = (id: string | number) => list(`/groups/${id}/projects`, inGroup)
  const name = encodeURIComponent(user)
  if (parts.length > 1) return [ofGroup(name)]
  if (!/^\d+$/.test(user)) return [ofUser(name), ofGroup(name)]
  // GitLab reads a name of only digits as an id, which may be another user's.
  const userId = await idOf(api, '/users', { username: user }, user)
  if (userId !== null) return [ofUser(userId)]
  const everywhere = { search: user, all_available: 'true', top_level_only: 'true' }
  const groupId = await idOf(api, '/groups', everywhere, user)
  return groupId === null ? [] : [ofGroup(groupId)]
}

/** A search finds groups by a part of their name, and may return more than one page. */
async function idOf(
  api: ApiClient,
  path: string,
  parameters: Record<string, string>,
  name: string,
): Promise<number | null> {
  const read = listAt(api, { path, parameters, item: Named })
  for (let page = 1; page <= MAX_NAME_PAGES; page++) {
    const { items, hasNext } = await read({ page, perPage: 100 })
    const found = items.find((item) => (item?.full_path ?? item?.username) === name)
    if (found) return found.id
    if (hasNext === false) break
  }
  return null
}
