// Who calls the simulated GitHub, what the token lets them see, and which errors GitHub sends otherwise.

import { type Call, header, json, type Reply } from '../http.ts'
import type { Site } from '../site.ts'
import {
  findOrganization,
  findToken,
  isExpired,
  type Organization,
  type Repository,
  repositoryLevel,
  type Token,
  type User,
  userById,
  type World,
} from '../state.ts'

export interface Viewer {
  token: Token | null
  user: User | null
}

export interface GithubRequest {
  site: Site
  world: World
  call: Call
  viewer: Viewer
  params: Record<string, string>
  docs: string
}

const docsUrl = 'https://docs.github.com/rest'

/** The caller; undefined when there is a token and it is invalid. */
export function identify(world: World, call: Call): Viewer | undefined {
  const value = presentedToken(call)
  if (value === undefined) return { token: null, user: null }
  const token = findToken(world, value)
  if (token === undefined || token.revoked || isExpired(world, token)) return undefined
  return { token, user: userById(world, token.userId) ?? null }
}

function presentedToken(call: Call): string | undefined {
  const [scheme = '', value = ''] = (header(call, 'authorization') ?? '').trim().split(/\s+/)
  if (['bearer', 'token'].includes(scheme.toLowerCase())) return value
  if (scheme.toLowerCase() !== 'basic') return undefined
  const text = Buffer.from(value, 'base64').toString()
  return text.slice(text.indexOf(':') + 1)
}

export function githubError(status: number, message: string, docs = '', more: object = {}): Reply {
  const url = docs === '' ? docsUrl : `${docsUrl}/${docs}`
  return json(status, { message, ...more, documentation_url: url, status: String(status) })
}

export function notFound(docs = ''): Reply {
  return githubError(404, 'Not Found', docs)
}

export function invalidSearch(error: { message?: string; code: string }): Reply {
  const errors = [{ ...error, resource: 'Search', field: 'q' }]
  return json(422, {
    message: 'Validation Failed',
    errors,
    documentation_url: 'https://docs.github.com/v3/search/',
    status: '422',
  })
}

/** Fine-grained and App tokens have permissions where classic and OAuth ones have scopes. */
export function hasPermissions(token: Token | null): boolean {
  return token !== null && token.kind !== 'personal' && token.kind !== 'oauth'
}

/** Organisations of the caller that this token was not authorised for through single sign-on. */
export function ssoBlocked(world: World, viewer: Viewer): Organization[] {
  const { user, token } = viewer
  if (user === null || token === null || hasPermissions(token)) return []
  return world.organizations.filter((organization) => {
    const member = organization.members.some((candidate) => candidate.userId === user.id)
    return organization.sso && member && !token.ssoAuthorized.includes(organization.path)
  })
}

export function partialResults(world: World, viewer: Viewer): Record<string, string> {
  const blocked = ssoBlocked(world, viewer)
  if (blocked.length === 0) return {}
  return { 'x-github-sso': `partial-results; organizations=${blocked.map((one) => one.id).join(',')}` }
}

export function ssoRequired(site: Site, organization: string): Reply {
  const reply = githubError(
    403,
    'Resource protected by organization SAML enforcement. You must grant your Personal Access token access to this organization.',
  )
  reply.headers['x-github-sso'] = `required; url=${site.url}/orgs/${organization}/sso?authorization_request=SANDBOX`
  return reply
}

export type Visibility = 'visible' | 'hidden' | 'sso'

export function visibilityOf(world: World, viewer: Viewer, repository: Repository): Visibility {
  if (repository.visibility !== 'private') return 'visible'
  const { token, user } = viewer
  if (token?.kind === 'installation') return token.repositoryIds?.includes(repository.id) ? 'visible' : 'hidden'
  if (user === null || token === null || repositoryLevel(world, user, repository) === 0) return 'hidden'
  if (hasPermissions(token)) {
    return token.repositoryIds === null || token.repositoryIds.includes(repository.id) ? 'visible' : 'hidden'
  }
  if (!token.scopes.includes('repo')) return 'hidden'
  const owner = findOrganization(world, repository.owner)
  if (owner !== undefined && ssoBlocked(world, viewer).includes(owner)) return 'sso'
  return 'visible'
}

export function maySee(world: World, viewer: Viewer): (repository: Repository) => boolean {
  return (repository) => visibilityOf(world, viewer, repository) === 'visible'
}
