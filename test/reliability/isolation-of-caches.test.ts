// Reliability section 7: no cache gives anybody what somebody else was answered. The second round is answered from memory
// where there is one.

import { expect, it } from 'vitest'
import { startMarkedPlatform } from '../support/marked-platform.ts'
import { describeOnBothEngines, startService } from '../support/service.ts'

describeOnBothEngines('fifty users of one platform, whose answers all carry the same ETag', (engine) => {
  it('see their own in every answer, however often and at once they ask', async () => {
    const platform = await startMarkedPlatform()
    const service = await startService(engine, { ALLOWED_HOSTS: platform.origin, SEARCH_FRESH_SECONDS: '30' })
    try {
      const accounts = await Promise.all(Array.from({ length: 50 }, (_, n) => service.addAccount(`member${n + 1}`)))
      const ids = await Promise.all(
        accounts.map(async (account, n) => {
          const body = { scm_type: 'github-enterprise', url: platform.origin, access_token: `token-${n + 1}` }
          const { status, json } = await account.call('POST', '/v1/scm_integrations', body)
          expect([status, json.scm_integration.uid]).toEqual([201, `${n + 1}`])
          return json.scm_integration.id as string
        }),
      )
      const paths = [
        '',
        '/health',
        '/orgs',
        '/search_repos?query=x',
        '/search_pull_requests?query=x',
        '/branches?repo_name=a/b',
      ]
      for (const round of [1, 2]) {
        for (const path of paths) {
          const answers = await Promise.all(
            accounts.map((account, n) => account.call('GET', `/v1/scm_integrations/${ids[n]}${path}`)),
          )
          for (const [n, answer] of answers.entries()) {
            const marks = new Set(answer.text.match(/(user|token)-\d+/g) ?? [])
            const own = { '': [`token-${n + 1}`, `user-${n + 1}`], '/health': [] }[path] ?? [`user-${n + 1}`]
            expect([round, path, answer.status, [...marks].sort()]).toEqual([round, path, 200, own])
          }
        }
      }
      const imported = await Promise.all(
        accounts.map((account, n) => account.call('POST', `/v1/scm_integrations/${ids[n]}/import_keys`)),
      )
      expect(imported.map(({ json }) => json.keys.map((key: { name: string }) => key.name))).toEqual(
        accounts.map((_account, n) => [`github-enterprise-key of user-${n + 1}`]),
      )
    } finally {
      await service.close()
      await platform.close()
    }
  }, 120_000)
})
