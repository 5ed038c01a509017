// The oauth_states table: attempts to link that are under way. Each is good once, for ten minutes, in one session.

import { createHash } from 'node:crypto'
import type { Session } from '../../accounts/sessions/sessions.ts'
import type { OAuthScmType } from '../../platforms/scm-types.ts'
import { verifierContext } from '../../secrets/sealed-columns.ts'
import { now } from '../../time.ts'
import type { Services } from '../services.ts'

const LIFETIME_MS = 600_000
/** In one session: whoever begins more has left the oldest. Keeps the table from being filled. */
const MAX_ATTEMPTS = 20

export interface Attempt {
  scmType: OAuthScmType
  state: string
  /** PKCE. */
  verifier: string
  /** The link that is to be made again. */
  againId: string | null
}

function hashOf(state: string): string {
  return createHash('sha256').update(state).digest('base64url')
}

export async function keepAttempt({ database, vault }: Services, session: Session, attempt: Attempt): Promise<void> {
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

/** The attempt of this state, used up by this one statement; undefined unless everything about it fits. */
export async function takeAttempt(
  { database, vault }: Services,
  session: Session,
  scmType: OAuthScmType,
  state: string,
): Promise<Omit<Attempt, 'state'> | undefined> {
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
    return undefined // spoilt, or sealed with a key that this process lacks: the attempt has to begin again
  }
}
