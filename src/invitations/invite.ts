// Gives a user a link to set a password: mailed where mail is set up, else shown to whoever asked, once.

import { findUser, lockUser, type User } from '../accounts/users.ts'
import { type Actor, recordEvent } from '../audit/events.ts'
import { Failure, notFound } from '../failure.ts'
import { newInvitation, storeInvitation } from './invitations.ts'
import { invitationMail } from './mail.ts'
import type { Services } from './services.ts'

/** A link that was given out. */
export interface Invited {
  /** null: it was mailed. */
  url: string | null
  /** null: it was not mailed. */
  sentTo: string | null
  expiresAt: string
}

/** The path of the page. */
export function invitationPath(secret: string): string {
  return `/invitations/${secret}`
}

/**
 * The mail goes first: when it fails, nothing is stored, and a link from before still works. Whoever asked gets the
 * failure and not the link, because a link that was meant for one mailbox should not be in two places: it may have been
 * delivered all the same. `isMailed` false: the link is given to whoever asks, the operator for instance, in any case.
 *
 * Throws `conflict` where nobody signs in with a password, `user_inactive`, `not_found`, or `mail_unavailable`.
 */
export async function invite(
  services: Services,
  actor: Actor,
  user: User,
  { isMailed = true }: { isMailed?: boolean } = {},
): Promise<Invited> {
  const { database, mailer, publicUrl } = services
  requirePasswordSignIn(services)
  if (!user.active) throw inactive()
  const invitation = newInvitation()
  const url = publicUrl + invitationPath(invitation.secret)
  const sentTo = isMailed && mailer ? user.email : null
  if (mailer && sentTo !== null) {
    const about = { publicUrl, maker: actor.act, username: user.username, url, expiresAt: invitation.expiresAt }
    const problem = await mailer.send({ to: sentTo, ...invitationMail(about) })
    if (problem !== null) throw notMailed(problem)
  }
  await database.transaction().execute(async (transaction) => {
    await lockUser(transaction, user.id)
    const present = await findUser(transaction, user.id)
    if (!present) throw notFound('user')
    if (!present.active) throw inactive()
    await storeInvitation(transaction, actor.act, user, invitation)
    await recordEvent(transaction, actor, user.id, { type: 'new_invitation', data: { sent_to: sentTo } })
  })
  return { url: sentTo === null ? url : null, sentTo, expiresAt: invitation.expiresAt }
}

/** Throws `conflict` where nobody could sign in with the password. */
export function requirePasswordSignIn({ passwordSignIn }: Pick<Services, 'passwordSignIn'>): void {
  if (passwordSignIn) return
  const message = 'This server takes no passwords (PASSWORD_SIGN_IN): people sign in at your organisation’s provider.'
  throw new Failure('conflict', message)
}

function inactive(): Failure {
  return new Failure('user_inactive', 'This account is deactivated. Make it active again first.')
}

function notMailed(problem: string): Failure {
  const advice =
    'No link was made, and one from before still works. Try again, or ask the operator: "forgelink user password USER --link" prints a link without mail.'
  return new Failure('mail_unavailable', `${problem} ${advice}`)
}
