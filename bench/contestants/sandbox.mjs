// The sandbox in a process of its own, with accounts, repositories, organisations and keys made for the bench.

import { generateKeyPairSync } from 'node:crypto'
import { sandboxSettings } from '../../dist/current/sandbox/command.cjs'
import { startSandbox } from '../../dist/current/sandbox/sandbox.cjs'
import { servePart } from '../support/part.mjs'

/** Every arrangement of these words finds the same repositories. */
const WORDS = ['alpha', 'bravo', 'charlie', 'delta', 'echo', 'foxtrot']
/** Of searches and organisations: one page of ours. */
const PAGE_ITEMS = 20
/** Fewer than a page, so that nobody has to ask whether there is another. */
const PULL_REQUESTS_EACH = 15
const REPOSITORIES_WITH_PULL_REQUESTS = 60
const FIRST_ID = 1_000_000

await servePart(async ({ accounts, keys }) => {
  const sandbox = await startSandbox({ ports: 'free' })
  const hosts = ['github-enterprise', 'gitlab-self-hosted'].map((name) => sandbox.platforms[name])
  const tokens = Object.fromEntries(hosts.map((host) => [host.name, fill(host, accounts, keys)]))
  return {
    facts: {
      settings: sandboxSettings(sandbox),
      words: WORDS,
      repositories: REPOSITORIES_WITH_PULL_REQUESTS,
      platforms: Object.values(sandbox.platforms).map(({ name, scmType, url, apiUrl, token }) => {
        return { name, scmType, url, apiUrl, alice: token('alice'), ...tokens[name] }
      }),
    },
    answer: answerFrom(sandbox),
  }
})

/** `latencyMs`: what every answer waits for from now on. `requests`: what has come since it was asked last. */
function answerFrom({ platforms }) {
  return async ({ latencyMs, requests }) => {
    if (latencyMs !== undefined) {
      for (const { faults } of Object.values(platforms)) {
        faults.set(latencyMs === 0 ? [] : { fault: 'headers-late', value: latencyMs / 1000 })
      }
    }
    return requests === undefined ? null : platforms[requests].requests.splice(0).map(({ path }) => path)
  }
}

/** Adds to the platform; gives the tokens of the accounts, and of the one that has the keys. */
function fill({ state, token }, accounts, keyCount) {
  const alice = state.users.find(({ username }) => username === 'alice')
  const model = state.tokens.find(({ value }) => value === token('alice'))
  const addAccount = (number, name, keys) => {
    const id = FIRST_ID + number
    // From 1: with eight zeros it would be the model's own.
    const value = `${model.value.slice(0, -8)}${String(number + 1).padStart(8, '0')}`
    state.users.push({ ...alice, id, username: `bench-${name}`, name, keys })
    state.tokens.push({ ...model, value, userId: id })
    return value
  }
  const tokens = Array.from({ length: accounts }, (_, number) => addAccount(number, String(number), []))
  addOrganizations(state, accounts)
  addRepositories(state, alice)
  return { tokens, keysToken: addAccount(accounts, 'keys', Array.from({ length: keyCount }, newKey)) }
}

function addOrganizations(state, accounts) {
  const members = Array.from({ length: accounts }, (_, number) => ({ userId: FIRST_ID + number, level: 30 }))
  const model = state.organizations.find(({ path }) => path === 'another-org')
  for (let number = 0; number < PAGE_ITEMS; number++) {
    const path = `bench-org-${number}`
    state.organizations.push({ ...model, id: FIRST_ID + number, path, fullPath: path, name: path, members })
  }
}

function addRepositories(state, owner) {
  const model = state.repositories.find(({ name }) => name === 'service-001')
  const pull = state.pullRequests.find(({ state: now }) => now === 'open')
  const add = (id, name) => state.repositories.push({ ...model, id, name, title: name, owner: owner.username })
  for (let number = 0; number < PAGE_ITEMS; number++) add(FIRST_ID + number, `${WORDS.join('-')}-${number}`)
  for (let number = 0; number < REPOSITORIES_WITH_PULL_REQUESTS; number++) {
    const repositoryId = FIRST_ID + 1_000 + number
    add(repositoryId, `pulls-${number}`)
    for (let each = 1; each <= PULL_REQUESTS_EACH; each++) {
      const id = FIRST_ID + number * PAGE_ITEMS + each
      const own = { id, issueId: id, number: each, repositoryId, headRepositoryId: repositoryId }
      state.pullRequests.push({ ...pull, ...own, authorId: owner.id, title: `Change ${each}` })
    }
  }
}

function newKey(_, number) {
  const { x } = generateKeyPairSync('ed25519').publicKey.export({ format: 'jwk' })
  const part = (bytes) => Buffer.concat([Buffer.from([0, 0, 0, bytes.length]), bytes])
  const blob = Buffer.concat([part(Buffer.from('ssh-ed25519')), part(Buffer.from(x, 'base64url'))])
  const key = `ssh-ed25519 ${blob.toString('base64')}`
  return {
    id: FIRST_ID + number,
    title: `key ${number}`,
    key,
    createdAt: '2025-01-01T00:00:00Z',
    expiresAt: null,
    usage: 'auth_and_signing',
  }
}
