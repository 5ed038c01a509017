// The caller of a request as the audit trail names them.

import type { FastifyRequest } from 'fastify'
import type { Actor } from '../audit/events.ts'

/** By what the request was authenticated; where it is by neither of both, by a password. */
export function actorOf({ session, apiToken, ip, ownId }: FastifyRequest): Actor {
  return { via: session ? 'session' : apiToken ? 'api_token' : 'password', apiToken, remoteIp: ip, requestId: ownId }
}
