// Too much at once: each layer alone. What is over the bound is refused at once, and everything else goes on.

import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { afterEach, describe, expect, it } from 'vitest'
import { createApp } from '../../src/app.ts'
import { LOAD_LIMITS } from '../../src/http/limits/overload.ts'
import {
  type Account,
  type Answer,
  describeOnBothEngines,
  type Service,
  send,
  startService,
} from '../support/service.ts'
import { startWaitingPlatform, type WaitingPlatform } from '../support/waiting-platform.ts'

let service: Service
let platform: WaitingPlatform | undefined
afterEach(async () => {
  platform?.release()
  await service.close()
  await platform?.close()
  platform = undefined
})

describeOnBothEngines('requests that wait for platforms', (engine) => {
  async function linkToWaitingPlatform(account: Account): Promise<string> {
    const link = { scm_type: 'github-enterprise', url: platform?.origin, access_token: 'ghp_waiting' }
    const { json } = await account.call('POST', '/v1/scm_integrations', { scm_integration: link })
    return json.scm_integration.id
  }

  it('are 64 at most for one account; more are refused after a short wait, and list, show and others are as quick as ever', async () => {
    platform = await startWaitingPlatform()
    service = await startService(engine, { ALLOWED_HOSTS: platform.origin })
    const alice = await service.addAccount('alice')
    const bob = await service.addAccount('bob')
    const id = await linkToWaitingPlatform(alice)
    const search = (account: Account, word: string) =>
      account.call('GET', `/v1/scm_integrations/${id}/search_repos?query=${word}`)

    const answers = Array.from({ length: 140 }, (_, n) => search(alice, `word${n}`))
    const overloaded: Answer[] = []
    for (const answer of answers) answer.then((each) => each.status === 503 && overloaded.push(each))
    while (overloaded.length < 76) await delay(10)

    const message =
      'This server waits for 128 answers of platforms already, or for as many of your own as it can. Try again in a moment.'
    const calls = [
      ['GET', 'search_repos?query=another'],
      ['GET', 'orgs'],
      ['POST', 'import_keys'],
    ] as const
    const rejected = await Promise.all(
      calls.map(([method, path]) => alice.call(method, `/v1/scm_integrations/${id}/${path}`)),
    )
    for (const { status, json, headers } of rejected) {
      expect([status, json, headers.get('retry-after')]).toEqual([503, { error: message, code: 'overloaded' }, '2'])
    }
    const link = { scm_type: 'github-enterprise', url: platform.origin, access_token: 'ghp_other' }
    expect((await bob.call('POST', '/v1/scm_integrations', link)).status).toBe(201)
    expect((await alice.call('GET', '/v1/scm_integrations')).json.scm_integrations).toHaveLength(1)
    expect((await alice.call('GET', `/v1/scm_integrations/${id}`)).status).toBe(200)
    expect((await bob.call('GET', '/v1/scm_integrations')).json.scm_integrations).toHaveLength(1)

    platform.release()
    const statuses = (await Promise.all(answers)).map(({ status }) => status)
    expect([statuses.filter((status) => status === 200).length, overloaded.length]).toEqual([64, 76])
    expect((await search(alice, 'after')).status).toBe(200)
  })
})

describe('connections', () => {
  const sockets: Socket[] = []
  afterEach(() => {
    for (const socket of sockets.splice(0)) socket.destroy()
  })

  it.each([
    ['headers', 'GET /v1/regions HTTP/1.1\r\nHost: x\r\n', 'X-A: b\r\n'],
    [
      'a body',
      'POST /v1/keys HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 60000\r\n\r\n',
      ' ',
    ],
    ['nothing at all', '', ''],
  ])('that drip %s are cut within 16 seconds', async (_what, start, drip) => {
    service = await startService('SQLite')
    const socket = connect(Number(new URL(service.url).port), '127.0.0.1')
    sockets.push(socket)
    socket.on('error', () => undefined).resume()
    const began = Date.now()
    const closed = once(socket, 'close')
    socket.write(start)
    const dripping = setInterval(() => drip && socket.writable && socket.write(drip), 500)
    await closed
    clearInterval(dripping)
    const took = Date.now() - began
    expect(took).toBeGreaterThan(5_000)
    expect(took).toBeLessThan(16_500)
  })
})

describe('an event loop that lags', () => {
  /** Holds the loop up for `ms` again and again, as code that computes for long would. */
  function holdUp(ms: number): () => void {
    const timer = setInterval(() => {
      const end = Date.now() + ms
      while (Date.now() < end);
    }, 1)
    return () => clearInterval(timer)
  }

  it('refuses requests, but not the question whether the process is alive, and serves again afterwards', async () => {
    service = await startService('SQLite', { METRICS_TOKEN: 'metrics' })
    const app = await createApp(service.services, service.config, {
      load: { ...LOAD_LIMITS, lag: 50, lagMeasured: 500 },
    })
    const url = await app.listen({ host: '127.0.0.1', port: 0 })
    const status = async (path: string) =>
      (await send('GET', `${url}${path}`, undefined, { authorization: 'Bearer metrics' })).status
    // A busy machine may make the loop lag from its start: it serves once that is over.
    while ((await status('/v1/regions')) !== 200) await delay(100)
    const end = holdUp(150)
    try {
      while ((await status('/v1/regions')) !== 503);
      const rejected = await send('GET', `${url}/v1/regions`)
      expect([rejected.status, rejected.headers.get('retry-after'), rejected.json]).toEqual([
        503,
        '2',
        { error: 'This server is too busy just now. Try again in a moment.', code: 'overloaded' },
      ])
      expect([await status('/healthz'), await status('/readyz'), await status('/metrics')]).toEqual([200, 200, 200])
    } finally {
      end()
    }
    while ((await status('/v1/regions')) !== 200) await delay(100)
    await app.close()
  })
})
