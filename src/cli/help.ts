// What `forgelink help` prints: of all commands, of those that begin with the same word, or of one.

import type { Command } from './command.ts'
import { COMMANDS } from './commands.ts'
import { COMMON_OPTIONS, OPTIONS, type OptionName, usageOf } from './options.ts'

/** Beyond this width, what a command does is on a line of its own. */
const USAGE_WIDTH = 44

/** The names of the commands that begin with these words. */
export function commandsBelow(words: string): string[] {
  return Object.keys(COMMANDS).filter((name) => words === '' || `${name} `.startsWith(`${words} `))
}

/** Of all commands below `words`; without words of all. */
export function helpOfMany(words: string): string {
  const rows = commandsBelow(words).flatMap((name) => {
    const row = COMMANDS[name]
    return row ? inColumns([shortUsage(name, row), row.does], USAGE_WIDTH) : []
  })
  const intro = words === '' ? ['Forgelink links accounts to the SCM platforms where their code lives.', ''] : []
  const end = [
    'USER is an e-mail address or a user name. `forgelink help COMMAND` says what each option means.',
    'Settings come from the environment, or from the file of --env-file: see docs/configuration.md.',
  ]
  const name = words === '' ? 'COMMAND' : `${words} …`
  return [...intro, `Usage: forgelink ${name} [OPTIONS]`, '', ...rows, '', ...end, ''].join('\n')
}

/** Of one command. */
export function helpOfOne(name: string, row: Command): string {
  const options = [...row.needs, ...row.takes, ...COMMON_OPTIONS].map((option): [string, string] => [
    usageOf(option),
    `${OPTIONS[option].means}${row.needs.includes(option) ? ' (required)' : ''}`,
  ])
  const width = Math.max(...options.map(([usage]) => usage.length))
  return [
    `${capital(row.does)}.`,
    ...(row.details === '' ? [] : [row.details]),
    '',
    `Usage: forgelink ${usage(name, row)}`,
    '',
    ...options.flatMap((option) => inColumns(option, width)),
    '',
    `Example: forgelink ${row.example}`,
    '',
  ].join('\n')
}

/** With the options that are needed, and those that are not when there are few. */
function shortUsage(name: string, row: Command): string {
  return [name, ...row.operands, ...row.needs.map(usageOf)].join(' ')
}

function usage(name: string, row: Command): string {
  const optional = [...row.takes, 'env-file' as const].map((option: OptionName) => `[${usageOf(option)}]`)
  return [shortUsage(name, row), ...optional].join(' ')
}

function inColumns([left, right]: [string, string], width: number): string[] {
  if (left.length > width) return [`  ${left}`, `  ${''.padEnd(width)}  ${right}`]
  return [`  ${left.padEnd(width)}  ${right}`]
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1)
}
