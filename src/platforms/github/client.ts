// GitHub and GitHub Enterprise Server as a Platform.

import { Type } from 'typebox'
import { Failure } from '../../failure.ts'
import { avatarAddress, membersOf, unreadableWarnings, webAddress } from '../answers.ts'
import { branchPage } from '../composed-list.ts'
import { hasCode, orNull, TROUBLES, WITHHELD } from '../failures.ts'
import { listAt, onePage, SMALL_PAGE } from '../lists.ts'
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
import { apiVersionFor, isHostedByGitHub } from './addresses.ts'
import { foreignFailure, githubFailure, isVersionUnsupported, recognises } from './errors.ts'
import { callUnknown, notAPerson, notGitHub, scopeMissing } from './failures.ts'
import { heldBack, isAbsent, searched, unknown } from './found.ts'
import { KEYS, unknownCalls } from './identify.ts'
import { searchPullRequests } from './pull-requests.ts'
import {
  BranchItem,
  branchFrom,
  Email,
  expiryFrom,
  Key,
  keyFrom,
  Membership,
  Meta,
  OrganizationItem,
  organizationFrom,
  RateLimits,
  RepositoryDetails,
  RepositoryItem,
  rateLimitFrom,
  repositoryFrom,
  User,
} from './responses.ts'
import { missingScopes, scopesOf } from './scopes.ts'
import { isLogin, isRepository, repositorySearch } from './search.ts'

const MAX_VERSION_LENGTH = 40

const ORGANIZATIONS_UNTOLD =
  'GitHub lists no organisations for fine-grained and App tokens; a classic token shows them.'

export class GitHub implements Platform {
  readonly #at: Connection
  readonly #api: ApiClient
  /** The same server without the token, to find out which platform it is. */
  readonly #foreign: ApiClient
  /** The Enterprise Servers' versions, by their REST root. */
  readonly #versions: Transport['versions']

  constructor(transport: Transport, at: Connection) {
    this.#at = at
    this.#versions = transport.versions
    const common = {
      link: at.link,
      account: at.hasWorked ? at.account : null,
      signal: at.signal,
      ...(at.deadline === undefined ? {} : { deadline: at.deadline }),
    }
    this.#api = new ApiClient(transport, {
      root: at.apiUrl,
      headers: {
        authorization: `Bearer ${at.token}`,
        accept: 'application/vnd.github+json',
        'x-github-api-version': apiVersionFor(at.webUrl, this.#versions.get(at.apiUrl)),
      },
      ...common,
      ...(at.onAccepted && { onAccepted: at.onAccepted }),
      obtainedAt: at.obtainedAt,
      onHeaders: (headers) => {
        const version = headers['x-github-enterprise-version']
        if (version) this.#versions.set(at.apiUrl, version.slice(0, MAX_VERSION_LENGTH))
      },
      recognises: recognises.bind(null, at),
      failureFrom: githubFailure.bind(null, at),
    })
    this.#foreign = new ApiClient(transport, {
      root: at.webUrl,
      headers: {},
      ...common,
      recognises: () => true,
      failureFrom: foreignFailure,
    })
  }

  async profile(): Promise<Profile> {
    const { user, headers } = await this.#user()
    if (user.type === 'Bot') throw notAPerson(this.#at)
    const scopes = scopesOf(headers)
    return {
      uid: String(user.id),
      username: user.login,
      avatarUrl: avatarAddress(user.avatar_url, this.#at.webUrl),
      email: user.email || (await this.#primaryEmail()),
      profileUrl: webAddress(user.html_url) ?? this.#at.webUrl,
      scopes,
      missingScopes: missingScopes(scopes),
      tokenExpiresAt: expiryFrom(headers['github-authentication-token-expiration']),
    }
  }

  async sshKeys(): Promise<SshKey[]> {
    const keys = async (perPage: number) => this.#api.getAll(`/user/keys?per_page=${perPage}`, Key)
    try {
      return (await keys(100)).map(keyFrom)
    } catch (failure) {
      if (!hasCode(failure, 'scm_not_found')) throw failure
      // As in other lists, the 404 may be about the size of the page.
      const fewer = await orNull(keys(SMALL_PAGE), [...WITHHELD, ...TROUBLES])
      if (fewer !== null) return fewer.map(keyFrom)
      const unknown = await this.#unknownCalls()
      if (unknown.includes(KEYS)) throw callUnknown(this.#at, unknown)
      // An account without keys answers [], so this 404 means a missing scope, even when no header says so.
      throw scopeMissing(this.#at, ['read:public_key'])
    }
  }

  async searchRepositories(query: RepositoryQuery, page: PageRequest): Promise<Page<Repository>> {
    const q = repositorySearch(query)
    const where = `user or organisation "${query.user}"`
    if (query.user !== null && !isLogin(query.user)) return unknown(where)
    try {
      const list = { path: '/search/repositories', parameters: { q }, item: RepositoryItem, isSearch: true } as const
      const found = await searched(page, () => onePage(listAt(this.#api, list), page))
      return { ...found, items: found.items.map((item) => repositoryFrom(item, this.#at.webUrl)) }
    } catch (failure) {
      if (query.user !== null && isAbsent(failure)) return unknown(where)
      throw failure
    }
  }

  async organizations(page: PageRequest): Promise<Page<Organization>> {
    const answer = await onePage(listAt(this.#api, { path: '/user/orgs', item: OrganizationItem }), page)
    const isTold = scopesOf(answer.headers) !== null || answer.items.length > 0
    const found = isTold ? { ...answer, warnings: [] } : await this.#memberships(page)
    return {
      items: found.items.map((item) => organizationFrom(item, this.#at.webUrl)),
      hasNext: found.hasNext,
      totalCount: null,
      warnings: [...heldBack(answer.headers), ...unreadableWarnings('GitHub', answer.unreadable), ...found.warnings],
    }
  }

  searchPullRequests(query: PullRequestQuery, page: PageRequest): Promise<Page<PullRequest>> {
    return searchPullRequests(this.#api, this.#at.webUrl, query, page)
  }

  async branches(repository: string, page: PageRequest): Promise<Page<Branch>> {
    if (!isRepository(repository)) throw new Failure('scm_not_found', 'A repository of GitHub is named OWNER/NAME.')
    const path = `/repos/${repository}`
    const { body } = await this.#api.get(path, RepositoryDetails)
    const list = listAt(this.#api, { path: `${path}/branches`, item: BranchItem })
    const branch = body.default_branch ?? null
    // A renamed branch answers with its new name.
    const exists = async () => {
      const address = `${path}/branches/${encodeURIComponent(branch ?? '')}`
      return (await orNull(this.#api.get(address, BranchItem), [...WITHHELD, 'scm_bad_response']))?.body.name === branch
    }
    const { items, hasNext, totalCount, unreadable } = await branchPage(list, branch, exists, page)
    return { items: items.map(branchFrom), hasNext, totalCount, warnings: unreadableWarnings('GitHub', unreadable) }
  }

  async health(): Promise<PlatformHealth> {
    // Only an Enterprise Server has a version; github.com's answer is also long.
    const isServer = this.#at.apiUrl.endsWith('/api/v3')
    const meta = isServer ? await orUntold(this.#api.get('/meta', Meta)) : null
    // A server whose limits are switched off answers 404.
    const limits = await orUntold(this.#api.get('/rate_limit', RateLimits))
    const unknown = await this.#unknownCalls()
    return {
      name: unknown.length > 0 ? 'a server that is only like GitHub' : scmTypes[this.#at.scmType].label,
      version: meta?.body.installed_version ?? this.#versions.get(this.#at.apiUrl) ?? null,
      rateLimit: limits === null ? null : rateLimitFrom(limits.body),
      isTold: meta !== null || limits !== null,
      unknownCalls: unknown,
    }
  }

  /**
   * A server that sends its version is an Enterprise Server. Others are tested, because a proxy may remove that header.
   */
  async #unknownCalls(): Promise<string[]> {
    const { webUrl, apiUrl } = this.#at
    return isHostedByGitHub(webUrl) || this.#versions.has(apiUrl) ? [] : unknownCalls(this.#api)
  }

  /**
   * Fine-grained and App tokens get no organisations from the list, but may be allowed to read the user's memberships.
   */
  async #memberships(page: PageRequest) {
    const list = { path: '/user/memberships/orgs', parameters: { state: 'active' }, item: Membership }
    // An answer that a proxy wrote says nothing about the memberships.
    const found = await orNull(onePage(listAt(this.#api, list), page), WITHHELD)
    const items = (found?.items ?? []).flatMap(({ organization }) => organization ?? [])
    const isTold = items.length > 0 || page.page > 1
    return { items, hasNext: found?.hasNext ?? false, warnings: isTold ? [] : [ORGANIZATIONS_UNTOLD] }
  }

  async #user() {
    try {
      const { headers, body } = await this.#api.get('/user', Type.Unknown())
      const user = this.#api.narrow(User, body)
      if (user) return { headers, user }
      const isGitLab = 'username' in membersOf(body)
      throw notGitHub(this.#at, 'its answer to /user has no id or login', isGitLab)
    } catch (failure) {
      if (hasCode(failure, 'scm_query_refused')) throw notGitHub(this.#at, 'it refuses to say whose token this is')
      // Every person's token may read its own profile, so a token that may not belongs to an App installation.
      if (hasCode(failure, 'scm_scope_missing') && (this.#at.account === null || !this.#at.hasWorked))
        throw notAPerson(this.#at)
      if (hasCode(failure, 'scm_not_found')) {
        throw notGitHub(this.#at, 'it does not know /user', await this.#isGitLab())
      }
      const isForeign = hasCode(failure, 'scm_bad_response') && failure.details.log?.status !== undefined
      if (isForeign && !isVersionUnsupported(failure) && (await this.#isGitLab()))
        throw notGitHub(this.#at, 'its API is not there', true)
      throw failure
    }
  }

  /**
   * GitLab rejects anonymous calls in its own form; GitHub does not have this path. Not asked once the link has worked.
   */
  async #isGitLab(): Promise<boolean> {
    if (this.#at.hasWorked) return false
    const asked = this.#foreign.get('/api/v4/version', Type.Unknown())
    return asked.then(
      () => false,
      (failure) => hasCode(failure, 'scm_forbidden'),
    )
  }

  /** An extra question: when GitHub fails to answer it, the profile is still good. */
  async #primaryEmail(): Promise<string | null | undefined> {
    try {
      const emails = await orNull(this.#api.getAll('/user/emails?per_page=100', Email), WITHHELD)
      return emails?.find(({ primary, verified }) => primary && verified)?.email ?? null
    } catch (failure) {
      if (hasCode(failure, ...TROUBLES) && !isVersionUnsupported(failure)) return undefined
      throw failure
    }
  }
}

/** null when our answer can do without it. */
async function orUntold<T>(asked: Promise<T>): Promise<T | null> {
  try {
    return await asked
  } catch (failure) {
    if (isVersionUnsupported(failure) || !hasCode(failure, ...WITHHELD, 'scm_bad_response')) throw failure
    return null
  }
}
