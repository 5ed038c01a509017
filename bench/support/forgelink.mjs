// Forgelink as its operator starts it: what `npm start` starts, in a process of its own.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { request } from 'undici'

const root = join(import.meta.dirname, '../..')
const command = join(root, 'bin/forgelink.mjs')
const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
const [, ...serve] = scripts.start.split(' ')

/** Resolves when it is ready; `startMs` is how long that took. */
export async function startForgelink(settings, givenPort) {
  const port = givenPort ?? (await freePort())
  const env = { ...process.env, RATE_LIMIT: '0', LOG_LEVEL: 'warn', ...settings, PORT: String(port) }
  const started = performance.now()
  const child = spawn(process.execPath, serve, { cwd: root, env, stdio: ['ignore', 'pipe', 'inherit'] })
  const ended = once(child, 'exit')
  const url = `http://127.0.0.1:${port}`
  await Promise.race([once(child.stdout, 'data'), ended])
  if (child.exitCode !== null) throw new Error(`forgelink serve ended with ${child.exitCode}`)
  child.stdout.resume()
  const { statusCode, body } = await request(`${url}/readyz`)
  await body.dump()
  if (statusCode !== 200) throw new Error(`/readyz answered ${statusCode}`)
  return {
    url,
    port,
    pid: child.pid,
    startMs: performance.now() - started,
    async stop() {
      child.kill('SIGTERM')
      await ended
    },
  }
}

/** Gives `{ id, token }` of a new user; `settings` are those of its store. */
export async function addUser(settings, name) {
  const args = [command, 'user', 'add', '--email', `${name}@example.test`, '--username', name, '--json']
  const child = spawn(process.execPath, args, {
    env: { ...process.env, ...settings },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const chunks = await child.stdout.toArray()
  const { user, token } = JSON.parse(Buffer.concat(chunks))
  return { id: user.id, token }
}

/** The headers of somebody who has exchanged an API token for a JWT. */
export async function signIn(url, { token }) {
  const { token: jwt } = await ask(url, 'POST', '/v1/tokens/exchange', basic(token))
  return { authorization: `Bearer ${jwt}`, 'content-type': 'application/json' }
}

export function basic(token) {
  return { authorization: `Basic ${Buffer.from(`:${token}`).toString('base64')}` }
}

export async function ask(url, method, path, headers, body) {
  return JSON.parse(await askForText(url, method, path, headers, body))
}

export async function askForText(url, method, path, headers, body) {
  const text = body === undefined ? null : JSON.stringify(body)
  const answer = await request(`${url}${path}`, { method, headers, body: text })
  const answered = await answer.body.text()
  if (answer.statusCode >= 300) throw new Error(`${method} ${path} was answered ${answer.statusCode}: ${answered}`)
  return answered
}

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address()
  server.close()
  await once(server, 'close')
  return port
}
