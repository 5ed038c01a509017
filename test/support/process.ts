// A second process of the service, for tests of what only processes can do: die.

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { Environment } from '../../src/config.ts'
import { send } from './service.ts'

export interface ServiceProcess {
  url: string
  /** Ends it at once, as a power cut would. */
  kill(): Promise<void>
}

const COMMAND = fileURLToPath(new URL('../../bin/forgelink.mjs', import.meta.url))
/** It may have to be built first. */
const START_LIMIT = 170_000

/** `environment` has a PORT; throws with what it wrote when it does not start. */
export async function startProcess(environment: Environment): Promise<ServiceProcess> {
  const child = spawn(process.execPath, [COMMAND, 'serve'], {
    env: { PATH: process.env.PATH, HOME: process.env.HOME, LOG_LEVEL: 'silent', RATE_LIMIT: '0', ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += chunk))
  const url = `http://127.0.0.1:${environment.PORT}`
  const end = Date.now() + START_LIMIT
  while (!(await isReady(url))) {
    if (child.exitCode !== null || Date.now() > end) {
      await kill(child)
      throw new Error(`the service did not start:\n${output}`)
    }
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  return { url, kill: () => kill(child) }
}

async function isReady(url: string): Promise<boolean> {
  return send('GET', `${url}/readyz`).then(
    ({ status }) => status === 200,
    () => false,
  )
}

async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exited = once(child, 'exit')
  child.kill('SIGKILL')
  await exited
}
