// Makes a clone runnable: installs dependencies and builds, each only when something it depends on has changed. It builds
// into a new folder beside the one that is in use, so that a running server keeps its files, and so does a build that fails.
// This file may use no dependency, because it runs before they are installed.

import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { withLock } from './lock.mjs'

const root = fileURLToPath(new URL('..', import.meta.url))
const dist = join(root, 'dist')
/** A link to the build that starts use; modules that Node.js loads through it know their real folder. */
const current = join(dist, 'current')
/** A folder for each build: its number. */
const all = join(dist, 'builds')
/** What is being built; what a killed build has left there is thrown away. */
const next = join(dist, 'next')
const installStamp = join(root, 'node_modules', '.forgelink-installed')

/**
 * Left alone, V8 keeps a busy server's memory 65 MB larger: it gives young objects 32 MB, and lets old ones grow to a multiple
 * of those in use. To clean up more often costs searches at full load an eighth more of the processor's time, and lists none.
 * `node --v8-options` explains them.
 */
const SERVER_OPTIONS = ['--max-semi-space-size=8', '--heap-growing-percent=30']

/** The builds, each with the files it depends on. */
const builds = [
  {
    name: 'the service',
    sources: [
      'src',
      'sandbox',
      'tsconfig.json',
      'tsconfig.build.json',
      'scripts/prepare.mjs',
      'scripts/bundle.mjs',
      'scripts/code-cache.mjs',
      'bin/build.mjs',
      'package-lock.json',
    ],
    folders: ['src', 'sandbox', 'chunks', 'code-cache'],
    result: 'src/cli.cjs',
    stamp: '.service-built',
    commands: [
      ['node_modules/typescript/bin/tsc', '-p', 'tsconfig.build.json', '--noEmitOnError', '--pretty', 'false'],
      ['scripts/bundle.mjs', next],
    ],
    // For commands, and for `npm start`.
    timeSavers: [
      ['scripts/code-cache.mjs', next],
      [...SERVER_OPTIONS, 'scripts/code-cache.mjs', next],
    ],
  },
  {
    name: 'the dashboard',
    sources: ['dashboard', 'package-lock.json'],
    folders: ['dashboard'],
    result: 'dashboard/index.html',
    stamp: '.dashboard-built',
    commands: [
      [
        'node_modules/vite/bin/vite.js',
        'build',
        'dashboard',
        '--outDir',
        join(next, 'dashboard'),
        '--logLevel',
        'warn',
      ],
    ],
    // React builds for development under any other value, and tests set another.
    env: { NODE_ENV: 'production' },
  },
]

class StepFailed extends Error {}

/**
 * Installs and builds what is not up to date; a step that fails prints why and ends the process. `names` selects
 * builds; none are needed to run from the sources.
 */
export function prepare(names = builds.map(({ name }) => name)) {
  const chosen = builds.filter(({ name }) => names.includes(name))
  try {
    checkNodeVersion()
    if (isInstalled() && chosen.every(isBuilt)) return
    // Tests start the command several times at once. In dist, because `npm ci` empties node_modules.
    withLock(join(dist, '.preparing'), () => {
      if (!isInstalled()) install()
      const due = chosen.filter((each) => !isBuilt(each))
      if (due.length > 0) buildBeside(due)
    })
  } catch (error) {
    const isDenied = ['EACCES', 'EPERM', 'EROFS'].includes(error.code)
    if (!isDenied && !(error instanceof StepFailed)) throw error
    const reason = `this folder must be made ready once by a user who may write to it (${error.message}).`
    say(`forgelink: ${isDenied ? reason : error.message}`)
    process.exit(1)
  }
}

function checkNodeVersion() {
  const wanted = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).engines.node.replace('>=', '')
  if (wanted.localeCompare(process.versions.node, 'en', { numeric: true }) <= 0) return
  throw new StepFailed(`Node.js ${wanted} or later is needed; this is ${process.version}.`)
}

/** Includes the platform, because a folder shared with a container may have the other system's binaries. */
function wantedInstall() {
  const lock = readFileSync(join(root, 'package-lock.json'))
  return `${process.platform}-${process.arch} ${createHash('sha256').update(lock).digest('hex')}`
}

function isInstalled() {
  return readIfThere(installStamp) === wantedInstall()
}

function install() {
  say('Installing dependencies…')
  const args = ['ci', '--include=dev', '--ignore-scripts', '--no-audit', '--no-fund']
  const npm = process.env.npm_execpath ?? ''
  // `npm start` uses its own npm; otherwise, also under another package manager, the one in PATH.
  if (/npm-cli\.js$/.test(npm)) runStep('installing dependencies', 'npm ci', process.execPath, [npm, ...args])
  else runStep('installing dependencies', 'npm ci', 'npm', args, { shell: process.platform === 'win32' })
  writeFileSync(installStamp, wantedInstall())
}

/** Names, sizes and times of the sources; tests are left out because they are not compiled. */
function sourcesOf({ sources }) {
  const hash = createHash('sha256')
  for (const path of sources.flatMap(filesBelow)) {
    const stats = statSync(join(root, path))
    if (stats.isFile()) hash.update(`${path}\n${stats.size}\n${stats.mtimeMs}\n`)
  }
  return hash.digest('hex')
}

function filesBelow(source) {
  const stats = statSync(join(root, source), { throwIfNoEntry: false })
  if (!stats?.isDirectory()) return stats ? [source] : []
  const names = readdirSync(join(root, source), { recursive: true }).sort()
  return names.filter((name) => !/\.test\.tsx?$|testdata/.test(name)).map((name) => join(source, name))
}

function isBuilt({ result, stamp, sources }) {
  return existsSync(join(current, result)) && readIfThere(join(current, stamp)) === sourcesOf({ sources })
}

/** The builds that are due, with what the others have; the change from the old ones to the new ones is one rename. */
function buildBeside(due) {
  rmSync(next, { recursive: true, force: true })
  mkdirSync(next, { recursive: true })
  for (const each of builds.filter((other) => !due.includes(other))) {
    for (const name of [...each.folders, each.stamp]) {
      if (existsSync(join(current, name))) cpSync(join(current, name), join(next, name), { recursive: true })
    }
  }
  for (const each of due) build(each)
  mkdirSync(all, { recursive: true })
  const numbers = readdirSync(all).map(Number)
  const before = existsSync(current) ? basename(realpathSync(current)) : ''
  renameSync(next, join(all, String(Math.max(0, ...numbers) + 1)))
  linkCurrent()
  // A server that runs from the build before still loads files of it.
  for (const each of numbers.map(String)) if (each !== before) rmSync(join(all, each), { recursive: true, force: true })
}

/** Makes the newest build the current one. Nothing is lost if it is killed in between: the next start does it again. */
export function linkCurrent() {
  const number = String(Math.max(...readdirSync(all).map(Number)))
  const link = join(dist, 'current.new')
  rmSync(link, { force: true })
  // `junction` matters on Windows only, where it needs no rights.
  symlinkSync(process.platform === 'win32' ? join(all, number) : join('builds', number), link, 'junction')
  // A folder cannot be replaced by a link: `npm pack` makes one for a moment, and Windows takes a junction for one.
  const isLink = lstatSync(current, { throwIfNoEntry: false })?.isSymbolicLink() ?? true
  if (!isLink || process.platform === 'win32') rmSync(current, { recursive: true, force: true })
  renameSync(link, current)
}

function build({ name, sources, stamp, commands, timeSavers = [], env }) {
  say(`Building ${name}…`)
  // The compiler trusts its own record of what it wrote, even when that was deleted since.
  const compiled = join(dist, 'compiled')
  if (!existsSync(join(compiled, 'src', 'cli.js'))) rmSync(join(compiled, '.tsbuildinfo'), { force: true })
  // Read before compiling, so that changes made meanwhile are built the next time.
  const builtFrom = sourcesOf({ sources })
  for (const args of commands) runNode(`building ${name}`, args, env)
  for (const args of timeSavers) {
    try {
      runNode(`preparing ${name} to start quickly`, args, env)
    } catch (error) {
      if (!(error instanceof StepFailed)) throw error
      say(`It will start more slowly: ${error.message}`)
    }
  }
  writeFileSync(join(next, stamp), builtFrom)
}

function runNode(what, args, env) {
  const program = args.find((each) => !each.startsWith('--'))
  runStep(what, program, process.execPath, args, { env })
}

/**
 * Environment variables that npm and the compilers need. They run other people's code, so they get nothing else: the
 * service's settings, which include secrets, are in the environment too. The proxy settings serve both.
 */
const PASSED_ON =
  /^(path|pathext|home|userprofile|user|logname|shell|comspec|systemroot|windir|(local)?appdata|programdata|programfiles.*|te?mp|tmpdir|lang|lc_.*|term|ci|no_color|force_color|(https?|no|all)_proxy|ssl_cert_(file|dir)|node_options|node_extra_ca_certs|xdg_.*|npm_.*)$/i

function runStep(what, label, program, args, { env, shell = false } = {}) {
  const passedOn = Object.fromEntries(Object.entries(process.env).filter(([name]) => PASSED_ON.test(name)))
  const result = spawnSync(program, args, {
    cwd: root,
    shell,
    encoding: 'utf8',
    maxBuffer: 2 ** 28,
    env: { ...passedOn, ...env },
  })
  if (result.error) throw new StepFailed(`${what} failed: ${label} could not be started (${result.error.message}).`)
  if (result.status === 0) return
  const output = `${result.stdout}${result.stderr}`.trim()
  throw new StepFailed(`${what} failed (${label} ended with ${result.signal || result.status}):\n\n${output}`)
}

function readIfThere(path) {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined // an unreadable file is written again, and if that fails, the error says why
  }
}

function say(sentence) {
  process.stderr.write(`${sentence}\n`)
}

if (process.argv[1] && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  // `node scripts/prepare.mjs "the dashboard"` builds that alone.
  prepare(process.argv.length > 2 ? process.argv.slice(2) : undefined)
}
