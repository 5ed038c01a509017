// All calls to the server; no other file of the dashboard uses fetch.

import type { Static } from 'typebox'
import type { IdentitySchema } from '../src/accounts/identities/schemas.ts'
import type { ApiTokenSchema, UserSchema } from '../src/accounts/schemas.ts'
import type { OwnSessionSchema } from '../src/accounts/sessions/own-session-routes.ts'
import type { SessionSchema } from '../src/accounts/sessions/session-routes.ts'
import type { EventSchema } from '../src/audit/schemas.ts'
import type { Pagination as PaginationSchema } from '../src/http/pagination.ts'
import type { HealthSchema } from '../src/integrations/health.ts'
import type {
  IntegrationSchema,
  OrganizationSchema,
  PullRequestSchema,
  RepositorySchema,
  SkippedKey,
} from '../src/integrations/schemas.ts'
import type { KeySchema } from '../src/ssh-keys/schemas.ts'
import { ApiFailure, type FailureBody } from './failure.ts'
import { publicPath } from './public-path.ts'

export type User = Static<typeof UserSchema>
export type ApiToken = Static<typeof ApiTokenSchema>
export type Identity = Static<typeof IdentitySchema>
/** A browser in which the user is signed in. */
export type OwnSession = Static<typeof OwnSessionSchema>
export type Key = Static<typeof KeySchema>
export type Event = Static<typeof EventSchema>
export type Integration = Static<typeof IntegrationSchema>
export type ScmType = Integration['scm_type']
export type Health = Static<typeof HealthSchema>
export type Repository = Static<typeof RepositorySchema>
export type Organization = Static<typeof OrganizationSchema>
export type PullRequest = Static<typeof PullRequestSchema>
export type Session = Static<typeof SessionSchema>
export type Platform = Session['platforms'][number]
export type Pagination = Static<typeof PaginationSchema>

export interface Found<T> {
  items: T[]
  pagination: Pagination
  /** What the platform did not show. */
  warnings: string[]
}

export interface EventPage {
  events: Event[]
  pagination: Pagination
}

export interface ImportedKeys {
  keys: Key[]
  skipped: Static<typeof SkippedKey>[]
}

/** The signed-in user as far as this page knows, and the token that it sends with every write. */
let known: { userId: string; csrfToken: string } | undefined

/** Asks the signed-in user to prove again who they are, in the shell's dialog; false when they cancel. */
let askPassword: () => Promise<boolean> = async () => false

export function whenPasswordIsNeeded(ask: () => Promise<boolean>): void {
  askPassword = ask
}

type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'

interface CallOptions {
  body?: unknown
  signal?: AbortSignal
  /** Whether the password was just given for this call. */
  confirmed?: boolean
  /** Whether the server should not answer with what it has kept. */
  anew?: boolean
}

/** For calls of one part of the dashboard alone, too: see `administration/api.ts`. */
export async function call<T>(method: Method, path: string, options: CallOptions = {}): Promise<T> {
  const { body, signal, confirmed, anew } = options
  const response = await fetch(publicPath(path), {
    method,
    headers: {
      accept: 'application/json',
      ...(body !== undefined && { 'content-type': 'application/json' }),
      ...(anew && { 'cache-control': 'no-cache' }),
      ...(method !== 'GET' && { 'x-csrf-token': known?.csrfToken ?? '' }),
    },
    credentials: 'same-origin',
    ...(body !== undefined && { body: JSON.stringify(body) }),
    ...(signal && { signal }),
  }).catch((error: unknown) => {
    if (signal?.aborted) throw error
    throw new ApiFailure(0, {})
  })
  const answer: unknown = response.status === 204 ? undefined : await response.json().catch(() => undefined)
  if (response.status === 401) goToSignIn()
  if (response.ok) return answer as T
  const failure = new ApiFailure(response.status, (answer ?? {}) as FailureBody)
  if (failure.code === 'csrf') await leaveIfOutdated()
  if (failure.code === 'password_required' && !confirmed && (await askPassword())) {
    return call(method, path, { ...options, confirmed: true })
  }
  throw failure
}

/** After signing in or out in another tab, this tab is outdated and reloads. The same session reloads nothing. */
async function leaveIfOutdated(): Promise<void> {
  const before = known?.csrfToken
  const { csrf_token } = await readSession()
  if (csrf_token !== before) await reload()
}

/** Never resolves, because the page reloads. */
function reload(): Promise<never> {
  location.reload()
  return new Promise(() => undefined)
}

function goToSignIn(): void {
  const here = `${location.pathname}${location.search}`
  // Only a page that had a session can say that it has ended.
  const why = known ? 'notice=session_ended&' : ''
  location.assign(publicPath(`/sign-in?${why}return_to=${encodeURIComponent(here)}`))
}

// The session

export async function readSession(): Promise<Session> {
  const { session } = await call<{ session: Session }>('GET', '/session')
  if (known && known.userId !== session.user.id) return reload()
  known = { userId: session.user.id, csrfToken: session.csrf_token }
  return session
}

export async function signOut(): Promise<void> {
  const elsewhere = await call<{ sign_out: { url: string } } | undefined>('POST', '/sign-out')
  location.assign(elsewhere?.sign_out.url ?? publicPath('/sign-in?notice=signed_out'))
}

/** The token that a form of ours sends, which the browser leaves this page with. */
export function csrfToken(): string {
  return known?.csrfToken ?? ''
}

/** For actions that need the password again, within the next minutes. */
export async function confirmPassword(current: string): Promise<void> {
  await call('POST', '/session/confirm', { body: { password: { current } } })
}

export async function changePassword(password: { current: string; new: string; end_others: boolean }): Promise<void> {
  await call('PUT', '/session/password', { body: { password } })
  // It has begun a new session.
  await readSession()
}

/** null takes away the name, or the picture. */
export async function editProfile(user: { fullname: string | null; avatar_url: string | null }): Promise<void> {
  await call('PATCH', '/v1/users/self', { body: { user } })
}

// The user's own sessions and identities

export async function listOwnSessions(): Promise<OwnSession[]> {
  return (await call<{ sessions: OwnSession[] }>('GET', '/v1/sessions')).sessions
}

export async function endOwnSession(id: string): Promise<void> {
  await call('DELETE', `/v1/sessions/${encodeURIComponent(id)}`)
}

export async function listIdentities(): Promise<Identity[]> {
  return (await call<{ identities: Identity[] }>('GET', '/v1/identities')).identities
}

/** The browser goes to the provider, and comes back to the account page. */
export async function connectIdentity(): Promise<void> {
  const { identity } = await call<{ identity: { url: string } }>('POST', '/v1/identities')
  location.assign(identity.url)
}

export async function removeIdentity(id: string): Promise<void> {
  await call('DELETE', `/v1/identities/${encodeURIComponent(id)}`)
}

// Integrations

export async function listIntegrations(): Promise<Integration[]> {
  return (await call<{ scm_integrations: Integration[] }>('GET', '/v1/scm_integrations')).scm_integrations
}

export async function linkByToken(input: {
  scm_type: ScmType
  url: string
  access_token: string
}): Promise<Integration> {
  const body = { scm_integration: input }
  return (await call<{ scm_integration: Integration }>('POST', '/v1/scm_integrations', { body })).scm_integration
}

export async function replaceToken(id: string, accessToken: string): Promise<Integration> {
  const body = { scm_integration: { access_token: accessToken } }
  return (await call<{ scm_integration: Integration }>('PATCH', linkPath(id), { body })).scm_integration
}

export async function unlink(id: string): Promise<void> {
  await call('DELETE', linkPath(id))
}

/** The server keeps an answer for a minute, or with `anew` for some seconds. */
export async function readHealth(id: string, options: { anew: boolean }): Promise<Health> {
  return (await call<{ health: Health }>('GET', `${linkPath(id)}/health`, options)).health
}

export async function importKeys(id: string): Promise<ImportedKeys> {
  const { keys, meta } = await call<{ keys: Key[]; meta: { skipped: ImportedKeys['skipped'] } }>(
    'POST',
    `${linkPath(id)}/import_keys`,
  )
  return { keys, skipped: meta.skipped }
}

function linkPath(id: string): string {
  return `/v1/scm_integrations/${encodeURIComponent(id)}`
}

// Searches

interface ListMeta {
  meta: { pagination: Pagination; warnings: string[] }
}

export type SearchCall = 'search_repos' | 'search_pull_requests'

export interface SearchInput {
  link: string
  query: string
  page: number
  signal: AbortSignal
}

/** The address of a search, as any API client would use it. */
export function searchPath(call: SearchCall, { link, query, page }: Omit<SearchInput, 'signal'>) {
  const params = new URLSearchParams({ query, ...(page > 1 && { page: String(page) }) })
  return `${linkPath(link)}/${call}?${readableQuery(params)}`
}

/** Characters that need no encoding in a query stay readable: `user:acme/tools`. */
export function readableQuery(params: URLSearchParams): string {
  return params.toString().replaceAll('%3A', ':').replaceAll('%2F', '/')
}

export async function searchRepositories(search: SearchInput): Promise<Found<Repository>> {
  const path = searchPath('search_repos', search)
  const { repositories, meta } = await call<{ repositories: Repository[] } & ListMeta>('GET', path, search)
  return { items: repositories, ...meta }
}

export async function searchPullRequests(search: SearchInput): Promise<Found<PullRequest>> {
  const path = searchPath('search_pull_requests', search)
  const { pull_requests, meta } = await call<{ pull_requests: PullRequest[] } & ListMeta>('GET', path, search)
  return { items: pull_requests, ...meta }
}

/** Only the first hundred, since a longer list of choices helps nobody. */
export async function listOrganizations(id: string, signal: AbortSignal): Promise<Organization[]> {
  const path = `${linkPath(id)}/orgs?per_page=100`
  return (await call<{ organizations: Organization[] }>('GET', path, { signal })).organizations
}

// SSH keys and API tokens

export async function listKeys(): Promise<Key[]> {
  return (await call<{ keys: Key[] }>('GET', '/v1/keys')).keys
}

export async function addKey(key: { name: string; content: string }): Promise<Key> {
  return (await call<{ key: Key }>('POST', '/v1/keys', { body: { key } })).key
}

export async function removeKey(id: string): Promise<void> {
  await call('DELETE', `/v1/keys/${encodeURIComponent(id)}`)
}

export async function listTokens(): Promise<ApiToken[]> {
  return (await call<{ tokens: ApiToken[] }>('GET', '/v1/tokens')).tokens
}

export type Scope = ApiToken['scopes'][number]

export async function addToken(token: { name: string; scopes: Scope[]; expires_at: string | null }): Promise<ApiToken> {
  return (await call<{ token: ApiToken }>('POST', '/v1/tokens', { body: { token } })).token
}

export async function renewToken(id: string): Promise<ApiToken> {
  return (await call<{ token: ApiToken }>('PUT', `/v1/tokens/${encodeURIComponent(id)}/renew`)).token
}

export async function removeToken(id: string): Promise<void> {
  await call('DELETE', `/v1/tokens/${encodeURIComponent(id)}`)
}

// Activity

export async function listEvents(page: number): Promise<EventPage> {
  const { events, meta } = await call<{ events: Event[]; meta: { pagination: Pagination } }>(
    'GET',
    `/v1/events?page=${page}`,
  )
  return { events, ...meta }
}
