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

/** What an attempt is bound to: the hash of a browser's cookie, and the user for whom it links. */
export interface AttemptHolder {
  idHash: Session['idHash']
  user: Pick<Session['user'], 'id'>
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
  session: AttemptHolder,
  attempt: Attempt,
): Promise<void> {
  await database
    .deleteFrom('oauthStates')
    .where((row) =>
      row.or([
        row('expiresAt', '<=', now()),
        row.and([
          row('sessionHash', '=', session.idHash),
          row(
            'stateHash',
            'not in',
            row
              .selectFrom('oauthStates as newest')
              .select('newest.stateHash')
              .where('newest.sessionHash', '=', session.idHash)
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
      sessionHash: session.idHash,
      userId: session.user.id,
      scmType: attempt.scmType,
      verifier: vault.seal(attempt.verifier, verifierContext({ stateHash, userId: session.user.id })),
      againId: attempt.againId,
      expiresAt: new Date(Date.now() + LIFETIME_MS).toISOString(),
    })
    .execute()
}

/** Uses up the attempt of this state, in one statement; undefined unless session, type and time fit. */
export async function takeAttempt(
  { database, vault }: Services,
  session: AttemptHolder,
  scmType: OAuthScmType,
  state: unknown,
): Promise<Omit<Attempt, 'state'> | undefined> {
  if (typeof state !== 'string') return undefined
  const stateHash = hashOf(state)
  const taken = await database
    .deleteFrom('oauthStates')
    .where('stateHash', '=', stateHash)
    .where('sessionHash', '=', session.idHash)
    .where('userId', '=', session.user.id)
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
