// GitHub and GitHub Enterprise Server as a Platform.
import { type Static, Type } from 'typebox'
import { Failure } from '../../failure.ts'
import { Api, type Outgoing } from '../api.ts'
import { branchPage } from '../composed-list.ts'
import { listAt, onePage } from '../lists.ts'
import { fitting } from '../outgoing/shape.ts'
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
  hasCode,
  membersOf,
  orNull,
  REFUSALS,
  unreadableWarnings,
  webAddress,
} from '../vendor.ts'
import { githubFailure, isOwnRefusal, notAPerson, notGitHub, scopeMissing, strangerFailure } from './errors.ts'
import { heldBack, isAbsent, searched, unknown } from './found.ts'
import { searchPullRequests } from './pull-requests.ts'
import {
  BranchItem,
  branchFrom,
  Email,
  expiryFrom,
  Key,
  keyFrom,
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

export class GitHub implements Platform {
  readonly #at: Connection
  readonly #api: Api
  /** The same place without the token, to find out who is there. */
  readonly #stranger: Api

  constructor(outgoing: Outgoing, at: Connection) {
    this.#at = at
    const common = { link: at.link, ...(at.deadline === undefined ? {} : { deadline: at.deadline }) }
    this.#api = new Api(outgoing, {
      root: at.api,
      headers: {
        authorization: `Bearer ${at.token}`,
        accept: 'application/vnd.github+json',
        'x-github-api-version': '2022-11-28',
      },
      ...common,
      ...(at.onAccepted && { onAccepted: at.onAccepted }),
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
    const scopes = scopesOf(headers['x-oauth-scopes'])
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
      // An account without keys answers [], so this 404 is a missing scope even where no header says so.
      throw hasCode(failure, 'scm_not_found') ? scopeMissing(this.#at, ['read:public_key']) : failure
    }
  }

  async searchRepositories(query: RepositoryQuery, page: PageRequest): Promise<Page<Repository>> {
    const q = repositorySearch(query)
    const place = `user or organisation "${query.user}"`
    if (query.user !== null && !isLogin(query.user)) return unknown(place)
    try {
      const list = { path: '/search/repositories', parameters: { q }, item: RepositoryItem, isSearch: true } as const
      const found = await searched(page, () => onePage(listAt(this.#api, list), page))
      return { ...found, items: found.items.map((item) => repositoryFrom(item, this.#at.web)) }
    } catch (failure) {
      if (query.user !== null && isAbsent(failure)) return unknown(place)
      throw failure
    }
  }

  async organizations(page: PageRequest): Promise<Page<Organization>> {
    const answer = await onePage(listAt(this.#api, { path: '/user/orgs', item: OrganizationItem }), page)
    const isTold = answer.headers['x-oauth-scopes'] !== undefined || answer.items.length > 0 || page.page > 1
    return {
      items: answer.items.map((item) => organizationFrom(item, this.#at.web)),
      hasNext: answer.hasNext,
      totalCount: null,
      warnings: [
        ...heldBack(answer.headers),
        ...unreadableWarnings('GitHub', answer.unreadable),
        ...(isTold
          ? []
          : ['GitHub lists no organisations for fine-grained and App tokens; a classic token shows them.']),
      ],
    }
  }

  searchPullRequests(query: PullRequestQuery, page: PageRequest): Promise<Page<PullRequest>> {
    return searchPullRequests(this.#api, this.#at.web, query, page)
  }

  async branches(repository: string, page: PageRequest): Promise<Page<Branch>> {
    if (!isRepository(repository)) throw new Failure('scm_not_found', 'A repository of GitHub is named OWNER/NAME.')
    const path = `/repos/${repository}`
    const { body } = await this.#api.get(path, RepositoryDetails)
    const list = listAt(this.#api, { path: `${path}/branches`, item: BranchItem, isThere: async () => true })
    const branch = body.default_branch ?? null
    // A renamed branch answers with its new name.
    const exists = async () => {
      const address = `${path}/branches/${encodeURIComponent(branch ?? '')}`
      return (await orNull(this.#api.get(address, BranchItem), [...REFUSALS, 'scm_bad_response']))?.body.name === branch
    }
    const { items, hasNext, totalCount, unreadable } = await branchPage(list, branch, exists, page)
    return { items: items.map(branchFrom), hasNext, totalCount, warnings: unreadableWarnings('GitHub', unreadable) }
  }

  async health(): Promise<PlatformHealth> {
    // Only an Enterprise Server has a version, and github.com's answer is long.
    const isServer = this.#at.api.endsWith('/api/v3')
    const meta = isServer ? await orNull(this.#api.get('/meta', Meta), REFUSALS) : null
    // A server whose limits are switched off answers 404.
    const limits = await orNull(this.#api.get('/rate_limit', RateLimits), REFUSALS)
    return {
      name: scmTypes[this.#at.scmType].label,
      version: meta?.body.installed_version ?? null,
      rateLimit: limits === null ? null : rateLimitFrom(limits.body),
    }
  }

  async #user() {
    try {
      const { headers, body } = await this.#api.get('/user', Type.Unknown())
      const user = fitting(User, body) as Static<typeof User> | undefined
      if (user) return { headers, user }
      const isGitLab = 'username' in membersOf(body)
      throw notGitHub(this.#at, 'its answer to /user has no id or login', isGitLab)
    } catch (failure) {
      if (hasCode(failure, 'scm_query_refused')) throw notGitHub(this.#at, 'it refuses to say whose token this is')
      if (hasCode(failure, 'scm_not_found')) {
        // GitLab refuses strangers in words of its own, GitHub has no such path.
        const asked = this.#stranger.get('/api/v4/version', Type.Unknown())
        const isGitLab = await asked.then(
          () => false,
          (refusal) => hasCode(refusal, 'scm_forbidden'),
        )
        throw notGitHub(this.#at, 'it does not know /user', isGitLab)
      }
      // Every person's token may read its own profile, so one that lacks the permission is an installation's.
      throw hasCode(failure, 'scm_scope_missing') ? notAPerson(this.#at) : failure
    }
  }

  async #primaryEmail(): Promise<string | null> {
    const emails = await orNull(this.#api.getAll('/user/emails?per_page=100', Email), [...REFUSALS, 'scm_bad_response'])
    return emails?.find(({ primary, verified }) => primary && verified)?.email ?? null
  }
}
