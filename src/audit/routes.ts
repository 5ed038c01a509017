// The route for events: what was done to the caller's own account.

import { Type } from 'typebox'
import type { Database } from '../database/database.ts'
import { invalid } from '../failure.ts'
import { numberInQuery, PageMeta, PageQuery, paginationJson, readPage } from '../http/pagination.ts'
import { answers } from '../http/schemas.ts'
import type { App } from '../http/server.ts'
import { oneOf } from '../schemas.ts'
import { EVENT_TYPES, isEventType } from './event-types.ts'
import type { EventFilter } from './events.ts'
import { listEvents } from './events.ts'
import { EventSchema, eventJson } from './schemas.ts'

const HOUR_MS = 3_600_000
const MAX_HOURS = 72

const EventsQuery = Type.Object({
  ...PageQuery.properties,
  type: Type.Optional(oneOf(EVENT_TYPES, { title: 'EventType', description: 'Only events of this type.' })),
  from: numberInQuery({
    minimum: 1,
    maximum: MAX_HOURS,
    description: `Only those of so many hours, 1 to ${MAX_HOURS}.`,
    examples: [24],
  }),
})

export function eventRoutes(app: App, { database }: { database: Database }): void {
  app.get(
    '/v1/events',
    {
      schema: {
        operationId: 'listEvents',
        failures: [],
        summary: 'List what was done to your account, newest first',
        tags: ['Events'],
        querystring: EventsQuery,
        response: answers(200, Type.Object({ events: Type.Array(EventSchema), meta: PageMeta })),
      },
    },
    async ({ user, query }) => {
      const page = readPage(query)
      const { events, totalCount } = await listEvents(database, user.id, page, readFilter(query))
      const { id, email, username } = user
      const hasNext = page.page * page.perPage < totalCount
      return {
        events: events.map((event) => eventJson(event, { id, email, username })),
        meta: { pagination: paginationJson(page, { hasNext, totalCount }) },
      }
    },
  )
}

/** Throws `invalid` for an unknown type, and for anything but whole hours in range. */
function readFilter({ type, from }: { type?: string; from?: string }): EventFilter {
  const errors: Record<string, string[]> = {}
  const known = type !== undefined && isEventType(type) ? type : undefined
  if (type !== known) errors.type = [`must be one of ${EVENT_TYPES.join(', ')}`]
  const hours = /^\d{1,2}$/.test(from ?? '') ? Number(from) : 0
  if (from !== undefined && (hours < 1 || hours > MAX_HOURS)) {
    errors.from = [`must be a whole number from 1 to ${MAX_HOURS}`]
  }
  if (Object.keys(errors).length > 0) throw invalid(errors)
  return { type: known, since: from === undefined ? undefined : new Date(Date.now() - hours * HOUR_MS).toISOString() }
}
