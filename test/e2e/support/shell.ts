// Runs a command that a page shows, word for word, as a reader would paste it.

import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

/** What it prints. Not synchronous: the service that it calls lives in this process. */
export async function runShown(command: string, environment: Record<string, string> = {}): Promise<string> {
  const options = { env: { ...process.env, ...environment }, timeout: 15_000 }
  const { stdout } = await promisify(execFile)('bash', ['-c', `${command} --silent`], options)
  return stdout
}
