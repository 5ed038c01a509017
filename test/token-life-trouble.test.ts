// When a token cannot be renewed: platforms that refuse, fail or fall silent, and processes and stores that die.

import { setTimeout as delay } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import type { FaultName } from '../sandbox/sandbox.ts'
import { ownAddress } from './support/browser.ts'
import { linkByOAuth, OAUTH_NAMES, type OAuthName, refreshCalls } from './support/oauth.ts'
import { startProcess } from './support/process.ts'
import { describeOnBothEngines, send } from './support/service.ts'
import { TOKEN_PATH, tokenLife, until } from './support/token-life.ts'

describeOnBothEngines('a token that cannot be renewed', (engine) => {
  const life = tokenLife(engine)

  describe.each(OAUTH_NAMES)('%s', (name: OAuthName) => {
    it('marks the link expired at a definite refusal, does not try again, and works after linking again', async () => {
      const id = await linkByOAuth(life.browser, name)
      await life.endIn(id, name, -1)
      const fault = name === 'github' ? 'oauth-bad-refresh-token' : 'oauth-invalid-grant'
      life.platform(name).faults.set({ fault })
      const refused = await life.use(id)
      expect([refused.status, refused.json.code]).toEqual([403, 'scm_token_rejected'])
      expect(refused.json.error).toContain(`${life.service.url}/users/${name}/link?again=${id}`)
      life.platform(name).faults.clear()
      for (let n = 0; n < 3; n++) expect((await life.use(id)).text).toBe(refused.text)
      expect(refreshCalls(life.platform(name))).toHaveLength(1)
      expect((await life.show(id)).status).toBe('expired')
      const { health } = (await life.account.call('GET', `/v1/scm_integrations/${id}/health`)).json
      expect(health).toMatchObject({
        status: 'expired',
        problems: [{ code: 'scm_link_expired', fix_url: `${life.service.url}/users/${name}/link?again=${id}` }],
      })

      expect(await linkByOAuth(life.browser, name, { again: id })).toBe(id)
      expect((await life.show(id)).status).toBe('ok')
      expect((await life.use(id)).status).toBe(200)
      expect((await life.account.call('GET', `/v1/scm_integrations/${id}/health`)).json.health.status).toBe('ok')
    })

    const passing: [FaultName, number][] = [
      ['status-500', 503],
      ['status-502', 503],
      ['status-429', 429],
      ['connection-closed', 503],
      ['html-200', 503],
      ['json-null', 503],
      ['oauth-invalid-client', 503],
    ]
    it.each(passing)('survives %s at the token endpoint: the next call renews', async (fault, status) => {
      const id = await linkByOAuth(life.browser, name)
      await life.endIn(id, name, -1)
      life.platform(name).faults.set({ fault, path: TOKEN_PATH })
      const answer = await life.use(id)
      expect(answer.status).toBe(status)
      expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0)
      expect([(await life.show(id)).status, (await life.row(id))?.refreshLease]).toEqual(['ok', null])
      life.platform(name).faults.clear()
      expect((await life.use(id)).status).toBe(200)
    })

    it('uses the token as long as it lives when the platform cannot renew it just now', async () => {
      const id = await linkByOAuth(life.browser, name)
      await life.endIn(id, name, 60)
      life.platform(name).faults.set({ fault: 'status-500', path: TOKEN_PATH })
      expect((await life.use(id)).status).toBe(200)
      expect((await life.show(id)).status).toBe('ok')
    })

    it('asks to link again when the answer with the new pair was lost, and does not loop', async () => {
      const id = await linkByOAuth(life.browser, name)
      await life.endIn(id, name, -1)
      life.platform(name).faults.set({ fault: 'answer-lost', path: TOKEN_PATH, times: 1 })
      expect((await life.use(id)).status).toBe(503)
      for (let n = 0; n < 3; n++) expect((await life.use(id)).json.code).toBe('scm_token_rejected')
      expect(refreshCalls(life.platform(name))).toHaveLength(2)
      expect((await life.show(id)).status).toBe('expired')
    })
  })

  it('asks to link again when the process was killed between the platform’s answer and the store', async () => {
    const name = 'gitlab'
    const platform = life.platform(name)
    const other = await startProcess({ ...life.service.environment, PORT: (await ownAddress()).PORT })
    try {
      const id = await linkByOAuth(life.browser, name)
      await life.endIn(id, name, -1)
      platform.faults.set({ fault: 'headers-late', path: TOKEN_PATH, value: 1, times: 1 })
      const headers = { authorization: `Bearer ${life.account.bearer}` }
      const call = send('GET', `${other.url}/v1/scm_integrations/${id}/orgs`, undefined, headers).catch(() => 'cut')
      await until(() => refreshCalls(platform).length === 1)
      const unlock = await life.lockStore(id)
      await until(() => platform.state.refreshTokens.some(({ spent }) => spent))
      await delay(300)
      await other.kill()
      await unlock()
      expect(await call).toBe('cut')
      const left = await life.row(id)
      expect(left?.tokenVersion).toBe(1)
      const leaseEnds = Date.parse(left?.refreshLease?.split(' ')[0] ?? '')
      expect(leaseEnds - Date.now()).toBeLessThan(35_000)

      // As if that time had passed.
      await life.service.services.database
        .updateTable('scmIntegrations')
        .set({ refreshLease: `${new Date(Date.now() - 1).toISOString()} x` })
        .where('id', '=', id)
        .execute()
      for (let n = 0; n < 4; n++) {
        const answer = await life.use(id)
        expect([answer.status, answer.json.error]).toEqual([403, expect.stringContaining(`link?again=${id}`)])
      }
      expect(refreshCalls(platform)).toHaveLength(2)
      expect((await life.show(id)).status).toBe('expired')
      expect(await linkByOAuth(life.browser, name, { again: id })).toBe(id)
      expect((await life.use(id)).status).toBe(200)
    } finally {
      await other.kill()
    }
  }, 240_000)
})
