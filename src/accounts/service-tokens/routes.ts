// The routes of administrators for service tokens: list, make, remove.

import { Type } from 'typebox'
import type { FieldChecks } from '../../http/body.ts'
import { nameProblem, readBody } from '../../http/body.ts'
import { PageMeta, PageQuery, paginationJson, readPage } from '../../http/pagination.ts'
import { answers, IdParams, NoContent } from '../../http/schemas.ts'
import type { App } from '../../http/server.ts'
import { oneOf } from '../../schemas.ts'
import { administratorActor, requireSession } from '../callers/administrators.ts'
import { SERVICE_SCOPES, type ServiceScope } from '../scopes.ts'
import type { Services } from '../services.ts'
import { confirmed } from '../sessions/sessions.ts'
import { EXPIRY, expiryProblem } from '../token-fields.ts'
import { issuersProblem, MAX_ISSUERS, serviceScopesProblem } from './fields.ts'
import { ServiceTokenSchema, serviceTokenJson } from './schemas.ts'
import { createServiceToken, deleteServiceToken, listServiceTokens } from './service-tokens.ts'

/** A session shows no platform tokens, so it gives no token that does. */
const SCOPES_TO_GIVE = SERVICE_SCOPES.filter((scope) => scope !== 'access_tokens')

const ServiceTokenInput = Type.Object({
  name: Type.String({ minLength: 1, maxLength: 200, description: 'Which service it is for; users see it.' }),
  scopes: Type.Unsafe<ServiceScope[]>({
    description: 'What it may do.',
    examples: [['users:act', 'read', 'write']],
    described: { type: 'array', items: oneOf(SCOPES_TO_GIVE), minItems: 1, uniqueItems: true },
  }),
  issuers: Type.Optional(
    Type.Unsafe<string[] | null>({
      description: 'The issuers whose users it may act for by subject.',
      examples: [['https://paas.example']],
      described: { type: ['array', 'null'], items: { type: 'string' }, maxItems: MAX_ISSUERS, uniqueItems: true },
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
const serviceTokenChecks: FieldChecks<{
  name: string
  scopes: ServiceScope[]
  issuers?: string[] | null
  expires_at?: string | null
}> = {
  name: nameProblem,
  scopes: (scopes) => serviceScopesProblem(scopes, SCOPES_TO_GIVE),
  issuers: issuersProblem,
  expires_at: expiryProblem,
}

/** Routes on an `app` that has authenticated an administrator. */
export function serviceTokenRoutes(app: App, { database }: Services): void {
  app.get(
    '/v1/admin/service_tokens',
    {
      schema: {
        operationId: 'listServiceTokens',
        failures: ['admin_required'],
        summary: 'List the service tokens, without their values',
        tags: ['Administration'],
        querystring: PageQuery,
        response: answers(
          200,
          Type.Object({
            service_tokens: Type.Array(ServiceTokenSchema),
            meta: PageMeta,
          }),
        ),
      },
    },
    async ({ query }) => {
      const page = readPage(query)
      const { services, totalCount } = await listServiceTokens(database, page)
      const hasNext = page.page * page.perPage < totalCount
      return {
        service_tokens: services.map((service) => serviceTokenJson(service)),
        meta: { pagination: paginationJson(page, { hasNext, totalCount }) },
      }
    },
  )

  app.post(
    '/v1/admin/service_tokens',
    {
      schema: {
        operationId: 'createServiceToken',
        failures: ['admin_required'],
        summary: 'Make a service token; in the session of an administrator',
        tags: ['Administration'],
        body: Type.Object({ service_token: ServiceTokenInput }),
        response: answers(201, Type.Object({ service_token: ServiceTokenSchema }, { title: 'ServiceTokenAnswer' })),
      },
    },
    async (request, reply) => {
      requireSession(request)
      confirmed(request)
      const input = readBody(request.body, 'service_token', ServiceTokenInput, serviceTokenChecks)
      const { name, scopes, issuers, expires_at } = input
      const { id } = request.user
      const expiresAt = expires_at ? new Date(expires_at).toISOString() : null
      const made = await database.transaction().execute((transaction) =>
        createServiceToken(transaction, administratorActor(request, id), id, {
          name,
          scopes,
          issuers: issuers ?? [],
          expiresAt,
        }),
      )
      return reply.status(201).send({ service_token: serviceTokenJson(made.service, made.token) })
    },
  )

  app.delete(
    '/v1/admin/service_tokens/:id',
    {
      schema: {
        operationId: 'deleteServiceToken',
        failures: ['not_found', 'admin_required'],
        summary: 'Remove a service token; every JWT that it opened ends',
        tags: ['Administration'],
        params: IdParams,
        response: answers(204, NoContent),
      },
    },
    async (request, reply) => {
      const remover = request.administrator.user?.id ?? null
      const actor = administratorActor(request, remover)
      await database
        .transaction()
        .execute((transaction) => deleteServiceToken(transaction, actor, remover, request.params.id))
      return reply.status(204).send(null)
    },
  )
}
