// When a token cannot be renewed: platforms that refuse, fail or fall silent, and processes and stores that die.

import { setTimeout as delay } from 'node:timers/promises'
import { describe, expect, it, vi } from 'vitest'
import type { FaultName } from '../sandbox/sandbox.ts'
import { ownAddress } from './support/browser.ts'
import { linkByOAuth, OAUTH_NAMES, type OAuthName, refreshCalls } from './support/oauth.ts'
import { startProcess } from './support/process.ts'
import { describeOnBothEngines, send, startReplica } from './support/service.ts'
import { READS_LINK, TAKES_LEASE, TOKEN_PATH, tokenLife } from './support/token-life.ts'
import { until } from './support/until.ts'

describeOnBothEngines('a token that cannot be renewed', (engine) => {
  const life = tokenLife(engine)

  describe.each(OAUTH_NAMES)('%s', (name: OAuthName) => {
    it('marks the link expired at a definite refusal, does not try again, and works after linking again', async () => {
      const id = await linkByOAuth(life.browser, name)
      await life.endIn(id, name, -1)
      const fault = name === 'github' ? 'oauth-bad-refresh-token' : 'oauth-invalid-grant'
      life.platform(name).faults.set({ fault })
      const rejected = await life.use(id)
      expect([rejected.status, rejected.json.code]).toEqual([403, 'scm_token_rejected'])
      expect(rejected.json.error).toContain(`${life.service.url}/users/${name}/link?again=${id}`)
      life.platform(name).faults.clear()
      for (let n = 0; n < 3; n++) expect((await life.use(id)).text).toBe(rejected.text)
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
      // The pair of before is revoked in the background, which may renew it: not in the next test.
      await until(async () => (await life.revocations()).length === 0)
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
    it.each(passing)(
      'survives %s at the token endpoint, and asks it again only after a while',
      async (fault, status) => {
        const id = await linkByOAuth(life.browser, name)
        await life.endIn(id, name, -1)
        life.platform(name).faults.set({ fault, path: TOKEN_PATH })
        for (let n = 0; n < 3; n++) {
          const answer = await life.use(id)
          expect(answer.status).toBe(status)
          expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0)
        }
        expect([refreshCalls(life.platform(name)).length, (await life.show(id)).status]).toEqual([1, 'ok'])
        life.platform(name).faults.clear()
        await life.leaseOver(id)
        expect((await life.use(id)).status).toBe(200)
      },
    )

    it('sends nothing before the time that the API asks to wait, with a renewed token neither', async () => {
      const id = await linkByOAuth(life.browser, name)
      life.platform(name).faults.set({ fault: 'status-429', path: '/api/', value: 600, times: 1 })
      expect((await life.use(id)).status).toBe(429)
      await life.endIn(id, name, -1)
      const asked = () => life.platform(name).requests.filter(({ path }) => path.startsWith('/api/')).length
      const before = asked()
      const answer = await life.use(id)
      expect([answer.status, Number(answer.headers.get('retry-after')) > 590]).toEqual([429, true])
      expect([refreshCalls(life.platform(name)).length, asked()]).toEqual([1, before])
    })

    it.each([
      ['status-429', 429],
      ['status-503', 503],
    ] as const)(
      'sends nothing before the time that comes with %s, from no process, and uses a living token',
      async (fault, status) => {
        const id = await linkByOAuth(life.browser, name)
        await life.endIn(id, name, -1)
        life.platform(name).faults.set({ fault, path: TOKEN_PATH, value: 600, times: 1 })
        expect((await life.use(id)).status).toBe(status)
        const replica = await startReplica(life.service)
        const address = `${replica.url}/v1/scm_integrations/${id}/orgs`
        const elsewhere = await send('GET', address, undefined, { authorization: `Bearer ${life.account.bearer}` })
        await replica.close()
        for (const answer of [elsewhere, await life.use(id)]) {
          expect(answer.status).toBe(status)
          const wait = Number(answer.headers.get('retry-after'))
          expect([wait > 590, wait <= 600]).toEqual([true, true])
        }
        await life.endIn(id, name, 60)
        expect((await life.use(id)).status).toBe(200)
        expect(refreshCalls(life.platform(name))).toHaveLength(1)
      },
    )

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
      await life.leaseOver(id)
      for (let n = 0; n < 3; n++) expect((await life.use(id)).json.code).toBe('scm_token_rejected')
      expect(refreshCalls(life.platform(name))).toHaveLength(2)
      expect((await life.show(id)).status).toBe('expired')
    })
  })

  it('does not let a call wait long for the renewal of a token that lives', async () => {
    const id = await linkByOAuth(life.browser, 'gitlab')
    await life.endIn(id, 'gitlab', 60)
    life.platform('gitlab').faults.set({ fault: 'headers-never', path: TOKEN_PATH })
    const began = Date.now()
    expect((await life.use(id)).status).toBe(200)
    expect(Date.now() - began).toBeLessThan(7_000)
    // The one who asked in the background has given up by then.
    await until(async () => / scm_/.test((await life.row(id))?.refreshLease ?? ''), 15)
    const again = Date.now()
    expect((await life.use(id)).status).toBe(200)
    expect(Date.now() - again).toBeLessThan(2_000)
    expect([refreshCalls(life.platform('gitlab')).length, (await life.show(id)).status]).toEqual([1, 'ok'])
  })

  it('does not spend the refresh token when it was held up until the lease was another’s', async () => {
    const platform = life.platform('gitlab')
    const id = await linkByOAuth(life.browser, 'gitlab')
    await life.endIn(id, 'gitlab', -1)
    const replica = await startReplica(life.service)
    const elsewhere: number[] = []
    const leave = life.meddle(TAKES_LEASE, {
      async after() {
        if (elsewhere.length > 0) return
        elsewhere.push(0)
        // As on a machine that was suspended for a minute while the store's answer was on its way.
        vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 60_000 })
        const address = `${replica.url}/v1/scm_integrations/${id}/orgs`
        const { status } = await send('GET', address, undefined, { authorization: `Bearer ${life.account.bearer}` })
        elsewhere[0] = status
      },
    })
    await life.use(id).finally(() => vi.useRealTimers()) // its own time is over as well
    leave()
    await replica.close()
    expect(elsewhere).toEqual([200])
    expect((await life.use(id)).status).toBe(200)
    expect(refreshCalls(platform)).toHaveLength(1)
  })

  it('leaves the refresh token to the process that spends it, however slow the platform is', async () => {
    const platform = life.platform('gitlab')
    const id = await linkByOAuth(life.browser, 'gitlab')
    await life.endIn(id, 'gitlab', -1)
    platform.faults.set({ fault: 'headers-late', path: TOKEN_PATH, value: 8, times: 1 })
    const replica = await startReplica(life.service)
    const using = life.use(id)
    await until(() => refreshCalls(platform).length === 1)
    const address = `${replica.url}/v1/scm_integrations/${id}/orgs`
    const elsewhere = await send('GET', address, undefined, { authorization: `Bearer ${life.account.bearer}` })
    await replica.close()
    expect([(await using).status, elsewhere.status]).toEqual([200, 200])
    expect(refreshCalls(platform)).toHaveLength(1)
  })

  it('does not spend the refresh token again for a call that read the link before it expired', async () => {
    const platform = life.platform('gitlab')
    const id = await linkByOAuth(life.browser, 'gitlab')
    await life.endIn(id, 'gitlab', -1)
    platform.faults.set({ fault: 'oauth-invalid-grant' })
    const replica = await startReplica(life.service)
    const elsewhere: string[] = []
    const leave = life.meddle(READS_LINK, {
      async after() {
        if (elsewhere.length > 0) return
        elsewhere.push('')
        const address = `${replica.url}/v1/scm_integrations/${id}/orgs`
        const { json } = await send('GET', address, undefined, { authorization: `Bearer ${life.account.bearer}` })
        elsewhere[0] = json.code
      },
    })
    const { json } = await life.use(id)
    leave()
    await replica.close()
    expect([json.code, elsewhere]).toEqual(['scm_token_rejected', ['scm_token_rejected']])
    expect(refreshCalls(platform)).toHaveLength(1)
  })

  it('does not bring an expired link back for a call that began before', async () => {
    const platform = life.platform('gitlab')
    const id = await linkByOAuth(life.browser, 'gitlab')
    await life.change(id, { status: 'token_rejected' })
    platform.faults.set([{ fault: 'headers-late', path: 'per_page=7', value: 2 }, { fault: 'oauth-invalid-grant' }])
    const slow = life.use(id, '?per_page=7')
    await until(() => platform.requests.some(({ path }) => path.includes('per_page=7')))
    // Not at the platform, where the slow call's token lives.
    await life.change(id, { tokenExpiresAt: new Date(Date.now() - 1000).toISOString() })
    expect((await life.use(id)).json.code).toBe('scm_token_rejected')
    expect((await slow).status).toBe(200)
    expect((await life.show(id)).status).toBe('expired')
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
      expect(leaseEnds - Date.now()).toBeLessThan(55_000)

      await life.leaseOver(id)
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
