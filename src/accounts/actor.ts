// The caller of a request as the audit trail names them.

import type { FastifyRequest } from 'fastify'
import type { Actor } from '../audit/events.ts'

/** Named by what authenticated the request: session or API token; without either, it was a password. */
export function actorOf({ session, apiToken, ip, ownId }: FastifyRequest): Actor {
  return { via: session ? 'session' : apiToken ? 'api_token' : 'password', apiToken, remoteIp: ip, requestId: ownId }
}
