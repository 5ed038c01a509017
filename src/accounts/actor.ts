// The caller of a request as the audit trail and the log name them.

import type { FastifyRequest } from 'fastify'
import type { Actor } from '../audit/events.ts'

/** Named by what authenticated the request: session or bearer token; without either, it was a password. */
export function actorOf({ session, grant, ip, ownId }: FastifyRequest): Actor {
  return {
    via: session ? 'session' : (grant?.via ?? 'password'),
    apiToken: grant?.apiToken ?? null,
    act: grant?.act ?? null,
    remoteIp: ip,
    requestId: ownId,
  }
}

/** The caller as a line of the log names them: by ids, never by name. Empty for an anonymous request. */
export function callerFields({ user, session, grant }: FastifyRequest): Record<string, string> {
  // A route without authentication has no user, whatever the type says.
  if (!(user as FastifyRequest['user'] | undefined)) return {}
  return {
    user: user.id,
    ...(session && { via: 'session' }),
    ...(grant && { via: grant.via }),
    ...(grant?.apiToken && { token: grant.apiToken.id }),
    ...(grant?.act && { act: grant.act.id }),
  }
}
