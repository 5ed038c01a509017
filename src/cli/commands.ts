// Every subcommand of `forgelink`: the parser, the help and the tests go by this table. Each row loads only what it needs,
// because loading everything takes longer than most of them do.

import { type Command, command, UsageError } from './command.ts'
import { ownedCommands } from './owned-commands.ts'

/** undefined when there is none. It asks when the password is `-`: other users could read one on the command line. */
async function passwordOf(password: string | undefined): Promise<string | undefined> {
  if (password !== '-') return password
  const { askPassword } = await import('../commands/ask-password.ts')
  const asked = await askPassword()
  if (asked === null) throw new UsageError('the two passwords differ')
  return asked
}

const userCommands: Record<string, Command> = {
  'user add': command({
    needs: ['email', 'username'],
    takes: ['password', 'admin', 'json'],
    does: 'add a user; print an API token once',
    details: 'Without --password, a password is made up and printed. The first user is an administrator.',
    example: 'user add --email ada@example.com --username ada',
    run: async ({ email, username, admin = false, json, ...given }, _operands, { withServices }) => {
      const password = await passwordOf(given.password)
      const { userAdd } = await import('../commands/users.ts')
      return withServices((services) => userAdd(services, { email, username, password, admin, json }))
    },
  }),
  'user invite': command({
    operands: ['USER'],
    takes: ['username', 'admin', 'json'],
    does: 'mail or print a link to set a password; make the account if need be',
    details:
      'A new user is named by e-mail address; the user name is what stands before the @, unless --username says it.',
    example: 'user invite ada@example.com',
    run: async ({ username, admin = false, json }, [login = ''], { withServices }) => {
      const { userInvite } = await import('../commands/invitations.ts')
      return withServices((services) => userInvite(services, login, { username, admin, json }))
    },
  }),
  'user list': command({
    takes: ['json'],
    does: 'list the users',
    example: 'user list --json',
    run: async (given, _operands, { withServices }) => {
      const { userList } = await import('../commands/users.ts')
      return withServices((services) => userList(services, given))
    },
  }),
  'user role': command({
    operands: ['USER', 'admin|member'],
    takes: ['json'],
    does: 'make a user an administrator, or a member again',
    details: 'The last active administrator stays one.',
    example: 'user role ada admin',
    run: async (given, [login = '', role = ''], { withServices }) => {
      const { userRole } = await import('../commands/users.ts')
      return withServices((services) => userRole(services, login, role, given))
    },
  }),
  'user deactivate': command({
    operands: ['USER'],
    takes: ['json'],
    does: 'end all that a user has; say which tokens are not revoked',
    details: 'Sessions, API tokens and links end, and what OAuth obtained is revoked. SSH keys and identities stay.',
    example: 'user deactivate ada@example.com',
    run: async (given, [login = ''], { withServices }) => {
      const { userDeactivate } = await import('../commands/users.ts')
      return withServices((services) => userDeactivate(services, login, given))
    },
  }),
  'user activate': command({
    operands: ['USER'],
    takes: ['json'],
    does: 'make a user active again, without what has ended',
    example: 'user activate ada',
    run: async (given, [login = ''], { withServices }) => {
      const { userActivate } = await import('../commands/users.ts')
      return withServices((services) => userActivate(services, login, given))
    },
  }),
  'user remove': command({
    operands: ['USER'],
    takes: ['json'],
    does: 'remove a user with all that is theirs',
    details:
      'The running server, or the next one, revokes what OAuth obtained. Pasted tokens stay valid at their platforms.',
    example: 'user remove ada',
    run: async (given, [login = ''], { withServices }) => {
      const { userRemove } = await import('../commands/users.ts')
      return withServices((services) => userRemove(services, login, given))
    },
  }),
  'user password': command({
    operands: ['USER'],
    takes: ['password', 'link', 'json'],
    does: 'give a user another password, or print a link to set one',
    details: 'Without --password, one is made up and printed. The sessions of the user end; API tokens stay valid.',
    example: 'user password ada --password',
    run: async ({ json, link, ...given }, [login = ''], { withServices }) => {
      if (link) {
        if (given.password !== undefined) throw new UsageError('--password and --link exclude each other')
        const { userLink } = await import('../commands/invitations.ts')
        return withServices((services) => userLink(services, login, { json }))
      }
      const password = await passwordOf(given.password)
      const { userPassword } = await import('../commands/users.ts')
      return withServices((services) => userPassword(services, login, { password, json }))
    },
  }),
}

const serviceTokenCommands: Record<string, Command> = {
  'service-token add': command({
    needs: ['name'],
    takes: ['scope', 'issuer', 'expires', 'json'],
    does: 'add a token of a service that acts for users; print it once',
    example: 'service-token add --name paas --scope read --scope write',
    run: async ({ name, scope: scopes = [], issuer: issuers = [], expires, json }, _operands, { withServices }) => {
      const { serviceTokenAdd } = await import('../commands/service-tokens.ts')
      return withServices((services) => serviceTokenAdd(services, { name, scopes, issuers, expires, json }))
    },
  }),
  'service-token list': command({
    takes: ['json'],
    does: 'list the service tokens',
    example: 'service-token list',
    run: async (given, _operands, { withServices }) => {
      const { serviceTokenList } = await import('../commands/service-tokens.ts')
      return withServices((services) => serviceTokenList(services, given))
    },
  }),
  'service-token remove': command({
    operands: ['ID'],
    takes: ['json'],
    does: 'remove one, and end every JWT that it opened',
    example: 'service-token remove 0b9d0c3c-5a0e-4d0e-b6b4-6a3a5c6f7d8e',
    run: async (given, [id = ''], { withServices }) => {
      const { serviceTokenRemove } = await import('../commands/service-tokens.ts')
      return withServices((services) => serviceTokenRemove(services, id, given))
    },
  }),
}

const operationCommands: Record<string, Command> = {
  events: command({
    takes: ['user', 'type', 'since', 'limit', 'json'],
    does: 'print who did what, the newest last',
    details: 'With --json, each line is an object. --user may also be a removed user, or an id.',
    example: 'events --user ada --since 24h',
    run: async (given, _operands, { withServices }) => {
      const { eventList, readEventOptions } = await import('../commands/events.ts')
      const asked = readEventOptions(given)
      if ('problem' in asked) throw new UsageError(asked.problem)
      return withServices((services) => eventList(services, asked, given))
    },
  }),
  doctor: command({
    operands: ['[URL]'],
    takes: ['json'],
    does: 'check settings, store, keys and the running server, and an address',
    details: 'It changes nothing. URL is the address of a platform. The exit code is 1 when something must be mended.',
    example: 'doctor https://gitlab.corp.lan',
    run: async (given, [address], context) => {
      const { doctor } = await import('../commands/doctor.ts')
      const { isWell, text } = await doctor(context, address, given)
      context.print(text)
      if (!isWell) process.exitCode = 1
    },
  }),
  'keys rotate': command({
    takes: ['json'],
    does: 'seal every stored secret with the newest key',
    details: 'The servers may be running. docs/operations.md#rotating-keys has the steps before and after.',
    example: 'keys rotate',
    run: async (given, _operands, { withServices }) => {
      const { keysRotate } = await import('../commands/keys.ts')
      return withServices((services, config) => keysRotate(services, config, given))
    },
  }),
  'store compact': command({
    takes: ['json'],
    does: 'rid the SQLite file of what was deleted; with the server stopped',
    example: 'store compact',
    run: async (given, _operands, context) => {
      const { storeCompact } = await import('../commands/store.ts')
      context.print(storeCompact(await context.settings(), given))
    },
  }),
}

/** In the order in which the help lists them. */
export const COMMANDS: Record<string, Command> = {
  serve: command({
    does: 'run the server',
    details:
      'It stops at SIGTERM and SIGINT, after the requests that are running. `npm start` does the same in a clone.',
    example: 'serve --env-file /etc/forgelink/forgelink.env',
    run: async (_given, _operands, { settings, environment }) => {
      const config = await settings()
      const { serve } = await import('../serve.ts')
      // https://docs.npmjs.com/cli/v11/using-npm/scripts#current-lifecycle-event; npx sets it too.
      return serve(config, { startedByNpm: environment.npm_lifecycle_event !== undefined })
    },
  }),
  ...userCommands,
  ...ownedCommands,
  ...serviceTokenCommands,
  ...operationCommands,
  demo: command({
    does: 'run the server with the sandbox, try it out, and leave it running',
    example: 'demo',
    run: async () => (await import('../../sandbox/demo.ts')).runDemo(),
  }),
  sandbox: command({
    takes: ['port', 'json'],
    does: 'simulate GitHub and GitLab on this machine, to try Forgelink with',
    details: 'It prints addresses, tokens and the settings with which Forgelink uses it, and runs until Ctrl-C.',
    example: 'sandbox --port 5000',
    run: async ({ port, json }) =>
      (await import('../../sandbox/command.ts')).runSandbox({ firstPort: portOf(port), json }),
  }),
}

/** Five ports in a row have to be there. */
const MAX_FIRST_PORT = 65_531

function portOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  const port = /^\d{1,5}$/.test(text) ? Number(text) : 0
  if (port >= 1 && port <= MAX_FIRST_PORT) return port
  throw new UsageError(`--port must be a whole number from 1 to ${MAX_FIRST_PORT}`)
}
