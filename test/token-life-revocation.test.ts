// Tokens that are no longer needed are revoked at their platform, whatever happens in between.

import { describe, expect, it } from 'vitest'
import { userRemove } from '../src/admin/users.ts'
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
} from './support/oauth.ts'
import { linkAccount } from './support/platforms.ts'
import { describeOnBothEngines, startReplica, startService } from './support/service.ts'
import { TOKEN_PATH, tokenLife, until } from './support/token-life.ts'

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
      await until(() => state.refreshTokens.every(({ revoked }) => revoked))
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
