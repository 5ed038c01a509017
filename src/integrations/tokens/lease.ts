// The refresh_lease column: which process may spend a link's refresh token, until when, and when nobody may.

import { randomUUID } from 'node:crypto'
import type { Database } from '../../database/database.ts'
import type { Failure } from '../../failure.ts'
import { LIMITS } from '../../platforms/transport/limits.ts'
import { clampWait } from '../../platforms/transport/retry-after.ts'
import type { Integration } from '../integrations.ts'

/** For the new pair to be stored in before another process may spend the old one. */
const STORE_MS = 30_000
/** By so much the clocks of processes over one store may differ: each reads the lease's end by its own. */
const CLOCKS_MS = 5_000
const CALL_MS = LIMITS.call
const LEASE_MS = CALL_MS + STORE_MS + CLOCKS_MS

/** Why a token is renewed: its end is near, or the platform has refused it. */
export type RefreshReason = 'due' | 'refused'

/** How long a token endpoint is left alone after its first trouble; doubles while the trouble goes on. */
const FIRST_PAUSE_SECONDS = 2
const MAX_PAUSE_SECONDS = 30
/** After so long the next trouble is another one. */
const FORGET_TROUBLES_MS = 600_000

/**
 * `END HOLDER/TROUBLES`, or `END CODE/TROUBLES/REASON`: until when and by whom the token is being spent, or until when
 * nobody may spend it, for which failure and in what renewal. TROUBLES counts failures in a row, for all processes.
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
  /** As it is in the column. */
  text: string
  troubles: number
  /** `Date.now()` by which the token endpoint must have answered. */
  callEndsAt: number
}

/** undefined when somebody else has it, nobody may have it yet, or the link has changed since it was read. */
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

/**
 * The lease ends with a time in which no process asks the platform, which has trouble or wants to be left alone. Answers
 * with its seconds: 2 after a first trouble, doubled to 30 while it goes on, and more where the platform asks for more.
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
  /** That are left. */
  seconds: number
  /** Of the failure at the token endpoint. */
  code: string
  /** The platform had refused the token before: it is worth nothing until it is renewed or the platform is well again. */
  isTokenRejected: boolean
}

/** undefined when there is none. */
export function pauseOf(integration: Integration): RefreshPause | undefined {
  const { endsAt = 0, holder = '', reason } = read(integration) ?? {}
  const left = endsAt - Date.now()
  if (!holder.startsWith('scm_') || left <= 0) return undefined
  return { seconds: Math.ceil(left / 1000), code: holder, isTokenRejected: reason === 'refused' }
}

/** When nobody spends the refresh token any more who has begun to, as a time; null when nobody has. */
export function spendingEnds(integration: Integration): string | null {
  return pauseOf(integration) ? null : (integration.refreshLease?.split(' ')[0] ?? null)
}
