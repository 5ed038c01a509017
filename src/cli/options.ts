// The options of the `forgelink` command: how each is parsed and what it means. `commands.ts` says which command takes which.

/** `value`: what stands for the value in a usage; options without it are switches. */
export const OPTIONS = {
  email: { type: 'string', value: 'E', means: 'the e-mail address' },
  username: { type: 'string', value: 'U', means: 'the user name' },
  password: {
    type: 'string',
    value: '[P]',
    means: 'the password; without a value, it is asked for, or read from standard input',
  },
  user: { type: 'string', value: 'USER', means: 'the user, by e-mail address or user name' },
  name: { type: 'string', value: 'N', means: 'a name by which you find it again' },
  link: { type: 'boolean', means: 'print a link by which the user sets the password' },
  admin: { type: 'boolean', means: 'make the user an administrator' },
  scope: { type: 'string', multiple: true, value: 'S', means: 'what it may do; may be repeated' },
  issuer: {
    type: 'string',
    multiple: true,
    value: 'I',
    means: 'it may act only for users of this issuer; may be repeated',
  },
  expires: { type: 'string', value: 'DATE', means: 'when it ends, such as 2027-01-31T00:00:00Z; otherwise never' },
  type: { type: 'string', value: 'T', means: 'only events of this type, such as new_token' },
  since: {
    type: 'string',
    value: 'S',
    means: 'from this time in UTC on (2026-01-31, 2026-01-31T16:30), or 90m, 24h, 7d',
  },
  limit: { type: 'string', value: 'N', means: 'how many at most, the newest; 100 unless given' },
  port: { type: 'string', value: 'N', means: 'the first of five ports in a row; 4611 unless given' },
  json: { type: 'boolean', means: 'print JSON, for programs' },
  'env-file': {
    type: 'string',
    value: 'F',
    means: 'a file of settings, NAME=value on each line; those in the environment go first',
  },
  help: { type: 'boolean', short: 'h', means: 'print this' },
  version: { type: 'boolean', short: 'v', means: 'print the version' },
} as const satisfies Record<string, OptionRow>

interface OptionRow {
  type: 'string' | 'boolean'
  multiple?: true
  short?: string
  value?: string
  means: string
}

export type OptionName = keyof typeof OPTIONS

/** The options that have one value. */
export type ValueName = {
  [Name in OptionName]: (typeof OPTIONS)[Name] extends { multiple: true } | { type: 'boolean' } ? never : Name
}[OptionName]

export type Options = {
  [Name in OptionName]?: (typeof OPTIONS)[Name] extends { multiple: true }
    ? string[]
    : (typeof OPTIONS)[Name] extends { type: 'boolean' }
      ? boolean
      : string
}

/** What every command takes. */
export const COMMON_OPTIONS: readonly OptionName[] = ['env-file', 'help']

/** `--email E`, as a usage shows it. */
export function usageOf(name: OptionName): string {
  const row: OptionRow = OPTIONS[name]
  return row.value === undefined ? `--${name}` : `--${name} ${row.value}`
}
