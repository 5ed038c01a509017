// What a bearer token may do: the scopes of users and of services, and what each route needs.

import { Failure } from '../failure.ts'

export const SCOPES = ['read', 'write', 'tokens', 'account', 'access_tokens'] as const
export type Scope = (typeof SCOPES)[number]

/** What a service may do: the first with its own token, and the scopes of users in a JWT that it is given for one. */
export const SERVICE_SCOPES = [
  'users:act',
  'users:create',
  'admin:read',
  'admin:write',
  'scim',
  'read',
  'write',
  'access_tokens',
] as const
export type ServiceScope = (typeof SERVICE_SCOPES)[number]

/** The text form for the store and for JWTs. */
export function joinScopes(scopes: readonly Scope[]): string {
  return SCOPES.filter((scope) => scopes.includes(scope)).join(' ')
}

export function splitScopes(text: string): Scope[] {
  const names = text.split(' ')
  return SCOPES.filter((scope) => names.includes(scope))
}

export function joinServiceScopes(scopes: readonly ServiceScope[]): string {
  return SERVICE_SCOPES.filter((scope) => scopes.includes(scope)).join(' ')
}

export function splitServiceScopes(text: string): ServiceScope[] {
  const names = text.split(' ')
  return SERVICE_SCOPES.filter((scope) => names.includes(scope))
}

/** Reads that may be sent by POST as well. */
const READS_BY_POST = /^\/v1\/scm_integrations\/:id\/(search_repos|orgs|search_pull_requests)$/
const CHANGES_OF_ACCOUNT = /^\/v1\/(users|account)\//

/** `route` is the registered path. A route not named here needs `read` for reading and `write` for anything else. */
export function scopeFor(method: string, route: string): Scope {
  if (route.startsWith('/v1/tokens')) return 'tokens'
  if (method === 'GET' || method === 'HEAD' || READS_BY_POST.test(route)) return 'read'
  return CHANGES_OF_ACCOUNT.test(route) ? 'account' : 'write'
}

/**
 * What somebody who acts for a user may call. What outlives their own token is closed to them: tokens, profile, password
 * and identities; and the role of an administrator is not theirs.
 */
const forDelegates: [route: RegExp, isOpen: boolean][] = [
  [/^(GET|HEAD) \/v1\/users\/self$/, true],
  [/^\w+ \/v1\/(scm_integrations|link_sessions|keys|events)(\/|$)/, true],
  [/^\w+ \/v1\/(users|account|tokens|sessions|identities|admin)(\/|$)/, false],
]

/** undefined for a route that has no rule: it is closed, and a test asks for its rule. */
export function isOpenToDelegates(method: string, route: string): boolean | undefined {
  return forDelegates.find(([routes]) => routes.test(`${method} ${route}`))?.[1]
}

export function insufficientScope(scope: Scope | ServiceScope): Failure {
  return new Failure('insufficient_scope', `This token lacks the scope "${scope}". Make one that has it.`, { scope })
}

export function forbiddenForDelegate(): Failure {
  const message = 'Only the user may do this, and not somebody who acts for them: nothing made here may outlive that.'
  return new Failure('forbidden_for_delegate', message)
}
