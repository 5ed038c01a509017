// The program's own source files, for the checks that read them.

import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const SOURCE = /\.(ts|tsx|js|mjs)$/

/** Paths of the source files below these folders, whether git has them yet or not. */
export function sourcesIn(...folders) {
  const args = ['ls-files', '--cached', '--others', '--exclude-standard', '--', ...folders]
  const { status, stdout, stderr } = spawnSync('git', args, { cwd: root, encoding: 'utf8' })
  if (status !== 0) throw new Error(`git did not list the files: ${stderr}`)
  const paths = stdout.split('\n').filter((path) => SOURCE.test(path) && existsSync(join(root, path)))
  if (paths.length === 0) throw new Error(`there are no source files in ${folders.join(', ')}`)
  return paths
}

export function textOf(path) {
  return readFileSync(join(root, path), 'utf8')
}
