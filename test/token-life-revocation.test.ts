// Tokens that are no longer needed are revoked at their platform, whatever happens in between.

import pg from 'pg'
import { describe, expect, it } from 'vitest'
import { userRemove } from '../src/commands/users.ts'
import { claimRevocation, queueRevocation } from '../src/integrations/tokens/revocations.ts'
import { openBrowser, ownAddress } from './support/browser.ts'
import {
  beginLinking,
  decide,
  linkByOAuth,
  livingTokens,
  OAUTH_NAMES,
  type OAuthName,
  oauthSettings,
  refreshCalls,
  revokedTokens,
} from './support/oauth.ts'
import { linkAccount } from './support/platforms.ts'
import { describeOnBothEngines, startReplica, startService } from './support/service.ts'
import { TOKEN_PATH, tokenLife } from './support/token-life.ts'
import { until } from './support/until.ts'

describeOnBothEngines('the end of a token', (engine) => {
  const life = tokenLife(engine)

  describe.each(OAUTH_NAMES)('%s', (name: OAuthName) => {
    it('revokes the token of a link that is unlinked', async () => {
      const id = await linkByOAuth(life.browser, name)
      expect(livingTokens(life.platform(name))).toHaveLength(1)
      expect((await life.account.call('DELETE', `/v1/scm_integrations/${id}`)).status).toBe(204)
      await until(() => livingTokens(life.platform(name)).length === 0)
      expect(life.platform(name).state.refreshTokens.every(({ revoked }) => revoked)).toBe(true)
      await until(async () => (await life.revocations()).length === 0)
    })

    it('revokes a pair whose access token has run out', async () => {
      const id = await linkByOAuth(life.browser, name)
      const { state } = life.platform(name)
      for (const token of state.tokens) if (token.oauth) token.expiresAt = '2025-01-01T00:00:00Z'
      expect(state.refreshTokens.some(({ revoked }) => !revoked)).toBe(true)
      expect((await life.account.call('DELETE', `/v1/scm_integrations/${id}`)).status).toBe(204)
      await until(() => state.refreshTokens.every(({ revoked, spent }) => revoked || spent))
      expect(livingTokens(life.platform(name))).toEqual([])
      await until(async () => (await life.revocations()).length === 0)
    })

    it('answers 204 while the platform is down, and revokes once it is back', async () => {
      const id = await linkByOAuth(life.browser, name)
      const { access_token } = await life.show(id)
      life.platform(name).faults.set({ fault: 'connection-closed' })
      expect((await life.account.call('DELETE', `/v1/scm_integrations/${id}`)).status).toBe(204)
      expect((await life.account.call('GET', `/v1/scm_integrations/${id}`)).status).toBe(404)
      await until(async () => (await life.revocations()).some(({ attempts }) => attempts > 0))
      expect(JSON.stringify(await life.revocations())).not.toContain(access_token)
      expect(livingTokens(life.platform(name))).toHaveLength(1)
      life.platform(name).faults.clear()
      await until(() => livingTokens(life.platform(name)).length === 0, 20)
      await until(async () => (await life.revocations()).length === 0)
    })

    it('revokes what a removed user had linked, though another process removes them', async () => {
      await linkByOAuth(life.browser, name)
      expect(await userRemove(life.service.services, life.account.username)).toContain('revokes what they had allowed')
      await until(() => livingTokens(life.platform(name)).length === 0, 25)
    })

    it('lets an unlinked link stay gone when its token is being renewed, and revokes the new pair', async () => {
      const id = await linkByOAuth(life.browser, name)
      await life.endIn(id, name, -1)
      life.platform(name).faults.set({ fault: 'headers-late', path: TOKEN_PATH, value: 2, times: 1 })
      const using = life.use(id)
      await until(() => refreshCalls(life.platform(name)).length === 1)
      expect((await life.account.call('DELETE', `/v1/scm_integrations/${id}`)).status).toBe(204)
      expect((await using).status).toBe(404)
      expect(await life.row(id)).toBeUndefined()
      await until(() => livingTokens(life.platform(name)).length === 0, 25)
    })

    it('keeps the newer pair when a link is made again while its token is being renewed', async () => {
      const id = await linkByOAuth(life.browser, name)
      const back = await decide(life.browser, await beginLinking(life.browser, name))
      await life.endIn(id, name, -1)
      life.platform(name).faults.set({ fault: 'headers-late', path: TOKEN_PATH, value: 2, times: 1 })
      const using = life.use(id)
      await until(() => refreshCalls(life.platform(name)).length === 1)
      expect((await life.browser.get(back)).status).toBe(303)
      const { access_token } = await life.show(id)
      expect((await using).status).toBe(200)
      expect((await life.show(id)).access_token).toBe(access_token)
      await until(() => livingTokens(life.platform(name)).length === 1, 25)
      expect(livingTokens(life.platform(name))).toEqual([access_token])
    })
  })

  it('waits with a pair whose refresh token is being spent', async () => {
    const id = await linkByOAuth(life.browser, 'github')
    await life.endIn(id, 'github', -1)
    life.platform('github').faults.set({ fault: 'headers-late', path: TOKEN_PATH, value: 2, times: 1 })
    const using = life.use(id)
    await until(() => refreshCalls(life.platform('github')).length === 1)
    const lease = (await life.row(id))?.refreshLease?.split(' ')[0]
    expect((await life.account.call('DELETE', `/v1/scm_integrations/${id}`)).status).toBe(204)
    expect((await life.revocations()).map(({ nextAt }) => nextAt)).toEqual([lease])
    expect((await using).status).toBe(404)
    expect(refreshCalls(life.platform('github'))).toHaveLength(1)
  })

  it('does not lose a pair that was renewed in order to be revoked', async () => {
    const id = await linkByOAuth(life.browser, 'github')
    const { state, faults, requests } = life.platform('github')
    for (const token of state.tokens) if (token.oauth) token.expiresAt = '2025-01-01T00:00:00Z'
    faults.set({ fault: 'status-500', method: 'DELETE', after: 1, times: 1 })
    expect((await life.account.call('DELETE', `/v1/scm_integrations/${id}`)).status).toBe(204)
    await until(async () => refreshCalls(life.platform('github')).length === 1 && (await isPostponed()))
    await life.revokeNow()
    const newest = state.tokens.filter(({ oauth }) => oauth).at(-1)?.value ?? '-'
    await until(() =>
      requests.some(({ method, status, body }) => method === 'DELETE' && status === 204 && body.includes(newest)),
    )
    expect(refreshCalls(life.platform('github'))).toHaveLength(1)
    await until(async () => (await life.revocations()).length === 0)
  })

  it.each(['clientId', 'clientSecret'] as const)(
    'keeps what it cannot revoke with another %s for later',
    async (setting) => {
      for (const name of OAUTH_NAMES) {
        life.platform(name).state.settings.oauth.expiring = false
        const id = await linkByOAuth(life.browser, name)
        const application = life.application(name)
        const right = application[setting]
        application[setting] = 'another'
        expect((await life.account.call('DELETE', `/v1/scm_integrations/${id}`)).status).toBe(204)
        await until(isPostponed).finally(() => {
          application[setting] = right
        })
        expect(livingTokens(life.platform(name))).toHaveLength(1)
        await life.revokeNow()
        await until(() => livingTokens(life.platform(name)).length === 0)
        await until(async () => (await life.revocations()).length === 0)
      }
    },
  )

  it('lets a link of GitHub go whose token GitHub does not know any more', async () => {
    life.platform('github').state.settings.oauth.expiring = false
    const id = await linkByOAuth(life.browser, 'github')
    for (const token of life.platform('github').state.tokens) if (token.oauth) token.revoked = true
    expect((await life.account.call('DELETE', `/v1/scm_integrations/${id}`)).status).toBe(204)
    await until(() => revokedTokens(life.platform('github')).length === 1)
    await until(async () => (await life.revocations()).length === 0)
  })

  it('is given to one of several processes that look at the same time', async () => {
    const { database, vault } = life.service.services
    let claims = 0
    for (let round = 0; round < 20; round++) {
      const tokens = { accessToken: 'a', refreshToken: null }
      const nobody = { ownerId: 'us-none', integrationId: null }
      const { url: webUrl } = life.platform('gitlab')
      await queueRevocation(database, vault, { scmType: 'gitlab', webUrl, clientId: 'x', tokens, ...nobody })
      const claimed = await Promise.all(Array.from({ length: 4 }, () => claimRevocation(database)))
      const times = claimed.filter((one) => one !== undefined).length
      expect(times).toBeLessThanOrEqual(1) // the service itself may have been first
      claims += times
    }
    expect(claims).toBeGreaterThan(10)
  })

  it.skipIf(engine === 'SQLite')('revokes what a renewal stores while its user is removed', async () => {
    const platform = life.platform('gitlab')
    const id = await linkByOAuth(life.browser, 'gitlab')
    await life.endIn(id, 'gitlab', -1)
    platform.faults.set({ fault: 'headers-late', path: TOKEN_PATH, value: 0.5, times: 1 })
    const client = new pg.Client({ connectionString: life.service.config.databaseUrl ?? '' })
    await client.connect()
    const using = life.use(id)
    await until(() => refreshCalls(platform).length === 1)
    // As a link does that is being stored: the user cannot go yet.
    await client.query('begin')
    await client.query('select id from users where id = $1 for key share', [life.account.id])
    const removing = userRemove(life.service.services, life.account.username)
    await until(async () => (await life.row(id))?.tokenVersion === 2)
    await client.query('commit')
    await client.end()
    await removing
    await using
    const newest = platform.state.tokens.filter(({ oauth }) => oauth).at(-1)?.value
    await until(() => revokedTokens(platform).includes(newest ?? ''))
  })

  it('lets a link and its user go though its stored tokens do not open', async () => {
    const [first, second] = [await linkByOAuth(life.browser, 'gitlab'), await linkByOAuth(life.browser, 'github')]
    for (const id of [first, second]) await life.change(id, { accessToken: 'v2.test.AAAA' })
    expect((await life.account.call('DELETE', `/v1/scm_integrations/${first}`)).status).toBe(204)
    await userRemove(life.service.services, life.account.username)
    expect([await life.row(first), await life.row(second)]).toEqual([undefined, undefined])
  })

  async function isPostponed(): Promise<boolean> {
    const soon = new Date(Date.now() + 100_000).toISOString()
    return (await life.revocations()).some(({ attempts, nextAt }) => attempts > 0 && nextAt < soon)
  }

  it('does not revoke a token that its owner pasted', async () => {
    const platform = life.sandbox.platforms['github-enterprise']
    const id = await linkAccount(life.account, platform)
    expect((await life.account.call('DELETE', `/v1/scm_integrations/${id}`)).status).toBe(204)
    expect(await life.revocations()).toEqual([])
    expect(await linkAccount(life.account, platform)).not.toBe(id)
  })

  it('revokes after a restart what could not be revoked before', async () => {
    const first = await startService(engine, { ...(await ownAddress()), ...oauthSettings(life.sandbox) })
    const own = await first.addAccount('restarted')
    const fresh = openBrowser(first)
    await fresh.signIn(own)
    const id = await linkByOAuth(fresh, 'gitlab')
    life.platform('gitlab').faults.set({ fault: 'connection-closed' })
    await own.call('DELETE', `/v1/scm_integrations/${id}`)
    await until(async () =>
      (await first.services.database.selectFrom('revocations').selectAll().execute()).some(
        ({ attempts }) => attempts > 0,
      ),
    )
    const replica = await startReplica(first)
    life.platform('gitlab').faults.clear()
    await until(() => livingTokens(life.platform('gitlab')).length === 0, 25)
    await replica.close()
    await first.close()
  })
})
