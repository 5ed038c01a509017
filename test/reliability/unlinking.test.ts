// Reliability section 5: a link that is unlinked while it is used is gone at once, and stays gone.

import { setTimeout as delay } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { describeOnBothEngines, startService } from '../support/service.ts'
import { startWaitingPlatform } from '../support/waiting-platform.ts'

describeOnBothEngines('unlinking', (engine) => {
  it.each([
    ['search', 'GET', '/search_repos?query=x', /^\/search\//],
    ['import', 'POST', '/import_keys', /^\/user\/keys/],
    ['a look at its health', 'GET', '/health', /^\/meta/],
    ['a new token', 'PATCH', '', /^\/user$/],
  ] as const)('during %s is done at once, and nothing comes back to life', async (_what, method, path, held) => {
    const platform = await startWaitingPlatform(held)
    const service = await startService(engine, { ALLOWED_HOSTS: platform.origin })
    try {
      const alice = await service.addAccount('alice')
      const link = { scm_type: 'github-enterprise', url: platform.origin, access_token: 'ghp_waiting' }
      const creating = alice.call('POST', '/v1/scm_integrations', link)
      if (path === '') {
        // Of a new token the first question is the one that waits, as it is of a new link.
        while (platform.waiting() === 0) await delay(10)
        platform.release()
      }
      const { id } = (await creating).json.scm_integration
      if (path === '') platform.hold()
      const body = method === 'PATCH' ? { access_token: 'ghp_another' } : undefined
      const background = alice.call(method, `/v1/scm_integrations/${id}${path}`, body)
      while (platform.waiting() === 0) await delay(10)
      expect((await alice.call('DELETE', `/v1/scm_integrations/${id}`)).status).toBe(204)
      platform.release()
      expect((await background).status).toBeLessThan(500)
      expect((await alice.call('GET', '/v1/scm_integrations')).json.scm_integrations).toEqual([])
      expect((await alice.call('GET', `/v1/scm_integrations/${id}`)).status).toBe(404)
    } finally {
      await service.close()
      await platform.close()
    }
  })
})
