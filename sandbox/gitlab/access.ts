// Who calls the simulated GitLab, what the token lets them do, and which errors GitLab sends otherwise.

import { type Call, header, json, type Reply } from '../http.ts'
import type { Site } from '../site.ts'
import {
  type AccountState,
  findToken,
  groupLevel,
  isExpired,
  type Organization,
  type Repository,
  repositoryLevel,
  type Token,
  type User,
  userById,
  type World,
} from '../state.ts'

export interface GitlabRequest {
  site: Site
  world: World
  call: Call
  token: Token | null
  user: User | null
  params: Record<string, string>
  /** Default values of parameters that were not sent; the list's Link header contains them. */
  defaults?: Record<string, string>
}

export type Identity = { token: Token | null; user: User | null } | Reply

/** The caller; an error when there is a token and it is invalid. */
export function identify(site: Site, world: World, call: Call): Identity {
  const presented = presentedToken(call)
  if (presented === undefined) return { token: null, user: null }
  const token = findToken(world, presented.value)
  if (token === undefined || (presented.personal && token.kind === 'oauth')) return unauthorized()
  if (isExpired(world, token)) {
    return invalidToken('Token is expired. You can either do re-authorization or token refresh.')
  }
  if (token.revoked) return invalidToken('Token was revoked. You have to re-authorize from the user.')
  const user = userById(world, token.userId) ?? null
  if (user?.blocked || user?.accountState) return accountForbidden(site, user)
  if (user?.dpop && token.kind !== 'oauth') return dpopMissing()
  return { token, user }
}

/** lib/gitlab/auth/user_access_denied_reason.rb */
function accountForbidden(site: Site, { username, accountState }: User): Reply {
  const reasons: Record<AccountState, string> = {
    internal: 'This action cannot be performed by internal users',
    'pending-approval': 'Your account is pending approval from your administrator and hence blocked.',
    'terms-not-accepted': `You (@${username}) must accept the Terms of Service in order to perform this action. To accept these terms, please access GitLab from a web browser at ${site.url}.`,
    deactivated: `Your account has been deactivated by your administrator. Please log back in from a web browser to reactivate your account at ${site.url}`,
    unconfirmed: `Your primary email address is not confirmed. Please check your inbox for the confirmation instructions. In case the link is expired, you can request a new confirmation email at ${site.url}/users/confirmation/new`,
    'password-expired': 'Your password expired. Please access GitLab from a web browser to update your password.',
  }
  const reason = accountState === undefined ? 'Your account has been blocked.' : reasons[accountState]
  return json(403, { message: `403 Forbidden - ${reason}` })
}

/** lib/api/api_guard.rb: the challenge is rack-oauth2's. */
function dpopMissing(): Reply {
  return challenged('dpop_error', 'DPoP validation error: DPoP header is missing')
}

/** PRIVATE-TOKEN is for personal access tokens only. */
function presentedToken(call: Call): { value: string; personal: boolean } | undefined {
  const privateToken = header(call, 'private-token') ?? call.query.get('private_token')
  if (privateToken) return { value: privateToken, personal: true }
  const [scheme = '', value = ''] = (header(call, 'authorization') ?? '').trim().split(/\s+/)
  if (scheme.toLowerCase() === 'bearer') return { value, personal: false }
  const inQuery = call.query.get('access_token')
  return inQuery === null ? undefined : { value: inQuery, personal: false }
}

export function unauthorized(): Reply {
  return json(401, { message: '401 Unauthorized' })
}

export function invalidToken(description: string): Reply {
  return challenged('invalid_token', description)
}

function challenged(error: string, description: string): Reply {
  const challenge = `Bearer realm="The API", error="${error}", error_description="${description}"`
  return json(401, { error, error_description: description }, { 'www-authenticate': challenge })
}

export function notFound(what?: 'Project' | 'User' | 'Group' | 'Namespace' | 'Repository' | 'Branch'): Reply {
  return json(404, what === undefined ? { error: '404 Not Found' } : { message: `404 ${what} Not Found` })
}

export function forbidden(): Reply {
  return json(403, { message: '403 Forbidden' })
}

export function invalidValue(parameter: string): Reply {
  return json(400, { error: `${parameter} does not have a valid value` })
}

/** Permissions of fine-grained tokens: the boundary they apply to, and GitLab 19's names. */
export const permissions = {
  read_user: ['user', 'User: Read'],
  read_ssh_key: ['user', 'SSH Key: Read'],
  read_personal_access_token: ['user', 'Personal Access Token: Read'],
  read_project: ['project', 'Project: Read'],
  read_merge_request: ['project', 'Merge Request: Read'],
  read_branch: ['project', 'Branch: Read'],
  read_group: ['group', 'Group: Read'],
  read_namespace: ['group', 'Namespace: Read'],
  read_metadata: ['instance', 'Metadata: Read'],
} as const
export type Permission = keyof typeof permissions

/** Classic and OAuth tokens need one of the scopes, fine-grained ones the permission. */
export function scopeMissing(site: Site, token: Token, scopes: string[], permission: Permission): Reply | undefined {
  if (token.kind === 'fine-grained') {
    if (token.permissions.includes('*') || token.permissions.includes(permission)) return undefined
    return granularMissing(site, permission)
  }
  if (scopes.some((scope) => token.scopes.includes(scope))) return undefined
  const description = 'The request requires higher privileges than provided by the access token.'
  const scope = scopes.join(' ')
  const challenge = `Bearer realm="The API", error="insufficient_scope", error_description="${description}", scope="${scope}"`
  const body = { error: 'insufficient_scope', error_description: description, scope }
  return json(403, body, { 'www-authenticate': challenge })
}

/** The sentence of version 19 uses the names on its pages, the betas of 18 those in its source. */
export function granularMissing(site: Site, permission: Permission): Reply {
  const [boundary, label] = permissions[permission]
  const description =
    Number.parseInt(site.version, 10) >= 19
      ? `Access denied: This operation requires a fine-grained personal access token with the following ${boundary} permissions: [${label}].`
      : `Access denied: Your Personal Access Token lacks the required permissions: [${permission}].`
  return json(403, { error: 'insufficient_granular_scope', error_description: description })
}

/** A group may reject classic tokens, for itself and everything below it, with the error for a missing permission. */
export function onlyFineGrained({ world, token }: GitlabRequest, path: string): boolean {
  if (token?.kind !== 'personal') return false
  return world.organizations.some(
    (group) => group.onlyFineGrained && (path === group.fullPath || path.startsWith(`${group.fullPath}/`)),
  )
}

export function canSeeProject(world: World, user: User | null, repository: Repository): boolean {
  if (repository.visibility === 'public' || (repository.visibility === 'internal' && user !== null)) return true
  return repositoryLevel(world, user, repository) > 0
}

export function canSeeGroup(world: World, user: User | null, group: Organization): boolean {
  return group.visibility === 'public' || reachableGroups(world, user).includes(group)
}

/** The groups of which the user is a member, or a member of an ancestor, a subgroup or a project in it. */
export function reachableGroups(world: World, user: User | null): Organization[] {
  if (user === null) return []
  const inside = world.organizations.filter((group) => groupLevel(world, user, group) > 0)
  const byProject = world.repositories.filter((one) => one.members.some((member) => member.userId === user.id))
  const paths = [...inside.map((group) => group.fullPath), ...byProject.map((project) => project.owner)]
  return world.organizations.filter((group) => {
    return paths.some((path) => path === group.fullPath || path.startsWith(`${group.fullPath}/`))
  })
}
