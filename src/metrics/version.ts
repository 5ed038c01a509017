// Where this Forgelink is, and which version it has.

import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

/** The folder with package.json, which is above the sources and above each build. */
export function packageFolder(): string {
  let folder = import.meta.dirname
  while (!existsSync(join(folder, 'package.json')) && folder !== dirname(folder)) folder = dirname(folder)
  return folder
}

export function ownVersion(): string {
  const { version } = JSON.parse(readFileSync(join(packageFolder(), 'package.json'), 'utf8')) as { version: string }
  return version
}
