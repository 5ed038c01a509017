// The oauth_states table: attempts to link that have not ended. Each can be used once, within ten minutes, in the
// session or link session where it began.

import { createHash } from 'node:crypto'
import type { Session } from '../../accounts/sessions/sessions.ts'
import type { OAuthScmType } from '../../platforms/scm-types.ts'
import { verifierContext } from '../../secrets/sealed-columns.ts'
import { now } from '../../time.ts'
import type { Services } from '../services.ts'

const LIFETIME_MS = 600_000
/** Per session; the oldest attempt is dropped, so that nobody can fill the table. */
const MAX_ATTEMPTS = 20

/** What an attempt is bound to: a session of the dashboard, with which it ends, or the cookie of a link session. */
export type AttemptHolder = { user: Pick<Session['user'], 'id'> } & (
  | Pick<Session, 'idHash'>
  | { /** The hash of the cookie. */ browserHash: string }
)

function columnsOf(holder: AttemptHolder) {
  return 'idHash' in holder
    ? { column: 'sessionHash' as const, hash: holder.idHash }
    : { column: 'browserHash' as const, hash: holder.browserHash }
}

export interface Attempt {
  scmType: OAuthScmType
  state: string
  /** The PKCE code verifier. */
  verifier: string
  /** The link that should be made again. */
  againId: string | null
}

function hashOf(state: string): string {
  return createHash('sha256').update(state).digest('base64url')
}

export async function keepAttempt(
  { database, vault }: Services,
  holder: AttemptHolder,
  attempt: Attempt,
): Promise<void> {
  const { column, hash } = columnsOf(holder)
  await database
    .deleteFrom('oauthStates')
    .where((row) =>
      row.or([
        row('expiresAt', '<=', now()),
        row.and([
          row(column, '=', hash),
          row(
            'stateHash',
            'not in',
            row
              .selectFrom('oauthStates as newest')
              .select('newest.stateHash')
              .where(`newest.${column}`, '=', hash)
              .orderBy('newest.expiresAt', 'desc')
              .limit(MAX_ATTEMPTS - 1),
          ),
        ]),
      ]),
    )
    .execute()
  const stateHash = hashOf(attempt.state)
  await database
    .insertInto('oauthStates')
    .values({
      stateHash,
      [column]: hash,
      userId: holder.user.id,
      scmType: attempt.scmType,
      verifier: vault.seal(attempt.verifier, verifierContext({ stateHash, userId: holder.user.id })),
      againId: attempt.againId,
      expiresAt: new Date(Date.now() + LIFETIME_MS).toISOString(),
    })
    .execute()
}

/** Uses up the attempt of this state, in one statement; undefined unless session, type and time fit. */
export async function takeAttempt(
  { database, vault }: Services,
  holder: AttemptHolder,
  scmType: OAuthScmType,
  state: unknown,
): Promise<Omit<Attempt, 'state'> | undefined> {
  if (typeof state !== 'string') return undefined
  const { column, hash } = columnsOf(holder)
  const stateHash = hashOf(state)
  const taken = await database
    .deleteFrom('oauthStates')
    .where('stateHash', '=', stateHash)
    .where(column, '=', hash)
    .where('userId', '=', holder.user.id)
    .where('scmType', '=', scmType)
    .where('expiresAt', '>', now())
    .returningAll()
    .executeTakeFirst()
  if (!taken) return undefined
  try {
    return { scmType, verifier: vault.open(taken.verifier, verifierContext(taken)), againId: taken.againId }
  } catch {
    return undefined // damaged, or sealed with a key that this process lacks: the user has to begin again
  }
}
