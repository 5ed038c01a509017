// GitLab, hosted and self-hosted, as a Platform.

import { Type } from 'typebox'
import { Failure, type FailureCode } from '../../failure.ts'
import { unreadableWarnings } from '../answers.ts'
import { branchPage } from '../composed-list.ts'
import { orNull, WITHHELD } from '../failures.ts'
import { listAt, onePage } from '../lists.ts'
import type {
  Branch,
  Connection,
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
import { ApiClient } from '../transport/api-client.ts'
import type { Transport } from '../transport/transport.ts'
import { readProfile } from './account.ts'
import { callForbidden, foreignFailure, gitlabFailure, mayBeAboutTheCall, recognises } from './errors.ts'
import { isProject, projectAddress } from './found.ts'
import { searchMergeRequests } from './merge-requests.ts'
import { searchProjects } from './projects.ts'
import {
  BranchItem,
  branchFrom,
  Group,
  isBeingDeleted,
  Key,
  keyFrom,
  organizationFrom,
  ProjectDetails,
  rateLimitFrom,
  Version,
} from './responses.ts'

/** Servers too old to know a path answer it in another form. */
const UNTOLD: FailureCode[] = [...WITHHELD, 'scm_bad_response']

/** Milliseconds before the request's deadline at which reading stops, so that we can answer with what was found. */
const ANSWER_TIME_MS = 2_500

export class GitLab implements Platform {
  readonly #at: Connection
  readonly #api: ApiClient
  /** The same for calls whose rejection is about the token itself. */
  readonly #identity: ApiClient
  /** For addresses outside the REST root: OAuth. */
  readonly #web: ApiClient
  /** The same server without the token, to find out which platform it is. */
  readonly #foreign: ApiClient
  /** `Date.now()` at which lists stop being read and are returned as far as they got. */
  readonly #until: number

  constructor(transport: Transport, at: Connection) {
    const common = {
      link: at.link,
      account: at.hasWorked ? at.account : null,
      signal: at.signal,
      ...(at.deadline === undefined ? {} : { deadline: at.deadline }),
    }
    const options = {
      // PRIVATE-TOKEN does not accept OAuth tokens, and unlike Authorization it is sent on by redirects to other
      // origins.
      headers: { authorization: `Bearer ${at.token}`, accept: 'application/json' },
      ...common,
      ...(at.onAccepted && { onAccepted: at.onAccepted }),
      obtainedAt: at.obtainedAt,
      recognises: recognises.bind(null, at),
      failureFrom: gitlabFailure.bind(null, at),
    }
    this.#at = at
    this.#until = (at.deadline ?? Number.POSITIVE_INFINITY) - ANSWER_TIME_MS
    this.#identity = new ApiClient(transport, { root: at.apiUrl, ...options })
    this.#api = new ApiClient(transport, { root: at.apiUrl, ...options, reconsider: this.#reconsider.bind(this) })
    this.#web = new ApiClient(transport, { root: at.webUrl, ...options })
    this.#foreign = new ApiClient(transport, {
      root: at.webUrl,
      headers: {},
      ...common,
      recognises: () => true,
      failureFrom: foreignFailure,
    })
  }

  profile(): Promise<Profile> {
    return readProfile(this.#at, { identity: this.#identity, web: this.#web, anonymous: this.#foreign })
  }

  async sshKeys(): Promise<SshKey[]> {
    return (await this.#api.getAll('/user/keys?per_page=100', Key)).map(keyFrom)
  }

  searchRepositories(query: RepositoryQuery, page: PageRequest): Promise<Page<Repository>> {
    return searchProjects(this.#api, this.#at.webUrl, query, page, this.#until)
  }

  async organizations(page: PageRequest): Promise<Page<Organization>> {
    // Without a level the list has all visible groups too, and for administrators all groups that exist.
    // `active` leaves out groups that wait for deletion, and archived ones: from 18.0 on
    // (https://gitlab.com/gitlab-org/gitlab/-/merge_requests/186393); older servers ignore it.
    const parameters = { min_access_level: '10', active: 'true', order_by: 'name', sort: 'asc' }
    const found = await onePage(listAt(this.#api, { path: '/groups', parameters, item: Group }), page)
    const kept = found.items.filter((group) => !isBeingDeleted(group.full_path, group.marked_for_deletion_on))
    return {
      items: kept.map((group) => organizationFrom(group, this.#at.webUrl)),
      hasNext: found.hasNext,
      totalCount: kept.length < found.items.length ? null : found.totalCount,
      warnings: unreadableWarnings('GitLab', found.unreadable),
    }
  }

  searchPullRequests(query: PullRequestQuery, page: PageRequest): Promise<Page<PullRequest>> {
    return searchMergeRequests(this.#api, this.#at.webUrl, query, page, this.#until)
  }

  async branches(repository: string, page: PageRequest): Promise<Page<Branch>> {
    if (!isProject(repository)) throw new Failure('scm_not_found', 'A project of GitLab is named GROUP/PROJECT.')
    const path = projectAddress(repository)
    // The list marks the default branch too, but possibly only on its last page.
    const { body } = await this.#api.get(path, ProjectDetails)
    // A 404 means that the repository is switched off.
    const isThere = async () => false
    const list = listAt(this.#api, { path: `${path}/repository/branches`, item: BranchItem, isThere })
    const branch = body.default_branch ?? null
    const exists = async () => {
      const address = `${path}/repository/branches/${encodeURIComponent(branch ?? '')}`
      return (await orNull(this.#api.get(address, BranchItem), UNTOLD)) !== null
    }
    const { items, hasNext, totalCount, unreadable } = await branchPage(list, branch, exists, page)
    return { items: items.map(branchFrom), hasNext, totalCount, warnings: unreadableWarnings('GitLab', unreadable) }
  }

  async health(): Promise<PlatformHealth> {
    // https://docs.gitlab.com/api/metadata/ exists from 15.2 on; /version is older.
    const answer =
      (await orNull(this.#api.get('/metadata', Version), UNTOLD)) ??
      (await orNull(this.#api.get('/version', Version), UNTOLD))
    return {
      name: scmTypes[this.#at.scmType].label,
      version: answer?.body.version ?? null,
      rateLimit: rateLimitFrom(answer?.headers ?? {}),
      isTold: answer !== null,
      unknownCalls: [],
    }
  }

  /** "401 Unauthorized" may be about a missing permission: the token is invalid only if /user answers 401 too. */
  async #reconsider(failure: Failure): Promise<Failure> {
    if (!mayBeAboutTheCall(failure)) return failure
    return this.#identity.get('/user', Type.Unknown()).then(
      () => callForbidden(this.#at),
      (aboutTheToken: Failure) => aboutTheToken,
    )
  }
}
