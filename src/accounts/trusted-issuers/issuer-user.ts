// The user that a verified JWT of a trusted issuer names, who may be made at the first time.

import type { Actor } from '../../audit/events.ts'
import type { Database } from '../../database/database.ts'
import { Failure } from '../../failure.ts'
import { findOrAddUser, findUserByJwt } from '../identities/identities.ts'
import { identityTextProblem, MAX_SUBJECT_LENGTH } from '../service-tokens/fields.ts'
import { emailProblem, findUser, MAX_USERNAME_LENGTH, USERNAME, type User } from '../users.ts'
import { claimRequired, type IssuerJwt } from './trusted-issuers.ts'

/** The user may be inactive. Throws `claim_required`, `user_unknown` or `issuer_email_taken`. */
export async function findIssuerUser(database: Database, actor: Actor, { rule, claims }: IssuerJwt): Promise<User> {
  if (rule.user !== null) return (await findUser(database, rule.user)) ?? throwUnknown()
  const subject = claims[rule.subjectClaim]
  if (typeof subject !== 'string' || identityTextProblem(subject, MAX_SUBJECT_LENGTH) !== undefined) {
    throw claimRequired(`whose ${rule.subjectClaim} is a text of at most ${MAX_SUBJECT_LENGTH} characters`)
  }
  const identity = { issuer: rule.issuer, subject }
  const known = await findUserByJwt(database, identity)
  if (known) return known
  if (!rule.createUsers) return throwUnknown()
  const wanted = { username: usernameFrom(claims.preferred_username, subject), email: emailFrom(claims) }
  return findOrAddUser(database, actor, identity, wanted).catch((error: unknown) => {
    if (!(error instanceof Failure) || error.code !== 'email_taken') throw error
    throw new Failure('issuer_email_taken', error.message)
  })
}

function throwUnknown(): never {
  throw new Failure('user_unknown', 'This JWT names nobody who is known here. Ask the operator to add the user.')
}

/** Names and subjects may have any form elsewhere, such as `repo:octo/app`. */
function usernameFrom(...wanted: unknown[]): string {
  const names = wanted.map((text) =>
    (typeof text === 'string' ? text : '')
      .replace(/[^A-Za-z0-9._-]+/g, '-')
      .replace(/^[^A-Za-z0-9]+|-+$/g, '')
      .slice(0, MAX_USERNAME_LENGTH),
  )
  return names.find((name) => USERNAME.test(name)) ?? 'user'
}

/** An address that the issuer has not verified could be anybody's. */
function emailFrom({ email, email_verified: isVerified }: Record<string, unknown>): string | null {
  return isVerified === true && typeof email === 'string' && emailProblem(email) === undefined ? email : null
}
