// The trail of all accounts, as administrators read it.

import type { EventType } from '../audit/event-types.ts'
import type { Event } from '../audit/events.ts'
import { orderedIdAt } from '../database/adapter.ts'
import type { Database } from '../database/database.ts'
import { type Found, findPage } from './pages.ts'

/** Times in ISO 8601 in UTC. */
export interface TrailFilter {
  type?: EventType
  user?: string
  /** Not before. */
  from?: string
  /** Before. */
  to?: string
}

/** An event's id and its time come from one clock, which may have been set back by so much. */
const CLOCK_MS = 3_600_000

/**
 * Newest first, by id: an index on it has the order of time, so that times are bounds of ids too. Served by the primary
 * key, or by filter `events_type`, `events_user` or `events_user_type`.
 */
export async function listTrail(
  database: Database,
  page: { page: number; perPage: number },
  { type, user, from, to }: TrailFilter,
): Promise<Found<Event>> {
  let query = database.selectFrom('events').selectAll()
  if (user !== undefined) query = query.where('userId', '=', user)
  if (type !== undefined) query = query.where('type', '=', type)
  if (from !== undefined) {
    query = query.where('id', '>=', orderedIdAt(Date.parse(from) - CLOCK_MS)).where('createdAt', '>=', from)
  }
  if (to !== undefined) {
    query = query.where('id', '<', orderedIdAt(Date.parse(to) + CLOCK_MS)).where('createdAt', '<', to)
  }
  return findPage(database, query.orderBy('id', 'desc'), page)
}
