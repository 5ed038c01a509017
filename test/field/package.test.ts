// The package of `npm pack`: installed in an empty folder by somebody without rights, and used.

import type { ChildProcess } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
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

let temporary: string
let home: string
let tarball: string

beforeAll(() => {
  temporary = ownFolder(mkdtempSync(join(tmpdir(), 'forgelink-package-')))
  home = ownFolder(join(temporary, 'home'))
  const context = join(temporary, 'context')
  copyClone(context)
  const packed = run('npm', ['run', 'package', '--', '--pack-destination', temporary], { cwd: context })
  expect(packed.code, packed.output).toBe(0)
  const [name] = readdirSync(temporary).filter((entry) => entry.endsWith('.tgz'))
  tarball = join(temporary, name ?? 'none')
})

afterAll(() => rmSync(temporary, { recursive: true, force: true }))

describe('unpacked, with npm ci in its folder', () => {
  let folder: string

  beforeAll(async () => {
    folder = ownFolder(join(temporary, 'unpacked'))
    const command = { cwd: folder, home }
    await finish(['tar', '-xzf', tarball, '--strip-components=1'], command)
    await finish(['npm', 'ci', '--omit=dev', '--ignore-scripts'], command)
  })

  it('installs the versions of the lock file, and nothing that is for building', () => {
    const lock = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')).packages
    const installed = JSON.parse(readFileSync(join(folder, 'node_modules', '.package-lock.json'), 'utf8')).packages
    for (const [path, { version }] of Object.entries<{ version: string }>(installed)) {
      expect(`${path} ${version}`).toBe(`${path} ${lock[path].version}`)
    }
    expect(FOR_BUILDING.filter((name) => existsSync(join(folder, 'node_modules', name)))).toEqual([])
    expect(readdirSync(folder)).not.toContain('src')
  })

  it('links the first account on a file system that is read-only but for DATA_DIR', async () => {
    if (canReadOnly) {
      const command = { cwd: folder, home, writable: ownFolder(join(temporary, 'elsewhere')) }
      await expect(finish(['touch', join(folder, 'new')], command)).rejects.toThrow('Read-only file system')
    } else process.stderr.write('NOT on a read-only file system: only root on Linux can make one.\n')
    await linksFirstAccount(folder, ['node', 'bin/forgelink.mjs'], 'data-of-unpacked')
  })
})

describe('installed by name into an empty folder', () => {
  it('links the first account with npx forgelink', async () => {
    const folder = ownFolder(join(temporary, 'installed'))
    await finish(['npm', 'install', '--omit=dev', '--ignore-scripts', tarball], { cwd: folder, home })
    await linksFirstAccount(folder, ['npx', 'forgelink'], 'data-of-installed')
  })
})

/** The tour of docs/getting-started.md, by machine: sandbox, server, first token, bearer token, link. */
async function linksFirstAccount(folder: string, forgelink: [string, ...string[]], dataName: string): Promise<void> {
  const dataDir = ownFolder(join(temporary, dataName))
  const port = await freePort()
  const readOnly = canReadOnly && forgelink[0] === 'node' ? { writable: dataDir } : {}
  let sandbox: ChildProcess | undefined
  let server: ChildProcess | undefined
  try {
    sandbox = start([...forgelink, 'sandbox', '--json'], { cwd: folder, home })
    const { platforms, settings } = JSON.parse(await printed(sandbox, /\}\s*$/))
    const command = { cwd: folder, home, settings: { ...settings, PORT: `${port}`, DATA_DIR: dataDir }, ...readOnly }
    server = start([...forgelink, 'serve'], command)
    await printed(server, /first-start\.txt/)

    const url = `http://localhost:${port}`
    expect((await send('GET', `${url}/readyz`)).status).toBe(200)
    // Of the dashboard's files, one whose name has no hash.
    expect((await send('GET', `${url}/color-scheme.js`)).status).toBe(200)

    const shown = readFileSync(join(dataDir, 'first-start.txt'), 'utf8')
    const token = await exchange(url, /API token: (\S+)/.exec(shown)?.[1] ?? '')
    const { url: address } = platforms.find(({ name }: { name: string }) => name === 'gitlab-self-hosted')
    const link = { scm_type: 'gitlab-self-hosted', url: address, access_token: ALICE_TOKEN }
    const linked = await send(
      'POST',
      `${url}/v1/scm_integrations`,
      { scm_integration: link },
      { authorization: `Bearer ${token}` },
    )
    expect([linked.status, linked.json]).toMatchObject([
      201,
      { scm_integration: { username: 'alice', status: 'ok', owner: { username: 'admin' } } },
    ])
  } finally {
    await stop(server)
    await stop(sandbox)
  }
}
