// Who calls the simulated GitLab, what the token lets them do, and how GitLab refuses the rest.

import { type Call, header, json, type Reply } from './http.ts'
import type { Site } from './site.ts'
import {
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
} from './state.ts'

export interface GitlabRequest {
  site: Site
  world: World
  call: Call
  token: Token | null
  user: User | null
  params: Record<string, string>
}

export type Identity = { token: Token | null; user: User | null } | Reply

/** Who calls; a refusal when there is a token and it is no good. */
export function identify(world: World, call: Call): Identity {
  const presented = presentedToken(call)
  if (presented === undefined) return { token: null, user: null }
  const token = findToken(world, presented.value)
  if (token === undefined || (presented.personal && token.kind === 'oauth')) return unauthorized()
  if (isExpired(world, token)) {
    return invalidToken('Token is expired. You can either do re-authorization or token refresh.')
  }
  if (token.revoked) return invalidToken('Token was revoked. You have to re-authorize from the user.')
  const user = userById(world, token.userId) ?? null
  if (user?.blocked) return json(403, { message: '403 Forbidden - Your account has been blocked.' })
  return { token, user }
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
  const challenge = `Bearer realm="The API", error="invalid_token", error_description="${description}"`
  return json(401, { error: 'invalid_token', error_description: description }, { 'www-authenticate': challenge })
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

/** Classic and OAuth tokens need one of the scopes, fine-grained ones the permission. */
export function scopeRefusal(token: Token, scopes: string[], permission: string): Reply | undefined {
  if (token.kind === 'fine-grained') {
    if (token.permissions.includes('*') || token.permissions.includes(permission)) return undefined
    return json(403, {
      error: 'insufficient_granular_scope',
      error_description: `Access denied: Your Personal Access Token lacks the required permissions: [${permission}].`,
    })
  }
  if (scopes.some((scope) => token.scopes.includes(scope))) return undefined
  const description = 'The request requires higher privileges than provided by the access token.'
  const scope = scopes.join(' ')
  const challenge = `Bearer realm="The API", error="insufficient_scope", error_description="${description}", scope="${scope}"`
  const body = { error: 'insufficient_scope', error_description: description, scope }
  return json(403, body, { 'www-authenticate': challenge })
}

export function canSeeProject(world: World, user: User | null, repository: Repository): boolean {
  if (repository.visibility === 'public' || (repository.visibility === 'internal' && user !== null)) return true
  return repositoryLevel(world, user, repository) > 0
}

export function canSeeGroup(world: World, user: User | null, group: Organization): boolean {
  return group.visibility === 'public' || reachableGroups(world, user).includes(group)
}

/** Members of the group, of one of its ancestors, of something below it, or of a mere project in it. */
export function reachableGroups(world: World, user: User | null): Organization[] {
  if (user === null) return []
  const inside = world.organizations.filter((group) => groupLevel(world, user, group) > 0)
  const byProject = world.repositories.filter((one) => one.members.some((member) => member.userId === user.id))
  const paths = [...inside.map((group) => group.fullPath), ...byProject.map((project) => project.owner)]
  return world.organizations.filter((group) => {
    return paths.some((path) => path === group.fullPath || path.startsWith(`${group.fullPath}/`))
  })
}
