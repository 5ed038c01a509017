// Records who was shown platform tokens: one event per minute for each caller, with the number of times.

import { LRUCache } from 'lru-cache'
import { type Database, noteIfPossible } from '../database/database.ts'
import type { NewEvent } from './event-types.ts'
import type { Actor } from './events.ts'
import { amendEvent, recordEvent } from './events.ts'

const MINUTE_MS = 60_000

/** What one caller was shown within a minute. */
interface Showing {
  event: Promise<string | undefined>
  count: number
  timer: NodeJS.Timeout
}

export interface TokenShowings {
  /**
   * The first time in a minute is recorded before the tokens are shown, if the store accepts writes; later ones are
   * counted.
   */
  note(actor: Actor, owner: string): Promise<void>
  /** Writes the counts of the current minute. */
  flush(): Promise<void>
}

export function createTokenShowings(database: Database): TokenShowings {
  const present = new LRUCache<string, Showing>({ max: 10_000 })

  async function note(actor: Actor, owner: string): Promise<void> {
    const caller = [actor.apiToken?.id ?? actor.act?.id, owner].join(' ')
    const known = present.get(caller)
    if (known) {
      known.count += 1
      return
    }
    const recorded = database.transaction().execute((transaction) => recordEvent(transaction, actor, owner, shown(1)))
    const event = recorded.then(([id]) => id).catch(() => undefined)
    const showing: Showing = { event, count: 1, timer: setTimeout(end, MINUTE_MS).unref() }
    present.set(caller, showing)
    function end(): Promise<void> {
      if (present.get(caller) === showing) present.delete(caller)
      return finish(database, showing)
    }
    if ((await event) === undefined) await end()
    await noteIfPossible(recorded)
  }

  async function flush(): Promise<void> {
    await Promise.all([...present.values()].map((showing) => finish(database, showing)))
    present.clear()
  }

  return { note, flush }
}

function shown(count: number): NewEvent {
  return { type: 'show_access_tokens', data: { count } }
}

async function finish(database: Database, { event, count, timer }: Showing): Promise<void> {
  clearTimeout(timer)
  const id = await event
  if (id === undefined || count === 1) return
  // When the count cannot be written, the event stays as it is, with a count of one.
  await amendEvent(database, id, shown(count)).catch(() => undefined)
}
