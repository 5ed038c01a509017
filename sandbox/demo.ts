// `npm run demo`: runs the service and the sandbox together, uses them through the real command and HTTP API, and
// leaves them running.

import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { sandboxSettings } from './command.ts'
import { openFormBrowser } from './form-browser.ts'
import { type Sandbox, type SandboxPlatform, startSandbox } from './sandbox.ts'

const DATA_DIR = join('data', 'demo')
const USER = { email: 'demo@example.com', username: 'demo', password: 'demo-password' }

/** Runs until SIGINT or SIGTERM. `command` is the path of the `forgelink` command. */
export async function runDemo(command = process.argv[1] ?? ''): Promise<void> {
  const port = process.env.PORT || '4600'
  const url = `http://localhost:${port}`
  // If another server used this port, it would receive the demo's token.
  if (await fetch(url).catch(() => undefined)) throw portTaken(port)
  const sandbox = await startSandbox()
  await rm(DATA_DIR, { recursive: true, force: true })
  const own = { DATA_DIR, DATABASE_URL: '', SECRET_KEYS: '', PORT: port, PUBLIC_URL: url, LOG_LEVEL: 'warn' }
  const env = { ...process.env, ...sandboxSettings(sandbox), ...own }
  const options = Object.entries(USER).flatMap(([name, value]) => [`--${name}`, value])
  const { stdout } = await promisify(execFile)(process.execPath, [command, 'user', 'add', ...options, '--json'], {
    env,
  })
  const { token } = JSON.parse(stdout)

  const service = spawn(process.execPath, [command, 'serve'], { env, stdio: ['ignore', 'ignore', 'inherit'] })
  const stopped = once(service, 'exit')
  try {
    await waitUntilReady(url, service)
    await show(sandbox, url, token)
    say('', 'The demo stays up until Ctrl-C:')
    print([
      ['  Forgelink', url],
      ['  user name', USER.username],
      ['  password', USER.password],
      ['  API token', token],
      ...Object.values(sandbox.platforms).map((platform) => [`  ${platform.name}`, platform.url]),
    ])
    await Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM'), stopped])
  } finally {
    service.kill('SIGTERM')
    await stopped
    await sandbox.close()
  }
}

function portTaken(port: string): Error {
  return Object.assign(new Error(`port ${port} is taken; set PORT to a free one`), { code: 'EPORTTAKEN' })
}

async function waitUntilReady(url: string, service: ChildProcess): Promise<void> {
  while (service.exitCode === null) {
    const ready = await fetch(`${url}/readyz`).catch(() => undefined)
    if (ready?.ok) return
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  throw new Error('the service did not start; is its port taken?')
}

async function show(sandbox: Sandbox, url: string, token: string): Promise<void> {
  const authorization = `Basic ${Buffer.from(`:${token}`).toString('base64')}`
  const exchanged = await call(url, 'POST', '/v1/tokens/exchange', authorization)
  const api = (method: string, path: string, body?: object) =>
    call(url, method, `/v1/scm_integrations${path}`, `Bearer ${exchanged.token}`, body)

  const { 'github-enterprise': ghe, 'gitlab-self-hosted': own, 'gitlab-subpath': subpath } = sandbox.platforms
  for (const platform of [ghe, own, subpath]) {
    say('', `── ${platform.name} at ${platform.url}, linked by address and token`)
    const { scm_integration: link } = await api('POST', '', {
      scm_integration: { scm_type: platform.scmType, url: platform.url, access_token: platform.token('alice') },
    })
    await showLink(link, api)
  }

  const { github, gitlab } = sandbox.platforms
  for (const platform of [github, gitlab]) {
    say('', `── ${platform.name} at ${platform.url}, linked by OAuth as on the profile page`)
    const id = await linkByOAuth(url, platform)
    await showLink((await api('GET', `/${id}`)).scm_integration, api)
  }
}

/** What a person does in a browser: sign in, ask for the link, allow it on the platform, and return. */
async function linkByOAuth(url: string, platform: SandboxPlatform): Promise<string> {
  const browser = openFormBrowser()
  await browser.submit(await browser.visit(`${url}/sign-in`), { login: USER.username, password: USER.password })
  const authorize = await browser.submit(await browser.visit(`${url}/users/${platform.scmType}/link`), {})
  const landed = await browser.submit(authorize, { user: 'alice', decision: 'allow' })
  const linked = landed.url.searchParams.get('linked')
  if (linked === null) throw new Error(`linking ${platform.name} ended at ${landed.url.pathname}`)
  return linked
}

type Api = (method: string, path: string, body?: object) => Promise<Answer>
// biome-ignore lint/suspicious/noExplicitAny: the demo prints whatever the API answers
type Answer = any

async function showLink(link: Answer, api: Api): Promise<void> {
  say(`Linked ${link.username} <${link.email}> as ${link.id}: ${link.status}.`)

  const { keys, meta } = await api('POST', `/${link.id}/import_keys`)
  const before = keys.length === 0 ? ' (the usable ones are here already)' : ''
  say('', `Imported ${keys.length} SSH keys${before}, left out ${meta.skipped.length}:`)
  print([
    ...keys.map((key: Answer) => ['  added', key.name, key.fingerprint]),
    ...meta.skipped.map((key: Answer) => ['  left out', key.title, key.reason]),
  ])

  const search = 'search_repos?query=example+fork:true+user:john-diggle'
  const { repositories } = await api('GET', `/${link.id}/${search}`)
  say('', `${search}:`)
  print(repositories.map((each: Answer) => [`  ${each.id}`, each.fullName, each.description]))

  const all = await api('GET', `/${link.id}/search_repos?query=service+user:alice&per_page=5&page=3`)
  say('', 'search_repos?query=service+user:alice&per_page=5&page=3:')
  print(all.repositories.map((each: Answer) => [`  ${each.id}`, each.fullName, each.description ?? '']))

  const { organizations } = await api('GET', `/${link.id}/orgs`)
  say('', 'orgs:')
  print(organizations.map((each: Answer) => [`  ${each.id}`, each.login, each.description ?? '']))

  const pulls = 'search_pull_requests?query=is:open+repo:john-diggle/example-repository'
  const { pull_requests: pullRequests } = await api('GET', `/${link.id}/${pulls}`)
  say('', `${pulls}:`)
  print(
    pullRequests.map((each: Answer) => [`  #${each.number}`, each.title, each.source_repo_name ?? '', each.html_url]),
  )

  const { branches } = await api('GET', `/${link.id}/branches?repo_name=john-diggle/example-repository&per_page=5`)
  say('', `The first branches: ${branches.map((each: Answer) => each.name).join(', ')}.`)
}

async function call(url: string, method: string, path: string, authorization: string, body?: object): Promise<Answer> {
  const response = await fetch(`${url}${path}`, {
    method,
    headers: { authorization, 'content-type': 'application/json' },
    ...(body && { body: JSON.stringify(body) }),
  })
  const answer = await response.json()
  if (!response.ok) throw new Error(`${method} ${path} answered ${response.status}: ${JSON.stringify(answer)}`)
  return answer
}

function say(...lines: string[]): void {
  process.stdout.write(`${lines.join('\n')}\n`)
}

/** Rows in columns, each as wide as its widest cell. */
function print(rows: string[][]): void {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)))
  for (const row of rows)
    say(
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
}
