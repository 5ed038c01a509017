// SCIM 2.0 below /scim/v2: an identity provider makes, changes and deactivates users (RFC 7644).

import type { FastifyReply, FastifyRequest } from 'fastify'
import { actorOf } from '../accounts/actor.ts'
import { insufficientScope } from '../accounts/scopes.ts'
import {
  authenticateService,
  isServiceBearer,
  type ServiceGuards,
} from '../accounts/service-tokens/authenticate-service.ts'
import type { Service } from '../accounts/service-tokens/service-tokens.ts'
import type { Actor } from '../audit/events.ts'
import type { Transaction } from '../database/database.ts'
import { Failure, invalid, notFound } from '../failure.ts'
import { noteFailure } from '../http/failures.ts'
import type { App } from '../http/server.ts'
import { type Left, reportLeft } from '../integrations/leaving.ts'
import type { Services } from '../integrations/services.ts'
import type { Revoker } from '../integrations/tokens/revoker.ts'
import { MAX_RESULTS, resourceTypes, schemas, serviceProviderConfig } from './discovery.ts'
import { scimError } from './errors.ts'
import { parseFilter } from './filter.ts'
import { patched } from './patch.ts'
import { readUser, userResource } from './resource.ts'
import {
  type Changed,
  deleteProvisioned,
  getProvisioned,
  listProvisioned,
  provision,
  replaceProvisioned,
} from './users.ts'

const MEDIA_TYPE = 'application/scim+json; charset=utf-8'
const LIST_SCHEMA = 'urn:ietf:params:scim:api:messages:2.0:ListResponse'
const MAX_START = 1_000_000_000

declare module 'fastify' {
  interface FastifyRequest {
    /** The caller, on the routes of SCIM. */
    provisioner: Service
  }
}

export interface ScimParts {
  guards: ServiceGuards
  revoker: Revoker
  /** At which `externalId` is a subject. */
  issuer: string
}

/** Routes on an `app` of their own, since their failures and unknown paths have another form. */
export function scimRoutes(app: App, services: Services, { guards, revoker, issuer }: ScimParts): void {
  const baseUrl = `${services.publicUrl}/scim/v2`
  app.setErrorHandler((error, request, reply) => {
    const { failure, row } = noteFailure(error as Parameters<typeof noteFailure>[0], request, reply)
    const body = scimError(failure, row.status)
    return sendScim(reply, Number(body.status), body)
  })
  app.setNotFoundHandler(() => {
    throw notFound('path')
  })
  app.addHook('onRequest', async (request) => {
    // What is no service token is not counted as a wrong one.
    if (!isServiceBearer(request)) throw new Failure('unauthorized', 'Send a service token as bearer token.')
    const service = await authenticateService(services, guards, request)
    if (!service.scopes.includes('scim')) throw insufficientScope('scim')
    request.provisioner = service
  })
  discoveryRoutes(app, baseUrl)
  readRoutes(app, services, { baseUrl: `${baseUrl}/Users`, issuer })
  writeRoutes(app, services, { baseUrl: `${baseUrl}/Users`, issuer, revoker })
}

function sendScim(reply: FastifyReply, status: number, body: object): FastifyReply {
  return reply.status(status).type(MEDIA_TYPE).serializer(JSON.stringify).send(body)
}

function listOfAll(resources: object[]) {
  return {
    schemas: [LIST_SCHEMA],
    totalResults: resources.length,
    startIndex: 1,
    itemsPerPage: resources.length,
    Resources: resources,
  }
}

const hidden = { schema: { hide: true } }

function discoveryRoutes(app: App, baseUrl: string): void {
  app.get('/ServiceProviderConfig', hidden, (_request, reply) => sendScim(reply, 200, serviceProviderConfig(baseUrl)))
  for (const [path, resources] of Object.entries({
    ResourceTypes: resourceTypes(baseUrl),
    Schemas: schemas(baseUrl),
  })) {
    app.get(`/${path}`, hidden, (_request, reply) => sendScim(reply, 200, listOfAll(resources)))
    app.get<{ Params: { id: string } }>(`/${path}/:id`, hidden, (request, reply) => {
      const resource = resources.find(({ id }) => id === request.params.id)
      if (!resource) throw notFound(path)
      return sendScim(reply, 200, resource)
    })
  }
}

interface UserRoutes {
  baseUrl: string
  issuer: string
}

type UserRequest = FastifyRequest<{ Params: { id: string } }>

function readRoutes(app: App, { database }: Services, { baseUrl, issuer }: UserRoutes): void {
  app.get<{ Querystring: Record<string, unknown> }>('/Users', hidden, async ({ query }, reply) => {
    const start = readNumber(query, 'startIndex', { fallback: 1, min: 1, max: MAX_START })
    const count = readNumber(query, 'count', { fallback: MAX_RESULTS, min: 0, max: MAX_RESULTS })
    const filter = query.filter === undefined ? undefined : parseFilter(String(query.filter))
    const { found, totalResults } = await listProvisioned(database, issuer, { filter, skip: start - 1, count })
    return sendScim(reply, 200, {
      schemas: [LIST_SCHEMA],
      totalResults,
      startIndex: start,
      itemsPerPage: found.length,
      Resources: found.map((one) => userResource(baseUrl, one)),
    })
  })

  app.get('/Users/:id', hidden, async (request: UserRequest, reply) => {
    return sendScim(reply, 200, userResource(baseUrl, await getProvisioned(database, issuer, request.params.id)))
  })
}

/** What is out of range means the nearest in it (RFC 7644 section 3.4.2.4). */
function readNumber(
  query: Record<string, unknown>,
  name: string,
  { fallback, min, max }: { fallback: number; min: number; max: number },
): number {
  const text = query[name]
  if (text === undefined) return fallback
  if (typeof text !== 'string' || !/^-?\d{1,15}$/.test(text)) throw invalid({ [name]: ['must be a whole number'] })
  return Math.min(max, Math.max(min, Number(text)))
}

function writeRoutes(
  app: App,
  services: Services,
  { baseUrl, issuer, revoker }: UserRoutes & { revoker: Revoker },
): void {
  const { database } = services

  function actorIn(request: FastifyRequest): Actor {
    const { id, name } = request.provisioner
    return { ...actorOf(request), via: 'service_token', act: { type: 'service', id, name } }
  }

  /** The provider does not wait until platforms have revoked: the trail has the report. */
  function report(left: Left | null): void {
    if (left) reportLeft(services, revoker, left).catch(() => undefined)
  }

  async function change(
    reply: FastifyReply,
    status: number,
    apply: (transaction: Transaction) => Promise<Changed>,
  ): Promise<FastifyReply> {
    const { found, left } = await database.transaction().execute(apply)
    report(left)
    const resource = userResource(baseUrl, found)
    return sendScim(reply.header('location', resource.meta.location), status, resource)
  }

  app.post('/Users', hidden, async (request, reply) => {
    const input = readUser(readObject(request.body))
    return change(reply, 201, (transaction) => provision(services, transaction, actorIn(request), issuer, input))
  })

  app.put('/Users/:id', hidden, async (request: UserRequest, reply) => {
    const { id } = await getUser(request)
    const input = readUser(readObject(request.body))
    return change(reply, 200, (transaction) =>
      replaceProvisioned(services, transaction, actorIn(request), issuer, id, input),
    )
  })

  app.patch('/Users/:id', hidden, async (request: UserRequest, reply) => {
    const { id } = await getUser(request)
    const body = readObject(request.body)
    return change(reply, 200, async (transaction) => {
      const before = userResource(baseUrl, await getProvisioned(transaction, issuer, id))
      const input = readUser(patched(before, body))
      return replaceProvisioned(services, transaction, actorIn(request), issuer, id, input)
    })
  })

  app.delete('/Users/:id', hidden, async (request: UserRequest, reply) => {
    const { id } = await getUser(request)
    const left = await database
      .transaction()
      .execute((transaction) => deleteProvisioned(services, transaction, actorIn(request), issuer, id))
    report(left)
    return reply.status(204).send()
  })

  async function getUser(request: UserRequest): Promise<{ id: string }> {
    const { user } = await getProvisioned(database, issuer, request.params.id)
    return user
  }
}

function readObject(body: unknown): Record<string, unknown> {
  if (typeof body === 'object' && body !== null && !Array.isArray(body)) return body as Record<string, unknown>
  throw invalid({ body: ['must be a JSON object'] })
}
