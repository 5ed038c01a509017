// GitLab, hosted and self-hosted, as a Platform.
import { type Static, Type } from 'typebox'
import { Failure, type FailureCode } from '../../failure.ts'
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
import { gitlabFailure, isOwnRefusal, notAPerson, notGitLab, strangerFailure } from './errors.ts'
import { isProject, projectAddress } from './found.ts'
import { searchMergeRequests } from './merge-requests.ts'
import { searchProjects } from './projects.ts'
import {
  BranchItem,
  branchFrom,
  Group,
  Key,
  keyFrom,
  OAuthToken,
  organizationFrom,
  PersonalToken,
  ProjectDetails,
  rateLimitFrom,
  User,
  Version,
} from './responses.ts'
import { factsOfOAuthToken, factsOfPersonalToken, missingScopes, type TokenFacts } from './scopes.ts'

/** Servers older than a path answer it in a form of their own. */
const UNTOLD: FailureCode[] = [...REFUSALS, 'scm_bad_response']

/** Kept of a request's time, in milliseconds, to answer with what was found until then. */
const ANSWER_TIME = 2_500

export class GitLab implements Platform {
  readonly #at: Connection
  readonly #api: Api
  /** What is not below the REST root: OAuth. */
  readonly #web: Api
  /** The same place without the token, to find out who is there. */
  readonly #stranger: Api
  /** `Date.now()` after which lists are given as far as they were read. */
  readonly #until: number

  constructor(outgoing: Outgoing, at: Connection) {
    const common = { link: at.link, ...(at.deadline === undefined ? {} : { deadline: at.deadline }) }
    const options = {
      // PRIVATE-TOKEN takes no OAuth tokens, and survives redirects to other origins where Authorization does not.
      headers: { authorization: `Bearer ${at.token}`, accept: 'application/json' },
      ...common,
      ...(at.onAccepted && { onAccepted: at.onAccepted }),
      recognises: isOwnRefusal.bind(null, at),
      failureFrom: gitlabFailure.bind(null, at),
    }
    this.#at = at
    this.#until = (at.deadline ?? Number.POSITIVE_INFINITY) - ANSWER_TIME
    this.#api = new Api(outgoing, { root: at.api, ...options })
    this.#web = new Api(outgoing, { root: at.web, ...options })
    this.#stranger = new Api(outgoing, {
      root: at.web,
      headers: {},
      ...common,
      recognises: () => true,
      failureFrom: strangerFailure,
    })
  }

  async profile(): Promise<Profile> {
    const user = await this.#user()
    if (user.bot) throw notAPerson(this.#at)
    const { scopes, expiresAt } = await this.#tokenFacts()
    return {
      uid: String(user.id),
      username: user.username,
      avatarUrl: avatarAddress(user.avatar_url, this.#at.web),
      // null says that the account never confirmed its address; older servers do not send the field.
      email: user.confirmed_at === null ? null : user.email || null,
      profileUrl: webAddress(user.web_url) ?? this.#at.web,
      scopes,
      missingScopes: missingScopes(scopes),
      tokenExpiresAt: expiresAt,
    }
  }

  async sshKeys(): Promise<SshKey[]> {
    return (await this.#api.getAll('/user/keys?per_page=100', Key)).map(keyFrom)
  }

  searchRepositories(query: RepositoryQuery, page: PageRequest): Promise<Page<Repository>> {
    return searchProjects(this.#api, this.#at.web, query, page, this.#until)
  }

  async organizations(page: PageRequest): Promise<Page<Organization>> {
    // Without a level also groups are listed that are merely visible, and to administrators all there are.
    const parameters = { min_access_level: '10', order_by: 'name', sort: 'asc' }
    const found = await onePage(listAt(this.#api, { path: '/groups', parameters, item: Group }), page)
    return {
      items: found.items.map((group) => organizationFrom(group, this.#at.web)),
      hasNext: found.hasNext,
      totalCount: found.totalCount,
      warnings: unreadableWarnings('GitLab', found.unreadable),
    }
  }

  searchPullRequests(query: PullRequestQuery, page: PageRequest): Promise<Page<PullRequest>> {
    return searchMergeRequests(this.#api, this.#at.web, query, page, this.#until)
  }

  async branches(repository: string, page: PageRequest): Promise<Page<Branch>> {
    if (!isProject(repository)) throw new Failure('scm_not_found', 'A project of GitLab is named GROUP/PROJECT.')
    const path = projectAddress(repository)
    // The list marks the default branch too, but perhaps only on its last page.
    const { body } = await this.#api.get(path, ProjectDetails)
    const list = listAt(this.#api, { path: `${path}/repository/branches`, item: BranchItem })
    const branch = body.default_branch ?? null
    const exists = async () => {
      const address = `${path}/repository/branches/${encodeURIComponent(branch ?? '')}`
      return (await orNull(this.#api.get(address, BranchItem), UNTOLD)) !== null
    }
    const { items, hasNext, totalCount, unreadable } = await branchPage(list, branch, exists, page)
    return { items: items.map(branchFrom), hasNext, totalCount, warnings: unreadableWarnings('GitLab', unreadable) }
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
    }
  }

  async #user(): Promise<Static<typeof User>> {
    try {
      const { body } = await this.#api.get('/user', Type.Unknown())
      const user = fitting(User, body) as Static<typeof User> | undefined
      if (user) return user
      throw notGitLab(this.#at, 'its answer to /user has no id or username', 'login' in membersOf(body))
    } catch (failure) {
      if (hasCode(failure, 'scm_query_refused')) throw notGitLab(this.#at, 'it refuses to say whose token this is')
      if (!hasCode(failure, 'scm_not_found')) throw failure
      // An Enterprise Server shows this to strangers, or refuses them in words of its own.
      const asked = this.#stranger.get('/api/v3/meta', Type.Unknown())
      const isGitHub = await asked.then(
        ({ body }) => 'installed_version' in membersOf(body),
        (refusal) => hasCode(refusal, 'scm_forbidden'),
      )
      throw notGitLab(this.#at, 'it does not know /user', isGitHub)
    }
  }

  async #tokenFacts(): Promise<TokenFacts> {
    // OAuth tokens get a 400 from the one and personal tokens a 401 from the other, so neither says that they are bad.
    const codes: FailureCode[] = [...UNTOLD, 'scm_query_refused', 'scm_token_rejected']
    const personal = await orNull(this.#api.get('/personal_access_tokens/self', PersonalToken), codes)
    if (personal !== null) return factsOfPersonalToken(personal.body)
    const oauth = await orNull(this.#web.get('/oauth/token/info', OAuthToken), codes)
    return oauth === null ? { scopes: null, expiresAt: null } : factsOfOAuthToken(oauth.body)
  }
}
