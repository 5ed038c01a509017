// The end of linking: what the platform sends back, and tokens that it has given but that cannot be kept.

import { describe, expect, it } from 'vitest'
import { userRemove } from '../src/commands/users.ts'
import { openBrowser } from './support/browser.ts'
import {
  beginLinking,
  decide,
  headingOf,
  linkByOAuth,
  livingTokens,
  OAUTH_NAMES,
  type OAuthName,
  tokenCalls,
} from './support/oauth.ts'
import { describeOnBothEngines } from './support/service.ts'
import { onceAway, STORES_LINK, storeAway, TOKEN_PATH, tokenLife } from './support/token-life.ts'
import { until } from './support/until.ts'

describeOnBothEngines('the callback of OAuth', (engine) => {
  const life = tokenLife(engine)

  async function links(account = life.account) {
    return (await account.call('GET', '/v1/scm_integrations')).json.scm_integrations
  }

  async function attempts() {
    const { database } = life.service.services
    return database.selectFrom('oauthStates').selectAll().where('userId', '=', life.account.id).execute()
  }

  describe.each(OAUTH_NAMES)('%s', (name: OAuthName) => {
    it.each([
      ['access_denied', 'You did not allow it'],
      ['application_suspended', 'The application is suspended'],
      ['redirect_uri_mismatch', 'The callback address does not match'],
      ['invalid_scope', 'The application may not ask for that'],
      ['unauthorized_client', 'The application is not permitted'],
      ['server_error', 'That did not work there'],
      ['temporarily_unavailable', 'It is busy'],
      ['something_new', `${name === 'github' ? 'GitHub' : 'GitLab'} refused`],
    ])('tells of %s on a page of its own', async (error, heading) => {
      const state = new URL(await beginLinking(life.browser, name)).searchParams.get('state')
      const page = await life.browser.get(`/users/${name}/callback?error=${error}&state=${state}`)
      expect([page.status, headingOf(page)]).toEqual([400, heading])
      expect([page.text.includes('othing was linked'), page.text.includes(`href="/users/${name}/link"`)]).toEqual([
        true,
        true,
      ])
      expect([await links(), tokenCalls(life.platform(name))]).toEqual([[], []])
    })

    it('links a platform’s account to who is signed in, whoever else has its e-mail address', async () => {
      const alice = await life.service.addAccount(`alice${name}`)
      await life.service.services.database
        .updateTable('users')
        .set({ email: 'elsewhere@example.test' })
        .where('email', '=', 'alice@example.test')
        .execute()
      await life.service.services.database
        .updateTable('users')
        .set({ email: 'alice@example.test' })
        .where('id', '=', alice.id)
        .execute()
      await linkByOAuth(life.browser, name)
      expect((await links()).map(({ email }: { email: string }) => email)).toEqual(['alice@example.test'])
      expect(await links(alice)).toEqual([])
      expect((await life.browser.get('/session')).json.session.user.id).toBe(life.account.id)
    })

    it('keeps what was asked for, for ten minutes an attempt and then with the link', async () => {
      const before = Date.now()
      const address = await beginLinking(life.browser, name)
      const [attempt] = await attempts()
      expect(Math.abs(Date.parse(attempt?.expiresAt ?? '') - before - 600_000)).toBeLessThan(10_000)
      await life.browser.get(await decide(life.browser, address))
      const [{ id }] = await links()
      expect((await life.row(id))?.askedScopes).toBe(new URL(address).searchParams.get('scope'))
    })

    it('revokes the tokens and says so when the user is removed while the platform gives them', async () => {
      const back = await decide(life.browser, await beginLinking(life.browser, name))
      life.platform(name).faults.set({ fault: 'headers-late', path: TOKEN_PATH, value: 1, times: 1 })
      const going = life.browser.get(back)
      await until(() => tokenCalls(life.platform(name)).length === 1)
      await userRemove(life.service.services, life.account.username)
      const page = await going
      expect([page.status, page.headers.get('content-type')]).toEqual([401, 'text/html; charset=utf-8'])
      expect(page.text).toContain('Nothing was linked')
      await until(() => life.platform(name).state.tokens.some(({ oauth }) => oauth))
      await until(() => livingTokens(life.platform(name)).length === 0)
    })

    it('keeps one pair when an account is linked several times at once', async () => {
      const backs: string[] = []
      for (let n = 0; n < 5; n++) backs.push(await decide(life.browser, await beginLinking(life.browser, name)))
      const answers = await Promise.all(backs.map((back) => life.browser.get(back)))
      expect(answers.map(({ status }) => status)).toEqual(new Array(5).fill(303))
      const [link, ...more] = await links()
      expect(more).toEqual([])
      await until(() => livingTokens(life.platform(name)).length === 1, 20)
      expect(livingTokens(life.platform(name))).toEqual([link.access_token])
    })
  })

  it('links all the same when the store was away for a moment', async () => {
    const back = await decide(life.browser, await beginLinking(life.browser, 'gitlab'))
    const lost = onceAway()
    const leave = life.meddle(STORES_LINK, { after: lost.fail })
    expect((await life.browser.get(back)).status).toBe(303)
    leave()
    expect(livingTokens(life.platform('gitlab'))).toEqual([(await links())[0].access_token])
    expect(await life.revocations()).toEqual([])
  })

  it('says that nothing was linked when the store stays away, and revokes the tokens', async () => {
    const back = await decide(life.browser, await beginLinking(life.browser, 'gitlab'))
    const leave = life.meddle(STORES_LINK, { before: storeAway })
    const page = await life.browser.get(back)
    leave()
    expect([page.status, headingOf(page)]).toEqual([503, 'Linking GitLab did not work'])
    expect([page.text.includes('Nothing was linked'), page.text.includes('Try again')]).toEqual([true, true])
    await until(() => livingTokens(life.platform('gitlab')).length === 0)
    expect(await links()).toEqual([])
  })

  it('answers within 25 seconds, however slow the platform is at each step', async () => {
    const back = await decide(life.browser, await beginLinking(life.browser, 'gitlab'))
    life.platform('gitlab').faults.set([
      { fault: 'headers-late', path: TOKEN_PATH, value: 9, times: 1 },
      { fault: 'body-drips', path: '/user$' },
    ])
    const began = Date.now()
    expect((await life.browser.get(back)).status).toBe(503)
    expect(Date.now() - began).toBeLessThan(24_000)
    await until(() => livingTokens(life.platform('gitlab')).length === 0)
  }, 60_000)

  it('keeps the newest twenty attempts of a session', async () => {
    const addresses: string[] = []
    for (let n = 0; n < 23; n++) addresses.push(await beginLinking(life.browser, 'gitlab'))
    expect(await attempts()).toHaveLength(20)
    const first = await decide(life.browser, addresses[0] ?? '')
    expect((await life.browser.get(first)).status).toBe(400)
    const last = await decide(life.browser, addresses[22] ?? '')
    expect((await life.browser.get(last)).status).toBe(303)
  })

  it('ends the attempts of a session that is signed in over', async () => {
    const back = await decide(life.browser, await beginLinking(life.browser, 'gitlab'))
    const old = openBrowser(life.service)
    for (const [name, value] of life.browser.cookies) old.cookies.set(name, value)
    const { csrf_token } = (await life.browser.get('/session')).json.session
    const other = await life.service.addAccount(`over${life.account.username}`)
    const fields = { csrf: csrf_token, login: other.username, password: other.password, return_to: '/profile' }
    expect((await life.browser.post('/sign-in', fields)).status).toBe(303)
    expect([(await old.get(back)).status, (await life.browser.get(back)).status]).toEqual([401, 400])
    expect([await attempts(), tokenCalls(life.platform('gitlab'))]).toEqual([[], []])
  })
})
