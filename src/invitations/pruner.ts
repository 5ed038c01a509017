// Removes links whose time is over, at the start and every hour. Several servers may do it at once.

import type { Database } from '../database/database.ts'
import { repeat } from '../time.ts'
import { pruneInvitations } from './invitations.ts'

const EVERY_MS = 3_600_000

export function createInvitationPruner(database: Database): { close(): Promise<void> } {
  return repeat(() => pruneInvitations(database), EVERY_MS)
}
