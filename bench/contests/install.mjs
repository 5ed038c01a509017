// How much a clone puts on the disk: what the service runs with, and what tests and builds need besides.

import { existsSync, lstatSync, readdirSync, readFileSync, realpathSync } from 'node:fs'
import { join } from 'node:path'
import { alone } from '../support/rows.mjs'

const root = join(import.meta.dirname, '../..')

export const install = {
  name: 'install',
  engines: ['sqlite'],
  async run() {
    const { packages } = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8'))
    const installed = Object.entries(packages).filter(([path]) => path !== '' && existsSync(join(root, path)))
    const sum = (entries) => entries.reduce((bytes, [path]) => bytes + sizeOf(join(root, path), true), 0)
    const needed = installed.filter(([, { dev, devOptional }]) => !dev && !devOptional)
    const figures = {
      'built service and dashboard': sizeOf(realpathSync(join(root, 'dist', 'current'))),
      [`${needed.length} packages it runs with`]: sum(needed),
      [`all ${installed.length} packages`]: sum(installed),
    }
    return Object.entries(figures).map(([how, bytes]) => alone({ contest: 'install', how }, bytes / 1e6, 'MB'))
  },
}

/** Packages within packages are in the lock file by themselves: `apart` leaves them out. */
function sizeOf(path, apart = false) {
  const stats = lstatSync(path)
  if (!stats.isDirectory()) return stats.size
  const names = readdirSync(path).filter((name) => !apart || name !== 'node_modules')
  return names.reduce((bytes, name) => bytes + sizeOf(join(path, name), apart), 0)
}
