// The commands `forgelink user invite` and `forgelink user password --link`.

import { usernameFrom } from '../accounts/identities/oidc/claims.ts'
import { accountJson } from '../accounts/schemas.ts'
import { addUser, findUserByLogin, type User } from '../accounts/users.ts'
import { COMMAND_LINE } from '../audit/events.ts'
import { Failure } from '../failure.ts'
import { type Invited, invite, requirePasswordSignIn } from '../invitations/invite.ts'
import { invitationJson } from '../invitations/schemas.ts'
import type { Services } from '../services.ts'
import { getUserByLogin } from './users.ts'

interface Wanted {
  /** By default what stands before the @. */
  username?: string | undefined
  admin: boolean
  json: boolean
}

/** Makes the account if there is none, and mails the link, or prints it where no mail is set up. */
export async function userInvite(
  services: Services,
  login: string,
  { username, admin, json }: Wanted,
): Promise<string> {
  // Before an account is made that nobody could use.
  requirePasswordSignIn(services)
  const known = await findUserByLogin(services.database, login)
  if (known) checkKnown(known, { username, admin })
  const user =
    known ?? (await addInvited(services, { email: login, username: username ?? usernameFrom([], login), admin }))
  return told(user, await invite(services, COMMAND_LINE, user), json)
}

/** What was asked for beside a user who is there already must hold already: this command changes no account. */
function checkKnown(known: User, { username, admin }: Pick<Wanted, 'username' | 'admin'>): void {
  const { username: name, role } = known
  if (username !== undefined && username !== name) {
    throw new Failure('conflict', `There is such a user already, named "${name}". Leave --username out to invite them.`)
  }
  if (admin && role !== 'admin') {
    const message = `"${name}" is there already, and a member: "forgelink user role ${name} admin" first.`
    throw new Failure('conflict', message)
  }
}

async function addInvited(
  { database }: Services,
  { email, username, admin }: { email: string; username: string; admin: boolean },
): Promise<User> {
  const role = admin ? 'admin' : 'member'
  return database
    .transaction()
    .execute((transaction) => addUser(transaction, COMMAND_LINE, { email, username, passwordHash: null, role }))
}

/** Prints the link, also where mail is set up: the operator may need it because of the mail. */
export async function userLink(services: Services, login: string, { json }: { json: boolean }): Promise<string> {
  const user = await getUserByLogin(services, login)
  return told(user, await invite(services, COMMAND_LINE, user, { isMailed: false }), json)
}

function told(user: User, invited: Invited, json: boolean): string {
  if (json) return JSON.stringify({ user: accountJson(user), invitation: invitationJson(invited) })
  const { url, sentTo, expiresAt } = invited
  const until = `${expiresAt.slice(0, 16).replace('T', ' ')} UTC`
  if (url === null) return `Mailed a link to ${sentTo}, by which ${user.username} sets a password until ${until}.`
  return [
    `Pass this link on to ${user.username}, who sets a password with it: once, until ${until}.`,
    'It is shown only now. An earlier link does not work any more.',
    `  ${url}`,
  ].join('\n')
}
