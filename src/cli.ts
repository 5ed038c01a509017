// The `forgelink` command: one line per subcommand; the work is done in `commands/`. Each loads only what it needs,
// because loading everything takes longer than most of them do.

import { parseArgs } from 'node:util'
import type { Config } from './config.ts'
import { ConfigError } from './config.ts'
import { Failure } from './failure.ts'
import type { Services } from './services.ts'

const HELP = `Forgelink links accounts to the SCM platforms where their code lives.

Usage: forgelink COMMAND [OPTIONS]

  serve                                          run the server
  user add --email E --username U [--password]   add a user, or an administrator; prints an API token once
           [--admin]
  user invite USER [--username U] [--admin]      mail or print a link to set a password; makes the account if need be
  user list                                      list the users
  user role USER admin|member                    make a user an administrator, or a member again
  user deactivate USER                           end all that a user has; says which tokens are not revoked
  user activate USER                             make a user active again, without what has ended
  user remove USER                               remove a user with all that is theirs
  user password USER [--password] [--link]       give a user another password, or print a link to set one
  service-token add --name N --scope S           add a token of a service that acts for users; prints it once
                [--issuer I] [--expires DATE]    (--scope and --issuer may be repeated)
  service-token list                             list the service tokens
  service-token remove ID                        remove one, and end every JWT that it opened
  token add --user USER --name N                 add an API token; prints it once
  events [--user USER] [--type T]                who did what, the newest last: of a user, of a type, since
         [--since S] [--limit N]                 a time or span (2026-01-31, 24h); 100 unless N is given
  doctor [URL]                                   check settings, store and keys, and a platform's address
  keys rotate                                    seal every stored secret with the newest key
  store compact                                  rid the SQLite file of what was deleted; with the server stopped
  demo                                           the server with the sandbox, tried out and left running
  sandbox                                        simulate GitHub and GitLab on this machine, to try Forgelink with

USER is an e-mail address or a user name. Commands that print take --json.
--password asks for one, or reads it from standard input; without it, one is made up.
Settings come from the environment: see docs/configuration.md.
`

const OPTIONS = {
  email: { type: 'string' },
  username: { type: 'string' },
  password: { type: 'string' },
  user: { type: 'string' },
  name: { type: 'string' },
  admin: { type: 'boolean', default: false },
  link: { type: 'boolean', default: false },
  scope: { type: 'string', multiple: true },
  issuer: { type: 'string', multiple: true },
  expires: { type: 'string' },
  type: { type: 'string' },
  since: { type: 'string' },
  limit: { type: 'string' },
  json: { type: 'boolean', default: false },
  help: { type: 'boolean', short: 'h', default: false },
} as const

/** A command that cannot be parsed; the message says what is missing. */
class UsageError extends Error {}

type Options = ReturnType<typeof parseArgs<{ options: typeof OPTIONS; allowPositionals: true }>>['values']

function needed(options: Options, name: 'email' | 'username' | 'user' | 'name'): string {
  const value = options[name]?.trim()
  if (!value) throw new UsageError(`--${name} is missing`)
  return value
}

function operand(operands: string[]): string {
  const [value, ...more] = operands
  if (!value || more.length > 0) throw new UsageError('name one user, by e-mail address or user name')
  return value
}

function none(operands: string[]): void {
  if (operands.length > 0) throw new UsageError(`"${operands.join(' ')}" is too much`)
}

/**
 * Asks for the password when it is `-`; undefined when there is none. Other users could read one on the command line.
 */
async function passwordIn({ password }: Options): Promise<string | undefined> {
  if (password !== '-') return password
  const { askPassword } = await import('./commands/ask-password.ts')
  const asked = await askPassword()
  if (asked === null) throw new UsageError('the two passwords differ')
  return asked
}

async function readSettings(): Promise<Config> {
  const { readConfig } = await import('./read-config.ts')
  return readConfig(process.env)
}

/** Opens the store, possibly beside a running server, and does the work. */
async function withServices(work: (services: Services, config: Config) => Promise<string>): Promise<void> {
  const config = await readSettings()
  const { openServices } = await import('./services.ts')
  const services = await openServices(config, { patient: true })
  try {
    const text = await work(services, config)
    if (text !== '') process.stdout.write(`${text}\n`)
  } finally {
    await services.close()
  }
}

const commands: Record<string, (options: Options, operands: string[]) => Promise<void>> = {
  serve: async () => {
    const config = await readSettings()
    await (await import('./serve.ts')).serve(config)
  },
  'user add': async (options) => {
    const user = { email: needed(options, 'email'), username: needed(options, 'username') }
    const password = await passwordIn(options)
    const { userAdd } = await import('./commands/users.ts')
    return withServices((services) =>
      userAdd(services, { ...user, password, admin: options.admin, json: options.json }),
    )
  },
  'user invite': async (options, operands) => {
    const login = operand(operands)
    const { userInvite } = await import('./commands/invitations.ts')
    return withServices((services) => userInvite(services, login, options))
  },
  'user list': async (options) => {
    const { userList } = await import('./commands/users.ts')
    return withServices((services) => userList(services, options))
  },
  'user role': async (options, operands) => {
    const login = operand(operands.slice(0, 1))
    const [, role = '', ...more] = operands
    none(more)
    const { userRole } = await import('./commands/users.ts')
    return withServices((services) => userRole(services, login, role, options))
  },
  'user deactivate': async (options, operands) => {
    const { userDeactivate } = await import('./commands/users.ts')
    const login = operand(operands)
    return withServices((services) => userDeactivate(services, login, options))
  },
  'user activate': async (options, operands) => {
    const { userActivate } = await import('./commands/users.ts')
    const login = operand(operands)
    return withServices((services) => userActivate(services, login, options))
  },
  'user remove': async (options, operands) => {
    const login = operand(operands)
    const { userRemove } = await import('./commands/users.ts')
    return withServices((services) => userRemove(services, login, options))
  },
  'user password': async (options, operands) => {
    const login = operand(operands)
    if (options.link) {
      if (options.password !== undefined) throw new UsageError('--password and --link exclude each other')
      const { userLink } = await import('./commands/invitations.ts')
      return withServices((services) => userLink(services, login, options))
    }
    const password = await passwordIn(options)
    const { userPassword } = await import('./commands/users.ts')
    return withServices((services) => userPassword(services, login, { password, json: options.json }))
  },
  'service-token add': async (options, operands) => {
    none(operands)
    const { scope: scopes = [], issuer: issuers = [], expires, json } = options
    const asked = { name: needed(options, 'name'), scopes, issuers, expires, json }
    const { serviceTokenAdd } = await import('./commands/service-tokens.ts')
    return withServices((services) => serviceTokenAdd(services, asked))
  },
  'service-token list': async (options, operands) => {
    none(operands)
    const { serviceTokenList } = await import('./commands/service-tokens.ts')
    return withServices((services) => serviceTokenList(services, options))
  },
  'service-token remove': async (options, operands) => {
    const [id, ...more] = operands
    if (!id || more.length > 0) throw new UsageError('name one service token by its id')
    const { serviceTokenRemove } = await import('./commands/service-tokens.ts')
    return withServices((services) => serviceTokenRemove(services, id, options))
  },
  'token add': async (options) => {
    const token = { user: needed(options, 'user'), name: needed(options, 'name'), json: options.json }
    const { tokenAdd } = await import('./commands/users.ts')
    return withServices((services) => tokenAdd(services, token))
  },
  events: async (options) => {
    const { eventList, readEventOptions } = await import('./commands/events.ts')
    const asked = readEventOptions(options)
    if ('problem' in asked) throw new UsageError(asked.problem)
    return withServices((services) => eventList(services, asked, options))
  },
  doctor: async (options, [address, ...more]) => {
    none(more)
    const [{ doctor }, { readConfig }] = await Promise.all([import('./commands/doctor.ts'), import('./read-config.ts')])
    const { isWell, text } = await doctor(() => readConfig(process.env), address, options)
    process.stdout.write(`${text}\n`)
    if (!isWell) process.exitCode = 1
  },
  'keys rotate': async (options, operands) => {
    none(operands)
    const { keysRotate } = await import('./commands/keys.ts')
    return withServices((services, config) => keysRotate(services, config, options))
  },
  'store compact': async (options, operands) => {
    none(operands)
    const config = await readSettings()
    const { storeCompact } = await import('./commands/store.ts')
    process.stdout.write(`${storeCompact(config, options)}\n`)
  },
  sandbox: async (options) => (await import('../sandbox/command.ts')).runSandbox(options),
  demo: async () => (await import('../sandbox/demo.ts')).runDemo(),
}

/** Runs `forgelink …args`. Problems are printed on standard error with exit code 1, wrong usage with 2. */
export async function main(args: string[]): Promise<void> {
  try {
    await run(args)
  } catch (error) {
    const [message, exitCode] = explain(error)
    process.stderr.write(`forgelink: ${message}\n`)
    process.exitCode = exitCode
  }
}

async function run(given: string[]): Promise<void> {
  // The parser cannot make an option's value optional, so `--password` alone becomes `--password -`.
  const args = given.map((arg, n) => (arg === '--password' && /^--|^$/.test(given[n + 1] ?? '') ? '--password=-' : arg))
  const { values, positionals } = parseArgs({ args, options: OPTIONS, allowPositionals: true })
  if (values.help || positionals[0] === 'help' || args.length === 0) {
    process.stdout.write(HELP)
    return
  }
  const name = Object.keys(commands).find((command) => `${positionals.join(' ')} `.startsWith(`${command} `))
  if (!name) throw new UsageError(`there is no command "${positionals.join(' ')}"`)
  await commands[name]?.(values, positionals.slice(name.split(' ').length))
}

function explain(error: unknown): [message: string, exitCode: number] {
  if (error instanceof ConfigError) {
    return [
      `the settings are wrong, and nothing was started:\n${error.problems.map((line) => `  ${line}`).join('\n')}`,
      1,
    ]
  }
  if (error instanceof Failure) {
    const { store } = error.details.log ?? {}
    return [store ? `${error.message} (${store})` : error.message, 1]
  }
  if (error instanceof UsageError || hasCode(error, /^ERR_PARSE_ARGS/)) {
    return [`${(error as Error).message}\nSee forgelink --help.`, 2]
  }
  if (hasCode(error, /^EADDRINUSE$/)) return ['the port is taken by another program; set PORT to a free one', 1]
  if (hasCode(error, /^E(ADDRNOTAVAIL|NOTFOUND|AI_AGAIN)$/)) return ['HOST is no address or name of this machine', 1]
  // The system's own errors say what failed and where: "EACCES: permission denied, mkdir '/data'".
  if (hasCode(error, /^E[A-Z]+$/)) return [(error as Error).message, 1]
  return [error instanceof Error ? (error.stack ?? error.message) : 'failed', 1]
}

function hasCode(error: unknown, code: RegExp): boolean {
  return error instanceof Error && 'code' in error && code.test(String(error.code))
}
