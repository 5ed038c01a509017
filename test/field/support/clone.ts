// A copy of the clone that may be changed and built, as the build context of the image is one.

import { cpSync, mkdirSync, readdirSync, readFileSync, symlinkSync } from 'node:fs'
import { join, resolve } from 'node:path'

const root = resolve(import.meta.dirname, '..', '..', '..')
/** What the last lines of .dockerignore leave out. */
const LEFT_OUT = /\.test\.tsx?$|\/testdata$|\/docs\/images$/

/** What `docker build` sees of the clone, so that the package is made of it in the image as well. */
export function copyClone(folder: string): void {
  const lines = readFileSync(join(root, '.dockerignore'), 'utf8').split('\n')
  const letThrough = lines.filter((line) => line.startsWith('!')).map((line) => line.slice(1))
  for (const path of letThrough) {
    cpSync(join(root, path), join(folder, path), { recursive: true, filter: (from) => !LEFT_OUT.test(from) })
  }
  // As after `npm ci`, without the minutes it takes. One link for each package: `npm ci` would empty a folder that is a link.
  const packages = join(root, 'node_modules')
  mkdirSync(join(folder, 'node_modules'))
  for (const name of readdirSync(packages)) symlinkSync(join(packages, name), join(folder, 'node_modules', name))
}
