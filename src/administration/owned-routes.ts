// The routes of administrators for what one user has: integrations, API tokens, sessions, identities and events.

import type { FastifyRequest } from 'fastify'
import { type TSchema, Type } from 'typebox'
import { deleteApiToken, listApiTokens } from '../accounts/api-tokens.ts'
import { administratorActor } from '../accounts/callers/administrators.ts'
import { deleteIdentity, listIdentities } from '../accounts/identities/identities.ts'
import { IdentitySchema, identityJson } from '../accounts/identities/schemas.ts'
import { ApiTokenSchema, apiTokenJson } from '../accounts/schemas.ts'
import { endListedSession, listSessions, SessionSchema, sessionJson } from '../accounts/sessions/listed-sessions.ts'
import type { User } from '../accounts/users.ts'
import type { Actor } from '../audit/events.ts'
import { PageQuery } from '../http/pagination.ts'
import { answers, IdParams, NoContent } from '../http/schemas.ts'
import type { App } from '../http/server.ts'
import { getIntegration, listIntegrations } from '../integrations/integrations.ts'
import { integrationJson } from '../integrations/schemas.ts'
import type { Services } from '../integrations/services.ts'
import type { Revoker } from '../integrations/tokens/revoker.ts'
import { unlink } from '../integrations/unlink.ts'
import { listTrail } from './events.ts'
import { FORBIDDEN, listAnswer, metaOf, readListPage } from './list-routes.ts'
import { type Found, pageOf } from './pages.ts'
import { LinkSchema, TrailEventSchema, trailEventJson } from './schemas.ts'
import { getUser } from './users.ts'

/** More than an account may have, whatever the limits are set to. */
const MAX_TOKENS = 100_000

type Page = { page: number; perPage: number }

/** Something that users have. */
interface Owned<Item extends TSchema> {
  /** In the path, and in the answer. */
  name: string
  /** The name in operation ids. */
  operation: string
  item: Item
  /** As JSON. */
  list(user: User, page: Page): Promise<Found<object>>
  /** With the same effect as the owner's own. null: it is never deleted. */
  remove: ((actor: Actor, user: User, id: string) => Promise<void>) | null
}

function ownedOf(services: Services, revoker: Revoker): Owned<TSchema>[] {
  const { database } = services
  return [
    {
      name: 'integrations',
      operation: 'Integration',
      item: LinkSchema,
      list: async (user, page) => {
        const links = await listIntegrations(database, user.id)
        return mapped(pageOf(links, page), (link) => integrationJson(link, user))
      },
      remove: async (actor, { id: owner }, id) => {
        await unlink(services, actor, await getIntegration(database, owner, id))
        revoker.wake()
      },
    },
    {
      name: 'tokens',
      operation: 'Token',
      item: ApiTokenSchema,
      list: async ({ id }, page) => {
        const tokens = await listApiTokens(database, id, MAX_TOKENS)
        return mapped(pageOf(tokens, page), (token) => apiTokenJson(token))
      },
      remove: (actor, { id: owner }, id) =>
        database.transaction().execute((transaction) => deleteApiToken(transaction, actor, owner, id)),
    },
    {
      name: 'sessions',
      operation: 'Session',
      item: SessionSchema,
      list: async ({ id }, page) => mapped(pageOf(await listSessions(database, id), page), sessionJson),
      remove: (actor, { id: owner }, id) =>
        database.transaction().execute((transaction) => endListedSession(transaction, actor, owner, id)),
    },
    {
      name: 'identities',
      operation: 'Identity',
      item: IdentitySchema,
      list: async ({ id }, page) => mapped(pageOf(await listIdentities(database, id), page), identityJson),
      remove: (actor, { id: owner }, id) =>
        database.transaction().execute((transaction) => deleteIdentity(transaction, actor, owner, id)),
    },
    {
      name: 'events',
      operation: 'Event',
      item: TrailEventSchema,
      list: async (user, page) => {
        const found = await listTrail(database, page, { user: user.id })
        return mapped(found, (event) => trailEventJson(event, user))
      },
      remove: null,
    },
  ]
}

function mapped<Item>(found: Found<Item>, json: (item: Item) => object): Found<object> {
  return { ...found, items: found.items.map(json) }
}

/** Routes on an `app` that has authenticated an administrator. */
export function ownedRoutes(app: App, services: Services, revoker: Revoker): void {
  for (const owned of ownedOf(services, revoker)) {
    ownedListRoute(app, services, owned)
    if (owned.remove) ownedRemoveRoute(app, services, owned, owned.remove)
  }
}

function ownedListRoute(app: App, { database }: Services, { name, operation, item, list }: Owned<TSchema>): void {
  app.get(
    `/v1/admin/users/:id/${name}`,
    {
      schema: {
        operationId: `listUsers${operation}s`.replace('tys', 'ties'),
        failures: [...FORBIDDEN, 'not_found'],
        summary: `List the ${name} of an account`,
        tags: ['Administration'],
        params: IdParams,
        querystring: PageQuery,
        response: answers(200, listAnswer(name, item)),
      },
    },
    async ({ params, query }: FastifyRequest<{ Params: { id: string }; Querystring: Record<string, unknown> }>) => {
      const page = readListPage(query)
      const found = await list(await getUser(database, params.id), page)
      return { [name]: found.items, meta: metaOf(page, found) }
    },
  )
}

function ownedRemoveRoute(
  app: App,
  { database }: Services,
  { name, operation }: Owned<TSchema>,
  remove: NonNullable<Owned<TSchema>['remove']>,
): void {
  app.delete(
    `/v1/admin/users/:id/${name}/:one`,
    {
      schema: {
        operationId: `deleteUsers${operation}`,
        failures: [...FORBIDDEN, 'not_found'],
        summary: `Delete one of the ${name} of an account, as the user could`,
        tags: ['Administration'],
        params: Type.Object({ ...IdParams.properties, one: Type.String({ description: 'Its ID.' }) }),
        response: answers(204, NoContent),
      },
    },
    async (request, reply) => {
      const user = await getUser(database, request.params.id)
      await remove(administratorActor(request, user.id), user, request.params.one)
      return reply.status(204).send(null)
    },
  )
}
