// The first start: when there is no user, adds one and shows its secrets once, never in the log, and how to begin.

import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createApiToken } from '../accounts/api-tokens.ts'
import { randomPassword } from '../accounts/passwords.ts'
import { addFirstUser } from '../accounts/users.ts'
import { SERVER } from '../audit/events.ts'
import type { Services } from '../services.ts'

/** Shown on the terminal when standard output is one, else written to a file (0600) whose path is printed. */
export async function greetFirstUser(services: Services, dataDir: string): Promise<void> {
  const { database, passwords, publicUrl, passwordSignIn } = services
  const password = passwordSignIn ? randomPassword() : null
  const passwordHash = password && (await passwords.hash(password))
  const user = { email: 'admin@localhost', username: 'admin', passwordHash }
  // If the password cannot be shown, no user may be added: nobody could sign in, and the next start would add none
  // either.
  await database.transaction().execute(async (transaction) => {
    const added = await addFirstUser(transaction, SERVER, user)
    if (!added) return
    const { token } = await createApiToken(transaction, SERVER, added.id, 'first start')
    const lines = [
      'This is the first start, so a user was added. Keep this: it is shown only once.',
      `  Address:   ${publicUrl}`,
      `  User name: ${user.username}`,
      ...(password ? [`  Password:  ${password}`] : []),
      `  API token: ${token}`,
      ...(passwordSignIn ? [] : administratorsWay(services)),
      '',
    ]
    show(dataDir, lines.join('\n'), password ? 'user name, password and API token' : 'user name and API token')
  })
}

/** Without passwords nobody can sign in as the added user: where the first administrator comes from instead. */
function administratorsWay({ oidc }: Services): string[] {
  const { label = '', adminClaim = null, createUsers = true } = oidc?.config ?? {}
  return [
    '',
    'Nobody signs in with a password here (PASSWORD_SIGN_IN=false). To have an administrator who does sign in:',
    ...(createUsers
      ? []
      : ['  Add the person at POST /v1/admin/users, with the API token, their issuer and their subject.']),
    adminClaim
      ? `  Sign in with ${label} as somebody with "${adminClaim.value}" in "${adminClaim.name}" (OIDC_ADMIN_CLAIM).`
      : `  Sign in with ${label}, then run: forgelink user role USER admin`,
  ]
}

function show(dataDir: string, text: string, what: string): void {
  if (process.stdout.isTTY) {
    process.stdout.write(text)
    return
  }
  mkdirSync(dataDir, { recursive: true, mode: 0o700 })
  const file = join(dataDir, 'first-start.txt')
  // A file that exists already would keep its own mode.
  rmSync(file, { force: true })
  writeFileSync(file, text, { mode: 0o600, flag: 'wx' })
  process.stdout.write(`This is the first start: ${what} are in ${file}\n`)
}
