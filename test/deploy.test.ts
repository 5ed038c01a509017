// What the files for deploying say of the service, held against the service.

import { type ChildProcess, execFile, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterEach, expect, it } from 'vitest'
import { freePort, prepareCommand } from './support/command.ts'
import { send } from './support/service.ts'
import { until } from './support/until.ts'

const root = resolve(import.meta.dirname, '..')
let undo: (() => unknown)[] = []

afterEach(async () => {
  for (const step of undo.reverse()) await step()
  undo = []
})

function read(path: string): string {
  return readFileSync(join(root, path), 'utf8')
}

/** Names in these files that look like settings and belong to others. */
const OTHERS = /^(POSTGRES_|AF_|NODE_ENV$)/

it.each(['Dockerfile', 'compose.yaml', 'Procfile', 'deploy/forgelink.service', 'deploy/helm/values.yaml'])(
  '%s names settings that there are',
  (path) => {
    const settings = [...read('docs/configuration.md').matchAll(/`([A-Z][A-Z_]+)`/g)].map(([, name]) => name)
    const named = [...read(path).matchAll(/\b[A-Z]+(?:_[A-Z]+)+\b/g)]
      .map(([name]) => name)
      .filter((name) => !OTHERS.test(name))
      // A secret may be in a file.
      .map((name) => name.replace(/_FILE$/, ''))
    expect(named.length).toBeGreaterThan(path === 'Procfile' ? -1 : 0)
    expect(named.filter((name) => !settings.includes(name))).toEqual([])
  },
)

it.each([
  [200, 0],
  [503, 1],
])('the health check of the image asks /readyz, and ends after %i with %i', async (status, code) => {
  const [, command] = /^HEALTHCHECK[^[]*(\[.*\])$/m.exec(read('Dockerfile')) ?? []
  const [program, ...args]: string[] = JSON.parse(command ?? '[]')
  expect(program).toBe('/nodejs/bin/node')

  const asked: (string | undefined)[] = []
  const server = createServer(({ url }, response) => {
    asked.push(url)
    response.writeHead(status).end()
  }).listen(0, '127.0.0.1')
  undo.push(() => server.close())
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const ended = once(execFile(process.execPath, args, { env: { PORT: `${port}` } }), 'exit')
  expect([(await ended)[0], asked]).toEqual([code, ['/readyz']])
})

it('the command of the Procfile serves', { timeout: 180_000 }, async () => {
  await prepareCommand()
  const [, command] = /^web: (.*)$/m.exec(read('Procfile')) ?? []
  const data = mkdtempSync(join(tmpdir(), 'forgelink-procfile-'))
  undo.push(() => rmSync(data, { recursive: true, force: true }))
  const port = await freePort()
  const env = { PATH: process.env.PATH, DATA_DIR: data, PORT: `${port}`, LOG_LEVEL: 'silent' }
  // `exec` as foreman does, so that the signal reaches it.
  const child = spawn('sh', ['-c', `exec env ${command}`], { cwd: root, env, stdio: 'ignore' })
  undo.push(() => stop(child))
  await until(async () => {
    const answer = await send('GET', `http://127.0.0.1:${port}/readyz`).catch(() => null)
    return answer?.status === 200
  }, 60)
})

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return
  const ended = once(child, 'close')
  child.kill('SIGTERM')
  await ended
}

it('servers have the same options of V8 everywhere, and a clone a code cache for them', {
  timeout: 180_000,
}, async () => {
  await prepareCommand()
  const { scripts } = JSON.parse(read('package.json'))
  const options: string[] = scripts.start.split(' ').filter((word: string) => word.startsWith('--'))
  expect(options.length).toBeGreaterThan(0)
  const [, entry] = /^ENTRYPOINT (.*)$/m.exec(read('Dockerfile')) ?? []
  expect(JSON.parse(entry ?? '')).toEqual(['/nodejs/bin/node', ...options, 'bin/forgelink.mjs'])
  expect(read('deploy/forgelink.service')).toContain(`\nExecStart=/usr/bin/node ${options.join(' ')} /opt/`)
  // The `forgelink` command itself has none.
  for (const given of [options, []]) {
    const ask = "import('./bin/build.mjs').then(({ codeCacheName }) => console.log(codeCacheName()))"
    const cache = execFileSync(process.execPath, [...given, '-e', ask], { cwd: root, encoding: 'utf8' }).trim()
    // Node.js 20.20.2 takes those of 20.20.1, and crashes.
    expect(cache.startsWith(`${process.version}-`)).toBe(true)
    const files = readdirSync(join(root, 'dist/current/code-cache', cache))
    for (const file of ['src_cli', 'chunks_serve', 'chunks_pg']) expect(files).toContain(`${file}.cjs.cache`)
  }
})

it('a server that npm has started in a shell ends with that shell', { timeout: 180_000 }, async () => {
  await prepareCommand()
  const data = mkdtempSync(join(tmpdir(), 'forgelink-npm-'))
  undo.push(() => rmSync(data, { recursive: true, force: true }))
  const port = await freePort()
  const own = { DATA_DIR: data, PORT: `${port}`, LOG_LEVEL: 'silent', npm_lifecycle_event: 'npx' }
  // The last word keeps the shell, which would else become the program.
  const shell = spawn('sh', ['-c', '"$0" bin/forgelink.mjs serve; true', process.execPath], {
    cwd: root,
    env: { PATH: process.env.PATH, ...own },
    stdio: 'ignore',
  })
  const answers = () =>
    send('GET', `http://127.0.0.1:${port}/readyz`).then(
      ({ status }) => status === 200,
      () => false,
    )
  await until(answers, 60)
  await stop(shell)
  await until(async () => !(await answers()), 30)
})

it('the release runs only actions that are pinned to a commit', () => {
  const uses = [...read('.github/workflows/release.yml').matchAll(/uses: (.*)$/gm)].map(([, action]) => action)
  expect(uses.length).toBeGreaterThan(0)
  expect(uses.filter((action) => !/^[\w-]+\/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/.test(action ?? ''))).toEqual([])
})

it('the chart has the version of the package, and so the image of that version', () => {
  const { version } = JSON.parse(read('package.json'))
  expect(read('deploy/helm/Chart.yaml')).toContain(`\nversion: ${version}\nappVersion: ${version}\n`)
})
