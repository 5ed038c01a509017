// Which version of Forgelink this is.

import { readFileSync } from 'node:fs'
import { basename, join, resolve } from 'node:path'

/** As package.json has it, which is beside `src` or `dist`. */
export function ownVersion(): string {
  const parent = resolve(import.meta.dirname, '../..')
  const root = basename(parent) === 'dist' ? resolve(parent, '..') : parent
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string }
  return version
}
