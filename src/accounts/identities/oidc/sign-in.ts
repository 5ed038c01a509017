// Signing in with what the OpenID provider has said: whose account it is, its role, and the new session.

import type { Act, Actor } from '../../../audit/events.ts'
import { recordEvent } from '../../../audit/events.ts'
import { Failure } from '../../../failure.ts'
import { setUserRole } from '../../roles.ts'
import type { Services } from '../../services.ts'
import { providerColumns } from '../../sessions/provider-sessions.ts'
import { endSession, type SessionOrigin, startSession } from '../../sessions/sessions.ts'
import type { User } from '../../users.ts'
import { findOrAddUser, findUserByIdentity, noteIdentityUse } from '../identities.ts'
import { holdsClaim, profileFrom, usernameFrom, verifiedEmail } from './claims.ts'
import { rejected } from './errors.ts'
import type { OidcProvider, Statement } from './provider.ts'

type Parts = Pick<Services, 'database' | 'vault'>

/** Throws `sign_in_refused` for somebody whom OIDC_REQUIRED_CLAIM keeps out. */
export function checkRequiredClaim({ config }: OidcProvider, { claims }: Statement): void {
  const rule = config.requiredClaim
  if (rule === null || holdsClaim(claims, rule)) return
  throw rejected(
    `Your account at ${config.label} may not be used here: it lacks "${rule.name}" with the value "${rule.value}". Ask the operator of this server.`,
  )
}

/**
 * The user of the identity, who is made if that is allowed, with the role that the provider gives. Throws
 * `sign_in_refused`, `email_taken` or `user_inactive`.
 */
export async function findSigningIn(
  { database }: Parts,
  actor: Actor,
  { config }: OidcProvider,
  statement: Statement,
): Promise<User> {
  const { issuer, subject, claims } = statement
  const known = await findUserByIdentity(database, { issuer, subject })
  if (!known && !config.createUsers) {
    throw rejected(
      `You have no account here, and ${config.label} does not make one. Ask an administrator for an account, or connect ${config.label} on the account page of the one you have.`,
    )
  }
  const wanted = { username: usernameFrom(claims, subject), email: verifiedEmail(claims), ...profileFrom(claims) }
  const user = known ?? (await addUser())
  if (user.active === 0) {
    throw new Failure('user_inactive', 'Your account here is deactivated. Ask an administrator of this server.')
  }
  return config.adminClaim === null ? user : withRole(user, holdsClaim(claims, config.adminClaim))

  async function addUser(): Promise<User> {
    try {
      return await findOrAddUser(database, actor, { issuer, subject }, wanted)
    } catch (error) {
      if (!(error instanceof Failure) || error.code !== 'email_taken') throw error
      const sentence = `An account here has your e-mail address already. Sign in as you are used to, and connect ${config.label} on your account page.`
      throw new Failure('email_taken', sentence, { cause: error })
    }
  }

  async function withRole(before: User, isAdministrator: boolean): Promise<User> {
    const role = isAdministrator ? 'admin' : 'member'
    if (before.role === role) return before
    const act: Act = { type: 'issuer', id: issuer, name: config.label }
    try {
      return await database
        .transaction()
        .execute((transaction) => setUserRole(transaction, { ...actor, act }, before.id, role))
    } catch (error) {
      // The last administrator stays one: otherwise nobody could make another.
      if (error instanceof Failure && error.code === 'last_administrator') return before
      throw error
    }
  }
}

/** Begins a session, in place of the one of the cookie's value `before`; returns the value of its cookie. */
export async function beginSession(
  { database, vault }: Parts,
  actor: Actor,
  user: User,
  statement: Statement,
  { before, origin }: { before: string; origin: SessionOrigin },
): Promise<string> {
  return database.transaction().execute(async (transaction) => {
    await endSession(transaction, before)
    await noteIdentityUse(transaction, statement)
    await recordEvent(transaction, actor, user.id, { type: 'login_success', data: { remote_ip: actor.remoteIp } })
    return startSession(transaction, user.id, origin, (idHash) =>
      providerColumns(vault, { idHash, userId: user.id }, statement),
    )
  })
}
