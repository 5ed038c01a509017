// A token that the platform has just given, refused at first: it is asked with again before anything is believed of it.

import { describe, expect, it } from 'vitest'
import { beginLinking, decide, linkByOAuth, OAUTH_NAMES, refreshCalls, revokedTokens } from './support/oauth.ts'
import { linkAccount } from './support/platforms.ts'
import { describeOnBothEngines } from './support/service.ts'
import { tokenLife } from './support/token-life.ts'
import { until } from './support/until.ts'

describeOnBothEngines('a token that is not yet known everywhere', (engine) => {
  const life = tokenLife(engine)

  function asked(name: (typeof OAUTH_NAMES)[number], path: RegExp): number {
    return life.platform(name).requests.filter((request) => path.test(request.path)).length
  }

  describe.each(OAUTH_NAMES)('%s', (name) => {
    it('links an account though its profile is refused twice', async () => {
      life.platform(name).faults.set({ fault: 'status-401', path: '/user$', times: 2 })
      const began = Date.now()
      const id = await linkByOAuth(life.browser, name)
      // After 1 s, and after 2 s more.
      expect(Date.now() - began).toBeGreaterThanOrEqual(3_000)
      expect(await life.show(id)).toMatchObject({ status: 'ok', username: 'alice' })
      expect([asked(name, /\/user$/), revokedTokens(life.platform(name))]).toEqual([3, []])
    })

    it('believes the third refusal: nothing is linked, and the token is revoked', async () => {
      life.platform(name).faults.set({ fault: 'status-401', path: '/user$' })
      const answer = await life.browser.get(await decide(life.browser, await beginLinking(life.browser, name)))
      expect(answer.status).toBe(403)
      expect(asked(name, /\/user$/)).toBe(3)
      await until(async () => (await life.revocations()).length > 0 || revokedTokens(life.platform(name)).length > 0)
    })

    it('does not spend a second refresh token for a token that was renewed just now', async () => {
      const id = await linkByOAuth(life.browser, name)
      await life.endIn(id, name, -1)
      life.platform(name).faults.set({ fault: 'status-401', path: '/(orgs|groups)\\b', times: 2 })
      expect((await life.use(id)).status).toBe(200)
      expect(refreshCalls(life.platform(name))).toHaveLength(1)
      expect((await life.show(id)).status).toBe('ok')
    })

    it('keeps a token that is renewed whose profile is refused at first, and follows the account', async () => {
      const id = await linkByOAuth(life.browser, name)
      await life.endIn(id, name, -1)
      const alice = life.platform(name).state.users.find(({ username }) => username === 'alice')
      if (!alice) throw new Error('no alice')
      alice.username = 'alice-renamed'
      const { scopes, token_expires_at } = await life.show(id)
      life.platform(name).faults.set({ fault: 'status-401', path: '/user$', times: 2 })
      expect((await life.use(id)).status).toBe(200)
      expect(refreshCalls(life.platform(name))).toHaveLength(1)
      const shown = await life.show(id)
      expect(shown).toMatchObject({ username: 'alice-renamed', status: 'ok', scopes })
      expect(Date.parse(shown.token_expires_at)).toBeGreaterThan(Date.parse(token_expires_at))
    })

    it('is believed at once a minute later', async () => {
      const id = await linkByOAuth(life.browser, name)
      await life.change(id, { tokenObtainedAt: new Date(Date.now() - 60_001).toISOString() })
      life
        .platform(name)
        .faults.set({ fault: 'status-401', value: 'invalid_token', path: '/(orgs|groups)\\b', times: 1 })
      expect((await life.use(id)).status).toBe(200)
      expect(refreshCalls(life.platform(name))).toHaveLength(1)
    })

    it('follows the account of a link made by OAuth with health, and keeps what was granted', async () => {
      const id = await linkByOAuth(life.browser, name)
      const before = await life.show(id)
      const alice = life.platform(name).state.users.find(({ username }) => username === 'alice')
      if (!alice) throw new Error('no alice')
      const email = { email: 'new@example.test', primary: true, verified: true, visibility: null }
      Object.assign(alice, { username: 'alice-renamed', emails: [email] })
      expect((await life.account.call('GET', `/v1/scm_integrations/${id}/health`)).json.health.status).toBe('ok')
      expect(await life.show(id)).toMatchObject({
        uid: before.uid,
        username: 'alice-renamed',
        profile_url: `${life.platform(name).url}/alice-renamed`,
        email: 'new@example.test',
        scopes: before.scopes,
        token_expires_at: before.token_expires_at,
        access_token: before.access_token,
      })
    })
  })

  it('never doubts a refusal of a token that somebody pasted', async () => {
    const platform = life.sandbox.platforms['github-enterprise']
    const id = await linkAccount(life.account, platform)
    platform.requests.length = 0
    platform.faults.set({ fault: 'status-401' })
    expect((await life.use(id)).json.code).toBe('scm_token_rejected')
    expect(platform.requests).toHaveLength(1)
  })
})
