// What guessing passwords costs and gains: how many of one address are checked in 15 s, and whether the owner still gets in.
// node bench/guessing.mjs; GUESS_SECONDS sets how long.

import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { prepare } from '../scripts/prepare.mjs'

prepare()

const SECONDS = Number(process.env.GUESS_SECONDS ?? 15)
const AT_ONCE = 40

// Counted where every check ends up, before anything of ours has loaded it.
const argon2 = createRequire(import.meta.url)('@node-rs/argon2')
const verify = argon2.verify
let checked = 0
argon2.verify = (...args) => {
  checked += 1
  return verify(...args)
}

const { createApp } = await import('../dist/current/src/app.js')
const { readConfig } = await import('../dist/current/src/read-config.js')
const { openServices } = await import('../dist/current/src/services.js')
const { userAdd } = await import('../dist/current/src/admin/users.js')

const dataDir = mkdtempSync(join(tmpdir(), 'forgelink-bench-'))
const port = await freePort()
const url = `http://127.0.0.1:${port}`
const settings = {
  PUBLIC_URL: url,
  DATA_DIR: dataDir,
  TRUST_PROXY: '127.0.0.1/32',
  RATE_LIMIT: '0',
  LOG_LEVEL: 'silent',
}
const config = readConfig(settings)
const services = await openServices(config)
const app = await createApp(services, config)
await app.listen({ host: '127.0.0.1', port })
const PASSWORD = 'correct horse'
await userAdd(services, { email: 'alice@example.test', username: 'alice', password: PASSWORD, json: true })

function guess(login, password, address, cookie = '') {
  const authorization = `Basic ${Buffer.from(`${login}:${password}`).toString('base64')}`
  const headers = { authorization, 'content-type': 'application/json', 'x-forwarded-for': address, cookie }
  return fetch(`${url}/v1/tokens`, { method: 'POST', headers, body: '{"name":"x"}' })
}

async function freePort() {
  const probe = createServer().listen(0, '127.0.0.1')
  await once(probe, 'listening')
  const { port } = probe.address()
  probe.close()
  await once(probe, 'close')
  return port
}

/** Signs in with the form, as a browser; gives its cookies, of which one says later that it has been here. */
async function signIn(address) {
  const page = await fetch(`${url}/sign-in`)
  const [, csrf] = /name="csrf" value="([^"]*)"/.exec(await page.text())
  const answer = await fetch(`${url}/sign-in`, {
    method: 'POST',
    redirect: 'manual',
    headers: {
      'content-type': 'application/x-www-form-urlencoded',
      'x-forwarded-for': address,
      origin: url,
      cookie: cookiesOf(page),
    },
    body: new URLSearchParams({ csrf, login: 'alice', password: PASSWORD }),
  })
  return cookiesOf(answer)
}

function cookiesOf({ headers }) {
  return headers
    .getSetCookie()
    .map((line) => line.split(';')[0])
    .join('; ')
}

/** Guesses until the time is over, many at once; gives the answers by status. */
async function attack(loginOf, addressOf) {
  const statuses = {}
  const end = Date.now() + SECONDS * 1000
  let n = 0
  async function go() {
    while (Date.now() < end) {
      const { status } = await guess(loginOf(n), `wrong ${n}`, addressOf(n++))
      statuses[status] = (statuses[status] ?? 0) + 1
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, go))
  return statuses
}

/** The right password, once every 350 ms meanwhile. */
async function signIns(address, cookie, until) {
  const statuses = {}
  let isOver = false
  until.then(() => {
    isOver = true
  })
  while (!isOver) {
    const { status } = await guess('alice', PASSWORD, address, cookie)
    statuses[status] = (statuses[status] ?? 0) + 1
    await new Promise((resolve) => setTimeout(resolve, 350))
  }
  return statuses
}

async function run(name, loginOf, addressOf, ownAddress) {
  const cookie = await signIn(ownAddress)
  checked = 0
  const attacking = attack(loginOf, addressOf)
  const [attacked, own] = await Promise.all([attacking, signIns(ownAddress, cookie, attacking)])
  const ownChecks = own[201] ?? 0
  console.log(JSON.stringify({ name, seconds: SECONDS, checked: checked - ownChecks, attacked, own }))
}

await run(
  'many names from one address',
  (n) => `nobody${n}`,
  () => '192.0.2.1',
  '198.51.100.1',
)
await run(
  'one account from one address',
  () => 'alice',
  () => '192.0.2.2',
  '198.51.100.1',
)
await run(
  'one account from 50 addresses',
  () => 'alice',
  (n) => `203.0.113.${n % 50}`,
  '198.51.100.1',
)
await run(
  'many names from one /64',
  (n) => `other${n}`,
  (n) => `2001:db8::${(n % 60_000).toString(16)}`,
  '198.51.100.1',
)
// Where the owner is at the address of the attack, only the browser tells them apart.
await run(
  'one account from the owner’s address',
  () => 'alice',
  () => '198.51.100.1',
  '198.51.100.1',
)
await app.close()
await services.close()
rmSync(dataDir, { recursive: true, force: true })
