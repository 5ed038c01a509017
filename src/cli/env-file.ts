// `--env-file`: settings from a file, as systemd and Docker read them too.

import { readFileSync } from 'node:fs'
import { parseEnv } from 'node:util'
import type { Environment } from '../config.ts'
import { UsageError } from './command.ts'

/**
 * Puts the file's settings into the environment, where it has none of that name: OpenTelemetry and children of this process
 * read them there. Gives the names that it has put. https://nodejs.org/docs/latest-v20.x/api/util.html#utilparseenvcontent
 */
export function loadEnvFile(path: string, environment: Environment): string[] {
  const names: string[] = []
  for (const [name, value] of Object.entries(parseEnv(textOf(path)))) {
    // As everywhere, an empty value counts as not set.
    if (environment[name]?.trim() || !value?.trim()) continue
    environment[name] = value
    names.push(name)
  }
  return names
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown'
    throw new UsageError(`--env-file names a file that cannot be read: "${path}" (${code})`)
  }
}
