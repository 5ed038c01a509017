// Signing in at a real OpenID provider: whose account it is, who gets one, who is refused, and who administers.

import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { setUserActive, setUserRole } from '../../src/accounts/roles.ts'
import { COMMAND_LINE } from '../../src/audit/events.ts'
import type { Environment } from '../../src/config.ts'
import { type OidcStage, startOidcStage } from '../support/oidc-stage.ts'
import { addPerson, beginSignIn, followThere, openVisitor, signInThere, type Visitor } from '../support/oidc-visit.ts'
import type { OpenIdProvider } from '../support/openid-provider.ts'
import { basic, describeOnBothEngines, type Service, send } from '../support/service.ts'

describeOnBothEngines('signing in at the OpenID provider', (engine) => {
  let provider: OpenIdProvider
  let service: Service
  let stage: OidcStage

  beforeAll(async () => {
    stage = await startOidcStage(engine)
    ;({ provider, service } = stage)
    await addOperator()
  })
  beforeEach(() => {
    provider.tamper = null
  })
  afterAll(() => stage?.close())

  async function restart(settings: Environment): Promise<void> {
    await stage.restart(settings)
    service = stage.service
    await addOperator()
  }

  /** The first user is an administrator, and stays the last one if need be. */
  function addOperator() {
    return service.addAccount('operator')
  }

  function person(name: string, claims: Record<string, unknown> = {}): string {
    return addPerson(provider, name, claims)
  }

  async function userOf({ here }: Visitor) {
    return (await here.get('/session')).json.session?.user
  }

  /** What the operator sees. */
  function accountOf(sub: string) {
    const users = service.services.database.selectFrom('users').innerJoin('identities', 'userId', 'users.id')
    return users.selectAll('users').where('identities.subject', '=', sub).executeTakeFirst()
  }

  it('makes the user at the first sign-in, and finds them at the second', async () => {
    const sub = person('first')
    const visitor = openVisitor(service, provider)
    const answer = await signInThere(visitor, service, '/keys')
    expect([answer.status, answer.headers.get('location')]).toEqual([303, '/keys'])
    const user = await userOf(visitor)
    expect([user.username, user.email]).toEqual([sub, `${sub}@corp.example`])
    expect((await accountOf(sub))?.role).toBe('member')
    const identities = await visitor.here.get('/v1/identities')
    expect(identities.json.identities).toMatchObject([{ issuer: provider.issuer, subject: sub }])
    expect(identities.json.identities[0].last_used_at).not.toBeNull()
    const types = (await visitor.here.get('/v1/events')).json.events.map(({ type, via }: Record<string, string>) => [
      type,
      via,
    ])
    expect(types).toEqual([
      ['login_success', 'oidc'],
      ['new_identity', 'oidc'],
      ['new_user', 'oidc'],
    ])

    const again = openVisitor(service, provider)
    await signInThere(again, service)
    expect((await userOf(again)).id).toBe(user.id)
  })

  it('takes name and picture at the first sign-in, and later leaves what the person has made of them', async () => {
    const picture = 'https://pictures.example/z.png'
    const sub = person('pictured', { name: 'Zoë Quinn', picture })
    const visitor = openVisitor(service, provider)
    await signInThere(visitor, service)
    expect(await userOf(visitor)).toMatchObject({ fullname: 'Zoë Quinn', avatar_url: picture })
    await visitor.here.call('PATCH', '/v1/users/self', { user: { fullname: 'Zoë' } })
    await signInThere(openVisitor(service, provider), service)
    expect(await accountOf(sub)).toMatchObject({ fullName: 'Zoë', avatarUrl: picture })

    const odd = person('odd', { name: 'a\u0000b', picture: 'http://pictures.example/z.png' })
    await signInThere(openVisitor(service, provider), service)
    expect(await accountOf(odd)).toMatchObject({ fullName: null, avatarUrl: null })
  })

  it('gives the session another cookie than before, and ends the one before', async () => {
    person('cookie')
    const visitor = openVisitor(service, provider)
    const address = await beginSignIn(visitor)
    const before = [...visitor.here.cookies.values()]
    await visitor.here.get(await followThere(visitor, address, service.url))
    expect([...visitor.here.cookies.values()]).not.toEqual(before)
  })

  it('makes one user of many first sign-ins at once', async () => {
    const sub = person('crowd')
    const visitors = Array.from({ length: 6 }, () => openVisitor(service, provider))
    const answers = await Promise.all(visitors.map((visitor) => signInThere(visitor, service)))
    expect(answers.map(({ status }) => status)).toEqual(new Array(6).fill(303))
    const ids = await Promise.all(visitors.map(async (visitor) => (await userOf(visitor)).id))
    expect(new Set(ids).size).toBe(1)
    expect((await accountOf(sub))?.id).toBe(ids[0])
  })

  it.each([
    ['one that is an e-mail address', { preferred_username: 'Zoë.Q@corp.example' }, /^Zoe\.Q/],
    ['one in another script', { preferred_username: '山田' }, /^user/],
    ['none, but a subject', { preferred_username: undefined }, /^named-[0-9a-f]{8}$/],
    ['one that is too long', { preferred_username: 'x'.repeat(80) }, /^x{41,48}/],
  ])('makes a user name of %s', async (_case, claims, name) => {
    const sub = person('named', claims)
    await signInThere(openVisitor(service, provider), service)
    expect((await accountOf(sub))?.username).toMatch(name)
  })

  it('makes a user name unique that is taken', async () => {
    const other = await service.addAccount('taken')
    const sub = person('twin', { preferred_username: other.username })
    await signInThere(openVisitor(service, provider), service)
    expect((await accountOf(sub))?.username).toMatch(/^taken(-[0-9a-f]{8})?-[0-9a-f]{6}$/)
  })

  it.each([
    ['not verified', { email_verified: false }],
    ['said to be verified in text', { email_verified: 'true' }],
    ['malformed', { email: 'nobody' }],
    ['missing', { email: undefined }],
  ])('takes no e-mail address that is %s', async (_case, claims) => {
    const sub = person('mail', claims)
    await signInThere(openVisitor(service, provider), service)
    expect(await accountOf(sub)).toMatchObject({ email: null })
  })

  it('refuses an e-mail address that somebody has, and makes and joins nobody', async () => {
    const other = await service.addAccount('owner')
    const sub = person('second', { email: other.email.toUpperCase() })
    const visitor = openVisitor(service, provider)
    const answer = await signInThere(visitor, service)
    expect(answer.status).toBe(409)
    expect(answer.text).toContain(
      'An account here has your e-mail address already. Sign in as you are used to, and connect Corp ID on your account page.',
    )
    expect([await userOf(visitor), await accountOf(sub)]).toEqual([undefined, undefined])
  })

  it('refuses a deactivated user, and makes no other', async () => {
    const sub = person('gone')
    await signInThere(openVisitor(service, provider), service)
    const user = await accountOf(sub)
    await service.services.database
      .transaction()
      .execute((transaction) => setUserActive(transaction, COMMAND_LINE, user?.id ?? '', false))
    const visitor = openVisitor(service, provider)
    const answer = await signInThere(visitor, service)
    expect([answer.status, answer.text.includes('Your account here is deactivated.')]).toEqual([403, true])
    expect(await userOf(visitor)).toBeUndefined()
    expect((await accountOf(sub))?.id).toBe(user?.id)
  })

  it('says so when the person says no there', async () => {
    provider.answer = { error: 'access_denied' }
    const answer = await signInThere(openVisitor(service, provider), service)
    expect([answer.status, answer.text.includes('Corp ID did not let you through')]).toEqual([403, true])
  })

  it('goes nowhere but to a path of its own afterwards', async () => {
    person('away')
    const answer = await signInThere(openVisitor(service, provider), service, 'https://evil.example/')
    expect([answer.status, answer.headers.get('location')]).toEqual([303, '/profile'])
  })

  it('begins only from its own page', async () => {
    const { here } = openVisitor(service, provider)
    const page = await here.get('/sign-in')
    const [, csrf = ''] = /name="csrf" value="([^"]+)"/.exec(page.text) ?? []
    const tries: [Record<string, string>, Record<string, string>][] = [
      [{ csrf: '' }, {}],
      [{ csrf: 'x'.repeat(43) }, {}],
      [{ csrf }, { origin: 'https://evil.example' }],
      [{ csrf }, { origin: 'null' }],
    ]
    for (const [fields, headers] of tries) {
      expect((await here.post('/sign-in/oidc', fields, headers)).status).toBe(403)
    }
    expect((await here.get('/sign-in/oidc')).status).toBe(405)
  })

  describe('with a claim for administrators', () => {
    beforeAll(() => restart({ OIDC_ADMIN_CLAIM: 'groups:forgelink-admins' }))

    async function signInWith(sub: string, groups: unknown): Promise<string | undefined> {
      provider.people.set(sub, { ...provider.people.get(sub), groups })
      provider.answer = { person: sub }
      const { status } = await signInThere(openVisitor(service, provider), service)
      expect(status).toBe(303)
      return (await accountOf(sub))?.role
    }

    it.each([
      ['the list holds it', ['a', 'forgelink-admins'], 'admin'],
      ['the one value', 'forgelink-admins', 'admin'],
      ['a longer value', ['forgelink-admins-of-old'], 'member'],
      ['a list within a list', [['forgelink-admins']], 'member'],
      ['a text that only contains it', 'a,forgelink-admins', 'member'],
      ['another case', ['Forgelink-Admins'], 'member'],
      ['none', [], 'member'],
      ['no claim', undefined, 'member'],
    ])('%s', async (_case, groups, role) => {
      expect(await signInWith(person('admin'), groups)).toBe(role)
    })

    it('is gained and lost at the next sign-in, and the trail says by whom', async () => {
      const sub = person('changing')
      expect(await signInWith(sub, [])).toBe('member')
      expect(await signInWith(sub, ['forgelink-admins'])).toBe('admin')
      expect(await signInWith(sub, ['forgelink-admins'])).toBe('admin')
      expect(await signInWith(sub, [])).toBe('member')
      const visitor = openVisitor(service, provider)
      await signInThere(visitor, service)
      const { events } = (await visitor.here.get('/v1/events?type=edit_role')).json
      expect(events).toMatchObject([
        { type_data: { role: 'member' }, act: { type: 'issuer', id: provider.issuer } },
        { type_data: { role: 'admin' }, act: { type: 'issuer', id: provider.issuer } },
      ])
    })

    it('is read at the userinfo endpoint too, but not from somebody else’s', async () => {
      const sub = person('userinfo')
      provider.tamper = { route: 'userinfo', change: (body) => ({ ...body, groups: ['forgelink-admins'] }) }
      expect(await signInWith(sub, [])).toBe('admin')
      provider.tamper = { route: 'userinfo', change: (body) => ({ ...body, sub: 'somebody-else' }) }
      const answer = await signInThere(openVisitor(service, provider), service)
      expect([answer.status, answer.text.includes('cannot be trusted')]).toEqual([403, true])
      expect((await accountOf(sub))?.role).toBe('admin')
    })

    it('leaves the last administrator their role, and lets them in', async () => {
      const sub = person('last')
      expect(await signInWith(sub, ['forgelink-admins'])).toBe('admin')
      const { database } = service.services
      const others = await database.selectFrom('users').select('id').where('role', '=', 'admin').execute()
      const own = (await accountOf(sub))?.id
      for (const { id } of others.filter(({ id }) => id !== own)) {
        await database.transaction().execute((transaction) => setUserRole(transaction, COMMAND_LINE, id, 'member'))
      }
      expect(await signInWith(sub, [])).toBe('admin')
    })
  })

  describe('with a claim that is required', () => {
    beforeAll(() => restart({ OIDC_REQUIRED_CLAIM: 'hd:corp.example' }))

    it.each([
      ['the value', { hd: 'corp.example' }, 303],
      ['another value', { hd: 'evil.example' }, 403],
      ['a value that ends alike', { hd: 'not-corp.example' }, 403],
      ['no such claim', {}, 403],
    ])('%s', async (_case, claims, status) => {
      const sub = person('required', claims)
      const answer = await signInThere(openVisitor(service, provider), service)
      expect(answer.status).toBe(status)
      expect((await accountOf(sub)) !== undefined).toBe(status === 303)
      if (status === 403) expect(answer.text).toContain('Your account at Corp ID may not be used here')
    })

    it('is asked for at every sign-in', async () => {
      const sub = person('leaver', { hd: 'corp.example' })
      expect((await signInThere(openVisitor(service, provider), service)).status).toBe(303)
      provider.people.set(sub, { ...provider.people.get(sub), hd: 'elsewhere.example' })
      expect((await signInThere(openVisitor(service, provider), service)).status).toBe(403)
    })
  })

  describe('without making users', () => {
    beforeAll(() => restart({ OIDC_CREATE_USERS: 'false' }))

    it('refuses whom it does not know', async () => {
      const sub = person('unknown')
      const answer = await signInThere(openVisitor(service, provider), service)
      expect([answer.status, answer.text.includes('You have no account here')]).toEqual([403, true])
      expect(await accountOf(sub)).toBeUndefined()
    })
  })

  describe('with another claim as subject', () => {
    beforeAll(() => restart({ OIDC_SUBJECT_CLAIM: 'oid' }))

    it('takes it, and refuses a token without it', async () => {
      const sub = person('entra', { oid: 'object-1' })
      expect((await signInThere(openVisitor(service, provider), service)).status).toBe(303)
      expect(await accountOf(sub)).toBeUndefined()
      expect(await accountOf('object-1')).toBeDefined()
      person('no-oid')
      expect((await signInThere(openVisitor(service, provider), service)).status).toBe(403)
    })
  })

  describe('without passwords', () => {
    beforeAll(() => restart({ PASSWORD_SIGN_IN: 'false' }))

    it('shows no form for one, and takes none anywhere', async () => {
      const account = await service.addAccount('old')
      const { here } = openVisitor(service, provider)
      const page = await here.get('/sign-in')
      expect([page.text.includes('type="password"'), page.text.includes('Sign in with Corp ID')]).toEqual([false, true])
      const { login, password } = { login: account.username, password: account.password }
      const [, csrf = ''] = /name="csrf" value="([^"]+)"/.exec(page.text) ?? []
      const form = await here.post('/sign-in', { csrf, login, password })
      expect([form.status, form.text.includes('takes no passwords')]).toEqual([401, true])
      const token = await send('POST', `${service.url}/v1/tokens`, { token: { name: 'x' } }, basic(login, password))
      expect(token.status).toBe(401)
      // API tokens are no passwords.
      expect((await account.call('GET', '/v1/users/self')).status).toBe(200)
    })
  })
})
