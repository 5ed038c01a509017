// Commands run by somebody without rights, as a careful operator's are.

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chownSync, mkdirSync } from 'node:fs'

/** By convention the number of `nobody`; it needs no name. */
const NOBODY = 65534
const isRoot = process.getuid?.() === 0
/** How npm reaches its registry, and nothing else of our environment. */
const PASSED_ON = /^(path|lang|tmpdir|(https?|no)_proxy|ssl_cert_(file|dir)|node_extra_ca_certs|npm_config_.*)$/i

/** Makes a folder that belongs to the unprivileged user. */
export function ownFolder(path: string): string {
  mkdirSync(path, { recursive: true })
  if (isRoot) chownSync(path, NOBODY, NOBODY)
  return path
}

export interface Command {
  cwd: string
  home: string
  settings?: Record<string, string>
  /** The only folder that may be written to, where the system lets us see to that: only root on Linux may. */
  writable?: string
}

/** Starts a command as the unprivileged user. */
export function start(words: [string, ...string[]], { cwd, home, settings, writable }: Command): ChildProcess {
  const passedOn = Object.entries(process.env).filter(([name]) => PASSED_ON.test(name))
  const env = { ...Object.fromEntries(passedOn), HOME: home, npm_config_cache: `${home}/.npm`, ...settings }
  const [program, ...args] = writable ? onReadOnlySystem(words, writable) : words
  const user = isRoot && !writable ? { uid: NOBODY, gid: NOBODY } : {}
  // A group of its own: npx starts a shell, and the shell the program, which would outlive both.
  return spawn(program, args, { cwd, env, ...user, detached: true, stdio: ['ignore', 'pipe', 'pipe'] })
}

/** Whether a command can be run on a file system that is read-only but for a folder. */
export const canReadOnly = isRoot && process.platform === 'linux'

/** In mounts of its own, which are gone with the process; what is mounted below the root keeps its own mode. */
function onReadOnlySystem(words: string[], writable: string): [string, ...string[]] {
  const script =
    'mount --bind "$1" "$1" && mount -o remount,bind,ro / && cd "$PWD" && shift && ' +
    `exec setpriv --reuid=${NOBODY} --regid=${NOBODY} --clear-groups --no-new-privs "$@"`
  return ['unshare', '--mount', '--propagation', 'private', 'sh', '-c', script, 'sh', writable, ...words]
}

/** Runs a command to its end and gives what it printed; throws with that when it fails. */
export async function finish(words: [string, ...string[]], command: Command): Promise<string> {
  const child = start(words, command)
  const output = collect(child)
  const [code] = await once(child, 'close')
  if (code !== 0) throw new Error(`${words.join(' ')} ended with ${code}:\n${output()}`)
  return output()
}

/** Waits until a command has printed something, and throws with what it printed when it ends before. */
export async function printed(child: ChildProcess, wanted: RegExp): Promise<string> {
  const output = collect(child)
  const ended = once(child, 'close').then(() => true)
  while (!wanted.test(output())) {
    const isOver = await Promise.race([once(child.stdout ?? child, 'data'), once(child.stderr ?? child, 'data'), ended])
    if (isOver === true) throw new Error(`it ended too early:\n${output()}`)
  }
  return output()
}

/** Asks a command and what it has started to stop, and resolves when they have. */
export async function stop(child: ChildProcess | undefined): Promise<void> {
  if (!child || child.exitCode !== null || child.signalCode !== null) return
  const ended = once(child, 'close')
  if (child.pid) process.kill(-child.pid, 'SIGTERM')
  await ended
}

function collect(child: ChildProcess): () => string {
  let text = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8')
    stream?.on('data', (chunk: string) => {
      text += chunk
    })
  }
  return () => text
}
