// Where this Forgelink is, and which version it has.

import { readFileSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The folder with package.json, which is beside `src` or `dist`. */
export function packageFolder(): string {
  const parent = resolve(fileURLToPath(import.meta.url), '../../..')
  return basename(parent) === 'dist' ? dirname(parent) : parent
}

export function ownVersion(): string {
  const { version } = JSON.parse(readFileSync(join(packageFolder(), 'package.json'), 'utf8')) as { version: string }
  return version
}
