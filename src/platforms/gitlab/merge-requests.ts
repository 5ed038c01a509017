// GitLab's merge requests: those of a project or of the account, each with the project it comes from.

import { type Failure, invalid } from '../../failure.ts'
import { emptyPage, unreadableWarnings } from '../answers.ts'
import { type ComposedPage, takePage } from '../composed-list.ts'
import { hasCode, lookUpEach } from '../failures.ts'
import { listAt, onePage } from '../lists.ts'
import type { Page, PageRequest, PullRequest, PullRequestQuery } from '../platform.ts'
import type { ApiClient } from '../transport/api-client.ts'
import { endingWarnings, isProject, projectAddress, searchText, unknown } from './found.ts'
import { forkOf, MergeRequest, ProjectDetails, pullRequestFrom, sourceFrom, targetOf } from './responses.ts'

/** `until`: `Date.now()` after which the page is returned as far as it was read. */
export async function searchMergeRequests(
  api: ApiClient,
  webUrl: string,
  query: PullRequestQuery,
  page: PageRequest,
  until: number,
): Promise<Page<PullRequest>> {
  if (query.repo !== null && !isProject(query.repo)) {
    throw invalid({ query: ['has a repo: that is not GROUP/PROJECT or GROUP/SUBGROUP/PROJECT'] })
  }
  try {
    const found = await mergeRequests(api, query, page, until)
    const { items, isComplete } = await withSources(api, webUrl, found.items, found.ending !== 'late')
    const narrow = 'GitLab has more closed and merged ones than were read to put them in order; narrow the query.'
    return {
      items,
      hasNext: found.hasNext,
      totalCount: found.totalCount,
      warnings: [
        ...(isComplete ? [] : ['Where some of these merge requests come from could not be looked up.']),
        ...unreadableWarnings('GitLab', found.unreadable),
        ...endingWarnings(found.ending, narrow),
      ],
    }
  } catch (failure) {
    if (query.repo === null || !hasCode(failure, 'scm_not_found', 'scm_forbidden')) throw failure
    return whyNone(api, query.repo, failure)
  }
}

async function mergeRequests(
  api: ApiClient,
  query: PullRequestQuery,
  page: PageRequest,
  until: number,
): Promise<ComposedPage<MergeRequest>> {
  const { repo, state } = query
  const path = repo === null ? '/merge_requests' : `${projectAddress(repo)}/merge_requests`
  const isThere = repo === null ? undefined : () => isKnown(api, repo)
  const ofState = (one: string) => {
    const list = { path, parameters: parametersOf(query, one), item: MergeRequest, ...(isThere && { isThere }) }
    return listAt(api, list)
  }
  if (state !== 'closed') {
    return { ...(await onePage(ofState(state === null ? 'all' : 'opened'), page)), ending: 'told' }
  }
  // Closed and merged are two states in GitLab, and one list can be asked for only one of them.
  const lists = [ofState('closed'), ofState('merged')]
  const positions = api.positions(`${path}?${new URLSearchParams(parametersOf(query, 'closed and merged'))}`)
  return takePage({ lists, createdAt: ({ created_at }) => created_at, positions, until }, page)
}

function parametersOf({ repo, words }: PullRequestQuery, state: string): Record<string, string> {
  return {
    ...(repo === null ? { scope: 'created_by_me' } : {}),
    state,
    order_by: 'created_at',
    sort: 'desc',
    ...(words.length === 0 ? {} : { search: searchText(words), in: 'title' }),
  }
}

/** A merge request has only the id of the project it comes from; for forks the project's name is looked up. */
async function withSources(
  api: ApiClient,
  webUrl: string,
  items: MergeRequest[],
  hasTime: boolean,
): Promise<{ items: PullRequest[]; isComplete: boolean }> {
  const forks = new Set(items.map(forkOf).filter((id) => id !== null))
  const ask = async (id: number) => sourceFrom((await api.get(`/projects/${id}`, ProjectDetails)).body)
  const { found, isComplete } = await lookUpEach(hasTime ? forks : new Set<number>(), ask)
  return {
    items: items.map((item) => {
      const fork = forkOf(item)
      const isOwn = fork === null && item.source_project_id
      const source = fork !== null ? found.get(fork) : isOwn ? targetOf(item, webUrl) : null
      return pullRequestFrom(item, source ?? null, webUrl)
    }),
    isComplete: isComplete && (hasTime || forks.size === 0),
  }
}

async function isKnown(api: ApiClient, repo: string): Promise<boolean> {
  try {
    await api.get(projectAddress(repo), ProjectDetails)
    return true
  } catch (failure) {
    if (hasCode(failure, 'scm_not_found')) return false
    throw failure
  }
}

/** An empty page when the project is unknown or has merge requests switched off; otherwise throws `failure`. */
async function whyNone(api: ApiClient, repo: string, failure: Failure): Promise<Page<never>> {
  const where = `project "${repo}"`
  try {
    const { body } = await api.get(projectAddress(repo), ProjectDetails)
    const { merge_requests_access_level: level, merge_requests_enabled: isEnabled } = body
    if (level === 'disabled' || isEnabled === false) {
      return emptyPage(0, `Merge requests are switched off in ${where}.`)
    }
  } catch (reason) {
    if (hasCode(failure, 'scm_not_found') && hasCode(reason, 'scm_not_found')) return unknown(where)
    throw failure
  }
  if (failure.code === 'scm_forbidden') throw failure
  return emptyPage(0, `GitLab lists no merge requests of ${where}, though it shows the project.`)
}
