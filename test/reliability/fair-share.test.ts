// Reliability section 6: accounts whose platforms hang take no place from others, however many there are of them.

import { afterEach, expect, it } from 'vitest'
import { type Account, type Answer, type Service, startService } from '../support/service.ts'
import { until } from '../support/until.ts'
import { startWaitingPlatform, type WaitingPlatform } from '../support/waiting-platform.ts'

let service: Service
/** Where the hostile ones' searches hang. */
let platform: WaitingPlatform
let quick: WaitingPlatform
afterEach(async () => {
  platform.release()
  await service.close()
  await platform.close()
  await quick.close()
})

async function link(account: Account, { origin }: WaitingPlatform): Promise<string> {
  const body = { scm_type: 'github-enterprise', url: origin, access_token: `ghp_${account.username}` }
  const { json } = await account.call('POST', '/v1/scm_integrations', { scm_integration: body })
  return json.scm_integration.id
}

function search(account: Account, id: string, word: string): Promise<Answer> {
  return account.call('GET', `/v1/scm_integrations/${id}/search_repos?query=${word}`)
}

it.each([
  [1, 140],
  [10, 30],
  [100, 3],
])(
  'with %i accounts of %i hanging searches each, another account searches and links within its 25 seconds',
  async (accounts, searches) => {
    platform = await startWaitingPlatform(/q=hang/)
    quick = await startWaitingPlatform(/nothing waits/)
    service = await startService('SQLite', {
      ALLOWED_HOSTS: `${platform.origin},${quick.origin}`,
      TRUST_PROXY: '127.0.0.1',
    })
    const hostile: { account: Account; id: string }[] = []
    for (let n = 0; n < accounts; n++) {
      const account = await service.addAccount(`hostile${n}`)
      hostile.push({ account, id: await link(account, platform) })
    }
    const honest = await service.addAccount('honest')
    const newcomer = await service.addAccount('newcomer')
    const own = await link(honest, quick)
    const hanging = hostile.flatMap(({ account, id }) =>
      Array.from({ length: searches }, (_, n) => search(account, id, `hang${n}`)),
    )
    await until(() => platform.waiting() >= Math.min(4 * accounts, 64), 30)

    const began = Date.now()
    const found = await search(honest, own, 'quick')
    const linked = await link(newcomer, quick)
    expect([found.status, linked]).toEqual([200, expect.any(String)])
    expect(Date.now() - began).toBeLessThan(25_000)

    platform.release()
    const rejected = (await Promise.all(hanging)).filter(({ status }) => status !== 200)
    // Those that were not turned away hang until their time is up.
    for (const { status, json } of rejected)
      expect([status, json.code]).toEqual([503, expect.stringMatching(/^(overloaded|scm_unavailable)$/)])
  },
  120_000,
)
