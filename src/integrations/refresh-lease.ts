// The refresh_lease column: which process may spend a link's refresh token, until when, and when nobody may.

import { randomUUID } from 'node:crypto'
import type { Database } from '../database/database.ts'
import { LIMITS } from '../platforms/outgoing/limits.ts'
import { now } from '../time.ts'
import type { Integration } from './integrations.ts'

/** For the new pair to be stored in before another process may spend the old one. */
const STORE_MS = 30_000
/** By so much the clocks of processes over one store may differ: each reads the lease's end by its own. */
const CLOCKS_MS = 5_000
const CALL_MS = LIMITS.call
const LEASE_MS = CALL_MS + STORE_MS + CLOCKS_MS

/** In the column: an end and a random id, or an end and why nobody may spend the token until then. */
export interface RefreshLease {
  text: string
  /** `Date.now()` by which the token endpoint must have answered. */
  callEndsAt: number
}

/** undefined when somebody else has it or the token has changed. */
export async function takeRefreshLease(
  database: Database,
  integration: Integration,
): Promise<RefreshLease | undefined> {
  const endsAt = Date.now() + LEASE_MS
  const text = `${new Date(endsAt).toISOString()} ${randomUUID()}`
  const taken = await database
    .updateTable('scmIntegrations')
    .set({ refreshLease: text })
    .where('ownerId', '=', integration.ownerId)
    .where('id', '=', integration.id)
    .where('tokenVersion', '=', integration.tokenVersion)
    .where('status', '!=', 'expired')
    .where((row) => row.or([row('refreshLease', 'is', null), row('refreshLease', '<', now())]))
    .executeTakeFirst()
  return taken.numUpdatedRows > 0n ? { text, callEndsAt: endsAt - STORE_MS - CLOCKS_MS } : undefined
}

/** Whether there is time for a call: a process that was held up for long must not spend what may be another's by now. */
export function isInTime({ callEndsAt }: RefreshLease): boolean {
  return callEndsAt - Date.now() > CALL_MS / 2
}

export async function dropRefreshLease(
  database: Database,
  integration: Integration,
  lease: RefreshLease,
): Promise<void> {
  await replaceLease(database, integration, lease, null)
}

/** The lease ends with so many seconds in which no process asks the platform: it has trouble, or wants to be left alone. */
export async function pauseRefresh(
  database: Database,
  integration: Integration,
  lease: RefreshLease,
  pause: { seconds: number; reason: string },
): Promise<void> {
  const until = new Date(Date.now() + pause.seconds * 1000).toISOString()
  await replaceLease(database, integration, lease, `${until} ${pause.reason}`)
}

async function replaceLease(
  database: Database,
  integration: Integration,
  lease: RefreshLease,
  text: string | null,
): Promise<void> {
  await database
    .updateTable('scmIntegrations')
    .set({ refreshLease: text })
    .where('ownerId', '=', integration.ownerId)
    .where('id', '=', integration.id)
    .where('refreshLease', '=', lease.text)
    .execute()
}

/** Seconds that are left of a pause, and its reason; undefined when there is none. */
export function pauseOf({ refreshLease }: Integration): { seconds: number; reason: string } | undefined {
  const [until = '', reason = ''] = refreshLease?.split(' ') ?? []
  const left = Date.parse(until) - Date.now()
  return reason.startsWith('scm_') && left > 0 ? { seconds: Math.ceil(left / 1000), reason } : undefined
}

/** When nobody spends the refresh token any more who has begun to, as a time; null when nobody has. */
export function spendingEnds(integration: Integration): string | null {
  return pauseOf(integration) ? null : (integration.refreshLease?.split(' ')[0] ?? null)
}
