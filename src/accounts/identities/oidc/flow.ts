// An attempt at the OpenID provider from its beginning to its end: signing in, confirming that it is still the same
// person, or connecting an identity to the account.

import type { Actor } from '../../../audit/events.ts'
import type { OidcPurpose } from '../../../database/account-tables.ts'
import { Failure } from '../../../failure.ts'
import { randomSecret } from '../../../platforms/oauth.ts'
import type { Services } from '../../services.ts'
import { confirmSession, type Session, type SessionOrigin } from '../../sessions/sessions.ts'
import { addIdentity, findUserByIdentity } from '../identities.ts'
import { rejected } from './errors.ts'
import type { Expected, OidcProvider, Statement } from './provider.ts'
import { beginSession, checkRequiredClaim, findSigningIn } from './sign-in.ts'
import { type Attempt, keepAttempt } from './states.ts'

type Parts = Pick<Services, 'database' | 'vault'>

/** `hash`: of the session cookie's value; `userId`: who is signed in there. */
interface BrowserOf {
  hash: string
  userId: string | null
}

/** The provider's page where the person goes now. Nothing is kept when the provider is away. */
export async function beginAttempt(
  services: Parts,
  oidc: OidcProvider,
  { hash, userId }: BrowserOf,
  { purpose, returnTo }: { purpose: OidcPurpose; returnTo: string },
): Promise<string> {
  const secrets = { state: randomSecret(), nonce: randomSecret(), verifier: randomSecret() }
  const provedSince = purpose === 'confirm' ? Date.now() : null
  const address = await oidc.authorizationUrl({ ...secrets, provedSince })
  await keepAttempt(services, hash, { ...secrets, purpose, userId, returnTo })
  return address
}

interface Return {
  /** Our own address as the provider has called it. */
  callback: URL
  actor: Actor
  session: Session | null
  /** The value of the session's cookie, signed in or not. */
  cookie: string
  origin: SessionOrigin
}

/** Returns the value of the new session's cookie; null when the session stays. */
export async function finishAttempt(
  services: Parts,
  oidc: OidcProvider,
  attempt: Attempt & { createdAt: string },
  { callback, actor, session, cookie, origin }: Return,
): Promise<string | null> {
  const expected: Expected = {
    ...attempt,
    provedSince: attempt.purpose === 'confirm' ? Date.parse(attempt.createdAt) : null,
  }
  const statement = await oidc.redeem(callback, expected)
  checkRequiredClaim(oidc, statement)
  if (attempt.purpose === 'sign_in') {
    const user = await findSigningIn(services, actor, oidc, statement)
    return beginSession(services, actor, user, statement, { before: cookie, origin })
  }
  if (session?.user.id !== attempt.userId || session === null) {
    throw rejected(
      'You are not signed in here any more, or as somebody else. Nothing was changed: sign in and begin again.',
    )
  }
  if (attempt.purpose === 'confirm') await confirm(services, oidc, session, statement)
  else await connect(services, { ...actor, via: 'session' }, session, statement)
  return null
}

async function confirm({ database }: Parts, oidc: OidcProvider, session: Session, { issuer, subject }: Statement) {
  const user = await findUserByIdentity(database, { issuer, subject })
  if (user?.id !== session.user.id) {
    const { label } = oidc.config
    throw rejected(`You signed in at ${label} as somebody else than here, or have not connected that account yet.`)
  }
  await confirmSession(database, session)
}

async function connect({ database }: Parts, actor: Actor, { user }: Session, { issuer, subject }: Statement) {
  const owner = await findUserByIdentity(database, { issuer, subject })
  if (owner?.id === user.id) return
  try {
    await database.transaction().execute((transaction) => addIdentity(transaction, actor, user.id, { issuer, subject }))
  } catch (error) {
    if (!(error instanceof Failure) || error.code !== 'conflict') throw error
    const sentence = 'That account belongs to another account here already, so it was not connected to yours.'
    throw new Failure('conflict', sentence, { cause: error })
  }
}
