// Signing out here and at the OpenID provider, both ways: by the person here, and by the provider itself.

import { importJWK, type JWTPayload, SignJWT, UnsecuredJWT } from 'jose'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { ownAddress, sessionCookieOf } from '../support/browser.ts'
import { goesTo } from '../support/oauth.ts'
import { type OidcStage, startOidcStage } from '../support/oidc-stage.ts'
import { openVisitor, signInThere, type Visitor } from '../support/oidc-visit.ts'
import { CLIENT_ID, type OpenIdProvider, oidcSettings } from '../support/openid-provider.ts'
import { type Answer, describeOnBothEngines, type Service, send, startService } from '../support/service.ts'

describeOnBothEngines('signing out at the OpenID provider', (engine) => {
  let provider: OpenIdProvider
  let service: Service
  let stage: OidcStage

  beforeAll(async () => {
    stage = await startOidcStage(engine)
    ;({ provider, service } = stage)
  })
  afterAll(() => stage?.close())

  async function isSignedIn({ here }: Pick<Visitor, 'here'>): Promise<boolean> {
    return (await here.get('/session')).status === 200
  }

  async function sidOf(sub: string): Promise<string> {
    const sessions = service.services.database.selectFrom('sessions').select('oidcSid').where('oidcSubject', '=', sub)
    return (await sessions.orderBy('createdAt', 'desc').executeTakeFirstOrThrow()).oidcSid ?? ''
  }

  function signOutForm({ here }: Visitor): Promise<Answer> {
    return here.get('/session').then(({ json }) => here.post('/sign-out', { csrf: json.session.csrf_token }))
  }

  const EVENT = 'http://schemas.openid.net/event/backchannel-logout'
  const now = () => Math.floor(Date.now() / 1000)

  function claimsOf(sub: string, changes: Record<string, unknown> = {}): JWTPayload {
    const jti = `jti-${Math.random()}`
    const claims = {
      iss: provider.issuer,
      aud: CLIENT_ID,
      iat: now(),
      exp: now() + 120,
      jti,
      sub,
      events: { [EVENT]: {} },
    }
    return { ...claims, ...changes }
  }

  async function signed(claims: JWTPayload, header = {}): Promise<string> {
    const { jwk, kid } = provider.key()
    const protectedHeader = { alg: 'RS256', kid, typ: 'logout+jwt', ...header }
    return new SignJWT(claims).setProtectedHeader(protectedHeader).sign(await importJWK(jwk, 'RS256'))
  }

  function tell(token: string): Promise<Answer> {
    const body = new URLSearchParams({ logout_token: token }).toString()
    return send('POST', `${service.url}/sign-in/oidc/back-channel-logout`, body, {
      'content-type': 'application/x-www-form-urlencoded',
    })
  }

  it('begun here: the session ends, and the browser goes to the provider and comes back', async () => {
    const visitor = await stage.signIn('here')
    const answer = await signOutForm(visitor)
    expect(sessionCookieOf(visitor.here)).toBeUndefined()
    const there = new URL(goesTo(answer))
    expect(there.origin).toBe(provider.issuer)
    expect(there.searchParams.get('post_logout_redirect_uri')).toBe(`${service.url}/sign-in`)
    expect(there.searchParams.get('id_token_hint')).toMatch(/^ey/)
    const page = await visitor.there.get(there.href)
    const end = await visitor.there.post(/action="([^"]+)"/.exec(page.text)?.[1] ?? '', {
      xsrf: /name="xsrf" value="([^"]+)"/.exec(page.text)?.[1] ?? '',
      logout: 'yes',
    })
    expect([end.status, end.headers.get('location')]).toEqual([303, `${service.url}/sign-in`])
    // There is no session left there that would sign the person in without asking.
    provider.answer = { error: 'login_required' }
    expect((await signInThere(visitor, service)).status).toBe(403)
  })

  it('begun by our own script: it is told where to go', async () => {
    const { here } = await stage.signIn('script')
    const answer = await here.call('POST', '/sign-out', undefined, { accept: 'application/json' })
    expect(answer.status).toBe(200)
    expect(new URL(answer.json.sign_out.url).origin).toBe(provider.issuer)
    expect(await isSignedIn({ here })).toBe(false)
  })

  it('leaves a session alone that began with a password', async () => {
    const account = await service.addAccount('plain')
    const visitor = openVisitor(service, provider)
    await visitor.here.signIn(account)
    const answer = await signOutForm(visitor)
    expect([answer.status, answer.headers.get('location')]).toEqual([303, '/sign-in?notice=signed_out'])
  })

  it('signs out here also while the provider is away', async () => {
    const replica = await startService(engine, { ...(await ownAddress()), ...oidcSettings(provider) })
    await replica.close()
    const visitor = await stage.signIn('away')
    await provider.stop()
    try {
      expect((await signOutForm(visitor)).status).toBeLessThan(400)
      expect(await isSignedIn(visitor)).toBe(false)
    } finally {
      await provider.start()
    }
  })

  it('begun there: the provider ends the session here, and no other', async () => {
    const visitor = await stage.signIn('there')
    const other = await stage.signIn('bystander')
    const page = await visitor.there.get(`${provider.issuer}/session/end`)
    await visitor.there.post(/action="([^"]+)"/.exec(page.text)?.[1] ?? '', {
      xsrf: /name="xsrf" value="([^"]+)"/.exec(page.text)?.[1] ?? '',
      logout: 'yes',
    })
    await expect.poll(() => isSignedIn(visitor)).toBe(false)
    expect(await isSignedIn(other)).toBe(true)
  })

  it('by session: the others of the person stay; by person: all end; and the trail says how', async () => {
    const first = await stage.signIn('both')
    const sid = await sidOf(first.sub)
    const second = openVisitor(service, provider)
    await signInThere(second, service)
    const bySid = await tell(await signed(claimsOf(first.sub, { sid, sub: undefined })))
    expect([bySid.status, bySid.text]).toEqual([200, ''])
    expect([await isSignedIn(first), await isSignedIn(second)]).toEqual([false, true])
    expect((await tell(await signed(claimsOf(first.sub)))).status).toBe(200)
    expect(await isSignedIn(second)).toBe(false)

    await signInThere(second, service)
    const { events } = (await second.here.get('/v1/events?type=logout')).json
    expect(events.map(({ via }: { via: string }) => via)).toEqual(['oidc', 'oidc'])
  })

  it('counts each logout token once', async () => {
    const visitor = await stage.signIn('replayed')
    const token = await signed(claimsOf(visitor.sub))
    expect((await tell(token)).status).toBe(200)
    await signInThere(visitor, service)
    const again = await tell(token)
    expect([again.status, again.json.error]).toEqual([400, 'invalid_request'])
    expect(await isSignedIn(visitor)).toBe(true)
  })

  it.each(['JWT', 'logout+jwt', 'application/logout+jwt', 'LOGOUT+JWT', undefined])(
    'takes the type %s',
    async (typ) => {
      const visitor = await stage.signIn('typed')
      expect((await tell(await signed(claimsOf(visitor.sub), { typ }))).status).toBe(200)
      expect(await isSignedIn(visitor)).toBe(false)
    },
  )

  const wrong: [string, (sub: string) => string | Promise<string>][] = [
    ['no token', () => ''],
    ['text', () => 'x.y.z'],
    ['another type', (sub) => signed(claimsOf(sub), { typ: 'at+jwt' })],
    ['a nonce, as an ID token has', (sub) => signed(claimsOf(sub, { nonce: 'x' }))],
    ['no events', (sub) => signed(claimsOf(sub, { events: undefined }))],
    ['another event', (sub) => signed(claimsOf(sub, { events: { 'http://example.com/event': {} } }))],
    ['an event that is no object', (sub) => signed(claimsOf(sub, { events: { [EVENT]: true } }))],
    ['events as a list', (sub) => signed(claimsOf(sub, { events: [EVENT] }))],
    ['another issuer', (sub) => signed(claimsOf(sub, { iss: 'https://evil.example' }))],
    ['another audience', (sub) => signed(claimsOf(sub, { aud: 'another' }))],
    ['no jti', (sub) => signed(claimsOf(sub, { jti: undefined }))],
    ['neither sub nor sid', (sub) => signed(claimsOf(sub, { sub: undefined }))],
    ['a sid that is no text', (sub) => signed({ ...claimsOf(sub), sid: 1 })],
    ['no end', (sub) => signed(claimsOf(sub, { exp: undefined }))],
    ['an end in the past', (sub) => signed(claimsOf(sub, { iat: now() - 300, exp: now() - 60 }))],
    ['no beginning', (sub) => signed(claimsOf(sub, { iat: undefined }))],
    ['a beginning of yesterday', (sub) => signed(claimsOf(sub, { iat: now() - 86_400, exp: now() + 86_400 }))],
    ['a beginning of tomorrow', (sub) => signed(claimsOf(sub, { iat: now() + 86_400, exp: now() + 90_000 }))],
    ['no signature', (sub) => new UnsecuredJWT(claimsOf(sub)).encode()],
    [
      'a signature of its own making',
      (sub) =>
        new SignJWT(claimsOf(sub)).setProtectedHeader({ alg: 'HS256' }).sign(new TextEncoder().encode('x'.repeat(32))),
    ],
  ]
  it('ends nothing for anything else, and slows down who tries often', async () => {
    const visitor = await stage.signIn('safe')
    for (const [name, make] of wrong) {
      const answer = await tell(await make(visitor.sub))
      expect([name, [400, 429].includes(answer.status)]).toEqual([name, true])
      if (answer.status === 400) expect([name, answer.json.error]).toEqual([name, 'invalid_request'])
    }
    expect((await tell('x')).status).toBe(429)
    expect(await isSignedIn(visitor)).toBe(true)
    // A right one is taken all the same.
    expect((await tell(await signed(claimsOf(visitor.sub)))).status).toBe(200)
    expect(await isSignedIn(visitor)).toBe(false)
  })
})
