// Who may call `/v1/admin`: administrators, by session or bearer token, and services with the scopes for it.

import type { FastifyRequest } from 'fastify'
import type { Act, Actor } from '../../audit/events.ts'
import { Failure } from '../../failure.ts'
import { actorOf } from '../actor.ts'
import { authenticate } from '../authenticate.ts'
import { insufficientScope } from '../scopes.ts'
import { authenticateService, isServiceBearer, type ServiceGuards } from '../service-tokens/authenticate-service.ts'
import type { Services } from '../services.ts'
import type { User } from '../users.ts'

/** Who administers, on the routes of administrators. */
export interface Administrator {
  /** null: a service. */
  user: User | null
  /** As events of other accounts name it. */
  act: Act
}

declare module 'fastify' {
  interface FastifyRequest {
    /** The caller, on routes of administrators. `user` is set too, if it is a person. */
    administrator: Administrator
  }
}

/** Sets the request's `administrator`. Throws `admin_required` for a member. */
export async function authenticateAdministrator(
  services: Pick<Services, 'database' | 'publicUrl' | 'trustedIssuers'>,
  guards: ServiceGuards,
  request: FastifyRequest,
): Promise<void> {
  if (isServiceBearer(request)) {
    const service = await authenticateService(services, guards, request)
    const needed = request.method === 'GET' || request.method === 'HEAD' ? 'admin:read' : 'admin:write'
    if (!request.is404 && !service.scopes.includes(needed)) throw insufficientScope(needed)
    request.administrator = { user: null, act: { type: 'service', id: service.id, name: service.name } }
    return
  }
  await authenticate(services, guards.bearer, request)
  const { user } = request
  guards.limitRate(user.id)
  if (user.role !== 'admin') throw new Failure('admin_required', 'This is for administrators only.')
  request.administrator = { user, act: { type: 'administrator', id: user.id, name: user.username } }
}

/** For changes to the account of `owner`: administrators act for themselves on their own. */
export function administratorActor(request: FastifyRequest, owner: string | null): Actor {
  const { user, act } = request.administrator
  const actor = actorOf(request)
  if (user) return { ...actor, act: user.id === owner ? null : act }
  return { ...actor, via: 'service_token', act }
}

/** The caller's session. Throws `admin_required` for what only a person in a browser may do, and not a program. */
export function requireSession(request: FastifyRequest): void {
  if (request.session !== null) return
  throw new Failure('admin_required', 'This is for the session of an administrator only: sign in to the dashboard.')
}
