// Reliability section 5: what two replicas over one PostgreSQL do at the same time is done once.

import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Sandbox } from '../../sandbox/sandbox.ts'
import { linkAccount, linkBody, startPlatforms } from '../support/platforms.ts'
import { postgresUrl } from '../support/postgres.ts'
import { ed25519Key } from '../support/public-keys.ts'
import { type Account, type Answer, type Service, send, startReplica, startService } from '../support/service.ts'
import { startWaitingPlatform } from '../support/waiting-platform.ts'

describe.skipIf(!postgresUrl())('two replicas at once (PostgreSQL)', () => {
  const platformToWaitFor = startWaitingPlatform(/^\/search\//)
  let sandbox: Sandbox
  let service: Service
  let replica: Awaited<ReturnType<typeof startReplica>>

  beforeAll(async () => {
    const platforms = await startPlatforms()
    sandbox = platforms.sandbox
    for (const { state } of Object.values(sandbox.platforms)) state.settings.rateLimits = null
    const allowed = `${platforms.settings.ALLOWED_HOSTS},${(await platformToWaitFor).origin}`
    service = await startService('PostgreSQL', { ALLOWED_HOSTS: allowed })
    replica = await startReplica(service)
  })
  afterAll(async () => {
    await replica.close()
    await service.close()
    await sandbox.close()
    await (await platformToWaitFor).close()
  })

  /** Twenty calls at once, every second one at the other replica. */
  function twenty(account: Account, method: string, path: string, body?: unknown): Promise<Answer[]> {
    return Promise.all(Array.from({ length: 20 }, (_, n) => at(n % 2, account, method, path, body)))
  }

  function at(which: number, { bearer }: Account, method: string, path: string, body?: unknown): Promise<Answer> {
    const url = which === 0 ? service.url : replica.url
    return send(method, `${url}/v1${path}`, body, { authorization: `Bearer ${bearer}` })
  }

  function statuses(answers: Answer[]): number[] {
    return answers.map(({ status }) => status).sort()
  }

  it('link an account once', async () => {
    const account = await service.addAccount('creates')
    const body = linkBody(sandbox.platforms['gitlab-self-hosted'])
    const answers = await twenty(account, 'POST', '/scm_integrations', body)
    expect(statuses(answers)).toEqual([201, ...new Array(19).fill(409)])
    const id = answers.find(({ status }) => status === 201)?.json.scm_integration.id
    for (const { status, json } of answers) if (status === 409) expect(json.id).toBe(id)
    expect((await at(1, account, 'GET', '/scm_integrations')).json.scm_integrations).toHaveLength(1)
  })

  it('import each key once, and every call is answered 201', async () => {
    const account = await service.addAccount('imports')
    const id = await linkAccount(account, sandbox.platforms['github-enterprise'])
    const answers = await twenty(account, 'POST', `/scm_integrations/${id}/import_keys`)
    expect(statuses(answers)).toEqual(new Array(20).fill(201))
    const imported = answers.flatMap(({ json }) => json.keys.map((key: { fingerprint: string }) => key.fingerprint))
    expect(new Set(imported).size).toBe(imported.length)
    expect((await at(1, account, 'GET', '/keys')).json.keys).toHaveLength(imported.length)
    expect(imported.length).toBe(8)
  })

  it('add a key once', async () => {
    const account = await service.addAccount('adds')
    const answers = await twenty(account, 'POST', '/keys', { name: 'x', content: ed25519Key(1) })
    expect(statuses(answers)).toEqual([201, ...new Array(19).fill(409)])
  })

  it('unlink once', async () => {
    const account = await service.addAccount('deletes')
    const id = await linkAccount(account, sandbox.platforms['github-enterprise'])
    const answers = await twenty(account, 'DELETE', `/scm_integrations/${id}`)
    expect(statuses(answers)).toEqual([204, ...new Array(19).fill(404)])
    const events = (await at(0, account, 'GET', '/events?type=delete_integration')).json.events
    expect(events).toHaveLength(1)
  })

  it('do not bring back a link that the other has unlinked during a search', async () => {
    const platform = await platformToWaitFor
    const account = await service.addAccount('races')
    const link = { scm_type: 'github-enterprise', url: platform.origin, access_token: 'ghp_waiting' }
    const { id } = (await at(0, account, 'POST', '/scm_integrations', link)).json.scm_integration
    const searching = at(0, account, 'GET', `/scm_integrations/${id}/search_repos?query=x`)
    while (platform.waiting() === 0) await delay(10)
    expect((await at(1, account, 'DELETE', `/scm_integrations/${id}`)).status).toBe(204)
    platform.release()
    expect((await searching).status).toBeLessThan(500)
    for (const which of [0, 1]) {
      expect((await at(which, account, 'GET', `/scm_integrations/${id}`)).status).toBe(404)
      expect((await at(which, account, 'GET', `/scm_integrations/${id}/search_repos?query=x`)).status).toBe(404)
    }
  })
})
