// The oidc_states table: attempts to sign in at the OpenID provider that have not ended. Each can be used once, within ten
// minutes, in one browser.

import { createHash } from 'node:crypto'
import type { OidcPurpose } from '../../../database/account-tables.ts'
import { Failure } from '../../../failure.ts'
import { oidcVerifierContext } from '../../../secrets/sealed-columns.ts'
import { now } from '../../../time.ts'
import type { Services } from '../../services.ts'

const LIFETIME_MS = 600_000
/** Per browser; the oldest attempt is dropped. */
const MAX_ATTEMPTS = 20
/** Of all browsers: nobody need be signed in to begin one, so that somebody could fill the table. */
const MAX_ALL_ATTEMPTS = 20_000

export interface Attempt {
  state: string
  nonce: string
  /** The PKCE code verifier. */
  verifier: string
  purpose: OidcPurpose
  /** Who is signed in here meanwhile. */
  userId: string | null
  /** Where to go afterwards: a path of ours. */
  returnTo: string
}

type Parts = Pick<Services, 'database' | 'vault'>

function hashOf(state: string): string {
  return createHash('sha256').update(state).digest('base64url')
}

/** `browserHash`: of the session cookie's value. Throws `overloaded` when too many attempts have not ended. */
export async function keepAttempt({ database, vault }: Parts, browserHash: string, attempt: Attempt): Promise<void> {
  await database
    .deleteFrom('oidcStates')
    .where((row) =>
      row.or([
        row('expiresAt', '<=', now()),
        row.and([
          row('browserHash', '=', browserHash),
          row(
            'stateHash',
            'not in',
            row
              .selectFrom('oidcStates as newest')
              .select('newest.stateHash')
              .where('newest.browserHash', '=', browserHash)
              .orderBy('newest.expiresAt', 'desc')
              .limit(MAX_ATTEMPTS - 1),
          ),
        ]),
      ]),
    )
    .execute()
  const tooMany = await database
    .selectFrom('oidcStates')
    .select('expiresAt')
    .orderBy('expiresAt')
    .offset(MAX_ALL_ATTEMPTS - 1)
    .limit(1)
    .executeTakeFirst()
  if (tooMany) throw new Failure('overloaded', 'Too many people are signing in at this moment. Try again soon.')
  const stateHash = hashOf(attempt.state)
  const { nonce, purpose, userId, returnTo } = attempt
  await database
    .insertInto('oidcStates')
    .values({
      stateHash,
      browserHash,
      purpose,
      userId,
      nonce,
      verifier: vault.seal(attempt.verifier, oidcVerifierContext({ stateHash, userId })),
      returnTo,
      createdAt: now(),
      expiresAt: new Date(Date.now() + LIFETIME_MS).toISOString(),
    })
    .execute()
}

/** Uses up the attempt of this state, in one statement; undefined unless browser and time fit. */
export async function takeAttempt(
  { database, vault }: Parts,
  browserHash: string,
  state: string,
): Promise<(Attempt & { createdAt: string }) | undefined> {
  const taken = await database
    .deleteFrom('oidcStates')
    .where('stateHash', '=', hashOf(state))
    .where('browserHash', '=', browserHash)
    .where('expiresAt', '>', now())
    .returningAll()
    .executeTakeFirst()
  if (!taken) return undefined
  try {
    return { ...taken, state, verifier: vault.open(taken.verifier, oidcVerifierContext(taken)) }
  } catch {
    return undefined // damaged, or sealed with a key that this process lacks: the person has to begin again
  }
}
