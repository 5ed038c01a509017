// What a bearer token may do: the five scopes, and which of them a route needs.

import { Failure } from '../failure.ts'

export const SCOPES = ['read', 'write', 'tokens', 'account', 'access_tokens'] as const
export type Scope = (typeof SCOPES)[number]

/** The text form for the store and for JWTs. */
export function joinScopes(scopes: readonly Scope[]): string {
  return SCOPES.filter((scope) => scopes.includes(scope)).join(' ')
}

export function splitScopes(text: string): Scope[] {
  const names = text.split(' ')
  return SCOPES.filter((scope) => names.includes(scope))
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

export function insufficientScope(scope: Scope): Failure {
  return new Failure('insufficient_scope', `This token lacks the scope "${scope}". Make one that has it.`, { scope })
}
