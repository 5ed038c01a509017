// Reliability section 4: a platform that fails is left alone, but no account can have it left alone for others.

import { afterEach, beforeEach, expect, it } from 'vitest'
import { json, serve, type TestServer } from '../support/fault-server.ts'
import { type Account, type Service, startService } from '../support/service.ts'

let service: Service
/** Two GitLabs on one host; tokens that begin with `bad` make searches fail, below `/broken` everything does. */
let host: TestServer

beforeEach(async () => {
  host = await serve((request, response) => {
    const path = request.url ?? ''
    const token = /^Bearer (.*)$/.exec(request.headers.authorization ?? '')?.[1] ?? ''
    const fails = path.startsWith('/broken/') || (token.startsWith('bad') && path.includes('/projects'))
    if (fails) return response.writeHead(500, { 'content-type': 'application/json' }).end('{"message":"500"}')
    if (path.endsWith('/user')) return json(response, { id: 7, username: token })
    if (path.includes('/personal_access_tokens/self')) return json(response, { scopes: ['read_api'] })
    return json(response, [])
  })
  service = await startService('SQLite', { ALLOWED_HOSTS: host.origin }, { limits: { retries: 0 } })
})
afterEach(async () => {
  await service.close()
  await host.close()
})

function create(account: Account, path: string, token: string) {
  const link = { scm_type: 'gitlab-self-hosted', url: `${host.origin}${path}`, access_token: token }
  return account.call('POST', '/v1/scm_integrations', { scm_integration: link })
}

/** Statuses of so many searches one after the other. */
async function search(account: Account, times: number): Promise<number[]> {
  const statuses: number[] = []
  for (let n = 0; n < times; n++) {
    const answer = await account.call('GET', `/v1/scm_integrations/gitlab-self-hosted/search_repos?query=word${n}`)
    statuses.push(answer.status)
  }
  return statuses
}

/** Whether the platform was asked at all. */
async function isAsked(account: Account): Promise<boolean> {
  const before = host.seen.length
  await search(account, 1)
  return host.seen.length > before
}

it('failed links to a broken path leave nobody’s platform alone, not even at that path', async () => {
  const [hostile, honest, newcomer] = [
    await service.addAccount('hostile'),
    await service.addAccount('honest'),
    await service.addAccount('newcomer'),
  ]
  expect((await create(honest, '/good', 'good')).status).toBe(201)
  for (let n = 0; n < 12; n++) expect((await create(hostile, '/broken', `x${n}`)).status).toBe(503)
  expect(await search(honest, 2)).toEqual([200, 200])
  expect((await create(newcomer, '/good', 'good-too')).status).toBe(201)
  const before = host.seen.length
  await create(newcomer, '/broken', 'y')
  expect(host.seen.length).toBeGreaterThan(before)
})

it('failures of one account alone leave the platform alone for that account, failures of two for all', async () => {
  const [hostile, second, honest] = [
    await service.addAccount('hostile'),
    await service.addAccount('second'),
    await service.addAccount('honest'),
  ]
  expect((await create(hostile, '/good', 'bad-1')).status).toBe(201)
  expect((await create(second, '/good', 'bad-2')).status).toBe(201)
  expect((await create(honest, '/good', 'good')).status).toBe(201)
  await search(hostile, 12)
  expect([await isAsked(hostile), await isAsked(honest)]).toEqual([false, true])
  expect(await search(honest, 1)).toEqual([200])

  await search(second, 8)
  expect([await isAsked(second), await isAsked(honest)]).toEqual([false, false])
  // Another path on the same host is another platform.
  expect((await create(honest, '/other', 'good')).status).toBe(201)
})
