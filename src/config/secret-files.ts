// Secrets may be in files instead of the environment, as systemd, Docker and Kubernetes hand them over: `NAME_FILE`.

import { readFileSync } from 'node:fs'
import { shown } from './values.ts'

type Environment = Record<string, string | undefined>

/**
 * The environment with each of the settings `names` read from the file that its `NAME_FILE` names, without spaces and
 * line breaks around it. `problems` are sentences that begin with the name of the setting and hold no secret.
 */
export function withSecretFiles(env: Environment, names: string[]): { env: Environment; problems: string[] } {
  const problems: string[] = []
  const read: Environment = {}
  for (const name of names) {
    const path = env[`${name}_FILE`]?.trim()
    if (!path) continue
    if (env[name]?.trim()) problems.push(`${name}_FILE and ${name} are both set: set one of them`)
    else {
      const text = textOf(path)
      if (text) read[name] = text
      else
        problems.push(`${name}_FILE names a file that ${text === '' ? 'is empty' : 'cannot be read'}: ${shown(path)}`)
    }
  }
  return { env: { ...env, ...read }, problems }
}

/** undefined when there is no such file, or we may not read it. */
function textOf(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8').trim()
  } catch {
    return undefined
  }
}
