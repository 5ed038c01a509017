// Records failures as events, a limited number a minute: somebody who guesses passwords must not fill the disk.

import { LRUCache } from 'lru-cache'
import type { Database } from '../database/database.ts'
import type { NewEvent } from './event-types.ts'
import type { Actor } from './events.ts'
import { recordEvent, SERVER } from './events.ts'

/** How many are recorded in any minute. Each account and type is counted apart, in each process. */
const MAX_A_MINUTE = 30
const MINUTE_MS = 60_000

interface State {
  /** By account and type: when the last of them were recorded, oldest first. */
  recorded: LRUCache<string, number[]>
  omitted: number
  timer: NodeJS.Timeout | undefined
}

/** For each store that this process serves. */
const states = new WeakMap<Database, State>()

function stateOf(database: Database): State {
  const state = states.get(database) ?? { recorded: new LRUCache({ max: 10_000 }), omitted: 0, timer: undefined }
  states.set(database, state)
  return state
}

/** Records that somebody failed to do something with the account of `owner`; beyond the limit it is only counted. */
export async function recordFailure(database: Database, actor: Actor, owner: string, event: NewEvent): Promise<void> {
  const { recorded } = stateOf(database)
  const kind = `${owner} ${event.type}`
  // The time of day may be set back; this clock only goes forward.
  const time = performance.now()
  const lately = (recorded.get(kind) ?? []).filter((each) => each > time - MINUTE_MS)
  if (lately.length >= MAX_A_MINUTE) {
    omitFailure(database)
    return
  }
  recorded.set(kind, [...lately, time])
  await database.transaction().execute((transaction) => recordEvent(transaction, actor, owner, event))
}

/** Counts a failure that is not recorded by itself. Within a minute an event says how many there were. */
export function omitFailure(database: Database): void {
  const state = stateOf(database)
  state.omitted += 1
  state.timer ??= setTimeout(() => tellOmitted(database), MINUTE_MS).unref()
}

/** Records how many were omitted since the last time; with the store away, the next minute's event says it. */
export async function tellOmitted(database: Database): Promise<void> {
  const state = stateOf(database)
  clearTimeout(state.timer)
  state.timer = undefined
  const count = state.omitted
  if (count === 0) return
  state.omitted = 0
  const event: NewEvent = { type: 'omitted_failures', data: { count } }
  try {
    await database.transaction().execute((transaction) => recordEvent(transaction, SERVER, null, event))
  } catch {
    state.omitted += count - 1
    omitFailure(database)
  }
}
