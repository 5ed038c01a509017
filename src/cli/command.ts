// What a row of the table of commands is: its words for people, what it takes, and what it does.

import type { Config, Environment } from '../config.ts'
import type { Services } from '../services.ts'
import type { OptionName, Options, ValueName } from './options.ts'

/** A command that cannot be parsed; the message says what is missing or too much. */
export class UsageError extends Error {}

/** What commands work with; each asks only for what it needs. */
export interface Context {
  environment: Environment
  /** The file of `--env-file` and the names of the settings that it gave. */
  envFile: { path: string; names: string[] } | null
  /** Throws `ConfigError`. `seen` is told the name of each setting. */
  settings(seen?: (name: string) => void): Promise<Config>
  /** Opens the store, possibly beside a running server, does the work and prints what it gives. */
  withServices(work: (services: Services, config: Config) => Promise<string>): Promise<void>
  print(text: string): void
}

/** What a command line has after the command's name. `json` is always there. */
export type Given<Needed extends ValueName = never> = Options & { [Name in Needed]: string } & { json: boolean }

export interface Command {
  /** What follows the name: `USER`, or `[URL]` where it may be left out. */
  operands: readonly string[]
  /** Options without which it does nothing. */
  needs: readonly OptionName[]
  takes: readonly OptionName[]
  /** In the list of all commands: one line, without a dot. */
  does: string
  /** Whole sentences, in its own help. */
  details: string
  /** What follows the word `forgelink` in an example. */
  example: string
  run(given: Given, operands: string[], context: Context): Promise<void>
}

type CommandRow<Needed extends ValueName> = Pick<Command, 'does' | 'example'> &
  Partial<Pick<Command, 'operands' | 'takes' | 'details'>> & {
    needs?: readonly Needed[]
    run(given: Given<Needed>, operands: string[], context: Context): Promise<void>
  }

/** A row of the table; what it leaves out, it does not take. */
export function command<const Needed extends ValueName = never>(row: CommandRow<Needed>): Command {
  // The parser has made sure of what a row needs before it runs it.
  return { operands: [], needs: [], takes: [], details: '', ...row } as Command
}
