// The events table: who did what, when, from where and how. An event is written in the same transaction as the change.

import type { Selectable } from 'kysely'
import { sql } from 'kysely'
import { newOrderedId } from '../database/adapter.ts'
import type { Database, Transaction } from '../database/database.ts'
import { manyRows } from '../database/expressions/many-rows.ts'
import type { ActType, EventMeans, EventsTable } from '../database/tables.ts'
import { asOneLine } from '../text.ts'
import { now } from '../time.ts'
import type { EventType, NewEvent } from './event-types.ts'

export type Event = Selectable<EventsTable>

/** Somebody who acts for a user: a service (`svc-<uuid>`), an administrator (`us-<uuid>`) or a trusted issuer. */
export interface Act {
  type: ActType
  id: string
  name: string
}

/** How something was done, by whom, and from where. */
export interface Actor {
  via: EventMeans
  apiToken: { id: string; name: string } | null
  /** null: the user, or what `via` says, without anybody in between. */
  act: Act | null
  remoteIp: string | null
  requestId: string | null
}

/** The operator, using the `forgelink` command. */
export const COMMAND_LINE: Actor = { via: 'command_line', apiToken: null, act: null, remoteIp: null, requestId: null }
/** The server itself, in the background or for several callers at once. */
export const SERVER: Actor = { via: 'server', apiToken: null, act: null, remoteIp: null, requestId: null }

const COLUMNS = [
  'id',
  'createdAt',
  'type',
  'typeData',
  'userId',
  'username',
  'via',
  'tokenId',
  'tokenName',
  'remoteIp',
  'requestId',
  'actType',
  'actId',
  'actName',
] as const

/** Maximum events of one type per account; the oldest are removed first, whatever their age. */
const MAX_OF_A_TYPE = 2_000

/**
 * Maximum events removed per insert. Accounts from versions without the limit may have more, and shrink step by step.
 */
const MAX_DROPPED = 1_500

/** Maximum length of a text in an event, in characters: names and reasons come from platforms too. */
const MAX_TEXT = 255

/**
 * Records what was done to the account of `owner`, or null for no account. It needs the transaction of the change, so
 * that the event is stored if and only if the change is. Returns the ids.
 */
export async function recordEvent(
  transaction: Transaction,
  actor: Actor,
  owner: string | null,
  ...events: NewEvent[]
): Promise<string[]> {
  if (events.length === 0) return []
  const shared = {
    createdAt: now(),
    userId: owner,
    username: owner === null ? null : await usernameOf(transaction, owner),
    via: actor.via,
    tokenId: actor.apiToken?.id ?? null,
    tokenName: actor.apiToken && asOneLine(actor.apiToken.name, MAX_TEXT),
    // Where a proxy is trusted it comes from a header, so anything may be in it.
    remoteIp: actor.remoteIp && asOneLine(actor.remoteIp, MAX_TEXT),
    requestId: actor.requestId,
    actType: actor.act?.type ?? null,
    actId: actor.act?.id ?? null,
    actName: actor.act && asOneLine(actor.act.name, MAX_TEXT),
  }
  const rows = events.map(({ type, data }) => {
    const typeData = JSON.stringify(data, (_name, value) =>
      typeof value === 'string' ? asOneLine(value, MAX_TEXT) : value,
    )
    return { id: newOrderedId(transaction), type, typeData, ...shared }
  })
  await transaction
    .insertInto('events')
    .columns(COLUMNS)
    .expression(manyRows(transaction, COLUMNS, rows))
    .execute()
  for (const type of new Set(events.map((event) => event.type))) await dropOldest(transaction, owner, type)
  return rows.map(({ id }) => id)
}

/** Replaces the data of an event that counts repeated actions. */
export async function amendEvent(database: Database, id: string, { type, data }: NewEvent): Promise<void> {
  await database
    .updateTable('events')
    .set({ typeData: JSON.stringify(data) })
    .where('id', '=', id)
    .where('type', '=', type)
    .execute()
}

/**
 * Each account and type is limited separately, so that many events of one type neither remove others nor fill the disk.
 */
async function dropOldest(transaction: Transaction, owner: string | null, type: EventType): Promise<void> {
  const isOwners = owner === null ? sql<boolean>`user_id is null` : sql<boolean>`user_id = ${owner}`
  const oldestKept = await transaction
    .selectFrom('events')
    .select('id')
    .where(isOwners)
    .where('type', '=', type)
    .orderBy('id', 'desc')
    .offset(MAX_OF_A_TYPE - 1)
    .limit(1)
    .executeTakeFirst()
  if (!oldestKept) return
  await transaction
    .deleteFrom('events')
    .where('id', 'in', (query) =>
      query
        .selectFrom('events')
        .select('id')
        .where(isOwners)
        .where('type', '=', type)
        .where('id', '<', oldestKept.id)
        .orderBy('id')
        .limit(MAX_DROPPED),
    )
    .execute()
}

/** A removed user's name is found in that user's last event. */
async function usernameOf(transaction: Transaction, id: string): Promise<string | null> {
  const user = await transaction.selectFrom('users').select('username').where('id', '=', id).executeTakeFirst()
  if (user) return user.username
  const last = await transaction
    .selectFrom('events')
    .select('username')
    .where('userId', '=', id)
    .orderBy('id', 'desc')
    .limit(1)
    .executeTakeFirst()
  return last?.username ?? null
}

/** Which events to list; an absent member filters nothing. */
export interface EventFilter {
  type?: EventType | undefined
  /** ISO 8601 in UTC. */
  since?: string | undefined
}

/** A page of the events of one owner, newest first. */
export async function listEvents(
  database: Database,
  owner: string,
  { page, perPage }: { page: number; perPage: number },
  filter: EventFilter,
): Promise<{ events: Event[]; totalCount: number }> {
  const own = filtered(database, filter).where('userId', '=', owner)
  const { total } = await own.select((row) => row.fn.countAll().as('total')).executeTakeFirstOrThrow()
  const events = await own
    .selectAll()
    .orderBy('id', 'desc')
    .limit(perPage)
    .offset((page - 1) * perPage)
    .execute()
  return { events, totalCount: Number(total) }
}

/**
 * For the operator: the newest events of all accounts, sorted by time. `user`: an id, or a name at the time of the
 * event.
 */
export async function latestEvents(
  database: Database,
  limit: number,
  filter: EventFilter & { user?: { id: string; username: string } | undefined },
): Promise<Event[]> {
  let query = filtered(database, filter)
  const { user } = filter
  if (user) {
    query = query.where((row) =>
      row.or([
        row('userId', '=', user.id),
        row(sql<string>`lower(username)`, '=', sql<string>`lower(${user.username})`),
      ]),
    )
  }
  const newestFirst = await query.selectAll().orderBy('id', 'desc').limit(limit).execute()
  return newestFirst.reverse()
}

function filtered(database: Database, { type, since }: EventFilter) {
  let query = database.selectFrom('events')
  if (type !== undefined) query = query.where('type', '=', type)
  if (since !== undefined) query = query.where('createdAt', '>=', since)
  return query
}

/** Removes up to `limit` events older than `time`; returns how many. */
export async function deleteEventsBefore(database: Database, time: string, limit: number): Promise<number> {
  const { numDeletedRows } = await database
    .deleteFrom('events')
    .where('id', 'in', (query) =>
      query.selectFrom('events').select('id').where('createdAt', '<', time).orderBy('createdAt').limit(limit),
    )
    .executeTakeFirst()
  return Number(numDeletedRows)
}
