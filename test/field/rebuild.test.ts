// A clone that is upgraded while its server runs: it builds beside, and the change is a restart.

import { type ChildProcess, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import {
  appendFileSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { freePort } from '../support/command.ts'
import { send } from '../support/service.ts'
import { until } from '../support/until.ts'
import { copyClone } from './support/clone.ts'

/** The restart alone, on a machine that is busy with tests; on a free one it takes less than two. */
const MAX_RESTART_MS = 15_000

const temporary = mkdtempSync(join(tmpdir(), 'forgelink-rebuild-'))
const clone = join(temporary, 'clone')
const current = join(clone, 'dist', 'current')
let url: string
let server: ChildProcess

beforeAll(async () => {
  copyClone(clone)
  url = `http://127.0.0.1:${await freePort()}`
  server = await startServer()
})

afterAll(async () => {
  await stop(server)
  rmSync(temporary, { recursive: true, force: true })
})

function node(...args: string[]): ChildProcess {
  const env = {
    PATH: process.env.PATH,
    DATA_DIR: join(temporary, 'data'),
    PORT: new URL(url).port,
    LOG_LEVEL: 'silent',
  }
  return spawn(process.execPath, args, { cwd: clone, env, detached: true, stdio: ['ignore', 'ignore', 'pipe'] })
}

async function startServer(): Promise<ChildProcess> {
  const child = node('bin/forgelink.mjs', 'serve')
  await until(
    () =>
      send('GET', `${url}/readyz`).then(
        ({ status }) => status === 200,
        () => false,
      ),
    280,
  )
  return child
}

async function stop(child: ChildProcess | undefined): Promise<void> {
  if (!child?.pid || child.exitCode !== null) return
  const ended = once(child, 'exit')
  child.kill('SIGTERM')
  await ended
}

/** What is an old and what a new version: a word of the API, and one of a part of the dashboard that is loaded late. */
function change(word: string): void {
  for (const [path, pattern, text] of [
    ['src/http/operations.ts', /async \(\) => \(\{ status: '\w+' \}\)/, `async () => ({ status: '${word}' })`],
    ['dashboard/main.tsx', /$/, `\nwindow.name = '${word}'\n`],
  ] as const) {
    const file = join(clone, path)
    const before = readFileSync(file, 'utf8')
    const after = before.replace(pattern, text)
    expect(after).not.toBe(before)
    writeFileSync(file, after)
  }
}

async function version(): Promise<string> {
  return (await send('GET', `${url}/healthz`)).json.status
}

/** The digest of each file of a build. */
function contentOf(folder: string): Record<string, string> {
  const paths = readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort()
  const files = paths.filter((path) => statSync(join(folder, path)).isFile())
  const digest = (path: string) =>
    createHash('sha256')
      .update(readFileSync(join(folder, path)))
      .digest('hex')
  return Object.fromEntries(files.map((path) => [path, digest(path)]))
}

async function expectServed(folder: string): Promise<void> {
  const names = readdirSync(join(folder, 'dashboard', 'assets')).filter((name) => /\.(js|css)$/.test(name))
  expect(names.length).toBeGreaterThan(5)
  for (const name of names) {
    const answer = await fetch(`${url}/assets/${name}`, { headers: { 'accept-encoding': 'identity' } })
    expect([name, answer.status]).toEqual([name, 200])
    expect(await answer.text()).toBe(readFileSync(join(folder, 'dashboard', 'assets', name), 'utf8'))
  }
}

it('a build that is killed changes nothing of what runs and of what starts next', async () => {
  const folder = realpathSync(current)
  const before = contentOf(folder)
  change('new')
  const build = node('scripts/prepare.mjs')
  let said = ''
  build.stderr?.on('data', (chunk) => {
    said += chunk
  })
  await until(() => said.includes('Building the dashboard'), 200)
  const ended = once(build, 'exit')
  // With the compiler that it has started.
  process.kill(-(build.pid ?? 0), 'SIGKILL')
  await ended
  expect([realpathSync(current), contentOf(folder), await version()]).toEqual([folder, before, 'ok'])
})

it('the old server serves all of its files while the new version is built and after; a restart serves the new one', async () => {
  const folder = realpathSync(current)
  const before = contentOf(folder)
  const build = node('scripts/prepare.mjs')
  const [code] = await once(build, 'exit')
  expect(code).toBe(0)
  expect(readlinkSync(current)).toBe(join('builds', '2'))
  expect([contentOf(folder), await version()]).toEqual([before, 'ok'])
  await expectServed(folder)

  const started = performance.now()
  await stop(server)
  server = await startServer()
  expect(performance.now() - started).toBeLessThan(MAX_RESTART_MS)
  expect(await version()).toBe('new')
  await expectServed(realpathSync(current))
})

it('a third build removes the first, of which no server runs any more', async () => {
  change('newer')
  const [code] = await once(node('scripts/prepare.mjs'), 'exit')
  expect(code).toBe(0)
  expect(readdirSync(join(clone, 'dist', 'builds')).sort()).toEqual(['2', '3'])
  expect(await version()).toBe('new')
})

it('a build of the dashboard alone takes over all else', async () => {
  const before = readdirSync(current).sort()
  appendFileSync(join(clone, 'dashboard', 'main.tsx'), "\nwindow.name = 'newest'\n")
  expect(await once(node('scripts/prepare.mjs'), 'exit')).toEqual([0, null])
  expect(readdirSync(current).sort()).toEqual(before)
  expect(await once(node('bin/forgelink.mjs', '--version'), 'exit')).toEqual([0, null])
})
