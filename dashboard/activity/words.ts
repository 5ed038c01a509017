// Events as a person would tell them.

import type { EventData, EventType, IntegrationData } from '../../src/audit/event-types.ts'
import type { ActType } from '../../src/database/tables.ts'
import { hostOf } from '../addresses.ts'
import type { Event, Platform } from '../api.ts'
import { platformIn } from '../told-platforms.ts'

/** Of one's own account, or of any: who it was about is said elsewhere. */
export type AnyEvent = Omit<Event, 'user'>

const words: { [Type in EventType]: (data: EventData[Type], platforms: Platform[]) => string } = {
  new_user: () => 'The account was made',
  edit_user: ({ username, email }) => `Name and address changed to ${username}, ${email ?? 'no address'}`,
  edit_profile: ({ fullname, avatar_url }) =>
    `Name changed to ${fullname ?? 'none'}, picture to ${avatar_url === null ? 'none' : `one at ${hostOf(avatar_url)}`}`,
  delete_user: () => 'The account was removed',
  edit_role: ({ role }) => (role === 'admin' ? 'Made an administrator' : 'No longer an administrator'),
  deactivate_user: () => 'The account was deactivated',
  deactivation_report: ({ integrations }) => {
    const left = integrations.filter(({ token }) => token !== 'revoked').length
    return left === 0 ? 'Every platform token was revoked' : `Platform tokens that were not revoked at once: ${left}`
  },
  reactivate_user: () => 'The account is active again',
  new_invitation: ({ sent_to }) => `A link to set a password was ${sent_to === null ? 'made' : `mailed to ${sent_to}`}`,
  new_identity: ({ issuer, subject }) => `Identity ${subject} at ${issuer} added`,
  delete_identity: ({ issuer, subject }) => `Identity ${subject} at ${issuer} removed`,
  new_service_token: ({ service_token_name }) => `Service token “${service_token_name}” made`,
  delete_service_token: ({ service_token_name }) => `Service token “${service_token_name}” removed`,
  login_success: () => 'Signed in',
  login_failure: () => 'Somebody entered a wrong password',
  logout: () => 'Signed out',
  exchange_failure: () => 'An unknown API token was used',
  password_reset_success: () => 'The password was changed',
  new_token: ({ token_name }) => `API token “${token_name}” made`,
  regenerate_token: ({ token_name }) => `API token “${token_name}” renewed`,
  delete_token: ({ token_name }) => `API token “${token_name}” revoked`,
  new_key: ({ name }) => `SSH key “${name}” added`,
  delete_key: ({ name }) => `SSH key “${name}” removed`,
  import_keys: (data, platforms) =>
    `${data.added} SSH ${data.added === 1 ? 'key' : 'keys'} imported from ${nameOf(data, platforms)}`,
  new_integration: (data, platforms) => `${nameOf(data, platforms)} linked`,
  edit_integration: (data, platforms) => `Token of ${nameOf(data, platforms)} replaced`,
  renew_integration: (data, platforms) => `${nameOf(data, platforms)} linked again`,
  refresh_integration: (data, platforms) => `Token of ${nameOf(data, platforms)} refreshed`,
  expire_integration: (data, platforms) => `${nameOf(data, platforms)} has expired: ${data.reason}`,
  delete_integration: (data, platforms) => `${nameOf(data, platforms)} unlinked`,
  integration_failure: ({ host, reason }) =>
    reason === 'address_refused'
      ? `A link to ${host} was refused: this server does not contact that address`
      : `A link to ${host} was refused: the account was another`,
  revoke_success: ({ integration_type }, platforms) =>
    `A token was revoked at ${platformIn(platforms, integration_type).label}`,
  revoke_failure: ({ integration_type }, platforms) =>
    `A token could not be revoked at ${platformIn(platforms, integration_type).label}: revoke it there yourself`,
  show_access_tokens: ({ count }) => `Platform tokens were shown ${count === 1 ? 'once' : `${count} times`}`,
  omitted_failures: ({ count }) => `${count} more failures`,
}

export const eventTypes = Object.keys(words) as EventType[]

export function eventWords({ type, type_data }: AnyEvent, platforms: Platform[]): string {
  const tell = words[type] as ((data: unknown, platforms: Platform[]) => string) | undefined
  // A newer server may send types that a page open for long does not know.
  return tell?.(type_data, platforms) ?? type.replaceAll('_', ' ')
}

function nameOf({ integration_type, data: { login, url } }: IntegrationData, platforms: Platform[]): string {
  const { label, self_hosted } = platformIn(platforms, integration_type)
  return self_hosted ? `${login} on ${hostOf(url)}` : `${login} on ${label}`
}

const actWords: { [Type in ActType]: string } = {
  service: 'by the service',
  administrator: 'by the administrator',
  issuer: 'by the trusted issuer',
}

/** "by the API token “ci”". */
export function meansWords({ via, api_token, act }: AnyEvent): string {
  if (act) return `${actWords[act.type]} “${act.name}”`
  switch (via) {
    case 'api_token':
      return api_token ? `by the API token “${api_token.name}”` : 'by an API token'
    case 'session':
      return 'in a browser'
    case 'password':
      return 'with a password'
    case 'oidc':
      return 'at your organisation’s provider'
    case 'command_line':
      return 'by the operator'
    case 'server':
      return 'by Forgelink'
    case 'service_token':
      return 'by a service'
    case 'issuer':
      return 'by a trusted issuer'
    case 'link_session':
      return 'in a browser, for a service'
    case 'invitation':
      return 'with a link to set a password'
  }
}
