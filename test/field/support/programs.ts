// Programs that a test of the field runs, and whose absence it says in a sentence.

import { spawnSync } from 'node:child_process'

export interface Run {
  code: number | null
  /** Both streams. */
  output: string
}

/** Runs a program to its end. */
export function run(program: string, args: string[], options: { cwd?: string; input?: string } = {}): Run {
  const { status, stdout, stderr, error } = spawnSync(program, args, { encoding: 'utf8', ...options })
  if (error) throw error
  return { code: status, output: `${stdout}${stderr}` }
}

/** Whether a program can be started; where it cannot, says so with how to get it. */
export function isThere(program: string, howToGet: string, probe = '--version'): boolean {
  const { error } = spawnSync(program, [probe], { stdio: 'ignore' })
  if (!error) return true
  process.stderr.write(`SKIPPED what needs ${program}, which is not there. To get it: ${howToGet}\n`)
  return false
}
