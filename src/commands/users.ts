// The commands `forgelink user …` and `forgelink token …`.

import { createApiToken } from '../accounts/api-tokens.ts'
import { changePassword } from '../accounts/change-password.ts'
import { passwordProblem, randomPassword } from '../accounts/passwords.ts'
import { ROLES, setUserActive, setUserRole } from '../accounts/roles.ts'
import { accountJson } from '../accounts/schemas.ts'
import type { User } from '../accounts/users.ts'
import { addUser, findUserByLogin, listUsers } from '../accounts/users.ts'
import { COMMAND_LINE } from '../audit/events.ts'
import { Failure, invalid } from '../failure.ts'
import { deactivateUser } from '../integrations/leaving.ts'
import { createRevoker } from '../integrations/tokens/revoker.ts'
import { removeUserAndUnlink } from '../integrations/unlink.ts'
import type { Services } from '../services.ts'

function checkNewPassword(password: string): void {
  const problem = passwordProblem(password)
  if (problem) throw invalid({ password: [problem] })
}

/** Throws `not_found`, and says how to find whom there is. */
export async function getUserByLogin(services: Services, login: string): Promise<User> {
  const user = await findUserByLogin(services.database, login)
  if (!user) throw new Failure('not_found', `There is no user "${login}". "forgelink user list" names all.`)
  return user
}

/** Text for a terminal, or JSON for a program. */
export async function userAdd(
  services: Services,
  options: { email: string; username: string; password?: string | undefined; admin?: boolean; json: boolean },
): Promise<string> {
  const { email, username, admin = false, json } = options
  const password = options.password ?? randomPassword()
  checkNewPassword(password)
  const passwordHash = await services.passwords.hash(password)
  const { user, token } = await services.database.transaction().execute(async (transaction) => {
    const role = admin ? 'admin' : 'member'
    const user = await addUser(transaction, COMMAND_LINE, { email, username, passwordHash, role })
    const { token } = await createApiToken(transaction, COMMAND_LINE, user.id, 'forgelink user add')
    return { user, token }
  })
  if (json) return JSON.stringify({ user: accountJson(user), token, password })
  return [
    `Added ${nameOf(user)}${user.role === 'admin' ? ', an administrator' : ''}. Keep this: it is shown only once.`,
    `  Password:  ${options.password === undefined ? password : '(the one you gave)'}`,
    `  API token: ${token}`,
  ].join('\n')
}

export async function userList(services: Services, options: { json: boolean }): Promise<string> {
  const users = await listUsers(services.database)
  if (options.json) return JSON.stringify({ users: users.map(accountJson) })
  if (users.length === 0) return 'There is no user yet. Add one with: forgelink user add --email E --username U'
  const width = Math.max(...users.map((user) => user.username.length))
  return users.map((user) => `${user.username.padEnd(width)}  ${detailsOf(user).join('  ')}`).join('\n')
}

function detailsOf({ email, createdAt, role, active }: User): string[] {
  const details = [email ?? '-', `since ${createdAt.slice(0, 10)}`]
  if (role === 'admin') details.push('administrator')
  return active ? details : [...details, 'inactive']
}

function nameOf({ username, email }: User): string {
  return email === null ? username : `${username} <${email}>`
}

export async function userRole(
  services: Services,
  login: string,
  role: string,
  { json } = { json: false },
): Promise<string> {
  const wanted = ROLES.find((known) => known === role)
  if (!wanted) throw invalid({ role: [`must be one of ${ROLES.join(', ')}`] })
  const { id } = await getUserByLogin(services, login)
  const user = await services.database
    .transaction()
    .execute((transaction) => setUserRole(transaction, COMMAND_LINE, id, wanted))
  if (json) return JSON.stringify({ user: accountJson(user) })
  return `${nameOf(user)} is ${user.role === 'admin' ? 'an administrator' : 'a member'} now.`
}

export async function userRemove(services: Services, login: string, { json } = { json: false }): Promise<string> {
  const user = await getUserByLogin(services, login)
  const revoked = await removeUserAndUnlink(services, COMMAND_LINE, user.id)
  if (json) return JSON.stringify({ user: accountJson(user) })
  return [
    `Removed ${nameOf(user)} with their tokens, keys and integrations.`,
    ...(revoked > 0 ? [`The running server revokes what they had allowed at their platforms (${revoked}).`] : []),
  ].join('\n')
}

/** Ends all that the user has but keys and identities. It revokes by itself: no server need be running. */
export async function userDeactivate(services: Services, login: string, { json } = { json: false }): Promise<string> {
  const { id } = await getUserByLogin(services, login)
  const revoker = createRevoker(services)
  try {
    const deactivated = await deactivateUser(services, revoker, COMMAND_LINE, id)
    const report = await deactivated.report
    if (json) return JSON.stringify({ user: accountJson(deactivated.user), meta: { report } })
    const { integrations, tokens, sessions } = report
    return [
      `Deactivated ${nameOf(deactivated.user)}: ${tokens} API tokens, ${sessions} sessions and ${integrations.length} links have ended.`,
      ...integrations.map(
        ({ username, url, token, revoke_url }) => `  ${username} at ${url}: ${tokenWords[token](revoke_url)}`,
      ),
    ].join('\n')
  } finally {
    await revoker.close()
  }
}

const tokenWords = {
  revoked: () => 'its token is revoked',
  pending: () => 'its token is not revoked yet; a running server goes on trying',
  pasted: (page: string | null) => `its token was pasted, and only its person can revoke it: ${page}`,
}

export async function userActivate(services: Services, login: string, { json } = { json: false }): Promise<string> {
  const { id } = await getUserByLogin(services, login)
  const user = await services.database
    .transaction()
    .execute((transaction) => setUserActive(transaction, COMMAND_LINE, id, true))
  if (json) return JSON.stringify({ user: accountJson(user) })
  return `${nameOf(user)} is active again, without the sessions, API tokens and links of before.`
}

export async function userPassword(
  services: Services,
  login: string,
  { password = randomPassword(), json }: { password?: string | undefined; json: boolean },
): Promise<string> {
  const user = await getUserByLogin(services, login)
  checkNewPassword(password)
  await changePassword(services, COMMAND_LINE, user.id, password, { stays: null, endsTokens: false })
  if (json) return JSON.stringify({ user: accountJson(user), password })
  return `The password of ${user.username} is now: ${password}`
}

export async function tokenAdd(
  services: Services,
  options: { user: string; name: string; json: boolean },
): Promise<string> {
  const user = await getUserByLogin(services, options.user)
  const { apiToken, token } = await services.database
    .transaction()
    .execute((transaction) => createApiToken(transaction, COMMAND_LINE, user.id, options.name))
  if (options.json) return JSON.stringify({ id: apiToken.id, name: apiToken.name, token })
  return `Added the API token "${apiToken.name}" for ${user.username}. Keep it: it is shown only once.\n  ${token}`
}
