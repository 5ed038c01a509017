// Codes and tokens of any form: nothing is known of it but that they are at most 4,096 printable characters.

import { describe, expect, it } from 'vitest'
import { beginLinking, decide, headingOf, linkByOAuth, OAUTH_NAMES, refreshCalls, tokenCalls } from './support/oauth.ts'
import { describeOnBothEngines } from './support/service.ts'
import { tokenLife } from './support/token-life.ts'

describeOnBothEngines('what OAuth gives', (engine) => {
  const life = tokenLife(engine)

  // gitlab.com's second OAuth server: codes gliamac-, tokens gliamat- that are JWTs, refresh tokens gliamrt-.
  it('is linked and renewed whatever its form is', async () => {
    const { state } = life.platform('gitlab')
    state.settings.oauth.iam = true
    const id = await linkByOAuth(life.browser, 'gitlab')
    expect(await life.show(id)).toMatchObject({ status: 'ok', access_token: expect.stringMatching(/^gliamat-.{900}/) })
    await life.endIn(id, 'gitlab', -1)
    expect((await life.use(id)).status).toBe(200)
    expect(refreshCalls(life.platform('gitlab'))).toEqual([expect.stringMatching(/^gliamrt-/)])
  })

  // A fine-grained answer of that server: what the token may do is not told by its scopes.
  it('is not missing anything when its scope is granular', async () => {
    const { state } = life.platform('gitlab')
    const back = await decide(life.browser, await beginLinking(life.browser, 'gitlab'))
    for (const grant of state.grants) grant.scopes = ['granular', 'read_api']
    expect((await life.browser.get(back)).status).toBe(303)
    const [link] = (await life.account.call('GET', '/v1/scm_integrations')).json.scm_integrations
    expect([link.status, link.scopes]).toEqual(['ok', ['granular', 'read_api']])
  })

  it('has no scopes of which a GitHub App tells', async () => {
    const { state } = life.platform('github')
    const application = life.application('github')
    const { clientId, clientSecret } = application
    state.oauthClients.push({ id: 'Iv23liSandboxApp', secret: 'app-secret' })
    Object.assign(application, { clientId: 'Iv23liSandboxApp', clientSecret: 'app-secret' })
    try {
      const id = await linkByOAuth(life.browser, 'github')
      expect(await life.show(id)).toMatchObject({
        status: 'ok',
        scopes: null,
        access_token: expect.stringMatching(/^ghu_/),
        token_expires_at: expect.any(String),
      })
      await life.endIn(id, 'github', -1)
      expect((await life.use(id)).status).toBe(200)
      expect(await life.show(id)).toMatchObject({ status: 'ok', scopes: null })
    } finally {
      Object.assign(application, { clientId, clientSecret })
    }
  })

  it.each(['status-500', 'status-429', 'html-200'] as const)(
    'is linked though GitHub answers the question for the e-mail address with %s',
    async (fault) => {
      life.platform('github').faults.set({ fault, path: '/user/emails' })
      const id = await linkByOAuth(life.browser, 'github')
      expect(await life.show(id)).toMatchObject({ status: 'ok', email: null, scopes: expect.any(Array) })
      life.platform('github').faults.clear()
      expect(await linkByOAuth(life.browser, 'github')).toBe(id)
      expect((await life.show(id)).email).toBe('alice@example.test')
      // What is known stays when it cannot be told again.
      life.platform('github').faults.set({ fault, path: '/user/emails' })
      expect(await linkByOAuth(life.browser, 'github')).toBe(id)
      expect((await life.show(id)).email).toBe('alice@example.test')
    },
  )

  describe.each(OAUTH_NAMES)('%s', (name) => {
    it.each([
      [4096, 303],
      [4097, 400],
    ])('takes a code of %i characters: %i', async (length, status) => {
      const code = 'c0de-._~'.repeat(513).slice(0, length)
      const back = new URL(await decide(life.browser, await beginLinking(life.browser, name)))
      for (const grant of life.platform(name).state.grants) grant.code = code
      back.searchParams.set('code', code)
      const page = await life.browser.get(back.href)
      expect([page.status, tokenCalls(life.platform(name)).length]).toEqual([status, status === 303 ? 1 : 0])
      if (status === 400) expect(headingOf(page)).toContain('gave no code')
    })

    // RFC 6749 section 5.1: the refresh token is optional.
    it('links without a refresh token though the token ends', async () => {
      life.platform(name).faults.set({ fault: 'oauth-no-refresh-token' })
      const id = await linkByOAuth(life.browser, name)
      expect(await life.show(id)).toMatchObject({ status: 'ok', token_expires_at: expect.any(String) })
      expect((await life.row(id))?.refreshToken).toBeNull()
    })
  })
})
