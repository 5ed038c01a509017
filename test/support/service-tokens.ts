// Services of a platform in front, for tests: their tokens, exchanges, and calls for a user.

import type { ServiceScope } from '../../src/accounts/scopes.ts'
import { createServiceToken } from '../../src/accounts/service-tokens/service-tokens.ts'
import { COMMAND_LINE } from '../../src/audit/events.ts'
import { type Answer, basic, type Service, send } from './service.ts'

export const ISSUER = 'https://paas.example'

export interface ServiceAccount {
  id: string
  token: string
  /** With Basic, as the contract has it. */
  exchange(body?: unknown, url?: string): Promise<Answer>
  /** With the token itself as bearer. */
  call(method: string, path: string, body?: unknown): Promise<Answer>
  /** A caller with a JWT for the user. */
  actFor(user: object, limits?: object): Promise<(method: string, path: string, body?: unknown) => Promise<Answer>>
}

/** As `forgelink service-token add` does. */
export async function addService(
  { url, services }: Pick<Service, 'url' | 'services'>,
  options: { name?: string; scopes?: ServiceScope[]; issuers?: string[]; expiresAt?: string | null } = {},
): Promise<ServiceAccount> {
  const { name = 'console', scopes = ['users:act', 'users:create', 'read', 'write'], issuers = [ISSUER] } = options
  const made = await services.database.transaction().execute((transaction) =>
    createServiceToken(transaction, COMMAND_LINE, null, {
      name,
      scopes,
      issuers,
      expiresAt: options.expiresAt ?? null,
    }),
  )
  return serviceAccount(url, made.service.id, made.token)
}

/** The calls of the service whose token it is. */
export function serviceAccount(url: string, id: string, token: string): ServiceAccount {
  const exchange = (body?: unknown, at = url) => send('POST', `${at}/v1/tokens/exchange`, body, basic('', token))
  return {
    id,
    token,
    exchange,
    call: (method, path, body) => send(method, `${url}${path}`, body, { authorization: `Bearer ${token}` }),
    async actFor(user, limits = {}) {
      const answer = await exchange({ user, ...limits })
      if (answer.status !== 200) throw new Error(`exchange answered ${answer.status}: ${answer.text}`)
      const authorization = `Bearer ${answer.json.token}`
      return (method, path, body) => send(method, `${url}${path}`, body, { authorization })
    },
  }
}

export function claimsOf(jwt: string): Record<string, unknown> {
  return JSON.parse(Buffer.from(jwt.split('.')[1] ?? '', 'base64url').toString())
}
