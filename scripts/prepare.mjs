// Makes a clone runnable: installs dependencies and builds, each only when something it depends on has changed.
// Nothing here may need a dependency: it runs before there are any.

import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { hostname } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..')
const dist = join(root, 'dist')
const installStamp = join(root, 'node_modules', '.forgelink-installed')

/** What is compiled, each with the files it is made from. */
const builds = [
  {
    name: 'the service',
    sources: ['src', 'sandbox', 'tsconfig.json', 'tsconfig.build.json', 'package-lock.json'],
    result: join(dist, 'src', 'cli.js'),
    stamp: join(dist, '.service-built'),
    command: ['node_modules/typescript/bin/tsc', '-p', 'tsconfig.build.json', '--noEmitOnError', '--pretty', 'false'],
  },
  {
    name: 'the dashboard',
    sources: ['dashboard', 'package-lock.json'],
    result: join(dist, 'dashboard', 'index.html'),
    stamp: join(dist, '.dashboard-built'),
    command: ['node_modules/vite/bin/vite.js', 'build', 'dashboard', '--logLevel', 'warn'],
    // React builds for development under any other, and tests set another.
    env: { NODE_ENV: 'production' },
  },
]

/**
 * Installs and builds what is not up to date; a step that fails says so and ends the process.
 * `names` picks some of the builds.
 */
export function prepare(names = builds.map(({ name }) => name)) {
  const chosen = builds.filter(({ name }) => names.includes(name))
  run(installIsCurrent() && chosen.every(buildIsCurrent), () => {
    installWhenNeeded()
    for (const build of chosen) buildWhenNeeded(build)
  })
}

/** The same without building, for what runs from the sources. */
export function prepareDependencies() {
  run(installIsCurrent(), installWhenNeeded)
}

function run(current, work) {
  try {
    refuseOldNode()
    if (!current) withLock(work)
  } catch (error) {
    const refused = ['EACCES', 'EPERM', 'EROFS'].includes(error.code)
    if (!refused && !(error instanceof StepFailed)) throw error
    const reason = refused
      ? `this folder must be made ready once by a user who may write to it (${error.message}).`
      : ''
    process.stderr.write(`forgelink: ${reason || error.message}\n`)
    process.exit(1)
  }
}

class StepFailed extends Error {}

function say(sentence) {
  process.stderr.write(`${sentence}\n`)
}

function refuseOldNode() {
  const wanted = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).engines.node.replace('>=', '')
  const [major, minor] = wanted.split('.').map(Number)
  const [haveMajor, haveMinor] = process.versions.node.split('.').map(Number)
  if (haveMajor > major || (haveMajor === major && haveMinor >= minor)) return
  throw new StepFailed(`Node.js ${wanted} or later is needed; this is ${process.version}.`)
}

// Installing

/** The platform is part of it because a folder shared with a container holds the other system's binaries. */
function wantedInstall() {
  const lock = readFileSync(join(root, 'package-lock.json'))
  return `${process.platform}-${process.arch} ${createHash('sha256').update(lock).digest('hex')}`
}

function installIsCurrent() {
  return readIfThere(installStamp) === wantedInstall()
}

function installWhenNeeded() {
  const wanted = wantedInstall()
  const stamped = readIfThere(installStamp)
  if (stamped === wanted) return
  const samePlatform = stamped === undefined || stamped.split(' ')[0] === wanted.split(' ')[0]
  if (!samePlatform || !installedByHand()) {
    say('Installing dependencies…')
    npmInstall()
  }
  writeFileSync(installStamp, wanted)
}

/** Whether `npm install` already brought what the lock file names: `npm ci` would delete it under running programs. */
function installedByHand() {
  const installed = readIfThere(join(root, 'node_modules', '.package-lock.json'))
  if (installed === undefined) return false
  const there = JSON.parse(installed).packages
  const wanted = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')).packages
  return Object.entries(wanted).every(([path, { version, integrity, optional }]) => {
    if (path === '') return true
    if (!there[path]) return optional === true
    return there[path].version === version && there[path].integrity === integrity
  })
}

function npmInstall() {
  const args = ['ci', '--include=dev', '--ignore-scripts', '--no-audit', '--no-fund']
  const npm = npmProgram()
  const result = npm
    ? runCommand(process.execPath, [npm, ...args])
    : runCommand('npm', args, { shell: process.platform === 'win32' })
  if (result.error) {
    throw new StepFailed(`installing dependencies failed: npm could not be started (${result.error.message}).`)
  }
  failUnless(result, 'installing dependencies failed', 'npm ci')
}

/** The npm that runs us (`npm start`, `npx`) or the one beside this node, so that no other node's npm is taken. */
function npmProgram() {
  const bin = dirname(process.execPath)
  const places = [
    process.env.npm_execpath,
    join(bin, '..', 'lib', 'node_modules', 'npm', 'bin', 'npm-cli.js'),
    join(bin, 'node_modules', 'npm', 'bin', 'npm-cli.js'),
  ]
  return places.find((place) => place && /npm-cli\.js$/.test(place) && existsSync(place))
}

// Building

/** Names, sizes and times of the sources; tests are left out because they are not compiled. */
function sourcesOf(build) {
  const hash = createHash('sha256')
  for (const source of build.sources) addSource(hash, join(root, source), source)
  return hash.digest('hex')
}

function addSource(hash, path, name) {
  const stats = statSync(path, { throwIfNoEntry: false })
  if (!stats || /\.test\.tsx?$/.test(name)) return
  if (!stats.isDirectory()) {
    hash.update(`${name}\n${stats.size}\n${stats.mtimeMs}\n`)
    return
  }
  for (const entry of readdirSync(path).sort()) {
    if (entry !== 'node_modules' && entry !== 'testdata') addSource(hash, join(path, entry), `${name}/${entry}`)
  }
}

function buildIsCurrent(build) {
  return existsSync(build.result) && readIfThere(build.stamp) === sourcesOf(build)
}

function buildWhenNeeded(build) {
  if (buildIsCurrent(build)) return
  say(`Building ${build.name}…`)
  rmSync(build.stamp, { force: true })
  // The compiler believes its own record of what it wrote, also when that has been deleted since.
  if (!existsSync(build.result)) rmSync(join(dist, '.tsbuildinfo'), { force: true })
  // Read before compiling: what changes meanwhile is built the next time.
  const sources = sourcesOf(build)
  const [program, ...args] = build.command
  const result = runCommand(process.execPath, [join(root, program), ...args], { env: build.env })
  failUnless(result, `building ${build.name} failed`, program)
  writeFileSync(build.stamp, sources)
}

// Helpers

/**
 * What npm and the compilers need of the environment. They run others' code, so that they get nothing else of it: there
 * the service's settings are, and with them its secrets. A proxy is theirs as well as the service's.
 */
const PASSED_ON =
  /^(path|pathext|home|userprofile|user|logname|shell|comspec|systemroot|windir|(local)?appdata|programdata|programfiles.*|te?mp|tmpdir|lang|lc_.*|term|ci|no_color|force_color|(https?|no|all)_proxy|ssl_cert_(file|dir)|node_options|node_extra_ca_certs|xdg_.*|npm_.*)$/i

function passedOn() {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => PASSED_ON.test(name)))
}

function runCommand(program, args, { env, ...options } = {}) {
  return spawnSync(program, args, {
    cwd: root,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
    maxBuffer: 256 * 1024 * 1024,
    env: { ...passedOn(), ...env },
    ...options,
  })
}

function failUnless({ status, signal, stdout, stderr }, what, program) {
  if (status === 0) return
  throw new StepFailed(
    `${what} (${program} ended with ${signal || status}):\n\n${`${stdout || ''}${stderr || ''}`.trim()}`,
  )
}

function readIfThere(path) {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return undefined
    throw error
  }
}

// One at a time: `npm start` in two terminals, or tests that start the command several times at once.
// The lock lies in dist because `npm ci` empties node_modules.

function withLock(work) {
  const lock = join(dist, '.preparing')
  mkdirSync(dist, { recursive: true })
  let told = false
  while (!takeLock(lock)) {
    if (dropStaleLock(lock)) continue
    if (!told) say(`Waiting for another forgelink that is preparing this folder (${lock})…`)
    told = true
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 100)
  }
  try {
    work()
  } finally {
    rmSync(lock, { force: true })
  }
}

function takeLock(lock) {
  try {
    const owner = { pid: process.pid, host: hostname(), started: startOf(process.pid) }
    writeFileSync(lock, JSON.stringify(owner), { flag: 'wx' })
    return true
  } catch (error) {
    if (error.code === 'EEXIST') return false
    throw error
  }
}

function dropStaleLock(lock) {
  const owner = readIfThere(lock)
  if (owner === undefined) return true
  if (!isStale(lock, owner)) return false
  // Two may find it stale at once: renaming lets one win, and what is moved may be the winner's new lock.
  const aside = `${lock}.${process.pid}`
  try {
    renameSync(lock, aside)
    if (readIfThere(aside) === owner) rmSync(aside, { force: true })
    else renameSync(aside, lock)
  } catch (error) {
    if (error.code !== 'ENOENT') throw error
  }
  return true
}

function isStale(lock, owner) {
  const stats = statSync(lock, { throwIfNoEntry: false })
  if (!stats) return true
  const minutes = (Date.now() - stats.mtimeMs) / 60_000
  let lockedBy
  try {
    lockedBy = JSON.parse(owner)
  } catch {
    return minutes > 0.2 // still being written, or its writer died in between
  }
  if (lockedBy.host !== hostname()) return minutes > 30
  return !isRunning(lockedBy.pid) || startOf(lockedBy.pid) !== lockedBy.started
}

function isRunning(pid) {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return error.code === 'EPERM'
  }
}

/** When a process started, where the system tells: a number alone is soon another's, above all in containers. */
function startOf(pid) {
  const stat = process.platform === 'linux' ? readIfThere(`/proc/${pid}/stat`) : undefined
  if (!stat) return ''
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  // Ended, though its parent has not asked how: nothing runs any more.
  return fields[0] === 'Z' ? 'ended' : fields[19]
}

if (process.argv[1] && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  // `node scripts/prepare.mjs "the dashboard"` builds that alone.
  prepare(process.argv.length > 2 ? process.argv.slice(2) : undefined)
}
