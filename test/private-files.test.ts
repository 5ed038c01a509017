// What Forgelink writes is for its owner only, and what installs and builds it gets to see no secret.

import { execFileSync, spawnSync } from 'node:child_process'
import {
  chmodSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import { prepareCommand, startServer } from './support/command.ts'

vi.setConfig({ testTimeout: 60_000 })

const root = resolve(import.meta.dirname, '..')
const folder = mkdtempSync(join(tmpdir(), 'forgelink-files-'))
const umask = process.umask(0o022)

beforeAll(prepareCommand, 300_000)
afterAll(() => {
  process.umask(umask)
  rmSync(folder, { recursive: true, force: true })
})

it('every file of DATA_DIR has mode 0600, also in a folder of 0755 as systemd makes it', async () => {
  const dataDir = join(folder, 'data')
  mkdirSync(dataDir, { mode: 0o755 })
  chmodSync(dataDir, 0o755)
  const modes = () =>
    Object.fromEntries(
      readdirSync(dataDir).map((name) => [name, (statSync(join(dataDir, name)).mode & 0o777).toString(8)]),
    )
  const whileServing = {
    'first-start.txt': '600',
    'forgelink.db': '600',
    'forgelink.db-shm': '600',
    'forgelink.db-wal': '600',
    'secret-keys': '600',
  }
  const first = await startServer({ DATA_DIR: dataDir, LOG_LEVEL: 'silent' })
  await vi.waitFor(() => expect(modes()).toEqual(whileServing), 10_000)
  await first.stop('SIGKILL')

  // As an older version has left them.
  for (const name of ['forgelink.db', 'forgelink.db-wal', 'forgelink.db-shm']) chmodSync(join(dataDir, name), 0o644)
  const second = await startServer({ DATA_DIR: dataDir, LOG_LEVEL: 'silent' })
  expect(modes()).toEqual(whileServing)
  await second.stop()
})

it('what installs and builds sees none of the service’s settings, and runs no package’s script', () => {
  const clone = join(folder, 'clone')
  mkdirSync(join(clone, 'scripts'), { recursive: true })
  for (const name of ['scripts/prepare.mjs', 'scripts/lock.mjs', 'package.json', 'package-lock.json']) {
    cpSync(join(root, name), join(clone, name))
  }
  // In npm's place, and in the compilers': each notes what it was started with.
  const program = (name: string) => `
    const { writeFileSync } = process.getBuiltinModule('node:fs')
    const seen = JSON.stringify({ env: process.env, args: process.argv.slice(2) })
    writeFileSync(${JSON.stringify(join(folder, `seen-${name}.json`))}, seen)`
  const compilers: [string, string][] = [
    ['bundle', 'scripts/bundle.mjs'],
    ['code-cache', 'scripts/code-cache.mjs'],
    ['tsc', 'node_modules/typescript/bin/tsc'],
    ['vite', 'node_modules/vite/bin/vite.js'],
  ]
  for (const [name, path] of compilers) {
    mkdirSync(join(clone, path, '..'), { recursive: true })
    writeFileSync(join(clone, path, '..', 'package.json'), '{"type":"commonjs"}')
    writeFileSync(join(clone, path), program(name))
  }
  const npm = join(folder, 'npm-cli.js')
  writeFileSync(join(folder, 'package.json'), '{"type":"commonjs"}')
  writeFileSync(npm, program('npm'))

  const secrets = {
    SECRET_KEYS: 'k1:canary',
    DATABASE_URL: 'postgres://u:canary@localhost/x',
    GITHUB_CLIENT_SECRET: 'canary',
    METRICS_TOKEN: 'canary',
    DATA_DIR: '/srv/canary',
    PGPASSWORD: 'canary',
    AWS_SECRET_ACCESS_KEY: 'canary',
  }
  const { status, stderr } = spawnSync(process.execPath, [join(clone, 'scripts/prepare.mjs')], {
    encoding: 'utf8',
    env: {
      ...{ PATH: process.env.PATH, HOME: process.env.HOME, HTTPS_PROXY: 'http://proxy.example:3128' },
      ...{ npm_execpath: npm, npm_config_registry: 'http://127.0.0.1:9/' },
      ...secrets,
    },
  })
  expect([status, stderr]).toEqual([0, 'Installing dependencies…\nBuilding the service…\nBuilding the dashboard…\n'])
  for (const name of ['npm', 'tsc', 'bundle', 'code-cache', 'vite']) {
    const text = readFileSync(join(folder, `seen-${name}.json`), 'utf8')
    expect([name, text.match(/canary/)]).toEqual([name, null])
    const { env, args } = JSON.parse(text)
    for (const setting of Object.keys(secrets)) expect(env).not.toHaveProperty(setting)
    expect(env).toMatchObject({ PATH: process.env.PATH, HTTPS_PROXY: 'http://proxy.example:3128' })
    if (name === 'npm')
      expect([env.npm_config_registry, args.includes('--ignore-scripts')]).toEqual(['http://127.0.0.1:9/', true])
    if (name === 'vite') expect(env.NODE_ENV).toBe('production')
  }
})

it('npm runs no script of a package in this clone', () => {
  const shown = execFileSync('npm', ['config', 'get', 'ignore-scripts'], {
    cwd: root,
    encoding: 'utf8',
    env: { PATH: process.env.PATH, HOME: folder },
  })
  expect(shown.trim()).toBe('true')
})
