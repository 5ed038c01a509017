// The API's routes for API tokens: exchange, create, list, show, renew, revoke.

import { Type } from 'typebox'
import { inOwnersTurn } from '../database/owners-turn.ts'
import type { FieldChecks } from '../http/body.ts'
import { nameProblem, readBody } from '../http/body.ts'
import { CutMeta, cutAt } from '../http/pagination.ts'
import { answers, IdParams, NoContent } from '../http/schemas.ts'
import type { App } from '../http/server.ts'
import { actorOf } from './actor.ts'
import {
  ALL_POWERS,
  createApiToken,
  deleteApiToken,
  getApiToken,
  listApiTokens,
  MAX_EXPIRED,
  powersWithin,
  renewApiToken,
} from './api-tokens.ts'
import { authenticate, authenticatePassword } from './authenticate.ts'
import { ApiTokenSchema, apiTokenJson, ScopeSchema } from './schemas.ts'
import type { Scope } from './scopes.ts'
import type { ServiceGuards } from './service-tokens/authenticate-service.ts'
import type { Services } from './services.ts'
import { confirmed } from './sessions/sessions.ts'
import { EXPIRY, expiryProblem, scopesProblem } from './token-fields.ts'

const TokenInput = Type.Object({
  name: Type.String({ minLength: 1, maxLength: 200, description: 'What it is for.' }),
  scopes: Type.Optional(
    Type.Unsafe<Scope[] | null>({
      description: 'What it may do; without it, all that the caller may.',
      examples: [['read', 'write']],
      described: { type: ['array', 'null'], items: ScopeSchema, minItems: 1, uniqueItems: true },
    }),
  ),
  expires_at: Type.Optional(
    Type.Unsafe<string | null>({
      description: 'Date and time of its end, or a day; without it, never.',
      examples: ['2030-01-31T00:00:00Z'],
      described: { type: ['string', 'null'], pattern: EXPIRY.source },
    }),
  ),
})
const tokenChecks: FieldChecks<{ name: string; scopes?: Scope[] | null; expires_at?: string | null }> = {
  name: nameProblem,
  scopes: scopesProblem,
  expires_at: expiryProblem,
}
const TokenAnswer = Type.Object({ token: ApiTokenSchema }, { title: 'TokenAnswer' })

/** The route that a password opens too. */
export function openTokenRoutes(app: App, services: Services, guards: ServiceGuards): void {
  const { database, limits } = services
  const { bearer, loginThrottle, limitRate } = guards

  app.post(
    '/v1/tokens',
    {
      onRequest: async (request) => {
        const user = await authenticatePassword(services, loginThrottle, request)
        if (!user) await authenticate(services, bearer, request)
        else request.user = user
        limitRate(request.user.id)
      },
      schema: {
        operationId: 'createToken',
        failures: [],
        summary: 'Make an API token',
        description: 'With a bearer token, or with Basic credentials of login and password.',
        tags: ['Tokens'],
        security: [{ bearer: [] }, { password: [] }],
        body: Type.Object({ token: TokenInput }),
        response: answers(201, TokenAnswer),
      },
    },
    async (request, reply) => {
      const { name, scopes, expires_at } = readBody(request.body, 'token', TokenInput, tokenChecks)
      confirmed(request)
      const expiresAt = expires_at ? new Date(expires_at).toISOString() : null
      const powers = powersWithin(request.grant ?? ALL_POWERS, { scopes: scopes ?? undefined, expiresAt })
      const { apiToken, token } = await inOwnersTurn(database, request.user.id, (transaction) =>
        createApiToken(transaction, actorOf(request), request.user.id, name, { ...powers, max: limits.maxApiTokens }),
      )
      return reply.status(201).send({ token: apiTokenJson(apiToken, token) })
    },
  )
}

/** Routes that need a known caller. */
export function tokenRoutes(app: App, { database, limits }: Services): void {
  app.get(
    '/v1/tokens',
    {
      schema: {
        operationId: 'listTokens',
        failures: [],
        summary: 'List your API tokens',
        tags: ['Tokens'],
        response: answers(200, Type.Object({ tokens: Type.Array(ApiTokenSchema), meta: CutMeta })),
      },
    },
    async (request) => {
      const most = limits.maxApiTokens + MAX_EXPIRED
      const tokens = await listApiTokens(database, request.user.id, most + 1)
      const { items, meta } = cutAt(most, tokens, 'MAX_API_TOKENS')
      return { tokens: items.map((token) => apiTokenJson(token)), ...meta }
    },
  )

  app.get(
    '/v1/tokens/:id',
    {
      schema: {
        operationId: 'getToken',
        failures: ['not_found'],
        summary: 'Show an API token, without its value',
        tags: ['Tokens'],
        params: IdParams,
        response: answers(200, TokenAnswer),
      },
    },
    async (request) => ({
      token: apiTokenJson(await getApiToken(database, request.user.id, request.params.id)),
    }),
  )

  app.route({
    method: ['PATCH', 'PUT'],
    url: '/v1/tokens/:id/renew',
    schema: {
      operationId: 'renewToken',
      failures: ['not_found', 'invalid'],
      summary: 'Give an API token a new value; the old one stops working',
      tags: ['Tokens'],
      params: IdParams,
      response: answers(200, TokenAnswer),
    },
    handler: async (request) => {
      confirmed(request)
      const { id } = request.params
      const asking = request.grant ?? ALL_POWERS
      const { apiToken, token } = await database
        .transaction()
        .execute((transaction) => renewApiToken(transaction, actorOf(request), request.user.id, id, asking))
      return { token: apiTokenJson(apiToken, token) }
    },
  })

  app.delete(
    '/v1/tokens/:id',
    {
      schema: {
        operationId: 'deleteToken',
        failures: ['not_found'],
        summary: 'Revoke an API token',
        tags: ['Tokens'],
        params: IdParams,
        response: answers(204, NoContent),
      },
    },
    async (request, reply) => {
      await database
        .transaction()
        .execute((transaction) => deleteApiToken(transaction, actorOf(request), request.user.id, request.params.id))
      return reply.status(204).send(null)
    },
  )
}
