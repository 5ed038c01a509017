// The refresh_lease column: which process may use a link's refresh token, until when, and when no process may.

import { randomUUID } from 'node:crypto'
import type { Database } from '../../database/database.ts'
import type { Failure } from '../../failure.ts'
import { LIMITS } from '../../platforms/transport/limits.ts'
import { clampWait } from '../../platforms/transport/retry-after.ts'
import type { Integration } from '../integrations.ts'

/** Time to store the new pair, before another process may use the old one. */
const STORE_MS = 30_000
/**
 * How much the clocks of processes with the same store may differ: each compares the lease's end with its own clock.
 */
const CLOCKS_MS = 5_000
const CALL_MS = LIMITS.call
const LEASE_MS = CALL_MS + STORE_MS + CLOCKS_MS

/** Why a token is refreshed: it expires soon, or the platform has rejected it. */
export type RefreshReason = 'due' | 'refused'

/** How long a token endpoint is not called after its first failure; doubled while it keeps failing. */
const FIRST_PAUSE_SECONDS = 2
const MAX_PAUSE_SECONDS = 30
/** After this time without failures, the next one counts as the first. */
const FORGET_TROUBLES_MS = 600_000

/**
 * `END HOLDER/TROUBLES`: until when and by whom the refresh token may be used. `END CODE/TROUBLES/REASON`: until when
 * no process may use it, after which failure and for which reason. TROUBLES counts failures in a row, of all processes.
 */
interface Stored {
  endsAt: number
  holder: string
  troubles: number
  reason: string
}

function read({ refreshLease }: Integration): Stored | undefined {
  if (refreshLease === null) return undefined
  const [end = '', state = ''] = refreshLease.split(' ')
  const [holder = '', troubles = '', reason = ''] = state.split('/')
  const endsAt = Date.parse(end) || 0
  const isRecent = endsAt > Date.now() - FORGET_TROUBLES_MS
  return { endsAt, holder, troubles: isRecent ? Number(troubles) || 0 : 0, reason }
}

export interface RefreshLease {
  /** The column's text. */
  text: string
  troubles: number
  /** `Date.now()` by which the token endpoint must have answered. */
  callEndsAt: number
}

/** undefined when another process has it, a pause lasts, or the link has changed since it was read. */
export async function takeRefreshLease(
  database: Database,
  integration: Integration,
): Promise<RefreshLease | undefined> {
  const { ownerId, id, tokenVersion, refreshLease } = integration
  const before = read(integration)
  if (before && before.endsAt > Date.now()) return undefined
  const endsAt = Date.now() + LEASE_MS
  const troubles = before?.troubles ?? 0
  const text = `${new Date(endsAt).toISOString()} ${randomUUID()}/${troubles}`
  const taken = await database
    .updateTable('scmIntegrations')
    .set({ refreshLease: text })
    .where('ownerId', '=', ownerId)
    .where('id', '=', id)
    .where('tokenVersion', '=', tokenVersion)
    .where('status', '!=', 'expired')
    .where('refreshLease', refreshLease === null ? 'is' : '=', refreshLease)
    .executeTakeFirst()
  return taken.numUpdatedRows > 0n ? { text, troubles, callEndsAt: endsAt - STORE_MS - CLOCKS_MS } : undefined
}

/** Whether there is time for a call: after a long delay, another process may have the lease by now. */
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

/**
 * Turns the lease into a pause, in which no process asks the platform. Returns its seconds: 2 after the first failure,
 * doubled up to 30 while failures go on, and more when the platform asks for more.
 */
export async function pauseRefresh(
  database: Database,
  integration: Integration,
  lease: RefreshLease,
  { code, details }: Failure,
  reason: RefreshReason,
): Promise<number> {
  const pause = Math.min(MAX_PAUSE_SECONDS, FIRST_PAUSE_SECONDS * 2 ** lease.troubles)
  const seconds = Math.max(pause, clampWait(details.retryAfter, 1))
  const until = new Date(Date.now() + seconds * 1000).toISOString()
  await replaceLease(database, integration, lease, `${until} ${code}/${lease.troubles + 1}/${reason}`)
  return seconds
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

export interface RefreshPause {
  /** Seconds that are left. */
  seconds: number
  /** The code of the token endpoint's failure. */
  code: string
  /** The platform had rejected the token before: it must not be used until it is refreshed or the pause is over. */
  isTokenRejected: boolean
}

/** undefined when there is no pause. */
export function pauseOf(integration: Integration): RefreshPause | undefined {
  const { endsAt = 0, holder = '', reason } = read(integration) ?? {}
  const left = endsAt - Date.now()
  if (!holder.startsWith('scm_') || left <= 0) return undefined
  return { seconds: Math.ceil(left / 1000), code: holder, isTokenRejected: reason === 'refused' }
}

/** The time at which a running use of the refresh token has certainly ended; null when none is running. */
export function spendingEnds(integration: Integration): string | null {
  return pauseOf(integration) ? null : (integration.refreshLease?.split(' ')[0] ?? null)
}
