// Whose link session a page shows: it exists only as long as its user is active and its maker may act for them.

import { findDelegate } from '../accounts/service-tokens/service-tokens.ts'
import { findUser, type User } from '../accounts/users.ts'
import type { Database } from '../database/database.ts'
import { findLinkSession, type LinkSession } from './link-sessions.ts'

export interface Found {
  session: LinkSession
  user: User
}

/** undefined also when the service's token was revoked, or the user deactivated. */
export async function findSessionAndUser(database: Database, id: string): Promise<Found | undefined> {
  const session = await findLinkSession(database, id)
  if (!session) return undefined
  const { actType, actId, ownerId } = session
  const user =
    actType === 'service' ? (await findDelegate(database, actId, ownerId))?.user : await findUser(database, ownerId)
  return user?.active ? { session, user } : undefined
}
