// The calls of administrators; members load none of this.

import type { Static } from 'typebox'
import type { ServiceTokenSchema } from '../../src/accounts/service-tokens/schemas.ts'
import type { SessionSchema } from '../../src/accounts/sessions/listed-sessions.ts'
import type {
  AccountSchema,
  LinkSchema,
  OverviewSchema,
  ReportSchema,
  TrailEventSchema,
} from '../../src/administration/schemas.ts'
import { type ApiToken, call, type Identity, type Pagination } from '../api.ts'

/** A user as administrators see them. */
export type Account = Static<typeof AccountSchema>
export type Role = Account['role']
export type Link = Static<typeof LinkSchema>
export type TrailEvent = Static<typeof TrailEventSchema>
export type Browser = Static<typeof SessionSchema>
export type ServiceToken = Static<typeof ServiceTokenSchema>
export type ServiceScope = ServiceToken['scopes'][number]
export type Overview = Static<typeof OverviewSchema>
/** What became of everything that a deactivated user had. */
export type Report = Static<typeof ReportSchema>

export interface Invitation {
  /** null: it was sent to `sent_to`. */
  url: string | null
  sent_to: string | null
  expires_at: string
}

/** What a user has, by the name of its list. */
export interface Owned {
  integrations: Link
  tokens: ApiToken
  sessions: Browser
  identities: Identity
  events: TrailEvent
}

export interface Listed<Item> {
  items: Item[]
  pagination: Pagination
}

/** A page of a list. The last piece of `path` is its name in the answer too. */
export async function readList<Item>(path: string, query: string, signal: AbortSignal): Promise<Listed<Item>> {
  type Answer = Record<string, Item[]> & { meta: { pagination: Pagination } }
  const answer = await call<Answer>('GET', `/v1/admin/${path}?${query}`, { signal })
  return { items: answer[path.split('/').at(-1) ?? ''] ?? [], pagination: answer.meta.pagination }
}

export async function readOverview(): Promise<Overview> {
  return (await call<{ overview: Overview }>('GET', '/v1/admin/overview')).overview
}

export async function readUser(id: string): Promise<Account> {
  return (await call<{ user: Account }>('GET', userPath(id))).user
}

export async function addUser(user: { username: string; email: string | null; role: Role }): Promise<Account> {
  return (await call<{ user: Account }>('POST', '/v1/admin/users', { body: { user } })).user
}

export interface UserChange {
  id: string
  changes: { username?: string; email?: string | null; role?: Role; active?: boolean }
}

/** Of somebody who is deactivated, the trail then has the report. */
export async function changeUser({ id, changes }: UserChange): Promise<Account> {
  return (await call<{ user: Account }>('PATCH', userPath(id), { body: { user: changes } })).user
}

export async function removeUser(id: string): Promise<void> {
  await call('DELETE', userPath(id))
}

export async function inviteUser(id: string): Promise<Invitation> {
  return (await call<{ invitation: Invitation }>('POST', `${userPath(id)}/invitation`)).invitation
}

export async function removeOwned(user: string, name: Exclude<keyof Owned, 'events'>, id: string): Promise<void> {
  await call('DELETE', `${userPath(user)}/${name}/${encodeURIComponent(id)}`)
}

export async function addServiceToken(token: {
  name: string
  scopes: ServiceScope[]
  issuers: string[]
  expires_at: string | null
}): Promise<ServiceToken> {
  const body = { service_token: token }
  return (await call<{ service_token: ServiceToken }>('POST', '/v1/admin/service_tokens', { body })).service_token
}

export async function removeServiceToken(id: string): Promise<void> {
  await call('DELETE', `/v1/admin/service_tokens/${encodeURIComponent(id)}`)
}

function userPath(id: string): string {
  return `/v1/admin/users/${encodeURIComponent(id)}`
}
