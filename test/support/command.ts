// The `forgelink` command for tests: in a process of its own, as people start it.

import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { vi } from 'vitest'
import { main } from '../../src/cli.ts'
import type { DoctorSources } from '../../src/commands/doctor.ts'
import type { Environment } from '../../src/config.ts'
import { readConfig } from '../../src/read-config.ts'

const root = resolve(import.meta.dirname, '..', '..')
const program = join(root, 'bin', 'forgelink.mjs')

/** What a first start prints; the file with what is secret. */
export const FIRST_START = /^This is the first start: .* are in (.*)$/m

/** What a command said and how it ended. */
export interface Run {
  code: number | null
  stdout: string
  stderr: string
}

/** A server in a process of its own. */
export interface RunningServer {
  url: string
  /** All it has printed so far, log and errors included. */
  output(): string
  /** Sends the signal, and resolves when the process has ended. */
  stop(signal?: NodeJS.Signals): Promise<{ code: number | null; signal: NodeJS.Signals | null }>
}

/** Builds what is not up to date, so that it takes no time in a test. */
export async function prepareCommand(): Promise<void> {
  await promisify(execFile)(process.execPath, [join(root, 'scripts', 'prepare.mjs')])
}

/** Nothing of our own settings reaches it, and a relative `DATA_DIR` is not in the clone. */
function start(args: string[], settings: Environment, input?: string): ChildProcess {
  const child = spawn(process.execPath, [program, ...args], {
    cwd: tmpdir(),
    env: { PATH: process.env.PATH, ...settings },
    stdio: [input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
  })
  child.stdin?.end(input)
  return child
}

/** `input`: what it finds on standard input, which is else none. */
export async function forgelink(args: string[], settings: Environment = {}, input?: string): Promise<Run> {
  const child = start(args, settings, input)
  const [stdout, stderr] = [collect(child.stdout), collect(child.stderr)]
  const [code] = await once(child, 'close')
  return { code, stdout: stdout(), stderr: stderr() }
}

/** The command that ran last in this process. */
let last: Promise<unknown> = Promise.resolve()

/**
 * The same in this process, where what it says matters and not that it is one: to start one costs a second of computing.
 * One at a time, since they share the process's environment and output.
 */
export function forgelinkHere(args: string[], settings: Environment = {}): Promise<Run> {
  const run = last.then(() => runHere(args, settings))
  last = run.catch(() => {})
  return run
}

async function runHere(args: string[], settings: Environment): Promise<Run> {
  const said = { stdout: '', stderr: '' }
  const spies = (['stdout', 'stderr'] as const).map((name) =>
    vi.spyOn(process[name], 'write').mockImplementation((chunk) => {
      said[name] += chunk
      return true
    }),
  )
  const { env, exitCode } = process
  process.env = { PATH: env.PATH, ...settings }
  process.exitCode = 0
  try {
    await main(args)
    return { code: Number(process.exitCode), ...said }
  } finally {
    process.env = env
    process.exitCode = exitCode
    for (const spy of spies) spy.mockRestore()
  }
}

/** A server on a free port; resolves when it has printed `until`, and rejects with what it said when it ends before. */
export async function startServer(settings: Environment, until = /^Forgelink is at /m): Promise<RunningServer> {
  const port = settings.PORT ?? `${await freePort()}`
  const child = start(['serve'], { ...settings, PORT: port })
  const outputs = [collect(child.stdout), collect(child.stderr)]
  const output = () => outputs.map((each) => each()).join('')
  const ended = once(child, 'close')
  while (!until.test(output())) {
    const event = await Promise.race([
      once(child.stdout ?? child, 'data'),
      once(child.stderr ?? child, 'data'),
      ended.then(() => 'ended'),
    ])
    if (event === 'ended') throw new Error(`the server ended before it served: ${output()}`)
  }
  return {
    url: `http://127.0.0.1:${port}`,
    output,
    async stop(signal = 'SIGTERM') {
      child.kill(signal)
      const [code, by] = await ended
      return { code, signal: by }
    },
  }
}

function collect(stream: NodeJS.ReadableStream | null): () => string {
  let text = ''
  stream?.setEncoding('utf8')
  stream?.on('data', (chunk: string) => {
    text += chunk
  })
  return () => text
}

/** A port on loopback that was free a moment ago. */
export async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1')
  await once(probe, 'listening')
  const address = probe.address()
  probe.close()
  await once(probe, 'close')
  if (address === null || typeof address === 'string') throw new Error('no port is free on 127.0.0.1')
  return address.port
}

/** What doctor reads settings from, when it is called as a function. */
export function doctorSources(environment: Environment): DoctorSources {
  return { environment, envFile: null, settings: async (seen) => readConfig(environment, seen) }
}

/** The values after their labels in what the first start shows. */
export function readGreeting(text: string): { address: string; username: string; password: string; token: string } {
  const value = (label: string) => new RegExp(`^ *${label}: +(\\S+)\\s*$`, 'm').exec(text)?.[1] ?? ''
  return {
    address: value('Address'),
    username: value('User name'),
    password: value('Password'),
    token: value('API token'),
  }
}
