// The caller of a request as the audit trail names them.

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
