// What one replica ends, another takes no more: at once where it was done, and within ten seconds elsewhere.

import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import { describeOnBothEngines, type Service, send, startReplica, startService } from '../support/service.ts'

// By "Revoking a token … takes effect within 10 s on every replica" (the API's contract).
const SOON = { timeout: 10_000, interval: 50 }

describeOnBothEngines('a bearer token on two replicas', (engine) => {
  let here: Service
  let there: { url: string; close(): Promise<void> }
  beforeAll(async () => {
    here = await startService(engine)
    there = await startReplica(here)
  })
  afterAll(async () => {
    await there.close()
    await here.close()
  })

  function ask(url: string, bearer: string, method = 'GET', path = '/v1/users/self', body?: unknown) {
    return send(method, url + path, body, { authorization: `Bearer ${bearer}` })
  }

  it('ends at once where its API token is deleted, and soon on the other, which has just used it', async () => {
    const alice = await here.addAccount('alice')
    const { json } = await alice.call('GET', '/v1/tokens')
    expect((await ask(there.url, alice.bearer)).status).toBe(200)
    expect((await alice.call('DELETE', `/v1/tokens/${json.tokens[0].id}`)).status).toBe(204)
    expect((await alice.call('GET', '/v1/users/self')).status).toBe(401)
    await vi.waitFor(async () => expect((await ask(there.url, alice.bearer)).status).toBe(401), SOON)
  })

  it('shows a new user name at once where it was given, and soon on the other', async () => {
    const bob = await here.addAccount('bob')
    const other = `${bob.username}-anew`
    expect((await ask(there.url, bob.bearer)).json.user.username).toBe(bob.username)
    expect((await bob.call('PUT', '/v1/users/account', { user: { username: other } })).status).toBe(200)
    expect((await bob.call('GET', '/v1/users/self')).json.user.username).toBe(other)
    const seen = async () => (await ask(there.url, bob.bearer)).json.user.username
    await vi.waitFor(async () => expect(await seen()).toBe(other), SOON)
  })
})
