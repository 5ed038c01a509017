// GitHub and GitHub Enterprise Server as a Platform.
import { type Static, Type } from 'typebox'
import { Value } from 'typebox/value'
import { Failure, invalid } from '../../failure.ts'
import { Api, type Outgoing } from '../api.ts'
import { branchPage } from '../composed-list.ts'
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
import {
  avatarAddress,
  type Connection,
  emptyPage,
  hasCode,
  lookUpEach,
  membersOf,
  orNull,
  queryOf,
  REFUSALS,
  startOf,
  TROUBLES,
  webAddress,
} from '../vendor.ts'
import { apiVersionFor, isHostedByGitHub } from './api-version.ts'
import { githubFailure, isOwnRefusal, isVersionRefused, strangerFailure } from './errors.ts'
import { callUnknown, notAPerson, notGitHub, scopeMissing } from './failures.ts'
import { KEYS, unknownCalls } from './known-calls.ts'
import {
  BranchItem,
  branchFrom,
  Email,
  expiryFrom,
  type IssueItem,
  IssuesFound,
  Key,
  keyFrom,
  Membership,
  Meta,
  OrganizationItem,
  organizationFrom,
  PullRequestItem,
  pullRequestFrom,
  pullRequestFromIssue,
  RateLimits,
  RepositoriesFound,
  RepositoryDetails,
  rateLimitFrom,
  repositoryFrom,
  repositoryOf,
  User,
} from './responses.ts'
import { missingScopes, scopesOf } from './scopes.ts'
import { isLogin, isRepository, pullRequestSearch, repositorySearch } from './search.ts'

/** Searches give no more: https://docs.github.com/en/rest/search/search#about-search */
const MOST_FOUND = 1000

const MAX_VERSION_LENGTH = 40

const ORGANIZATIONS_UNTOLD =
  'GitHub lists no organisations for fine-grained and App tokens; a classic token shows them.'

type Issue = Static<typeof IssueItem>

export class GitHub implements Platform {
  readonly #at: Connection
  readonly #api: Api
  /** The same place without the token, to find out who is there. */
  readonly #stranger: Api
  /** What Enterprise Servers say of their version, by their REST root. */
  readonly #versions: Outgoing['door']['notes']['versions']

  constructor(outgoing: Outgoing, at: Connection) {
    this.#at = at
    this.#versions = outgoing.door.notes.versions
    const common = {
      link: at.link,
      account: at.hasWorked ? at.account : null,
      signal: at.signal,
      ...(at.deadline === undefined ? {} : { deadline: at.deadline }),
    }
    this.#api = new Api(outgoing, {
      root: at.api,
      headers: {
        authorization: `Bearer ${at.token}`,
        accept: 'application/vnd.github+json',
        'x-github-api-version': apiVersionFor(at.web, this.#versions.get(at.api)),
      },
      ...common,
      ...(at.onAccepted && { onAccepted: at.onAccepted }),
      obtainedAt: at.obtainedAt,
      onHeaders: (headers) => {
        const version = headers['x-github-enterprise-version']
        if (version) this.#versions.set(at.api, version.slice(0, MAX_VERSION_LENGTH))
      },
      recognises: isOwnRefusal.bind(null, at),
      failureFrom: githubFailure.bind(null, at),
    })
    this.#stranger = new Api(outgoing, {
      root: at.web,
      headers: {},
      ...common,
      recognises: () => true,
      failureFrom: strangerFailure,
    })
  }

  async profile(): Promise<Profile> {
    const { user, headers } = await this.#user()
    if (user.type === 'Bot') throw notAPerson(this.#at)
    const scopes = scopesOf(headers)
    return {
      uid: String(user.id),
      username: user.login,
      avatarUrl: avatarAddress(user.avatar_url, this.#at.web),
      email: user.email || (await this.#primaryEmail()),
      profileUrl: webAddress(user.html_url) ?? this.#at.web,
      scopes,
      missingScopes: missingScopes(scopes),
      tokenExpiresAt: expiryFrom(headers['github-authentication-token-expiration']),
    }
  }

  async sshKeys(): Promise<SshKey[]> {
    try {
      return (await this.#api.getAll('/user/keys?per_page=100', Key)).map(keyFrom)
    } catch (failure) {
      if (!hasCode(failure, 'scm_not_found')) throw failure
      const unknown = await this.#unknownCalls()
      if (unknown.includes(KEYS)) throw callUnknown(this.#at, unknown)
      // An account without keys answers [], so this 404 is a missing scope even where no header says so.
      throw scopeMissing(this.#at, ['read:public_key'])
    }
  }

  async searchRepositories(query: RepositoryQuery, page: PageRequest): Promise<Page<Repository>> {
    const q = repositorySearch(query)
    const place = query.user === null ? null : `user or organisation "${query.user}"`
    if (query.user !== null && !isLogin(query.user)) return unknown(place)
    return searched(page, place, async () => {
      const answer = await this.#api.get(`/search/repositories?${queryOf({ q }, page)}`, RepositoriesFound)
      return { ...answer, items: answer.body.items.map((item) => repositoryFrom(item, this.#at.web)) }
    })
  }

  async organizations(page: PageRequest): Promise<Page<Organization>> {
    const answer = await this.#api.get(`/user/orgs?${queryOf({}, page)}`, Type.Array(OrganizationItem))
    const isTold = scopesOf(answer.headers) !== null || answer.body.length > 0
    const found = isTold ? { ...answer, warnings: [] } : await this.#memberships(page)
    return {
      items: found.body.map((item) => organizationFrom(item, this.#at.web)),
      hasNext: found.next !== null,
      totalCount: null,
      warnings: [...heldBack(answer.headers), ...found.warnings],
    }
  }

  async searchPullRequests(query: PullRequestQuery, page: PageRequest): Promise<Page<PullRequest>> {
    if (query.repo !== null && !isRepository(query.repo)) {
      throw invalid({ query: ['has a repo: that is not OWNER/NAME; GitHub has no other form'] })
    }
    if (query.repo !== null && query.words.length === 0) return this.#pullRequestsOf(query.repo, query.state, page)

    const q = pullRequestSearch(query)
    const place = query.repo === null ? null : `repository "${query.repo}"`
    return searched(page, place, async () => {
      const search = queryOf({ q, sort: 'created', order: 'desc' }, page)
      const answer = await this.#api.get(`/search/issues?${search}`, IssuesFound)
      return { ...answer, ...(await this.#withSources(answer.body.items)) }
    })
  }

  async branches(repository: string, page: PageRequest): Promise<Page<Branch>> {
    if (!isRepository(repository)) throw new Failure('scm_not_found', 'A repository of GitHub is named OWNER/NAME.')
    const { body } = await this.#api.get(`/repos/${repository}`, RepositoryDetails)
    const read = async (part: PageRequest) => {
      const answer = await this.#api.get(`/repos/${repository}/branches?${queryOf({}, part)}`, Type.Array(BranchItem))
      return { items: answer.body.map(branchFrom), hasNext: answer.next !== null, totalCount: null }
    }
    const { items, hasNext, totalCount } = await branchPage(read, body.default_branch ?? null, page)
    return { items, hasNext, totalCount, warnings: [] }
  }

  async health(): Promise<PlatformHealth> {
    // Only an Enterprise Server has a version, and github.com's answer is long.
    const isServer = this.#at.api.endsWith('/api/v3')
    const meta = isServer ? await orUntold(this.#api.get('/meta', Meta)) : null
    // A server whose limits are switched off answers 404.
    const limits = await orUntold(this.#api.get('/rate_limit', RateLimits))
    const unknown = await this.#unknownCalls()
    return {
      name: unknown.length > 0 ? 'a server that is only like GitHub' : scmTypes[this.#at.scmType].label,
      version: meta?.body.installed_version ?? this.#versions.get(this.#at.api) ?? null,
      rateLimit: limits === null ? null : rateLimitFrom(limits.body),
      unknownCalls: unknown,
    }
  }

  /** One that tells its version is an Enterprise Server. Others are asked: a proxy may strip the header. */
  async #unknownCalls(): Promise<string[]> {
    const { web, api } = this.#at
    return isHostedByGitHub(web) || this.#versions.has(api) ? [] : unknownCalls(this.#api)
  }

  /** Fine-grained and App tokens are given no organisations, but their memberships where they may read them. */
  async #memberships(page: PageRequest) {
    const path = `/user/memberships/orgs?${queryOf({ state: 'active' }, page)}`
    const answer = await orUntold(this.#api.get(path, Type.Array(Membership)))
    const body = (answer?.body ?? []).flatMap(({ organization }) => organization ?? [])
    const isTold = body.length > 0 || page.page > 1
    return { body, next: answer?.next ?? null, warnings: isTold ? [] : [ORGANIZATIONS_UNTOLD] }
  }

  async #user() {
    try {
      const { headers, body } = await this.#api.get('/user', Type.Unknown())
      if (Value.Check(User, body)) return { headers, user: body }
      const isGitLab = 'username' in membersOf(body)
      throw notGitHub(this.#at, 'its answer to /user has no id or login', isGitLab)
    } catch (failure) {
      if (hasCode(failure, 'scm_query_refused')) throw notGitHub(this.#at, 'it refuses to say whose token this is')
      // Every person's token may read its own profile, so a new one that lacks the permission is an installation's.
      if (hasCode(failure, 'scm_scope_missing') && !this.#at.hasWorked) throw notAPerson(this.#at)
      if (hasCode(failure, 'scm_not_found')) {
        throw notGitHub(this.#at, 'it does not know /user', await this.#isGitLab())
      }
      const isForeign = hasCode(failure, 'scm_bad_response') && failure.details.log?.status !== undefined
      if (isForeign && !isVersionRefused(failure) && (await this.#isGitLab()))
        throw notGitHub(this.#at, 'its API is not there', true)
      throw failure
    }
  }

  /** GitLab refuses anonymous calls in words of its own, GitHub has no such path. Not asked where the link has worked. */
  async #isGitLab(): Promise<boolean> {
    if (this.#at.hasWorked) return false
    const asked = this.#stranger.get('/api/v4/version', Type.Unknown())
    return asked.then(
      () => false,
      (refusal) => hasCode(refusal, 'scm_forbidden'),
    )
  }

  /** A side question: GitHub's trouble with it is none of the account's. */
  async #primaryEmail(): Promise<string | null | undefined> {
    try {
      const emails = await orNull(this.#api.getAll('/user/emails?per_page=100', Email), REFUSALS)
      return emails?.find(({ primary, verified }) => primary && verified)?.email ?? null
    } catch (failure) {
      if (hasCode(failure, ...TROUBLES) && !isVersionRefused(failure)) return undefined
      throw failure
    }
  }

  /** Not by the search: the list has no limit of 1,000, lags behind nothing, and tells id and source. */
  async #pullRequestsOf(repo: string, state: PullRequestQuery['state'], page: PageRequest): Promise<Page<PullRequest>> {
    try {
      const answer = await this.#pullRequestList(repo, state ?? 'all', page)
      const items = answer.body.map((item) => pullRequestFrom(item, this.#at.web))
      return { items, hasNext: answer.next !== null, totalCount: null, warnings: [] }
    } catch (failure) {
      if (hasCode(failure, 'scm_not_found')) return unknown(`repository "${repo}"`, failure.details.hint)
      throw failure
    }
  }

  /** A search does not tell where a pull request comes from; the newest hundred of its repository do. */
  async #withSources(issues: Issue[]): Promise<{ items: PullRequest[]; warnings: string[] }> {
    const repositories = new Set(issues.map(repositoryOf).filter(isRepository))
    const { found, isComplete } = await lookUpEach(repositories, (repository) =>
      this.#pullRequestList(repository, 'all', { page: 1, perPage: 100 }),
    )
    const listed = (issue: Issue) => found.get(repositoryOf(issue))?.body.find(({ number }) => number === issue.number)
    const items = issues.map((issue) => pullRequestFromIssue(issue, listed(issue), this.#at.web))
    const allTold = isComplete && issues.every((issue) => listed(issue) || !found.has(repositoryOf(issue)))
    return {
      items,
      warnings: allTold ? [] : ['Where some of these pull requests come from could not be looked up.'],
    }
  }

  #pullRequestList(repo: string, state: string, page: PageRequest) {
    const query = queryOf({ state, sort: 'created', direction: 'desc' }, page)
    return this.#api.get(`/repos/${repo}/pulls?${query}`, Type.Array(PullRequestItem))
  }
}

/** null where an answer of ours can do without what was asked. */
async function orUntold<T>(asked: Promise<T>): Promise<T | null> {
  try {
    return await asked
  } catch (failure) {
    if (isVersionRefused(failure) || !hasCode(failure, ...REFUSALS, 'scm_bad_response')) throw failure
    return null
  }
}

interface SearchAnswer<T> {
  items: T[]
  body: { total_count: number; incomplete_results?: boolean | null }
  headers: Record<string, string>
  next: string | null
  warnings?: string[]
}

/** A page of a search; `place` is what the query names and GitHub may not know or not show. */
async function searched<T>(
  page: PageRequest,
  place: string | null,
  ask: () => Promise<SearchAnswer<T>>,
): Promise<Page<T>> {
  if (startOf(page) >= MOST_FOUND) {
    return emptyPage(null, `GitHub gives only the first ${MOST_FOUND} results of a search; narrow the query.`)
  }
  try {
    const { items, body, headers, next, warnings = [] } = await ask()
    const cutShort = 'GitHub ran out of time for this search, so results may be missing.'
    return {
      items,
      hasNext: next !== null && startOf(page) + page.perPage < MOST_FOUND,
      totalCount: body.total_count,
      warnings: [...heldBack(headers), ...(body.incomplete_results ? [cutShort] : []), ...warnings],
    }
  } catch (failure) {
    // The words are ours to get right; a 422 is about the account or repository that the query names.
    if (place !== null && hasCode(failure, 'scm_query_refused')) return unknown(place)
    throw failure
  }
}

/** `hint`: what else the answer said. */
function unknown(place: string | null, hint = ''): Page<never> {
  return emptyPage(0, `GitHub has no ${place} that this account can see. ${hint}`.trim())
}

/** https://docs.github.com/en/rest/using-the-rest-api/troubleshooting-the-rest-api names this header for single sign-on. */
function heldBack(headers: Record<string, string>): string[] {
  const header = headers['x-github-sso'] ?? ''
  if (!header.startsWith('partial-results')) return []
  const count = /organizations=([\d,]+)/.exec(header)?.[1]?.split(',').length
  const whose = count === undefined ? 'organisations' : count === 1 ? '1 organisation' : `${count} organisations`
  return [`GitHub left out what belongs to ${whose} wanting the token authorised for single sign-on.`]
}
