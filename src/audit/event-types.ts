// The types of events and their data. Types that clients of the API know already keep the names they have there.

import type { Role } from '../database/account-tables.ts'
import type { ScmType } from '../platforms/scm-types.ts'

/** A link, as events show it. */
export interface IntegrationData {
  integration_id: string
  integration_type: ScmType
  data: { login: string; avatar_url: string | null; url: string }
}

interface RemoteData {
  remote_ip: string | null
}

interface TokenData {
  token_id: string
  token_name: string
}

interface KeyData {
  name: string
  /** MD5, as the API shows it. */
  fingerprint: string
}

interface UserData {
  email: string | null
  username: string
}

interface IdentityData {
  issuer: string
  subject: string
}

interface ServiceTokenData {
  service_token_id: string
  service_token_name: string
}

/** How many API tokens and sessions a deactivated user had, and the links with what became of their tokens. */
export interface DeactivationReport {
  integrations: {
    scm_type: ScmType
    url: string
    username: string
    /** `pending`: the platform is asked again. `pasted`: only the person can revoke it. */
    token: 'revoked' | 'pending' | 'pasted'
    /** The platform's page for that; null when it is done. */
    revoke_url: string | null
  }[]
  tokens: number
  sessions: number
}

interface RevocationData {
  /** null when the token never belonged to a link. */
  integration_id: string | null
  integration_type: ScmType
  url: string
}

export interface EventData {
  // Known to the API's clients
  new_user: UserData
  login_success: RemoteData
  login_failure: RemoteData
  /** Every change of a password, by the user or by the operator. */
  password_reset_success: RemoteData
  new_token: TokenData
  regenerate_token: TokenData
  delete_token: TokenData
  new_key: KeyData
  delete_key: KeyData
  new_integration: IntegrationData
  delete_integration: IntegrationData
  // Our own, named in the same way
  edit_user: UserData & { old_email: string | null; old_username: string }
  /** Name and picture; null when there is none. */
  edit_profile: { fullname: string | null; avatar_url: string | null }
  delete_user: UserData
  edit_role: UserData & { role: Role }
  deactivate_user: UserData
  /** What became of all that a deactivated user had: which tokens are revoked, and which are not. */
  deactivation_report: DeactivationReport
  reactivate_user: UserData
  new_identity: IdentityData
  delete_identity: IdentityData
  /** A service token was made or removed: in the trail of no account but, by a person, their own. */
  new_service_token: ServiceTokenData
  delete_service_token: ServiceTokenData
  /** Somebody made a link by which the user sets a password. null: it was given to whoever made it, and not mailed. */
  new_invitation: { sent_to: string | null }
  logout: RemoteData
  /** Somebody tried to exchange an API token that does not exist. Written by earlier versions only. */
  exchange_failure: RemoteData
  /** The link's token was replaced by another. */
  edit_integration: IntegrationData
  /** The same account was linked again by OAuth. */
  renew_integration: IntegrationData
  /** The server exchanged the link's refresh token. */
  refresh_integration: IntegrationData
  /** The platform has rejected the link's refresh token for good. */
  expire_integration: IntegrationData & { reason: string }
  /** A link could not be made or changed; `reason` is a code. */
  integration_failure: { integration_type: ScmType | null; host: string; reason: LinkErrorReason }
  /** Each imported key also has a `new_key` event. */
  import_keys: IntegrationData & { added: number; skipped: number }
  /** The platform revoked a token, or did not know it any more. */
  revoke_success: RevocationData
  revoke_failure: RevocationData & { reason: string }
  /** How many answers to one caller contained platform tokens, within a minute. */
  show_access_tokens: { count: number }
  /** How many failures in about a minute have no event of their own. */
  omitted_failures: { count: number }
}

/** The address policy forbids the address; or the token or sign-in belonged to another account than the link's. */
export type LinkErrorReason = 'address_refused' | 'another_account'

export type EventType = keyof EventData

/** An event's type with its data. */
export type NewEvent = { [Type in EventType]: { type: Type; data: EventData[Type] } }[EventType]

/** Each type in a few words, for people who read a log. */
const eventWords: { [Type in EventType]: (data: EventData[Type]) => string } = {
  new_user: ({ email, username }) => `user added, ${email ?? username}`,
  login_success: () => 'signed in',
  login_failure: () => 'wrong password',
  password_reset_success: () => 'password changed',
  new_token: ({ token_name }) => `API token "${token_name}" made`,
  regenerate_token: ({ token_name }) => `API token "${token_name}" renewed`,
  delete_token: ({ token_name }) => `API token "${token_name}" revoked`,
  new_key: ({ name, fingerprint }) => `SSH key "${name}" added, ${fingerprint}`,
  delete_key: ({ name, fingerprint }) => `SSH key "${name}" removed, ${fingerprint}`,
  new_integration: (data) => `linked ${linkWords(data)}`,
  delete_integration: (data) => `unlinked ${linkWords(data)}`,
  edit_user: (data) => `${userWords({ email: data.old_email, username: data.old_username })} is now ${userWords(data)}`,
  edit_profile: ({ fullname }) => `name or picture changed, ${fullname ?? 'no name'}`,
  delete_user: ({ email, username }) => `user removed, ${email ?? username}`,
  edit_role: (data) => `${userWords(data)} has the role ${data.role}`,
  deactivate_user: (data) => `user deactivated, ${userWords(data)}`,
  deactivation_report: ({ integrations }) => {
    const left = integrations.filter(({ token }) => token !== 'revoked')
    const names = left.map(({ username, url, token }) => `${username} at ${url} (${token})`)
    return names.length === 0 ? 'every platform token revoked' : `platform tokens not revoked: ${names.join(', ')}`
  },
  reactivate_user: (data) => `user active again, ${userWords(data)}`,
  new_identity: ({ issuer, subject }) => `identity added, ${subject} at ${issuer}`,
  delete_identity: ({ issuer, subject }) => `identity removed, ${subject} at ${issuer}`,
  new_service_token: (data) => `service token "${data.service_token_name}" made`,
  delete_service_token: (data) => `service token "${data.service_token_name}" removed`,
  new_invitation: ({ sent_to }) => `link made to set a password${sent_to === null ? '' : `, mailed to ${sent_to}`}`,
  logout: () => 'signed out',
  exchange_failure: () => 'unknown API token',
  edit_integration: (data) => `token replaced of ${linkWords(data)}`,
  renew_integration: (data) => `linked again ${linkWords(data)}`,
  refresh_integration: (data) => `token refreshed of ${linkWords(data)}`,
  expire_integration: (data) => `link expired, ${linkWords(data)}: ${data.reason}`,
  integration_failure: ({ host, reason }) => `link refused, ${host}: ${reason.replaceAll('_', ' ')}`,
  import_keys: (data) => `${data.added} SSH keys imported from ${linkWords(data)}`,
  revoke_success: ({ integration_type, url }) => `token revoked at ${integration_type} ${url}`,
  revoke_failure: ({ integration_type, url, reason }) => `token not revoked at ${integration_type} ${url}: ${reason}`,
  show_access_tokens: ({ count }) => `platform tokens shown, ${count === 1 ? 'once' : `${count} times`}`,
  omitted_failures: ({ count }) => `${count} more failures, not recorded one by one`,
}

/** For a stored event. A newer version may have written a type that has no words here. */
export function wordsOf({ type, typeData }: { type: string; typeData: string }): string {
  if (!isEventType(type)) return ''
  return (eventWords[type] as (data: unknown) => string)(JSON.parse(typeData))
}

export const EVENT_TYPES = Object.keys(eventWords) as EventType[]

export function isEventType(text: string): text is EventType {
  return Object.hasOwn(eventWords, text)
}

function userWords({ email, username }: UserData): string {
  return email === null ? username : `${username} <${email}>`
}

function linkWords({ integration_type, data }: IntegrationData): string {
  return `${integration_type} ${data.login} at ${data.url}`
}
