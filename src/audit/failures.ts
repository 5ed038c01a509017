// Records failures as events, but only a limited number per minute, so that guessing passwords cannot fill the disk.

import { LRUCache } from 'lru-cache'
import type { Database } from '../database/database.ts'
import type { NewEvent } from './event-types.ts'
import type { Actor } from './events.ts'
import { recordEvent, SERVER } from './events.ts'

/** Maximum events in any minute, per account and type, in each process. */
const MAX_A_MINUTE = 30
const MINUTE_MS = 60_000

export interface FailureTrail {
  /** Records a failed attempt on the account of `owner`; above the limit it is only counted. */
  record(actor: Actor, owner: string, event: NewEvent): Promise<void>
  /** Counts a failure that gets no event of its own. Within a minute, one event says how many there were. */
  omit(): void
  /**
   * Records how many were left out since the last time; if the store is unavailable, the next minute's event includes
   * them.
   */
  flush(): Promise<void>
}

export function createFailureTrail(database: Database): FailureTrail {
  /** By account and type: the times of the last recorded events, oldest first. */
  const recorded = new LRUCache<string, number[]>({ max: 10_000 })
  let omitted = 0
  let timer: NodeJS.Timeout | undefined

  async function record(actor: Actor, owner: string, event: NewEvent): Promise<void> {
    const kind = `${owner} ${event.type}`
    // A clock that only goes forward, even if the time of day is changed.
    const time = performance.now()
    const lately = (recorded.get(kind) ?? []).filter((each) => each > time - MINUTE_MS)
    if (lately.length >= MAX_A_MINUTE) {
      omit()
      return
    }
    recorded.set(kind, [...lately, time])
    await database.transaction().execute((transaction) => recordEvent(transaction, actor, owner, event))
  }

  function omit(): void {
    omitted += 1
    timer ??= setTimeout(flush, MINUTE_MS).unref()
  }

  async function flush(): Promise<void> {
    clearTimeout(timer)
    timer = undefined
    const count = omitted
    if (count === 0) return
    omitted = 0
    const event: NewEvent = { type: 'omitted_failures', data: { count } }
    try {
      await database.transaction().execute((transaction) => recordEvent(transaction, SERVER, null, event))
    } catch {
      omitted += count - 1
      omit()
    }
  }

  return { record, omit, flush }
}
