// The package of `npm pack`: installed in an empty folder by somebody without rights, used, and upgraded.

import { appendFileSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { findChromium, launchChromium } from '../e2e/support/chromium.ts'
import { signIn } from '../e2e/support/stage.ts'
import { freePort } from '../support/command.ts'
import { exchange, send } from '../support/service.ts'
import { copyClone } from './support/clone.ts'
import { run } from './support/programs.ts'
import { canReadOnly, finish, ownFolder, printed, start, stop } from './support/unprivileged.ts'

const root = resolve(import.meta.dirname, '..', '..')
/** Dependencies of ours for building and testing, none of which another dependency brings along. */
const FOR_BUILDING = ['typescript', 'vite', 'vitest', 'react', '@mantine', '@biomejs']

/** Of the sandbox's GitLab. */
const ALICE_TOKEN = 'glpat-sandboxOwnAliceFull000000000000000'

const chromium = findChromium()

let temporary: string
let home: string
let tarball: string
/** Of the package, unpacked and installed. */
let folder: string

beforeAll(async () => {
  temporary = ownFolder(mkdtempSync(join(tmpdir(), 'forgelink-package-')))
  home = ownFolder(join(temporary, 'home'))
  const clone = join(temporary, 'clone')
  copyClone(clone)
  tarball = pack(clone)
  folder = ownFolder(join(temporary, 'unpacked'))
  const command = { cwd: folder, home }
  await finish(['tar', '-xzf', tarball, '--strip-components=1'], command)
  await finish(['npm', 'ci', '--omit=dev', '--ignore-scripts'], command)
})

/** The path of the package that is made of a clone. */
function pack(clone: string): string {
  const packed = run('npm', ['run', 'package', '--', '--pack-destination', clone], { cwd: clone })
  expect(packed.code, packed.output).toBe(0)
  const name = readdirSync(clone).find((entry) => entry.endsWith('.tgz'))
  return join(clone, name ?? 'none')
}

afterAll(() => rmSync(temporary, { recursive: true, force: true }))

describe('unpacked, with npm ci in its folder', () => {
  it('installs the versions of the lock file, and nothing that is for building', () => {
    const lock = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')).packages
    const installed = JSON.parse(readFileSync(join(folder, 'node_modules', '.package-lock.json'), 'utf8')).packages
    for (const [path, { version }] of Object.entries<{ version: string }>(installed)) {
      expect(`${path} ${version}`).toBe(`${path} ${lock[path].version}`)
    }
    expect(FOR_BUILDING.filter((name) => existsSync(join(folder, 'node_modules', name)))).toEqual([])
    expect(readdirSync(folder)).not.toContain('src')
    expect(readdirSync(join(folder, 'dist', 'current')).sort()).toEqual(['chunks', 'dashboard', 'sandbox', 'src'])
    expect(readdirSync(join(folder, 'dist', 'current', 'chunks')).length).toBeGreaterThan(5)
  })

  it('links the first account on a file system that is read-only but for DATA_DIR', async () => {
    if (canReadOnly) {
      const command = { cwd: folder, home, writable: ownFolder(join(temporary, 'elsewhere')) }
      await expect(finish(['touch', join(folder, 'new')], command)).rejects.toThrow('Read-only file system')
    } else process.stderr.write('NOT on a read-only file system: only root on Linux can make one.\n')
    await linksFirstAccount(folder, ['node', 'bin/forgelink.mjs'], 'data-of-unpacked')
  })
})

it('stops with what to install when there shall be traces, for which it has no packages', async () => {
  const settings = { TRACES: 'otlp', DATA_DIR: join(temporary, 'data-of-traces') }
  const server = start(['node', 'bin/forgelink.mjs', 'serve'], { cwd: folder, home, settings })
  try {
    expect(await printed(server, /npm install --no-save --prefix \S+ @fastify\/otel@/)).toContain(
      'TRACES needs packages that are not installed',
    )
  } finally {
    await stop(server)
  }
})

it('tries itself out with every platform: forgelink demo', async () => {
  const own = ownFolder(join(temporary, 'demo'))
  const port = await freePort()
  const program = join(folder, 'bin', 'forgelink.mjs')
  const demo = start(['node', program, 'demo'], { cwd: own, home, settings: { PORT: `${port}` } })
  try {
    const said = await printed(demo, /The demo stays up until Ctrl-C|is taken by another program/)
    if (said.includes('is taken'))
      process.stderr.write('SKIPPED the demo: another program has its ports, 4611 to 4615.\n')
    else expect(said.match(/^Linked alice /gm)).toHaveLength(5)
  } finally {
    await stop(demo)
  }
})

describe('installed by name into an empty folder', () => {
  it('links the first account with npx forgelink', async () => {
    const other = ownFolder(join(temporary, 'installed'))
    await finish(['npm', 'install', '--omit=dev', '--ignore-scripts', tarball], { cwd: other, home })
    await linksFirstAccount(other, ['npx', 'forgelink'], 'data-of-installed')
  })
})

describe.skipIf(chromium === undefined)('an upgrade', { timeout: 600_000 }, () => {
  it('by the steps of docs/deployment.md leaves links, sessions and an open tab as they are', async () => {
    const before = join(temporary, 'before')
    await unpackVersionBefore(before)
    const dataDir = ownFolder(join(temporary, 'data-of-upgrade'))
    await withSandbox(folder, ['node', 'bin/forgelink.mjs'], async ({ settings, address }) => {
      const port = await freePort()
      const url = `http://localhost:${port}`
      const command = { home, settings: { ...settings, PORT: `${port}`, DATA_DIR: dataDir } }
      let server = start(['node', 'bin/forgelink.mjs', 'serve'], { ...command, cwd: before })
      const browser = await launchChromium(chromium ?? '')
      try {
        await printed(server, /first-start\.txt/)
        const shown = readFileSync(join(dataDir, 'first-start.txt'), 'utf8')
        const authorization = await linkFirstAccount(url, shown, address)
        const page = await browser.newPage({ baseURL: url })
        await page.goto('/profile')
        await signIn(page, { username: 'admin', password: /Password: +(\S+)/.exec(shown)?.[1] ?? '' })
        await page.getByRole('article', { name: 'GitLab self-hosted: alice' }).waitFor()
        expect(await versionOf(page)).toBe('before')
        let loads = 0
        page.on('load', () => {
          loads += 1
        })

        await stop(server)
        server = start(['node', 'bin/forgelink.mjs', 'serve'], { ...command, cwd: folder })
        await printed(server, /Forgelink is at /)
        await page.getByRole('link', { name: 'SSH keys', exact: true }).click()
        await page.getByText('No keys yet').waitFor()
        expect([await versionOf(page), loads]).toEqual(['', 1])
        await page.getByRole('link', { name: 'Profile', exact: true }).click()
        await page.getByRole('article', { name: 'GitLab self-hosted: alice' }).waitFor()
        const orgs = `${url}/v1/scm_integrations/gitlab-self-hosted/orgs`
        expect((await send('GET', orgs, undefined, { authorization })).status).toBe(200)
      } finally {
        await browser.close()
        await stop(server)
      }
    })
  })
})

/** What the version before has of its own: its number, and a mark in its dashboard, which gives its files other names. */
async function unpackVersionBefore(into: string): Promise<void> {
  const clone = join(temporary, 'clone-before')
  copyClone(clone)
  // Not in the lock file too: with another one, the build would install anew.
  const file = join(clone, 'package.json')
  writeFileSync(file, readFileSync(file, 'utf8').replace(/"version": "[^"]+"/, '"version": "0.0.9"'))
  appendFileSync(join(clone, 'dashboard', 'main.tsx'), "\ndocument.documentElement.dataset.version = 'before'\n")
  const command = { cwd: ownFolder(into), home }
  await finish(['tar', '-xzf', pack(clone), '--strip-components=1'], command)
  // What `npm ci` installs is the same.
  await finish(['cp', '-a', join(folder, 'node_modules'), '.'], command)
  expect(await finish(['node', 'bin/forgelink.mjs', '--version'], command)).toBe('0.0.9\n')
}

function versionOf(page: Page): Promise<string> {
  return page.evaluate<string>("document.documentElement.dataset.version ?? ''")
}

/** The tour of docs/getting-started.md, by machine: sandbox, server, first token, bearer token, link. */
async function linksFirstAccount(cwd: string, forgelink: [string, ...string[]], dataName: string): Promise<void> {
  const dataDir = ownFolder(join(temporary, dataName))
  const port = await freePort()
  const readOnly = canReadOnly && forgelink[0] === 'node' ? { writable: dataDir } : {}
  await withSandbox(cwd, forgelink, async ({ settings, address }) => {
    const command = { cwd, home, settings: { ...settings, PORT: `${port}`, DATA_DIR: dataDir }, ...readOnly }
    const server = start([...forgelink, 'serve'], command)
    try {
      await printed(server, /first-start\.txt/)
      const url = `http://localhost:${port}`
      expect((await send('GET', `${url}/readyz`)).status).toBe(200)
      // Of the dashboard's files, one whose name has no hash.
      expect((await send('GET', `${url}/color-scheme.js`)).status).toBe(200)
      await linkFirstAccount(url, readFileSync(join(dataDir, 'first-start.txt'), 'utf8'), address)
    } finally {
      await stop(server)
    }
  })
}

interface Platform {
  settings: Record<string, string>
  /** Of its GitLab. */
  address: string
}

/** Its ports are others than the usual ones, which are somebody else's, and than those that systems give at random. */
async function withSandbox(
  cwd: string,
  forgelink: [string, ...string[]],
  work: (platform: Platform) => Promise<void>,
): Promise<void> {
  const firstPort = `${20_000 + 5 * Math.floor(Math.random() * 2_000)}`
  const sandbox = start([...forgelink, 'sandbox', '--json', '--port', firstPort], { cwd, home })
  try {
    const { platforms, settings } = JSON.parse(await printed(sandbox, /\}\s*$/))
    const { url } = platforms.find(({ name }: { name: string }) => name === 'gitlab-self-hosted')
    await work({ settings, address: url })
  } finally {
    await stop(sandbox)
  }
}

/** Gives the header with which it was done. */
async function linkFirstAccount(url: string, shown: string, address: string): Promise<string> {
  const authorization = `Bearer ${await exchange(url, /API token: (\S+)/.exec(shown)?.[1] ?? '')}`
  const link = { scm_type: 'gitlab-self-hosted', url: address, access_token: ALICE_TOKEN }
  const linked = await send('POST', `${url}/v1/scm_integrations`, { scm_integration: link }, { authorization })
  expect([linked.status, linked.json]).toMatchObject([
    201,
    { scm_integration: { username: 'alice', status: 'ok', owner: { username: 'admin' } } },
  ])
  return authorization
}
