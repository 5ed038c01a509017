// Sessions through HTTP: signing in and out, cookies, CSRF, passwords.

import { afterAll, beforeAll, expect, it } from 'vitest'
import { findUserByLogin, lockPassword } from '../src/accounts/users.ts'
import { userPassword, userRemove } from '../src/commands/users.ts'
import { type Browser, openBrowser, ownAddress, readForm, sessionCookieOf, sessionValueOf } from './support/browser.ts'
import type { Account, Service } from './support/service.ts'
import { describeOnBothEngines, send, startService } from './support/service.ts'

describeOnBothEngines('sessions', (engine) => {
  let service: Service
  let alice: Account
  let browser: Browser

  beforeAll(async () => {
    service = await startService(engine, await ownAddress())
    alice = await service.addAccount('alice')
    browser = openBrowser(service)
    await browser.signIn(alice)
  })
  afterAll(() => service.close())

  async function isSignedIn(one: Browser): Promise<boolean> {
    return (await one.get('/session')).status === 200
  }

  /** As if the sessions had begun or been used so long ago. */
  async function age(column: 'createdAt' | 'usedAt', minutes: number): Promise<void> {
    const time = new Date(Date.now() - minutes * 60_000).toISOString()
    await service.services.database
      .updateTable('sessions')
      .set({ [column]: time })
      .execute()
  }

  it('signs in by form with user name or e-mail, and shows the session', async () => {
    for (const login of ['alice', 'ALICE@example.test', ' alice ']) {
      const fresh = openBrowser(service)
      const page = await fresh.get('/sign-in')
      expect([page.status, page.headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8'])
      const answer = await fresh.submit(page, { login, password: alice.password })
      expect([answer.status, answer.headers.get('location')]).toEqual([303, '/profile'])
      const { status, json } = await fresh.get('/session')
      expect(status).toBe(200)
      expect(json).toEqual({
        session: {
          user: (await alice.call('GET', '/v1/users/self')).json.user,
          // The first user.
          role: 'admin',
          csrf_token: expect.stringMatching(/^[A-Za-z0-9_-]{43}$/),
          public_url: service.url,
          has_password: true,
          provider: null,
          platforms: [
            expect.objectContaining({ scm_type: 'github', oauth: { configured: false, url: 'https://github.com' } }),
            expect.objectContaining({ scm_type: 'gitlab', oauth: { configured: false, url: 'https://gitlab.com' } }),
            {
              scm_type: 'github-enterprise',
              vendor: 'github',
              label: 'GitHub Enterprise Server',
              self_hosted: true,
              oauth: null,
              words: {
                vendor: 'GitHub',
                server: 'GitHub Enterprise Server',
                organizations: 'organisations',
                change_request: 'pull request',
                change_requests: 'pull requests',
                change_request_sign: '#',
                repository_form: 'owner/name',
              },
              short_words: null,
              scopes: [
                { name: 'user:email', why: 'your e-mail addresses', optional: false },
                { name: 'read:org', why: 'which organisations you are a member of', optional: false },
                { name: 'read:public_key', why: 'your SSH public keys', optional: false },
                {
                  name: 'repo',
                  why: 'your private repositories (GitHub has no scope for reading alone; nothing is written)',
                  optional: true,
                },
              ],
              new_token_path:
                '/settings/tokens/new?scopes=user%3Aemail%2Cread%3Aorg%2Cread%3Apublic_key%2Crepo&description=Forgelink',
            },
            {
              scm_type: 'gitlab-self-hosted',
              vendor: 'gitlab',
              label: 'GitLab self-hosted',
              self_hosted: true,
              oauth: null,
              words: {
                vendor: 'GitLab',
                server: 'GitLab',
                organizations: 'groups',
                change_request: 'merge request',
                change_requests: 'merge requests',
                change_request_sign: '!',
                repository_form: 'group/subgroup/name',
              },
              short_words: { fewer_than: 3, hint: 'GitLab wants three letters or more of a word.' },
              scopes: [
                {
                  name: 'read_api',
                  why: 'your e-mail address, projects, groups, merge requests and SSH public keys',
                  optional: false,
                },
              ],
              new_token_path: '/-/user_settings/personal_access_tokens?name=Forgelink&scopes=read_api',
            },
          ],
        },
      })
    }
  })

  it('answers 401 as JSON where nobody is signed in', async () => {
    const answer = await openBrowser(service).get('/session')
    const error = 'You are not signed in, or no longer. Sign in and try again.'
    expect([answer.status, answer.json]).toEqual([401, { error }])
  })

  it('gives each session a CSRF token of its own, and takes no other', async () => {
    const other = openBrowser(service)
    await other.signIn(alice)
    const [mine, theirs] = [await browser.get('/session'), await other.get('/session')].map(
      ({ json }) => json.session.csrf_token,
    )
    expect(mine).not.toBe(theirs)
    const body = { token: { name: 'x' } }
    expect((await browser.call('POST', '/v1/tokens', body, { 'x-csrf-token': theirs })).json.code).toBe('csrf')
    expect((await browser.call('POST', '/v1/tokens', body, { 'x-csrf-token': mine })).status).toBe(201)
    await other.call('POST', '/sign-out')
    expect([await isSignedIn(browser), await isSignedIn(other)]).toEqual([true, false])
  })

  it('reads with the cookie alone, by GET and by HEAD', async () => {
    const headers = { cookie: `${sessionCookieOf(browser)}` }
    for (const method of ['GET', 'HEAD']) {
      for (const path of ['/v1/users/self', '/session']) {
        const answer = await send(method, `${service.url}${path}`, undefined, headers)
        expect([method, path, answer.status]).toEqual([method, path, 200])
      }
    }
  })

  it('gives a cookie that scripts and other sites do not get, of another value than before signing in', async () => {
    const fresh = openBrowser(service)
    const page = await fresh.get('/sign-in')
    const before = sessionValueOf(fresh)
    const answer = await fresh.submit(page, { login: 'alice', password: alice.password })
    const [cookie = ''] = answer.headers.getSetCookie()
    expect(cookie).toMatch(/^forgelink-\d+=[A-Za-z0-9_-]{43}; Path=\/; HttpOnly; SameSite=Lax; Max-Age=43200$/)
    expect(sessionValueOf(fresh)).not.toBe(before)
    const rows = await service.services.database.selectFrom('sessions').selectAll().execute()
    expect(JSON.stringify(rows)).not.toContain(sessionValueOf(fresh))
  })

  it('refuses wrong credentials with the page again, the login kept and the password not', async () => {
    for (const login of ['alice', 'nobody', '']) {
      const fresh = openBrowser(service)
      const answer = await fresh.submit(await fresh.get('/sign-in?return_to=/keys'), { login, password: 'a wrong one' })
      expect(answer.status).toBe(401)
      expect(answer.text).toContain('User name or password is wrong.')
      expect(answer.text).toContain(`value="${login}"`)
      expect(answer.text).not.toContain('a wrong one')
      expect(readForm(answer.text).hidden.return_to).toBe('/keys')
      expect(await isSignedIn(fresh)).toBe(false)
    }
  })

  it.each([
    ['no CSRF token', { csrf: '' }, {}],
    ['another CSRF token', { csrf: 'x'.repeat(43) }, {}],
    ['another Origin', {}, { origin: 'https://evil.example' }],
    ['an Origin of null', {}, { origin: 'null' }],
  ])('does not sign in with %s', async (_case, fields, headers) => {
    const fresh = openBrowser(service)
    const page = await fresh.get('/sign-in')
    const answer = await fresh.submit(
      page,
      { login: 'alice', password: alice.password, ...fields },
      headers as Record<string, string>,
    )
    expect(answer.status).toBe(403)
    expect(await isSignedIn(fresh)).toBe(false)
  })

  it('does not sign in a browser that sends no cookie, and says so', async () => {
    const fresh = openBrowser(service)
    const page = await fresh.get('/sign-in')
    fresh.cookies.clear()
    const answer = await fresh.submit(page, { login: 'alice', password: alice.password })
    expect([answer.status, answer.text.includes('allow cookies')]).toEqual([403, true])
  })

  it.each([
    ['/keys', '/keys'],
    ['/pull-requests?query=is%3Aopen', '/pull-requests?query=is%3Aopen'],
    ['https://evil.example/', '/profile'],
    ['//evil.example/', '/profile'],
    ['/\\evil.example/', '/profile'],
    ['/\t/evil.example/', '/profile'],
    ['/x/..//evil.example/', '/profile'],
    ['/.//evil.example/', '/profile'],
    ['javascript:alert(1)', '/profile'],
    ['keys', '/profile'],
    ['', '/profile'],
  ])('returns to %j by going to %s', async (returnTo, location) => {
    const fresh = openBrowser(service)
    const answer = await fresh.signIn(alice, returnTo)
    expect([answer.status, answer.headers.get('location')]).toEqual([303, location])
    const again = await fresh.get(`/sign-in?return_to=${encodeURIComponent(returnTo)}`)
    expect([again.status, again.headers.get('location')]).toEqual([303, location])
  })

  it('serves the API to the session, without access tokens, and to writes only with CSRF token and Origin', async () => {
    expect((await browser.get('/v1/users/self')).json.user.id).toBe(alice.id)
    const body = { token: { name: 'from the dashboard' } }
    expect((await browser.call('POST', '/v1/tokens', body)).status).toBe(201)
    const tokens = (await browser.get('/v1/tokens')).json.tokens.length
    const rejected: [string, Record<string, string>][] = [
      ['no token', { 'x-csrf-token': '' }],
      ['another token', { 'x-csrf-token': 'x'.repeat(43) }],
      ['another Origin', { origin: 'https://evil.example' }],
      ['an Origin of null', { origin: 'null' }],
      ['the same host over https', { origin: service.url.replace('http:', 'https:') }],
    ]
    for (const [name, headers] of rejected) {
      for (const [method, path] of [
        ['POST', '/v1/tokens'],
        ['PUT', '/v1/users/account'],
        ['DELETE', '/v1/keys/x'],
        ['PUT', '/session/password'],
        ['POST', '/session/confirm'],
      ] as const) {
        const answer = await browser.call(method, path, body, headers)
        expect([name, method, path, answer.status, answer.json.code]).toEqual([name, method, path, 403, 'csrf'])
      }
    }
    expect((await browser.get('/v1/tokens')).json.tokens).toHaveLength(tokens)
  })

  it('does not look at the cookie where there are other credentials', async () => {
    const wrong = await browser.get('/v1/users/self', { authorization: 'Bearer x' })
    expect(wrong.status).toBe(401)
    const basic = `Basic ${Buffer.from('alice:wrong').toString('base64')}`
    expect((await browser.call('POST', '/v1/tokens', { name: 'x' }, { authorization: basic })).status).toBe(401)
  })

  it('signs out: the cookie goes, and its value is worth nothing any more', async () => {
    for (const way of ['form', 'header']) {
      const fresh = openBrowser(service)
      await fresh.signIn(alice)
      const kept = new Map(fresh.cookies)
      const csrf = (await fresh.get('/session')).json.session.csrf_token
      expect((await fresh.post('/sign-out', {})).status).toBe(403)
      const told = await fresh.post('/sign-out', {}, { accept: 'application/json' })
      expect([told.status, told.json.code]).toEqual([403, 'csrf'])
      expect(await isSignedIn(fresh)).toBe(true)
      const answer =
        way === 'form'
          ? await fresh.post('/sign-out', { csrf })
          : await fresh.call('POST', '/sign-out', undefined, { 'x-csrf-token': csrf })
      expect([answer.status, answer.headers.get('location')]).toEqual([303, '/sign-in?notice=signed_out'])
      expect(sessionCookieOf(fresh)).toBeUndefined()
      for (const [name, value] of kept) fresh.cookies.set(name, value)
      expect(await isSignedIn(fresh)).toBe(false)
    }
  })

  it('changes the password: the present one is asked for, and all sessions end but a new one', async () => {
    const account = await service.addAccount('carol')
    const [here, there] = [openBrowser(service), openBrowser(service)]
    await here.signIn(account)
    await there.signIn(account)
    const change = (current: string, next: string) =>
      here.call('PUT', '/session/password', { password: { current, new: next } })

    expect((await change('wrong', 'a new password')).json.errors).toEqual({ current: ['is not your present password'] })
    const short = await change(account.password, 'short')
    expect([short.status, short.json.errors]).toEqual([422, { new: ['must have at least 8 characters'] }])
    expect((await here.call('PUT', '/session/password', {})).status).toBe(422)
    expect(await isSignedIn(there)).toBe(true)

    const copied = openBrowser(service)
    for (const [name, value] of here.cookies) copied.cookies.set(name, value)
    expect((await change(account.password, 'a new password')).status).toBe(204)
    expect(await Promise.all([here, there, copied].map(isSignedIn))).toEqual([true, false, false])
    expect((await there.signIn({ ...account, password: 'a new password' })).status).toBe(303)
  })

  it('leaves the session of another instance on the same host alone', async () => {
    const other = await startService(engine, await ownAddress())
    try {
      const account = await other.addAccount('olga')
      const here = openBrowser(service)
      await here.signIn(alice)
      // One browser: all ports of a host share its cookies.
      const there = openBrowser(other)
      for (const [name, value] of here.cookies) there.cookies.set(name, value)
      expect((await there.signIn(account)).status).toBe(303)
      for (const [name, value] of there.cookies) here.cookies.set(name, value)
      expect(await Promise.all([here, there].map(isSignedIn))).toEqual([true, true])
      expect((await here.get('/session')).json.session.user.username).toBe('alice')
    } finally {
      await other.close()
    }
  })

  it('begins no session with a password that was changed since it was checked', async () => {
    const account = await service.addAccount('carla')
    const { database } = service.services
    const before = await findUserByLogin(database, account.username)
    if (!before) throw new Error('no such user')
    const begin = () => database.transaction().execute((transaction) => lockPassword(transaction, before))
    await begin()
    await userPassword(service.services, account.username, { json: false })
    await expect(begin()).rejects.toThrow('The password was changed at this moment.')
  })

  it('does not let a session change the password without the present one', async () => {
    const answer = await browser.call('PUT', '/v1/users/account', { user: { password: 'another password' } })
    expect([answer.status, Object.keys(answer.json.errors)]).toEqual([422, ['password']])
  })

  it.each([
    ['by an operator', (account: Account) => userPassword(service.services, account.username, { json: false })],
    ['by removal of the user', (account: Account) => userRemove(service.services, account.username)],
  ])('ends all sessions of a user whose password goes %s', async (how, change) => {
    const account = await service.addAccount(`dan-${how.replaceAll(' ', '-')}`)
    const one = openBrowser(service)
    await one.signIn(account)
    expect(await isSignedIn(one)).toBe(true)
    await change(account)
    expect(await isSignedIn(one)).toBe(false)
  })

  it('ends a session after 12 hours, and after one without use', async () => {
    const cases: ['createdAt' | 'usedAt', number, boolean][] = [
      ['usedAt', 59, true],
      ['usedAt', 61, false],
      ['createdAt', 719, true],
      ['createdAt', 721, false],
    ]
    for (const [column, minutes, alive] of cases) {
      const one = openBrowser(service)
      await one.signIn(alice)
      await age(column, minutes)
      expect([column, minutes, await isSignedIn(one)]).toEqual([column, minutes, alive])
    }
    browser = openBrowser(service)
    await browser.signIn(alice)
    await age('usedAt', 59)
    await isSignedIn(browser)
    const rows = await service.services.database.selectFrom('sessions').select('usedAt').execute()
    expect(rows.some(({ usedAt }) => Date.parse(usedAt) > Date.now() - 30_000)).toBe(true)
    expect(rows).toHaveLength(1)
  })

  it('notes the use of a session once a minute', async () => {
    const account = await service.addAccount('frank')
    const one = openBrowser(service)
    await one.signIn(account)
    const usedAt = async () => {
      const sessions = service.services.database.selectFrom('sessions')
      return (await sessions.select('usedAt').where('userId', '=', account.id).executeTakeFirstOrThrow()).usedAt
    }
    await age('usedAt', 0.5)
    const before = await usedAt()
    expect([await isSignedIn(one), await usedAt()]).toEqual([true, before])
    await age('usedAt', 1.5)
    expect(await isSignedIn(one)).toBe(true)
    expect(Date.parse(await usedAt())).toBeGreaterThan(Date.now() - 30_000)
  })

  it.each([
    ['began over 12 hours ago', 'createdAt', 721, 1],
    ['was not used for over an hour', 'usedAt', 61, 1],
    ['is in force', 'usedAt', 59, 2],
  ] as const)(
    'takes a session out of the store at the next sign-in, if it %s',
    async (_case, column, minutes, left) => {
      const account = await service.addAccount(`gail-${minutes}`)
      await openBrowser(service).signIn(account)
      await age(column, minutes)
      await openBrowser(service).signIn(account)
      const sessions = service.services.database.selectFrom('sessions').selectAll()
      expect(await sessions.where('userId', '=', account.id).execute()).toHaveLength(left)
      browser = openBrowser(service)
      await browser.signIn(alice)
    },
  )

  it('slows guessing down: 429 with the page after ten, and the right password still signs in', async () => {
    const guessed = await startService(engine, await ownAddress())
    const erin = await guessed.addAccount('erin')
    const guesser = openBrowser(guessed)
    const statuses: number[] = []
    for (let n = 0; n < 12; n++) {
      const answer = await guesser.signIn({ ...erin, password: `wrong ${n}` })
      statuses.push(answer.status)
      if (answer.status === 429) {
        expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0)
        expect(answer.text).toContain('Too many wrong credentials')
      }
    }
    expect(statuses).toEqual([...new Array(10).fill(401), 429, 429])
    expect((await guesser.signIn(erin)).status).toBe(303)
    const change = { password: { current: 'wrong', new: 'a new password' } }
    // The browser has signed in as her: what was guessed before does not count in it.
    expect((await guesser.call('PUT', '/session/password', change)).status).toBe(422)
    await guessed.close()
  })
})
