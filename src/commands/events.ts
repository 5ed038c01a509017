// The command `forgelink events`: the audit trail of all accounts, for the operator.

import { findUserByLogin } from '../accounts/users.ts'
import type { EventType } from '../audit/event-types.ts'
import { EVENT_TYPES, isEventType, wordsOf } from '../audit/event-types.ts'
import type { Event } from '../audit/events.ts'
import { latestEvents } from '../audit/events.ts'
import { eventJson } from '../audit/schemas.ts'
import type { Services } from '../services.ts'
import { table } from './table.ts'

const DEFAULT_LIMIT = 100
const MAX_LIMIT = 100_000

const UNITS: Record<string, number> = { m: 60_000, h: 3_600_000, d: 86_400_000 }

export interface EventOptions {
  /** An e-mail address, a user name (also of a removed user) or an id. */
  user: string | undefined
  type: EventType | undefined
  /** ISO 8601 in UTC. */
  since: string | undefined
  /** Maximum number; the newest are shown. */
  limit: number
}

/** Parses the command line; `problem` says which option is wrong and what it accepts. */
export function readEventOptions(
  given: Partial<Record<'user' | 'type' | 'since' | 'limit', string | undefined>>,
): EventOptions | { problem: string } {
  const { user, type, since, limit = `${DEFAULT_LIMIT}` } = given
  if (type !== undefined && !isEventType(type)) return { problem: `--type must be one of ${EVENT_TYPES.join(', ')}` }
  const time = since === undefined ? undefined : readSince(since)
  if (time === null)
    return { problem: '--since must be a date or time in UTC (2026-01-31, 2026-01-31T16:30) or 90m, 24h, 7d' }
  const count = /^\d{1,6}$/.test(limit) ? Number(limit) : 0
  if (count < 1 || count > MAX_LIMIT) return { problem: `--limit must be a whole number from 1 to ${MAX_LIMIT}` }
  return { user, type, since: time, limit: count }
}

/** null when it is neither a time nor a duration. */
function readSince(text: string): string | null {
  const [, amount, unit = ''] = /^(\d{1,5})([mhd])$/.exec(text) ?? []
  if (amount !== undefined) return new Date(Date.now() - Number(amount) * (UNITS[unit] ?? 0)).toISOString()
  const [, day, time = '00:00'] = /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d(?:\.\d{1,3})?)?))?Z?$/.exec(text) ?? []
  const date = new Date(`${day}T${time}Z`)
  return day === undefined || Number.isNaN(date.getTime()) ? null : date.toISOString()
}

/** In a log's order, with the newest last. A table, or one JSON object per line. */
export async function eventList(
  { database }: Services,
  { user: login, limit, ...filter }: EventOptions,
  { json }: { json: boolean },
): Promise<string> {
  const found = login === undefined ? undefined : await findUserByLogin(database, login)
  const user = login === undefined ? undefined : { id: found?.id ?? login, username: found?.username ?? login }
  const events = await latestEvents(database, limit, { ...filter, user })
  if (json) return events.map((event) => JSON.stringify(eventJson(event, ownerOf(event)))).join('\n')
  if (events.length === 0) return 'There is no such event.'
  return table([['TIME (UTC)', 'USER', 'TYPE', 'BY', 'FROM', 'WHAT'], ...events.map(row)])
}

function ownerOf({ userId, username }: Event) {
  return userId === null ? null : { id: userId, username }
}

function row(event: Event): string[] {
  const { createdAt, username, userId, type, remoteIp } = event
  const time = createdAt.replace('T', ' ').replace('Z', '')
  return [time, username ?? userId ?? '-', type, meansOf(event), remoteIp ?? '-', wordsOf(event)]
}

function meansOf({ via, tokenName, actType, actName }: Event): string {
  const means = via === 'api_token' && tokenName !== null ? `API token "${tokenName}"` : via.replaceAll('_', ' ')
  return actType === null ? means : `${actType} "${actName}", ${means}`
}
