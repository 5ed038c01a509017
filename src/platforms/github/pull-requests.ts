// GitHub's pull requests: those of one repository, or those that a search finds, each with the repository it comes
// from.

import type { Static } from 'typebox'
import { type Failure, invalid } from '../../failure.ts'
import { emptyPage, unreadableWarnings } from '../answers.ts'
import { hasCode, lookUpEach } from '../failures.ts'
import { listAt, onePage } from '../lists.ts'
import type { Page, PageRequest, PullRequest, PullRequestQuery } from '../platform.ts'
import type { ApiClient } from '../transport/api-client.ts'
import { isAbsent, searched, unknown } from './found.ts'
import {
  IssueItem,
  isPullRequest,
  PullRequestItem,
  pullRequestFrom,
  pullRequestFromIssue,
  RepositoryDetails,
  repositoryOf,
} from './responses.ts'
import { isRepository, pullRequestSearch } from './search.ts'

type Issue = Static<typeof IssueItem>

export async function searchPullRequests(
  api: ApiClient,
  webUrl: string,
  query: PullRequestQuery,
  page: PageRequest,
): Promise<Page<PullRequest>> {
  const { repo, state } = query
  if (repo === null) return pullRequestsFound(api, webUrl, query, page)
  if (!isRepository(repo)) {
    throw invalid({ query: ['has a repo: that is not OWNER/NAME; GitHub has no other form'] })
  }
  if (query.words.length === 0) return pullRequestsOf(api, webUrl, repo, state, page)
  try {
    return await pullRequestsFound(api, webUrl, query, page)
  } catch (failure) {
    if (!isAbsent(failure)) throw failure
    return pullRequestsUnderNewName(api, webUrl, query, repo, page)
  }
}

/** Not a search: the list has no limit of 1,000, is always up to date, and includes id and source. */
async function pullRequestsOf(
  api: ApiClient,
  webUrl: string,
  repo: string,
  state: PullRequestQuery['state'],
  page: PageRequest,
): Promise<Page<PullRequest>> {
  let asked: Promise<Failure | null> | undefined
  const whyNot = () => {
    asked ??= whyNotThere(api, repo)
    return asked
  }
  try {
    const list = pullRequestList(api, repo, state ?? 'all', async () => (await whyNot()) === null)
    const found = await onePage(list, page)
    const items = found.items.map((item) => pullRequestFrom(item, webUrl))
    return { items, hasNext: found.hasNext, totalCount: null, warnings: unreadableWarnings('GitHub', found.unreadable) }
  } catch (failure) {
    if (!hasCode(failure, 'scm_not_found')) throw failure
    const reason = await whyNot()
    if (reason !== null) return unknown(`repository "${repo}"`, reason)
    return emptyPage(0, `GitHub lists no pull requests of repository "${repo}"; they may be switched off there.`)
  }
}

async function pullRequestsFound(
  api: ApiClient,
  webUrl: string,
  query: PullRequestQuery,
  page: PageRequest,
): Promise<Page<PullRequest>> {
  const parameters = { q: pullRequestSearch(query), sort: 'created', order: 'desc' }
  const list = { path: '/search/issues', parameters, item: IssueItem, isSearch: true } as const
  const found = await searched(page, () => onePage(listAt(api, list), page))
  // A search may return issues too, whatever was asked.
  const issues = found.items.filter(isPullRequest)
  const { items, warnings } = await withSources(api, webUrl, issues)
  return { ...found, items, warnings: [...found.warnings, ...warnings] }
}

/** Searches do not know a repository's old names, while all other calls redirect to the new one. */
async function pullRequestsUnderNewName(
  api: ApiClient,
  webUrl: string,
  query: PullRequestQuery,
  old: string,
  page: PageRequest,
): Promise<Page<PullRequest>> {
  const where = `repository "${old}"`
  try {
    const { body } = await api.get(`/repos/${old}`, RepositoryDetails)
    const repo = body.full_name ?? old
    if (isRepository(repo) && repo.toLowerCase() !== old.toLowerCase()) {
      return await pullRequestsFound(api, webUrl, { ...query, repo }, page)
    }
    return emptyPage(0, `GitHub has ${where}, but does not search in it for this account.`)
  } catch (failure) {
    if (isAbsent(failure) || hasCode(failure, 'scm_not_found')) return unknown(where, failure)
    throw failure
  }
}

/** A search does not include a pull request's source, but the list of the repository's newest hundred does. */
async function withSources(
  api: ApiClient,
  webUrl: string,
  issues: Issue[],
): Promise<{ items: PullRequest[]; warnings: string[] }> {
  const repositories = new Set(issues.map(repositoryOf).filter(isRepository))
  const { found, isComplete } = await lookUpEach(repositories, (repository) => newestOf(api, repository))
  const listed = (issue: Issue) =>
    found.get(repositoryOf(issue))?.find((item) => item?.number === issue.number) ?? undefined
  const items = issues.map((issue) => pullRequestFromIssue(issue, listed(issue), webUrl))
  const allTold = isComplete && issues.every((issue) => listed(issue) || !found.has(repositoryOf(issue)))
  return {
    items,
    warnings: allTold ? [] : ['Where some of these pull requests come from could not be looked up.'],
  }
}

/** The search has just found the repository, so a 404 may be about the size of the page. */
async function newestOf(api: ApiClient, repository: string) {
  const read = pullRequestList(api, repository, 'all', async () => false)
  try {
    return (await read({ page: 1, perPage: 100 })).items
  } catch (failure) {
    if (!hasCode(failure, 'scm_not_found')) throw failure
    return read({ page: 1, perPage: 50 }).then(
      ({ items }) => items,
      () => {
        throw failure
      },
    )
  }
}

/** The failure when a repository is not found; null when it exists. */
async function whyNotThere(api: ApiClient, repo: string): Promise<Failure | null> {
  try {
    await api.get(`/repos/${repo}`, RepositoryDetails)
    return null
  } catch (failure) {
    if (hasCode(failure, 'scm_not_found')) return failure
    throw failure
  }
}

function pullRequestList(api: ApiClient, repo: string, state: string, isThere: () => Promise<boolean>) {
  const parameters = { state, sort: 'created', direction: 'desc' }
  return listAt(api, { path: `/repos/${repo}/pulls`, parameters, item: PullRequestItem, isThere })
}
