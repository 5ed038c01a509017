// GitLab, hosted and self-hosted, as a Platform.
import { Type } from 'typebox'
import { Failure, type FailureCode, invalid } from '../../failure.ts'
import { type Answer, Api, type Outgoing } from '../api.ts'
import {
  branchPage,
  keeping,
  newestFirst,
  pagesInTurn,
  type ReadPage,
  readBudget,
  takePage,
  type UpstreamPage,
} from '../composed-list.ts'
import type {
  Branch,
  Organization,
  Page,
  PageRequest,
  Platform,
  PlatformHealth,
  Profile,
  PullRequest,
  PullRequestQuery,
  Repository,
  RepositoryQuery,
  SshKey,
} from '../platform.ts'
import { scmTypes } from '../scm-types.ts'
import { type Connection, emptyPage, hasCode, lookUpEach, orNull, pathParts, queryOf, REFUSALS } from '../vendor.ts'
import { readProfile } from './account.ts'
import { callForbidden, gitlabFailure, isOwnRefusal, mayBeAboutTheCall, strangerFailure } from './errors.ts'
import {
  BranchItem,
  branchFrom,
  forkOf,
  Group,
  isFork,
  Key,
  keyFrom,
  MergeRequest,
  MergeRequestAccess,
  organizationFrom,
  Project,
  ProjectDetails,
  pullRequestFrom,
  rateLimitFrom,
  repositoryFrom,
  sourceFrom,
  targetOf,
  Version,
} from './responses.ts'

/** Servers older than a path answer it in a form of their own. */
const UNTOLD: FailureCode[] = [...REFUSALS, 'scm_bad_response']

export class GitLab implements Platform {
  readonly #at: Connection
  readonly #api: Api
  /** The same for calls whose refusal is about the token itself. */
  readonly #identity: Api
  /** What is not below the REST root: OAuth. */
  readonly #web: Api
  /** The same place without the token, to find out who is there. */
  readonly #stranger: Api

  constructor(outgoing: Outgoing, at: Connection) {
    const common = {
      link: at.link,
      account: at.hasWorked ? at.account : null,
      signal: at.signal,
      ...(at.deadline === undefined ? {} : { deadline: at.deadline }),
    }
    const options = {
      // PRIVATE-TOKEN takes no OAuth tokens, and survives redirects to other origins where Authorization does not.
      headers: { authorization: `Bearer ${at.token}`, accept: 'application/json' },
      ...common,
      ...(at.onAccepted && { onAccepted: at.onAccepted }),
      obtainedAt: at.obtainedAt,
      recognises: isOwnRefusal.bind(null, at),
      failureFrom: gitlabFailure.bind(null, at),
    }
    this.#at = at
    this.#identity = new Api(outgoing, { root: at.api, ...options })
    this.#api = new Api(outgoing, { root: at.api, ...options, reconsider: this.#reconsider.bind(this) })
    this.#web = new Api(outgoing, { root: at.web, ...options })
    this.#stranger = new Api(outgoing, {
      root: at.web,
      headers: {},
      ...common,
      recognises: () => true,
      failureFrom: strangerFailure,
    })
  }

  profile(): Promise<Profile> {
    return readProfile(this.#at, { identity: this.#identity, web: this.#web, anonymous: this.#stranger })
  }

  async sshKeys(): Promise<SshKey[]> {
    return (await this.#api.getAll('/user/keys?per_page=100', Key)).map(keyFrom)
  }

  async searchRepositories(query: RepositoryQuery, page: PageRequest): Promise<Page<Repository>> {
    const lists = projectLists(query.user)
    if (lists.length === 0) return unknown(`user or group "${query.user}"`)
    const read = this.#projects(lists, query.words)
    try {
      // GitLab cannot leave forks out, so its pages shrink here and ours are filled from further ones.
      const originals = keeping(pagesInTurn(readBudget(), read), (project) => !isFork(project))
      const { cut, ...found } = query.forks ? { ...(await read(page)), cut: false } : await takePage(originals, page)
      return {
        ...found,
        items: found.items.map((project) => repositoryFrom(project, this.#at.web)),
        warnings: cut
          ? ['GitLab has more projects than were looked through for ones that are no forks; narrow the query.']
          : [],
      }
    } catch (failure) {
      if (query.user !== null && hasCode(failure, 'scm_not_found')) return unknown(`user or group "${query.user}"`)
      throw failure
    }
  }

  async organizations(page: PageRequest): Promise<Page<Organization>> {
    // Without a level also groups are listed that are merely visible, and to administrators all there are.
    // `active` leaves out what waits for deletion, and what is archived: from 18.0 on
    // (https://gitlab.com/gitlab-org/gitlab/-/merge_requests/186393); older servers ignore it.
    const query = queryOf({ min_access_level: '10', active: 'true', order_by: 'name', sort: 'asc' }, page)
    const { items, ...found } = partFrom(await this.#api.get(`/groups?${query}`, Type.Array(Group)))
    const kept = items.filter(({ marked_for_deletion_on }) => !marked_for_deletion_on)
    return {
      ...found,
      totalCount: kept.length < items.length ? null : found.totalCount,
      items: kept.map((group) => organizationFrom(group, this.#at.web)),
      warnings: [],
    }
  }

  async searchPullRequests(query: PullRequestQuery, page: PageRequest): Promise<Page<PullRequest>> {
    if (query.repo !== null && !isProject(query.repo)) {
      throw invalid({ query: ['has a repo: that is not GROUP/PROJECT or GROUP/SUBGROUP/PROJECT'] })
    }
    try {
      const { cut, ...found } = await this.#mergeRequests(query, page)
      const { items, warnings } = await this.#withSources(found.items)
      const narrow = 'GitLab has more closed and merged ones than were read to put them in order; narrow the query.'
      return { ...found, items, warnings: [...warnings, ...(cut ? [narrow] : [])] }
    } catch (failure) {
      if (query.repo !== null && hasCode(failure, 'scm_not_found')) return unknown(`project "${query.repo}"`)
      if (query.repo !== null && hasCode(failure, 'scm_forbidden') && (await this.#hasNoMergeRequests(query.repo))) {
        return emptyPage(0, `Merge requests are switched off in the project "${query.repo}".`)
      }
      throw failure
    }
  }

  async branches(repository: string, page: PageRequest): Promise<Page<Branch>> {
    if (!isProject(repository)) throw new Failure('scm_not_found', 'A project of GitLab is named GROUP/PROJECT.')
    const path = `/projects/${encodeURIComponent(repository)}`
    // The list marks the default branch too, but perhaps only on its last page.
    const { body } = await this.#api.get(path, ProjectDetails)
    const read = async (part: PageRequest) => {
      const found = partFrom(
        await this.#api.get(`${path}/repository/branches?${queryOf({}, part)}`, Type.Array(BranchItem)),
      )
      return { ...found, items: found.items.map(branchFrom) }
    }
    const { items, hasNext, totalCount } = await branchPage(read, body.default_branch ?? null, page)
    return { items, hasNext, totalCount, warnings: [] }
  }

  async health(): Promise<PlatformHealth> {
    // https://docs.gitlab.com/api/metadata/ is from 15.2 on; /version is older.
    const answer =
      (await orNull(this.#api.get('/metadata', Version), UNTOLD)) ??
      (await orNull(this.#api.get('/version', Version), UNTOLD))
    return {
      name: scmTypes[this.#at.scmType].label,
      version: answer?.body.version ?? null,
      rateLimit: rateLimitFrom(answer?.headers ?? {}),
      unknownCalls: [],
    }
  }

  /** "401 Unauthorized" may be a permission that lacks: the token is no good only when /user says so too. */
  async #reconsider(failure: Failure): Promise<Failure> {
    if (!mayBeAboutTheCall(failure)) return failure
    return this.#identity.get('/user', Type.Unknown()).then(
      () => callForbidden(this.#at),
      (aboutTheToken: Failure) => aboutTheToken,
    )
  }

  /** GitLab answers 403 for merge requests that are switched off, and tells so at the project. */
  async #hasNoMergeRequests(project: string): Promise<boolean> {
    const asked = this.#api.get(`/projects/${encodeURIComponent(project)}`, MergeRequestAccess)
    const answer = await orNull(asked, REFUSALS)
    return answer?.body.merge_requests_access_level === 'disabled' || answer?.body.merge_requests_enabled === false
  }

  /** A name is a user's or a group's: the first list that exists is the one, and read on from then. */
  #projects(lists: string[], words: string[]): ReadPage<Project> {
    const search = words.length === 0 ? {} : { search: searchText(words) }
    let candidates = lists
    return async (part) => {
      for (;;) {
        const [list = '', ...others] = candidates
        try {
          return partFrom(await this.#api.get(`${list}${queryOf(search, part)}`, Type.Array(Project)))
        } catch (failure) {
          if (!hasCode(failure, 'scm_not_found') || others.length === 0) throw failure
          candidates = others
        }
      }
    }
  }

  async #mergeRequests(query: PullRequestQuery, page: PageRequest) {
    const read = (state: string) => async (part: PageRequest) => {
      return partFrom(await this.#api.get(mergeRequestsPath(query, state, part), Type.Array(MergeRequest)))
    }
    if (query.state === null) return { ...(await read('all')(page)), cut: false }
    if (query.state === 'open') return { ...(await read('opened')(page)), cut: false }
    // Closed and merged are two states here, and one list cannot be asked for both.
    const budget = readBudget()
    const states = ['closed', 'merged'].map((state) => pagesInTurn(budget, read(state)))
    return takePage(
      newestFirst(states, ({ created_at }) => created_at),
      page,
    )
  }

  /** Merge requests tell no more than the number of the project they come from; for forks its name is looked up. */
  async #withSources(items: MergeRequest[]): Promise<{ items: PullRequest[]; warnings: string[] }> {
    const forks = new Set(items.map(forkOf).filter((id) => id !== null))
    const { found, isComplete } = await lookUpEach(forks, async (id) =>
      sourceFrom((await this.#api.get(`/projects/${id}`, ProjectDetails)).body),
    )
    return {
      items: items.map((item) => {
        const fork = forkOf(item)
        const isOwn = fork === null && item.source_project_id
        const source = fork !== null ? found.get(fork) : isOwn ? targetOf(item, this.#at.web) : null
        return pullRequestFrom(item, source ?? null, this.#at.web)
      }),
      warnings: isComplete ? [] : ['Where some of these merge requests come from could not be looked up.'],
    }
  }
}

function partFrom<T>({ body, headers, next }: Answer<T[]>): UpstreamPage<T> {
  const total = headers['x-total'] ?? ''
  return { items: body, hasNext: next !== null, totalCount: /^\d{1,15}$/.test(total) ? Number(total) : null }
}

function unknown(place: string): Page<never> {
  return emptyPage(0, `GitLab has no ${place} that this account can see.`)
}

function isProject(name: string): boolean {
  return (pathParts(name)?.length ?? 0) > 1
}

/** Where the projects of a user or group may be, beginnings of addresses in the order to ask; only groups have a `/`. */
function projectLists(name: string | null): string[] {
  if (name === null) return ['/projects?order_by=last_activity_at&sort=desc&']
  const parts = pathParts(name)
  // GitLab reads digits alone as somebody's or some group's id.
  if (parts === null || /^\d+$/.test(name)) return []
  const group = `/groups/${encodeURIComponent(name)}/projects?include_subgroups=true&with_shared=false&`
  return parts.length > 1 ? [group] : [`/users/${encodeURIComponent(name)}/projects?`, group]
}

function mergeRequestsPath({ repo, words }: PullRequestQuery, state: string, part: PageRequest): string {
  const search = words.length === 0 ? {} : { search: searchText(words), in: 'title' }
  const order = { state, order_by: 'created_at', sort: 'desc', ...search }
  return repo === null
    ? `/merge_requests?${queryOf({ scope: 'created_by_me', ...order }, part)}`
    : `/projects/${encodeURIComponent(repo)}/merge_requests?${queryOf(order, part)}`
}

/** GitLab takes a phrase in quotation marks as one term (lib/gitlab/sql/pattern.rb). */
function searchText(words: string[]): string {
  return words.map((word) => (word.includes(' ') ? `"${word}"` : word)).join(' ')
}
