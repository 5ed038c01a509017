// Failures as events, so many a minute: who guesses passwords must not fill the disk.

import type { Database } from '../database/database.ts'
import type { NewEvent } from './event-types.ts'
import type { Actor } from './events.ts'
import { recordEvent, SERVER } from './events.ts'

/** Of one type and minute, in each process; apart for accounts that there are, so that guessed names do not crowd them out. */
const MOST_A_MINUTE = 30
const MINUTE = 60_000

interface Minute {
  ends: number
  recorded: Map<string, number>
  omitted: number
  timer: NodeJS.Timeout | undefined
}

/** For each store that this process serves. */
const minutes = new WeakMap<Database, Minute>()

function minuteOf(database: Database): Minute {
  const minute = minutes.get(database) ?? { ends: 0, recorded: new Map(), omitted: 0, timer: undefined }
  minutes.set(database, minute)
  return minute
}

/** Records what somebody tried in vain; past the bound it is only counted. */
export async function recordFailure(
  database: Database,
  actor: Actor,
  owner: string | null,
  event: NewEvent,
): Promise<void> {
  const minute = minuteOf(database)
  // It only goes forward, whatever becomes of the time of day.
  const time = performance.now()
  if (time >= minute.ends) {
    minute.ends = time + MINUTE
    minute.recorded.clear()
  }
  const kind = `${event.type} ${owner === null ? 'nobody' : 'somebody'}`
  const before = minute.recorded.get(kind) ?? 0
  if (before >= MOST_A_MINUTE) {
    omitFailure(database)
    return
  }
  minute.recorded.set(kind, before + 1)
  await database.transaction().execute((transaction) => recordEvent(transaction, actor, owner, event))
}

/** Counts a failure that is not recorded by itself. Within a minute an event says how many there were. */
export function omitFailure(database: Database): void {
  const minute = minuteOf(database)
  minute.omitted += 1
  minute.timer ??= setTimeout(() => tellOmitted(database), MINUTE).unref()
}

/** Records how many were omitted since the last time; with the store away, the next minute's event says it. */
export async function tellOmitted(database: Database): Promise<void> {
  const minute = minuteOf(database)
  clearTimeout(minute.timer)
  minute.timer = undefined
  const count = minute.omitted
  if (count === 0) return
  minute.omitted = 0
  const event: NewEvent = { type: 'omitted_failures', data: { count } }
  try {
    await database.transaction().execute((transaction) => recordEvent(transaction, SERVER, null, event))
  } catch {
    minute.omitted += count - 1
    omitFailure(database)
  }
}
