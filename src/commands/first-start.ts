// The first start: when there is no user, adds one and shows its password and API token once, never in the log.

import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createApiToken } from '../accounts/api-tokens.ts'
import { randomPassword } from '../accounts/passwords.ts'
import { addFirstUser } from '../accounts/users.ts'
import { SERVER } from '../audit/events.ts'
import type { Services } from '../services.ts'

/** Shown on the terminal when standard output is one, else written to a file (0600) whose path is printed. */
export async function greetFirstUser({ database, passwords, publicUrl }: Services, dataDir: string): Promise<void> {
  const password = randomPassword()
  const user = { email: 'admin@localhost', username: 'admin', passwordHash: await passwords.hash(password) }
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
      `  Password:  ${password}`,
      `  API token: ${token}`,
      '',
    ]
    show(dataDir, lines.join('\n'))
  })
}

function show(dataDir: string, text: string): void {
  if (process.stdout.isTTY) {
    process.stdout.write(text)
    return
  }
  mkdirSync(dataDir, { recursive: true, mode: 0o700 })
  const file = join(dataDir, 'first-start.txt')
  // A file that exists already would keep its own mode.
  rmSync(file, { force: true })
  writeFileSync(file, text, { mode: 0o600, flag: 'wx' })
  process.stdout.write(`This is the first start: user name, password and API token are in ${file}\n`)
}
