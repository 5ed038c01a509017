// What a token of OAuth lives through: renewed in time and once, by whichever process, and only for its own account.

import { setTimeout as delay } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { ownAddress } from './support/browser.ts'
import { linkByOAuth, livingTokens, OAUTH_NAMES, type OAuthName, refreshCalls, tokenCalls } from './support/oauth.ts'
import { startProcess } from './support/process.ts'
import type { Answer } from './support/service.ts'
import { describeOnBothEngines, send, startReplica } from './support/service.ts'
import { TOKEN_PATH, tokenLife } from './support/token-life.ts'
import { until } from './support/until.ts'

/** How often the tests of simultaneous calls repeat: `FORGELINK_TEST_ROUNDS=100` for a thorough run. */
const ROUNDS = Number(process.env.FORGELINK_TEST_ROUNDS ?? 3)

describeOnBothEngines('the life of a token', (engine) => {
  const life = tokenLife(engine)

  /** Fifty calls with an expired token, spread over the addresses: one refresh and fifty answers, in every round. */
  async function fiftyAtOnce(name: OAuthName, urls: string[]): Promise<void> {
    const platform = life.platform(name)
    const id = await linkByOAuth(life.browser, name)
    const headers = { authorization: `Bearer ${life.account.bearer}` }
    const spent: string[] = []
    for (let round = 1; round <= ROUNDS; round++) {
      await life.endIn(id, name, -1)
      const answers = await Promise.all(
        Array.from({ length: 50 }, (_, n) => {
          const address = `${urls[n % urls.length]}/v1/scm_integrations/${id}/orgs?per_page=${n + 1}`
          return send('GET', address, undefined, headers)
        }),
      )
      expect(answers.filter(({ status }) => status !== 200).map(({ text }) => text)).toEqual([])
      spent.push(...refreshCalls(platform))
      expect([spent.length, new Set(spent).size]).toEqual([round, round])
      // The sandbox remembers a thousand calls only.
      platform.requests.length = 0
    }
    expect(platform.state.refreshTokens.some(({ revoked }) => revoked)).toBe(false)
    expect(livingTokens(platform)).toEqual([(await life.show(id)).access_token])
  }

  describe.each(OAUTH_NAMES)('%s', (name: OAuthName) => {
    it('renews a token shortly before its end, and only then', async () => {
      const id = await linkByOAuth(life.browser, name)
      const first = await life.show(id)
      await life.endIn(id, name, 600)
      expect((await life.use(id)).status).toBe(200)
      expect(refreshCalls(life.platform(name))).toEqual([])

      const spent = life.platform(name).state.refreshTokens.map(({ value }) => value)
      await life.endIn(id, name, 60)
      expect((await life.use(id)).status).toBe(200)
      expect(refreshCalls(life.platform(name))).toEqual(spent)
      const second = await life.show(id)
      expect(second.access_token).not.toBe(first.access_token)
      expect(Date.parse(second.token_expires_at)).toBeGreaterThan(Date.now() + 3_600_000)
      expect(livingTokens(life.platform(name))).toEqual([second.access_token])
      const { requests, oauth } = life.platform(name)
      const refresh = requests.find(({ body }) => body.includes('grant_type=refresh_token'))
      expect(Object.fromEntries(new URLSearchParams(refresh?.body))).toEqual({
        grant_type: 'refresh_token',
        refresh_token: spent[0],
        client_id: oauth.id,
        client_secret: oauth.secret,
        ...(name === 'gitlab' && { redirect_uri: `${life.service.url}/users/gitlab/callback` }),
      })

      expect((await life.use(id)).status).toBe(200)
      expect(refreshCalls(life.platform(name))).toHaveLength(1)
    })

    it('renews it once when the platform says that it has expired, and repeats the call', async () => {
      const id = await linkByOAuth(life.browser, name)
      for (const token of life.platform(name).state.tokens) if (token.oauth) token.expiresAt = '2025-01-01T00:00:00Z'
      expect((await life.use(id)).status).toBe(200)
      expect(refreshCalls(life.platform(name))).toHaveLength(1)
      expect((await life.show(id)).status).toBe('ok')
    })

    it('does not go on renewing when the platform refuses the new token too', async () => {
      const id = await linkByOAuth(life.browser, name)
      life.platform(name).faults.set({ fault: 'status-401', path: '/api/' })
      for (let n = 0; n < 3; n++) expect((await life.use(id)).json.code).toBe('scm_token_rejected')
      expect(refreshCalls(life.platform(name))).toHaveLength(1)
      expect((await life.show(id)).status).toBe('token_rejected')
      life.platform(name).faults.clear()
      expect((await life.use(id)).status).toBe(200)
      expect((await life.show(id)).status).toBe('ok')
    })

    it('does not go on renewing for callers that overlap when the platform refuses every token', async () => {
      const id = await linkByOAuth(life.browser, name)
      // Each renewal takes a second to its end, and the next caller meets the new token before that.
      life.platform(name).faults.set([
        { fault: 'headers-late', path: '/user$', value: 1 },
        { fault: 'status-401', path: '/api/', value: 'invalid_token' },
      ])
      const calls: Promise<Answer>[] = []
      for (let n = 1; n <= 6; n++) {
        calls.push(life.use(id, `?per_page=${n}`))
        await delay(300)
      }
      for (const { json } of await Promise.all(calls)) expect(json.code).toBe('scm_token_rejected')
      expect(refreshCalls(life.platform(name)).length).toBe(1)
      expect((await life.show(id)).status).toBe('token_rejected')
    })

    it(`serves fifty calls at once with one refresh, ${ROUNDS} times`, async () => {
      await fiftyAtOnce(name, [life.service.url])
    }, 600_000)

    it(`serves fifty calls at once on two replicas over one store with one refresh, ${ROUNDS} times`, async () => {
      const replica = await startReplica(life.service)
      await fiftyAtOnce(name, [life.service.url, replica.url]).finally(() => replica.close())
    }, 600_000)

    it('goes on with a refresh whose caller has gone away', async () => {
      const id = await linkByOAuth(life.browser, name)
      await life.endIn(id, name, -1)
      life.platform(name).faults.set({ fault: 'headers-late', path: TOKEN_PATH, value: 1, times: 1 })
      const controller = new AbortController()
      const call = fetch(`${life.service.url}/v1/scm_integrations/${id}/orgs?per_page=7`, {
        headers: { authorization: `Bearer ${life.account.bearer}` },
        signal: controller.signal,
      })
      await until(() => refreshCalls(life.platform(name)).length === 1)
      controller.abort()
      await expect(call).rejects.toThrow()
      await until(async () => (await life.row(id))?.tokenVersion === 2)
      expect((await life.use(id)).status).toBe(200)
      expect(refreshCalls(life.platform(name))).toHaveLength(1)
      // The call goes on without its caller; its last question is not to arrive in the next test.
      await until(() =>
        life.platform(name).requests.some((one) => one.path.includes('per_page=7') && one.status === 200),
      )
    })

    it('keeps the refresh token where no new one comes with the new token', async () => {
      const id = await linkByOAuth(life.browser, name)
      const before = life.platform(name).state.refreshTokens.map(({ value }) => value)
      await life.endIn(id, name, -1)
      life.platform(name).faults.set({ fault: 'oauth-no-refresh-token' })
      expect((await life.use(id)).status).toBe(200)
      life.platform(name).faults.clear()
      await life.endIn(id, name, -1)
      await life.use(id)
      expect(refreshCalls(life.platform(name))).toEqual([...before, ...before])
    })

    it('does not take a renewed token of another account', async () => {
      const id = await linkByOAuth(life.browser, name)
      await life.endIn(id, name, -1)
      for (const token of life.platform(name).state.refreshTokens) token.userId = 44
      expect((await life.use(id)).json.code).toBe('scm_token_rejected')
      expect(await life.show(id)).toMatchObject({ status: 'expired', username: 'alice' })
    })

    it('sends nothing to a platform or for an application that is another than the link’s', async () => {
      const id = await linkByOAuth(life.browser, name)
      const { database } = life.service.services
      for (const change of [{ clientId: 'another' }, { webUrl: 'http://127.0.0.1:9' }]) {
        const before = await life.row(id)
        await database.updateTable('scmIntegrations').set(change).where('id', '=', id).execute()
        await life.endIn(id, name, -1)
        const answer = await life.use(id)
        expect([answer.status, answer.json.error]).toEqual([503, expect.stringContaining('Link it again')])
        await database
          .updateTable('scmIntegrations')
          .set({ clientId: before?.clientId ?? null, webUrl: before?.webUrl ?? '' })
          .where('id', '=', id)
          .execute()
      }
      expect(refreshCalls(life.platform(name))).toEqual([])
      expect((await life.use(id)).status).toBe(200)
    })
  })

  it('renews a token of a short life when half of it is over, not at each call', async () => {
    life.platform('gitlab').state.settings.oauth.accessTokenSeconds = 100
    const id = await linkByOAuth(life.browser, 'gitlab')
    for (let n = 0; n < 3; n++) expect((await life.use(id)).status).toBe(200)
    expect(refreshCalls(life.platform('gitlab'))).toEqual([])
    const then = new Date(Date.now() - 60_000).toISOString()
    await life.change(id, { updatedAt: then, tokenExpiresAt: new Date(Date.now() + 40_000).toISOString() })
    for (let n = 0; n < 3; n++) expect((await life.use(id)).status).toBe(200)
    expect(refreshCalls(life.platform('gitlab'))).toHaveLength(1)
  })

  it('does not renew what has no end', async () => {
    life.platform('github').state.settings.oauth.expiring = false
    const id = await linkByOAuth(life.browser, 'github')
    expect((await life.show(id)).token_expires_at).toBeNull()
    expect((await life.use(id)).status).toBe(200)
    for (const token of life.platform('github').state.tokens) if (token.oauth) token.revoked = true
    expect((await life.use(id)).json.code).toBe('scm_token_rejected')
    expect(tokenCalls(life.platform('github'))).toHaveLength(1)
    expect((await life.show(id)).status).toBe('token_rejected')
  })

  it(`serves fifty calls at once on two processes with one refresh, ${ROUNDS} times`, async () => {
    const other = await startProcess({ ...life.service.environment, PORT: (await ownAddress()).PORT })
    await fiftyAtOnce('gitlab', [life.service.url, other.url]).finally(() => other.kill())
  }, 800_000)
})
