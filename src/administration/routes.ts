// The routes of administrators over all accounts: links, the trail, and an overview.

import { Type } from 'typebox'
import { EVENT_TYPES } from '../audit/event-types.ts'
import { PageQuery } from '../http/pagination.ts'
import { answers } from '../http/schemas.ts'
import type { App } from '../http/server.ts'
import { integrationJson, ScmTypeSchema, STATUSES } from '../integrations/schemas.ts'
import type { Services } from '../integrations/services.ts'
import { SCM_TYPES } from '../platforms/scm-types.ts'
import { oneOf } from '../schemas.ts'
import { listTrail } from './events.ts'
import { choice, host, readFilters, time, userId } from './filters.ts'
import { listAllIntegrations } from './integrations.ts'
import { FORBIDDEN, listAnswer, metaOf, readListPage } from './list-routes.ts'
import { createOverview } from './overview.ts'
import { LinkSchema, OverviewSchema, TrailEventSchema, trailEventJson } from './schemas.ts'
import { usersById } from './users.ts'

const UserId = Type.Optional(Type.String({ description: 'Only of this user, by id.' }))

const linkFilters = {
  status: choice(STATUSES),
  scm_type: choice(SCM_TYPES),
  host,
  user: userId,
}

const trailFilters = { type: choice(EVENT_TYPES), user: userId, from: time, to: time }

const TimeText = Type.String({ examples: ['2030-01-31', '2030-01-31T12:00:00Z'] })

/** Routes on an `app` that has authenticated an administrator. */
export function administrationRoutes(app: App, services: Services): void {
  const { database } = services
  const overview = createOverview(services)

  app.get(
    '/v1/admin/integrations',
    {
      schema: {
        operationId: 'listAllIntegrations',
        failures: FORBIDDEN,
        summary: 'List the links of all accounts: which are unwell, and why',
        tags: ['Administration'],
        querystring: Type.Object({
          ...PageQuery.properties,
          status: Type.Optional(oneOf(STATUSES, { description: 'Only links with this status.' })),
          scm_type: Type.Optional(ScmTypeSchema),
          host: Type.Optional(Type.String({ description: 'Host of the platform, with its port if it has one.' })),
          user: UserId,
        }),
        response: answers(200, listAnswer('integrations', LinkSchema)),
      },
    },
    async ({ query }) => {
      const page = readListPage(query)
      const found = await listAllIntegrations(database, page, readFilters(query, linkFilters))
      const owners = await usersById(
        database,
        found.items.map(({ ownerId }) => ownerId),
      )
      const integrations = found.items.flatMap((integration) => {
        const owner = owners.get(integration.ownerId)
        // Removed since the links were read, and the link with its owner.
        return owner ? [integrationJson(integration, owner)] : []
      })
      return { integrations, meta: metaOf(page, found) }
    },
  )

  app.get(
    '/v1/admin/events',
    {
      schema: {
        operationId: 'listAllEvents',
        failures: FORBIDDEN,
        summary: 'List what was done to all accounts, newest first',
        tags: ['Administration'],
        querystring: Type.Object({
          ...PageQuery.properties,
          type: Type.Optional(oneOf(EVENT_TYPES, { title: 'EventType', description: 'Only events of this type.' })),
          user: UserId,
          from: Type.Optional({ ...TimeText, description: 'Only those not before this time.' }),
          to: Type.Optional({ ...TimeText, description: 'Only those before this time.' }),
        }),
        response: answers(200, listAnswer('events', TrailEventSchema)),
      },
    },
    async ({ query }) => {
      const page = readListPage(query)
      const found = await listTrail(database, page, readFilters(query, trailFilters))
      const users = await usersById(
        database,
        found.items.map((event) => event.userId),
      )
      const events = found.items.map((event) => trailEventJson(event, users.get(event.userId ?? '')))
      return { events, meta: metaOf(page, found) }
    },
  )

  app.get(
    '/v1/admin/overview',
    {
      schema: {
        operationId: 'showOverview',
        failures: FORBIDDEN,
        summary: 'How many there are of what, and what is in trouble',
        tags: ['Administration'],
        response: answers(200, Type.Object({ overview: OverviewSchema })),
      },
    },
    async () => ({ overview: await overview() }),
  )
}
