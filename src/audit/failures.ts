// Records failures as events, a limited number a minute: somebody who guesses passwords must not fill the disk.

import { LRUCache } from 'lru-cache'
import type { Database } from '../database/database.ts'
import type { NewEvent } from './event-types.ts'
import type { Actor } from './events.ts'
import { recordEvent, SERVER } from './events.ts'

/** How many are recorded in any minute. Each account and type is counted apart, in each process. */
const MAX_A_MINUTE = 30
const MINUTE_MS = 60_000

export interface FailureTrail {
  /** Records what somebody tried in vain with the account of `owner`; past the bound it is only counted. */
  record(actor: Actor, owner: string, event: NewEvent): Promise<void>
  /** Counts a failure that is not recorded by itself. Within a minute an event says how many there were. */
  omit(): void
  /** Records how many were omitted since the last time; with the store away, the next minute's event says it. */
  flush(): Promise<void>
}

export function createFailureTrail(database: Database): FailureTrail {
  /** By account and type: when the last of them were recorded, oldest first. */
  const recorded = new LRUCache<string, number[]>({ max: 10_000 })
  let omitted = 0
  let timer: NodeJS.Timeout | undefined

  async function record(actor: Actor, owner: string, event: NewEvent): Promise<void> {
    const kind = `${owner} ${event.type}`
    // It only goes forward, whatever becomes of the time of day.
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
