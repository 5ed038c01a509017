// A service that proves itself by its own token: as a bearer where administrators and SCIM are served, and nowhere else.

import type { FastifyRequest } from 'fastify'
import { networkOf } from '../../client-network.ts'
import type { Database } from '../../database/database.ts'
import { Failure } from '../../failure.ts'
import type { Bearer } from '../bearer.ts'
import type { LoginThrottle } from '../login-throttle.ts'
import { redeemServiceToken, SERVICE_PREFIX, type Service } from './service-tokens.ts'

/** Checks before a route that a service may call: who it is, and how often it may. */
export interface ServiceGuards {
  bearer: Bearer
  loginThrottle: LoginThrottle
  limitRate: (account: string) => void
  limitService: (service: string) => void
}

const BEARER = new RegExp(`^Bearer +(${SERVICE_PREFIX}\\S+)$`, 'i')

export function isServiceBearer(request: FastifyRequest): boolean {
  return BEARER.test(request.headers.authorization ?? '')
}

/** The service of the request's bearer. Throws `unauthorized`, or `rate_limited`. */
export async function authenticateService(
  { database }: { database: Database },
  guards: Pick<ServiceGuards, 'loginThrottle' | 'limitService'>,
  request: FastifyRequest,
): Promise<Service> {
  const [, token = ''] = BEARER.exec(request.headers.authorization ?? '') ?? []
  return checkServiceToken(database, guards, request, token)
}

/** The service with this token, whose request is counted. Wrong ones are throttled as wrong API tokens are. */
export async function checkServiceToken(
  database: Database,
  { loginThrottle, limitService }: Pick<ServiceGuards, 'loginThrottle' | 'limitService'>,
  request: FastifyRequest,
  token: string,
): Promise<Service> {
  const service = await redeemServiceToken(database, token)
  if (!service) {
    loginThrottle.failed(`tokens of ${networkOf(request.ip)}`)
    throw new Failure('unauthorized', 'This service token is not valid, or no longer.')
  }
  limitService(service.id)
  return service
}
