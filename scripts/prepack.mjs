// Runs around `npm pack`: builds, puts the lock file where installing the package reads it, and the build itself where in a
// clone there is a link to it, since npm packs no links.

import { copyFileSync, cpSync, realpathSync, rmSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { linkCurrent, prepare } from './prepare.mjs'

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..')
// npm packs the lock file only under this name, and installs what it lists:
// https://docs.npmjs.com/cli/v11/configuring-npm/npm-shrinkwrap-json In a clone it would replace package-lock.json, so
// it exists only while npm packs.
const pinned = join(root, 'npm-shrinkwrap.json')

const current = join(root, 'dist', 'current')

rmSync(pinned, { force: true })
if (process.argv.includes('--remove')) linkCurrent()
else {
  prepare()
  copyFileSync(join(root, 'package-lock.json'), pinned)
  const build = realpathSync(current)
  rmSync(current)
  cpSync(build, current, { recursive: true })
}
