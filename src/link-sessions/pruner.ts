// Ends expired link sessions and removes old ones, at the start and every half minute. Several servers may do it at once.

import type { Database } from '../database/database.ts'
import { repeat } from '../time.ts'
import { pruneLinkSessions } from './link-sessions.ts'

const EVERY_MS = 30_000

export function createLinkSessionPruner(database: Database): { close(): Promise<void> } {
  return repeat(() => pruneLinkSessions(database), EVERY_MS)
}
