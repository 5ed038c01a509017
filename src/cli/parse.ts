// Reads a command line by the table of commands.

import { parseArgs } from 'node:util'
import { type Command, type Given, UsageError } from './command.ts'
import { COMMANDS } from './commands.ts'
import { commandsBelow } from './help.ts'
import { nearest } from './nearest.ts'
import { COMMON_OPTIONS, OPTIONS, type OptionName } from './options.ts'

export type Parsed =
  | { asks: 'version' }
  /** `words`: the beginning of the names of several commands; empty for all. */
  | { asks: 'help'; words: string }
  | { asks: 'help'; name: string; row: Command }
  | { asks: 'run'; row: Command; given: Given; operands: string[] }

/** Throws `UsageError`, or what Node's parser throws. */
export function parse(commandLine: string[]): Parsed {
  // The parser cannot make an option's value optional, so `--password` alone becomes `--password=-`.
  const args = commandLine.map((arg, n) =>
    arg === '--password' && /^--|^$/.test(commandLine[n + 1] ?? '') ? '--password=-' : arg,
  )
  // Which options are known depends on the command, which is found first.
  const { positionals, tokens } = parseArgs({ args, options: OPTIONS, strict: false, tokens: true })
  const used = tokens.filter((token) => token.kind === 'option')
  if (args.length === 0) return { asks: 'help', words: '' }
  if (positionals.length === 0 && used.some(({ name }) => name === 'version')) return { asks: 'version' }

  const isHelp = positionals[0] === 'help' || used.some(({ name }) => name === 'help')
  const words = positionals.slice(positionals[0] === 'help' ? 1 : 0)
  const name = Object.keys(COMMANDS).find((each) => `${words.join(' ')} `.startsWith(`${each} `))
  const row = COMMANDS[name ?? '']
  if (isHelp && (name === undefined || row === undefined)) {
    if (commandsBelow(words.join(' ')).length > 0) return { asks: 'help', words: words.join(' ') }
  }
  if (name === undefined || row === undefined) throw unknownCommand(words)
  if (isHelp) return { asks: 'help', name, row }

  const takes = [...row.needs, ...row.takes, ...COMMON_OPTIONS]
  const unknown = used.find((option) => !takes.some((each) => each === option.name))
  if (unknown) throw unknownOption(name, unknown.rawName, takes)
  const { values } = parseArgs({ args, options: OPTIONS, allowPositionals: true })
  const given = { ...values, json: values.json ?? false }
  const operands = words.slice(name.split(' ').length)
  checkOperands(row, operands)
  for (const option of row.needs)
    if (!String(given[option] ?? '').trim()) throw new UsageError(`--${option} is missing`)
  return { asks: 'run', row, given: given as Given, operands }
}

function checkOperands({ operands: wanted }: Command, operands: string[]): void {
  const missing = wanted.find((name, index) => !name.startsWith('[') && !operands[index])
  if (missing !== undefined) throw new UsageError(`${missing} is missing`)
  const more = operands.slice(wanted.length)
  if (more.length > 0) throw new UsageError(`"${more.join(' ')}" is too much`)
}

function unknownCommand(words: string[]): UsageError {
  const [first = ''] = words
  const groups = Object.keys(COMMANDS).map((name) => name.split(' ')[0] ?? '')
  const isGroup = groups.includes(first)
  const meant =
    nearest(words.slice(0, 2).join(' '), Object.keys(COMMANDS)) ?? (isGroup ? undefined : nearest(first, groups))
  return new UsageError(`there is no command "${words.join(' ')}"${didYouMean(meant)}`)
}

function unknownOption(name: string, option: string, takes: OptionName[]): UsageError {
  const meant = nearest(
    option,
    takes.map((each) => `--${each}`),
  )
  return new UsageError(`"${name}" has no option ${option}${didYouMean(meant)}`)
}

function didYouMean(meant: string | undefined): string {
  return meant === undefined ? '' : `; did you mean ${meant}?`
}
