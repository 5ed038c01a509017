// Sessions that began at the OpenID provider: what is kept of them, and how they end there and here.

import type { Insertable } from 'kysely'
import type { SessionsTable } from '../../database/account-tables.ts'
import type { Database, Transaction } from '../../database/database.ts'
import { idTokenContext } from '../../secrets/sealed-columns.ts'
import type { Vault } from '../../secrets/vault.ts'

/** What the provider has told of its own session. */
export interface ProviderSession {
  issuer: string
  sub: string
  sid: string | null
  /** In epoch milliseconds; null: it does not tell, so that the person has not proved lately that it is they. */
  provedAt: number | null
  idToken: string
}

/** A longer one is not kept: it goes into an address, and servers take about 8 kB. */
const MAX_ID_TOKEN_LENGTH = 4_096

/** The columns of a new session. */
export function providerColumns(
  vault: Vault,
  { idHash, userId }: { idHash: string; userId: string },
  { issuer, sub, sid, provedAt, idToken }: ProviderSession,
): Partial<Insertable<SessionsTable>> {
  const context = idTokenContext({ idHash, userId, oidcIssuer: issuer })
  return {
    oidcIssuer: issuer,
    oidcSubject: sub,
    oidcSid: sid,
    idToken: idToken.length > MAX_ID_TOKEN_LENGTH ? null : vault.seal(idToken, context),
    confirmedAt: new Date(provedAt ?? 0).toISOString(),
  }
}

/** The ID token of a session that began at `issuer`; undefined for any other session, null when it was not kept. */
export async function findIdToken(
  { database, vault }: { database: Database; vault: Vault },
  idHash: string,
): Promise<string | null | undefined> {
  const session = await database
    .selectFrom('sessions')
    .select(['idHash', 'userId', 'oidcIssuer', 'idToken'])
    .where('idHash', '=', idHash)
    .where('oidcIssuer', 'is not', null)
    .executeTakeFirst()
  if (!session?.idToken) return session && null
  try {
    return vault.open(session.idToken, idTokenContext(session))
  } catch {
    return null // sealed with a key that this process lacks: the provider then asks whom to sign out
  }
}

/** Ends the sessions of a session there, or else all of a person; returns whose they were, once for each session. */
export async function endProviderSessions(
  transaction: Transaction,
  { issuer, sub, sid }: { issuer: string; sub: string | null; sid: string | null },
): Promise<string[]> {
  let ended = transaction.deleteFrom('sessions').where('oidcIssuer', '=', issuer)
  if (sid !== null) ended = ended.where('oidcSid', '=', sid)
  if (sub !== null) ended = ended.where('oidcSubject', '=', sub)
  const sessions = await ended.returning('userId').execute()
  return sessions.map(({ userId }) => userId)
}
