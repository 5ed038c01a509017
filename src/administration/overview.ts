// What an administrator sees first: how many there are of what, and what is in trouble.

import { sql } from 'kysely'
import type { EventType } from '../audit/event-types.ts'
import { orderedIdAt } from '../database/adapter.ts'
import type { Database } from '../database/database.ts'
import { STATUSES } from '../integrations/schemas.ts'
import type { Services } from '../integrations/services.ts'
import { SCM_TYPES } from '../platforms/scm-types.ts'
import { DAY_MS, now } from '../time.ts'
import { countLinks } from './integrations.ts'
import { countOf } from './pages.ts'

/** Counting reads a whole index, so the counts are kept so long, in milliseconds. */
const KEPT_MS = 60_000

type Counts = Awaited<ReturnType<typeof count>>

/** Keeps the counts for a minute. Callers at the same time share them. */
export function createOverview({ database, vault, transport }: Services) {
  let kept: { at: number; counts: Promise<Counts> } | undefined

  function countsNow(): Promise<Counts> {
    if (!kept || kept.at < Date.now() - KEPT_MS) {
      const counts = count(database)
      kept = { at: Date.now(), counts }
      counts.catch(() => {
        kept = undefined
      })
    }
    return kept.counts
  }

  return async () => {
    const counts = await countsNow()
    return {
      ...counts,
      hosts_in_trouble: transport.leftAlone().map(({ root, accounts, retryAfter }) => ({
        url: root,
        accounts,
        retry_after: retryAfter,
      })),
      keys: (await keyIds(database)).map((id) => ({ id, newest: id === vault.newestKeyId })),
    }
  }
}

async function count(database: Database) {
  const users = await countUsers(database)
  const links = await countLinks(database)
  const sumOf = (some: typeof links) => some.reduce((total, each) => total + each.count, 0)
  return {
    counted_at: now(),
    users,
    integrations: {
      total: sumOf(links),
      by_status: countedBy(STATUSES, (status) => sumOf(links.filter((each) => each.status === status))),
      by_type: countedBy(SCM_TYPES, (type) => sumOf(links.filter((each) => each.scmType === type))),
    },
    refreshes: {
      since: new Date(Date.now() - DAY_MS).toISOString(),
      succeeded: await countLastDay(database, 'refresh_integration'),
      expired: await countLastDay(database, 'expire_integration'),
    },
    revocations: { pending: await countOf(database, database.selectFrom('revocations').select('id')) },
  }
}

function countedBy<Name extends string>(names: readonly Name[], count: (name: Name) => number) {
  return Object.fromEntries(names.map((name) => [name, count(name)])) as Record<Name, number>
}

async function countUsers(database: Database) {
  const rows = await database
    .selectFrom('users')
    .select(['active', 'role', sql<number | string>`count(*)`.as('users')])
    .groupBy(['active', 'role'])
    .execute()
  const sumOf = (some: typeof rows) => some.reduce((total, { users }) => total + Number(users), 0)
  return {
    total: sumOf(rows),
    inactive: sumOf(rows.filter(({ active }) => active === 0)),
    administrators: sumOf(rows.filter(({ active, role }) => active === 1 && role === 'admin')),
  }
}

/** Of the last 24 hours; null: more than are counted. */
function countLastDay(database: Database, type: EventType): Promise<number | null> {
  const since = orderedIdAt(Date.now() - DAY_MS)
  return countOf(database, database.selectFrom('events').select('id').where('type', '=', type).where('id', '>=', since))
}

/** With which something stored may be sealed. */
async function keyIds(database: Database): Promise<string[]> {
  const keys = await database.selectFrom('secretKeys').select('id').orderBy('id').execute()
  return keys.map(({ id }) => id)
}
